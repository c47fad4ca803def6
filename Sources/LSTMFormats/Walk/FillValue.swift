import LSTMModel

extension HDF5Walk {
  /// What the elements are that were never written.
  enum FillValue {
    /// Checks the message; a value must be one element.
    static func check(_ message: Message, _ type: Datatype, _ file: File) throws(LSTMError) {
      var reader = message.reader(file)
      if message.kind == .oldFillValue {
        try requireValue(&reader, try reader.u32(), type, file)
        return
      }
      let version = try reader.u8()
      var isThere = true
      switch version {
      case 1, 2:
        let allocation = try reader.u8()
        let writing = try reader.u8()
        let isDefined = try reader.u8()
        guard allocation <= 3, writing <= 2, isDefined <= 1 else { throw reader.damage("has unknown options") }
        isThere = version == 1 || isDefined == 1
      case 3:
        let flags = try reader.u8()
        guard flags & 0xc0 == 0, flags & 0x30 != 0x30, flags >> 2 & 3 <= 2 else { throw reader.damage("has the flags \(flags)") }
        isThere = flags & 0x20 != 0
      default: throw reader.damage("has version \(version); 1 to 3 are known")
      }
      if isThere { try requireValue(&reader, try reader.u32(), type, file) }
    }

    private static func requireValue(_ reader: inout ByteReader, _ size: Int, _ type: Datatype, _ file: File) throws(LSTMError) {
      guard size > 0 else { return }
      guard size == type.size else { throw reader.damage("has \(size) bytes; its elements have \(type.size)") }
      let value = try reader.skip(size)
      if type.heapItemSize != nil, file.bytes[value].contains(where: { $0 != 0 }) {
        throw .unsupported("its fill value has a variable length, which is not supported")
      }
    }
  }
}
