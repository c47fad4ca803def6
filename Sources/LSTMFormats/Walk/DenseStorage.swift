import LSTMModel

extension HDF5Walk {
  /// Links or attributes in a fractal heap, with B-trees that find them by name and by order of creation.
  struct DenseStorage {
    /// What is stored, with the sizes and types that belong to it.
    struct Kind {
      let identifierSize: Int
      let nameType: Int
      let nameRecordSize: Int
      let orderType: Int
      let orderRecordSize: Int

      static let links = Kind(identifierSize: 7, nameType: 5, nameRecordSize: 11, orderType: 6, orderRecordSize: 15)
      static let attributes = Kind(identifierSize: 8, nameType: 8, nameRecordSize: 17, orderType: 9, orderRecordSize: 13)
    }

    private let heap: Int?
    private let names: Int?
    private let order: Int?

    /// Reads the addresses in a link or attribute information message.
    init(_ message: Message, _ file: File) throws(LSTMError) {
      var reader = message.reader(file)
      try reader.expect(0, "version")
      let flags = try reader.u8()
      guard flags & ~3 == 0 else { throw reader.damage("has the unknown flags \(flags)") }
      if flags & 1 != 0 { try reader.skip(message.kind == .linkInfo ? 8 : 2) }
      heap = try reader.address()
      names = try reader.address()
      order = flags & 2 != 0 ? try reader.address() : nil
      guard (heap == nil) == (names == nil), heap != nil || order == nil else {
        throw reader.damage("has a heap without an index, or an index without a heap")
      }
    }

    /// Visits every object: `body` checks its bytes and returns where its name lies.
    func walk(
      _ kind: Kind, _ file: inout File, body: (inout ByteReader, inout File) throws(LSTMError) -> Range<Int>
    ) throws(LSTMError) {
      guard let heap, let names else { return }
      var storage = try FractalHeap(at: heap, identifierSize: kind.identifierSize, &file)
      let tree = try BTree2(at: names, type: kind.nameType, recordSize: kind.nameRecordSize, &file)
      let isLinks = kind.nameType == Kind.links.nameType
      var lastHash = 0
      try tree.walk(&file) { record, file throws(LSTMError) in
        var hash = isLinks ? try record.u32() : 0
        var object = record.part(try storage.object(&record), isLinks ? "a link" : "an attribute")
        if !isLinks {
          try record.expect(0, "the message flags")
          try record.skip(4)
          hash = try record.u32()
        }
        let name = try body(&object, &file)
        guard hash >= lastHash, UInt32(truncatingIfNeeded: hash) == lookup3(file.bytes, name) else {
          throw record.damage("has a name out of order: the file is damaged")
        }
        lastHash = hash
      }
      if let order { try walkOrder(at: order, tree.count, kind, heap, &file) }
    }

    /// The index by creation order leads to the same objects.
    private func walkOrder(
      at address: Int, _ count: Int, _ kind: Kind, _ heap: Int, _ file: inout File
    ) throws(LSTMError) {
      let tree = try BTree2(at: address, type: kind.orderType, recordSize: kind.orderRecordSize, &file)
      guard tree.count == count else {
        throw .format("\(count) names and \(tree.count) places in the order of creation: the file is damaged")
      }
      try tree.walk(&file) { _, _ throws(LSTMError) in }
    }
  }
}
