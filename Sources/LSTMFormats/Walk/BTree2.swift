import LSTMModel

extension HDF5Walk {
  /// A B-tree of version 2: names of links and attributes in dense storage, or chunks.
  struct BTree2 {
    /// Far more than the number of levels that any file needs.
    private static let maximumDepth = 16
    /// Signature, version, type and checksum of a node.
    private static let overhead = 10

    /// Records in all.
    let count: Int
    private let type: Int
    private let recordSize: Int
    private let nodeSize: Int
    private let depth: Int
    private let root: (address: Int, records: Int)?
    /// Of each level: the most records of a node, and the bytes that count the records below it.
    private var levels: [(most: Int, totalWidth: Int)] = []

    /// Reads the header at `address`; records must be of this type and size.
    init(at address: Int, type: Int, recordSize: Int, _ file: inout File) throws(LSTMError) {
      var reader = try file.structure(at: address, size: 38, "the header of a B-tree")
      try reader.expect("BTHD")
      try reader.expect(0, "version")
      try reader.expect(type, "type")
      nodeSize = try reader.u32()
      try reader.expect(recordSize & 0xff, "the record size")
      try reader.expect(recordSize >> 8, "the record size")
      depth = try reader.u16()
      try reader.skip(2)
      let rootAddress = try reader.address()
      let rootRecords = try reader.u16()
      count = try reader.length()
      try reader.checksum()
      self.type = type
      self.recordSize = recordSize
      guard depth <= BTree2.maximumDepth else { throw reader.damage("has \(depth) levels") }
      guard (rootAddress == nil) == (count == 0), count > 0 || depth == 0 else { throw reader.damage("has \(count) records and no root") }
      root = rootAddress.map { ($0, rootRecords) }
      guard let levels = BTree2.levels(depth, nodeSize, recordSize) else { throw reader.damage("has nodes of \(nodeSize) bytes") }
      self.levels = levels
    }

    private static func levels(_ depth: Int, _ nodeSize: Int, _ recordSize: Int) -> [(most: Int, totalWidth: Int)]? {
      let leaf = (nodeSize - overhead) / recordSize
      guard leaf > 0 else { return nil }
      var levels = [(most: leaf, totalWidth: 0)]
      var total = leaf
      for level in 0..<depth {
        let pointer = 8 + width(for: leaf) + levels[level].totalWidth
        let most = (nodeSize - overhead - pointer) / (recordSize + pointer)
        guard most > 0, let below = product(most + 1, total), let all = sum(below, most) else { return nil }
        total = all
        levels.append((most, width(for: all)))
      }
      return levels
    }

    /// Visits all records in order.
    func walk(
      _ file: inout File, record: (inout ByteReader, inout File) throws(LSTMError) -> Void
    ) throws(LSTMError) {
      guard let root else { return }
      let found = try node(at: root.address, root.records, level: depth, &file, record)
      guard found == count else {
        throw .format("a B-tree declares \(count) records and has \(found): the file is damaged")
      }
    }

    private func node(
      at address: Int, _ records: Int, level: Int, _ file: inout File,
      _ record: (inout ByteReader, inout File) throws(LSTMError) -> Void
    ) throws(LSTMError) -> Int {
      var reader = try file.structure(at: address, size: nodeSize, "a node of a B-tree")
      try reader.expect(level > 0 ? "BTIN" : "BTLF")
      try reader.expect(0, "version")
      try reader.expect(type, "type")
      guard level >= 0, level < levels.count, records > 0, records <= levels[level].most else {
        throw reader.damage("has \(records) records")
      }
      var pieces = reader.part(try reader.skip(records * recordSize), reader.subject)
      var found = 0
      if level > 0 {
        let countWidth = HDF5Walk.width(for: levels[0].most)
        for index in 0...records {
          let child = try reader.required("a child")
          let childRecords = try reader.length(countWidth)
          let declared = level > 1 ? try reader.length(levels[level - 1].totalWidth) : childRecords
          let below = try node(at: child, childRecords, level: level - 1, &file, record)
          guard below == declared else { throw reader.damage("declares \(declared) records below and has \(below)") }
          found += below
          if index < records { try self.record(&pieces, &file, record) }
        }
      } else {
        for _ in 0..<records { try self.record(&pieces, &file, record) }
      }
      try reader.checksum()
      return found + records
    }

    private func record(
      _ reader: inout ByteReader, _ file: inout File,
      _ record: (inout ByteReader, inout File) throws(LSTMError) -> Void
    ) throws(LSTMError) {
      var part = reader.part(try reader.skip(recordSize), reader.subject)
      try record(&part, &file)
    }
  }
}
