import LSTMModel

extension HDF5Walk {
  /// The messages that a new superblock keeps in an object header of its own.
  enum SuperblockExtension {
    /// Checks the extension at `address`.
    static func check(at address: Int, _ file: inout File) throws(LSTMError) {
      let header = try ObjectHeader.at(address, &file)
      for message in header.messages {
        var reader = message.reader(file)
        switch message.kind {
        case .treeSizes:
          try reader.expect(0, "version")
          file.trees.chunkInternal = try reader.u16()
          file.trees.groupInternal = try reader.u16()
          file.trees.groupLeaf = try reader.u16()
          guard file.trees.chunkInternal > 0, file.trees.groupInternal > 0, file.trees.groupLeaf > 0 else {
            throw reader.damage("declares tree nodes without entries")
          }
        case .fileSpace: try checkFileSpace(&reader)
        case .driverInfo:
          throw .unsupported("the file was written with a special file driver (multi or family); re-save it as one plain file")
        case .sharedTable:
          throw .unsupported("the file shares header messages between objects (SOHM); re-save it with h5repack or h5py's defaults")
        case .cacheImage:
          throw .unsupported("the file holds a metadata cache image; re-save it with h5repack or h5py's defaults")
        case .modificationTime, .nothing, .continuation: break
        default: throw reader.damage("does not belong into a superblock extension")
        }
      }
    }

    private static func checkFileSpace(_ reader: inout ByteReader) throws(LSTMError) {
      try reader.expect(1, "version")
      let strategy = try reader.u8()
      let persistent = try reader.u8()
      try reader.skip(8)
      let page = try reader.length()
      try reader.skip(2)
      _ = try reader.address()
      guard strategy <= 3, (512...(1 << 30)).contains(page) else { throw reader.damage("declares impossible pages of \(page) bytes") }
      guard persistent == 0 else {
        throw .unsupported("the file keeps its free space (persistent file-space strategy); re-save it with h5repack or h5py's defaults")
      }
    }
  }
}
