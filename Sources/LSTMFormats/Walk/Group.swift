import LSTMModel

extension HDF5Walk {
  /// A folder of other objects, in the old or the new form.
  enum Group {
    /// Whether an object with this header is a group.
    static func isGroup(_ header: ObjectHeader) -> Bool {
      header.has(.symbolTable) || header.has(.linkInfo)
    }

    /// Reads all members.
    static func members(_ header: ObjectHeader, cached: SymbolTable?, _ file: inout File) throws(LSTMError) -> [Member] {
      if let message = header.first(.symbolTable) {
        let table = try SymbolTable(message, file)
        guard !header.has(.linkInfo), !header.has(.link) else { throw .format("it is an old and a new group at once: the file is damaged") }
        guard cached ?? table == table else { throw .format("the link to it names another symbol table: the file is damaged") }
        return try table.members(&file)
      }
      // A table that the link repeats is left over from before the group took the new form (a name beyond ASCII makes it do so).
      guard let info = header.first(.linkInfo) else { return [] }
      var members: [Member] = []
      for message in header.messages where message.kind == .link {
        var reader = message.reader(file)
        members.append(try Link.member(&reader, file))
      }
      let dense = try DenseStorage(info, file)
      try dense.walk(.links, &file) { reader, file throws(LSTMError) in
        let member = try Link.member(&reader, file)
        members.append(member)
        return member.name
      }
      if let message = header.first(.groupInfo) { try checkInfo(message, file) }
      try requireDistinct(members, file)
      return members
    }

    private static func checkInfo(_ message: Message, _ file: File) throws(LSTMError) {
      var reader = message.reader(file)
      try reader.expect(0, "version")
      let flags = try reader.u8()
      guard flags & ~3 == 0 else { throw reader.damage("has the unknown flags \(flags)") }
      try reader.skip((flags & 1 != 0 ? 4 : 0) + (flags & 2 != 0 ? 4 : 0))
    }

    /// New groups do not keep their members in order; old ones do, and are checked there.
    private static func requireDistinct(_ members: [Member], _ file: File) throws(LSTMError) {
      let sorted = members.sorted { file.bytes[$0.name].lexicographicallyPrecedes(file.bytes[$1.name]) }
      for (one, next) in zip(sorted, sorted.dropFirst()) where file.bytes[one.name].elementsEqual(file.bytes[next.name]) {
        throw .format("two of its members are called \(text(one.name, file.bytes)): the file is damaged")
      }
    }
  }
}
