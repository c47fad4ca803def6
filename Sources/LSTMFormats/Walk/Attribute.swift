import LSTMModel

extension HDF5Walk {
  /// A small named value of an object.
  enum Attribute {
    /// Checks the attribute that `reader` holds, and returns where its name lies.
    @discardableResult
    static func check(_ reader: inout ByteReader, _ file: inout File) throws(LSTMError) -> Range<Int> {
      let version = try reader.u8()
      let flags = try reader.u8()
      guard (1...3).contains(version) else { throw reader.damage("has version \(version); 1 to 3 are known") }
      guard version == 1 ? flags == 0 : flags & ~1 == 0 else { throw reader.damage("has the unknown flags \(flags)") }
      let nameSize = try reader.u16()
      let typeSize = try reader.u16()
      let spaceSize = try reader.u16()
      if version == 3 {
        guard try reader.u8() <= 1 else { throw reader.damage("has a name in an unknown character set") }
      }
      let name = try part(&reader, nameSize, version)
      var nameReader = reader.part(name, "an attribute's name")
      let text = try nameReader.terminated("an attribute's name")
      guard nameReader.remaining == 0 else { throw reader.damage("has a name of \(text.count) bytes; expected \(nameSize - 1)") }
      try requireName(text, file.bytes, of: "an attribute")
      let typeRange = try part(&reader, typeSize, version)
      let spaceRange = try part(&reader, spaceSize, version)
      do throws(LSTMError) {
        try checkValue(&reader, typeRange, flags & 1 != 0, spaceRange, &file)
      } catch {
        throw error.at("attribute \(HDF5Walk.text(text, file.bytes))")
      }
      return text
    }

    private static func checkValue(
      _ reader: inout ByteReader, _ typeRange: Range<Int>, _ isShared: Bool, _ spaceRange: Range<Int>, _ file: inout File
    ) throws(LSTMError) {
      var typeReader = reader.part(typeRange, "the datatype")
      var spaceReader = reader.part(spaceRange, "the dataspace")
      let type = try Datatype.read(&typeReader, isShared: isShared, &file)
      let space = try Dataspace(&spaceReader)
      guard let size = product(space.count, type.size), size <= reader.remaining else {
        throw reader.damage("declares \(space.count) elements of \(type.size) bytes, more than are stored")
      }
      let data = try reader.skip(size)
      if let itemSize = type.heapItemSize { try requireHeapValues(data, itemSize: itemSize, &file) }
    }

    /// Version 1 pads each part to a multiple of eight bytes.
    private static func part(_ reader: inout ByteReader, _ size: Int, _ version: Int) throws(LSTMError) -> Range<Int> {
      let range = try reader.skip(size)
      if version == 1 { try reader.align(from: range.lowerBound) }
      return range
    }
  }
}
