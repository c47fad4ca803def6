import LSTMModel

extension HDF5Walk.Datatype {
  /// The datatype in a message of an object's header, or the committed one that the message leads to.
  static func inMessage(_ message: HDF5Walk.Message, _ file: inout HDF5Walk.File) throws(LSTMError) -> HDF5Walk.Datatype {
    var reader = message.reader(file)
    return try read(&reader, isShared: message.isShared, &file)
  }

  /// A datatype in place, or the committed one that is referred to.
  static func read(
    _ reader: inout HDF5Walk.ByteReader, isShared: Bool, _ file: inout HDF5Walk.File
  ) throws(LSTMError) -> HDF5Walk.Datatype {
    guard isShared else { return try HDF5Walk.Datatype(&reader) }
    let version = try reader.u8()
    let place = try reader.u8()
    guard version == 2 || version == 3 && place == 2 else {
      throw .unsupported("its datatype is shared with other objects in a table (SOHM); re-save the file with h5repack or h5py's defaults")
    }
    let address = try reader.required("a committed datatype")
    let header = try HDF5Walk.ObjectHeader.at(address, &file)
    guard let message = header.first(.datatype), !message.isShared, !header.has(.layout) else {
      throw reader.damage("leads to an object that is no committed datatype")
    }
    file.committed.insert(address)
    var committed = message.reader(file)
    return try HDF5Walk.Datatype(&committed)
  }
}
