import LSTMModel

extension HDF5Walk {
  /// A B-tree of version 1: the members of an old group, or the chunks of an old dataset.
  ///
  /// Levels fall by one from each node to its children, and neighbours know each other. Nodes have no checksum.
  struct BTree1 {
    /// What the tree holds, as its nodes say.
    enum Kind: Int {
      case group = 0
      case chunks = 1
    }

    /// Far more than the number of levels that any file needs.
    private static let maximumLevel = 16

    private let kind: Kind
    private let keySize: Int
    private let fanout: Int
    /// Of each level: the node visited last, and which one it says comes next.
    private var last: [Int: (node: Int, next: Int?)] = [:]

    /// A tree whose nodes have room for `fanout` children and one key more.
    init(kind: Kind, keySize: Int, fanout: Int) {
      self.kind = kind
      self.keySize = keySize
      self.fanout = fanout
    }

    /// Visits keys and leaf addresses from left to right: the key before each leaf, and the one after a node's last.
    mutating func walk(
      from root: Int, _ file: inout File,
      key: (inout ByteReader, inout File) throws(LSTMError) -> Void,
      leaf: (Int, inout File) throws(LSTMError) -> Void
    ) throws(LSTMError) {
      try node(at: root, level: nil, &file, key, leaf)
      for (_, last) in last where last.next != nil {
        throw .format("a node of its B-tree names a neighbour that is not in the tree: the file is damaged")
      }
    }

    private mutating func node(
      at address: Int, level expected: Int?, _ file: inout File,
      _ key: (inout ByteReader, inout File) throws(LSTMError) -> Void,
      _ leaf: (Int, inout File) throws(LSTMError) -> Void
    ) throws(LSTMError) {
      let size = 24 + fanout * 8 + (fanout + 1) * keySize
      var reader = try file.structure(at: address, size: size, "a node of the B-tree")
      try reader.expect("TREE")
      try reader.expect(kind.rawValue, "type")
      let level = try reader.u8()
      let count = try reader.u16()
      guard level == expected ?? level, level <= BTree1.maximumLevel else {
        throw reader.damage("is on level \(level); expected \(expected ?? BTree1.maximumLevel)")
      }
      guard count <= fanout, count > 0 || expected == nil && level == 0 else {
        throw reader.damage("has \(count) children; at most \(fanout) fit")
      }
      let left = try reader.address()
      let right = try reader.address()
      let neighbour = last[level]
      guard left == neighbour?.node, neighbour == nil || neighbour?.next == address else {
        throw reader.damage("names a wrong neighbour")
      }
      last[level] = (address, right)
      for _ in 0..<count {
        try self.key(&reader, level, &file, key)
        let child = try reader.required("a child")
        if level == 0 {
          try leaf(child, &file)
        } else {
          try node(at: child, level: level - 1, &file, key, leaf)
        }
      }
      if count > 0 { try self.key(&reader, level, &file, key) }
    }

    private func key(
      _ reader: inout ByteReader, _ level: Int, _ file: inout File,
      _ key: (inout ByteReader, inout File) throws(LSTMError) -> Void
    ) throws(LSTMError) {
      var part = reader.part(try reader.skip(keySize), reader.subject)
      try key(&part, &file)
    }
  }
}
