import LSTMModel

extension HDF5Walk {
  /// A member of a group: its name, and where its object header is.
  struct Member {
    /// Where the name lies in the file.
    let name: Range<Int>
    /// Address of the object header.
    let header: Int
    /// Where the link to it says that its symbol table lies.
    let cachedTable: SymbolTable?
  }

  /// A link in the new form.
  enum Link {
    /// Reads a link up to its end.
    static func member(_ reader: inout ByteReader, _ file: File) throws(LSTMError) -> Member {
      try reader.expect(1, "version")
      let flags = try reader.u8()
      guard flags & 0xe0 == 0 else { throw reader.damage("has the unknown flags \(flags)") }
      let kind = flags & 8 != 0 ? try reader.u8() : 0
      if flags & 4 != 0 { try reader.skip(8) }
      if flags & 16 != 0 {
        guard try reader.u8() <= 1 else { throw reader.damage("has a name in an unknown character set") }
      }
      let name = try reader.skip(try reader.length(1 << (flags & 3)))
      try requireName(name, file.bytes, of: "a link")
      try requireMember(name, file)
      guard kind == 0 else { throw refusal(kind, name, reader, file) }
      return Member(name: name, header: try reader.required("its object"), cachedTable: nil)
    }

    /// A member's name is one step of a path.
    static func requireMember(_ name: Range<Int>, _ file: File) throws(LSTMError) {
      let bytes = file.bytes[name]
      guard !bytes.contains(0x2f), !bytes.elementsEqual([0x2e]) else {
        throw .format("a member is called \"\(text(name, file.bytes))\", which is no name: the file is damaged")
      }
    }

    private static func refusal(_ kind: Int, _ name: Range<Int>, _ reader: ByteReader, _ file: File) -> LSTMError {
      switch kind {
      case 1: return softLink(name, nil, file)
      case 64:
        return .unsupported(
          "its member \(text(name, file.bytes)) is an external link, to an object of another file; only hard links are followed")
      default:
        return .unsupported("its member \(text(name, file.bytes)) is a user-defined link; only hard links are followed")
      }
    }

    /// Refuses a soft link by name.
    static func softLink(_ name: Range<Int>, _ target: Range<Int>?, _ file: File) -> LSTMError {
      let to = target.map { " to \(text($0, file.bytes))" } ?? ""
      return .unsupported(
        "its member \(text(name, file.bytes)) is a soft link\(to); only hard links are followed (h5py: f[new] = f[old])")
    }
  }
}
