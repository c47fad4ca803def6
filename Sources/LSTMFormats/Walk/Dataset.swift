import LSTMModel

extension HDF5Walk {
  /// An array: its dimensions, its element type, and where its numbers lie.
  enum Dataset {
    /// Checks the object whose header this is.
    static func check(_ header: ObjectHeader, _ file: inout File) throws(LSTMError) {
      guard let spaceMessage = header.first(.dataspace), let typeMessage = header.first(.datatype),
        let layoutMessage = header.first(.layout)
      else {
        throw .format("it is neither a group nor a complete dataset: the file is damaged")
      }
      if header.has(.externalFiles) {
        throw .unsupported("its numbers are in external files; only numbers inside the HDF5 file are read")
      }
      var spaceReader = spaceMessage.reader(file)
      let space = try Dataspace(&spaceReader)
      let type = try Datatype.inMessage(typeMessage, &file)
      guard let size = product(space.count, type.size) else {
        throw .format("its shape \(space.dimensions) has more elements of \(type.size) bytes than any file can hold")
      }
      if let fill = header.first(.oldFillValue) { try FillValue.check(fill, type, file) }
      if let fill = header.first(.fillValue) { try FillValue.check(fill, type, file) }
      var filters = FilterPipeline()
      if let message = header.first(.filters) { filters = try FilterPipeline(message, type, file) }
      try Layout.check(layoutMessage, space, type, size, filters, &file)
    }
  }
}
