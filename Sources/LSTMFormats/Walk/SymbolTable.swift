import LSTMModel

extension HDF5Walk {
  /// The members of a group in the old form: a B-tree of nodes that refer to names in a local heap.
  struct SymbolTable: Equatable {
    /// Address of the B-tree.
    let tree: Int
    /// Address of the heap of names.
    let heap: Int

    /// What an entry of a node tells.
    struct Entry {
      /// Where the name begins in the heap.
      let name: Int
      /// Address of the object's header; of no meaning for a soft link.
      let header: Int
      /// The symbol table of the group that is linked, which a writer may repeat here.
      let cached: SymbolTable?
      /// Where a soft link's target begins in the heap.
      let softTarget: Int?

      /// Reads the 40 bytes of an entry.
      init(_ reader: inout ByteReader) throws(LSTMError) {
        name = try reader.length()
        let address = try reader.address()
        let kind = try reader.u32()
        try reader.skip(4)
        var scratch = reader.part(try reader.skip(16), reader.subject)
        switch kind {
        case 0: (cached, softTarget) = (nil, nil)
        case 1:
          cached = SymbolTable(tree: try scratch.required("a group's tree"), heap: try scratch.required("a group's heap"))
          softTarget = nil
        case 2: (cached, softTarget) = (nil, try scratch.u32())
        default: throw reader.damage("has a member of the unknown kind \(kind)")
        }
        if softTarget == nil {
          guard let address else { throw reader.damage("has a member without an address") }
          header = address
        } else {
          header = 0
        }
      }
    }

    /// Reads the message.
    init(_ message: Message, _ file: File) throws(LSTMError) {
      var reader = message.reader(file)
      tree = try reader.required("its tree")
      heap = try reader.required("its heap")
    }

    private init(tree: Int, heap: Int) {
      self.tree = tree
      self.heap = heap
    }

    /// Reads the whole table: every node, every name.
    func members(_ file: inout File) throws(LSTMError) -> [Member] {
      let heap = try LocalHeap(at: heap, &file)
      var members: [Member] = []
      var order = NameOrder()
      // libhdf5 finds a name by bisecting the keys, so they have to be names in ascending order, too.
      var walk = BTree1(kind: .group, keySize: 8, fanout: 2 * file.trees.groupInternal)
      try walk.walk(from: tree, &file) { key, file throws(LSTMError) in
        try order.key(try heap.name(at: try key.length(), file), file)
      } leaf: { address, file throws(LSTMError) in
        try SymbolTable.node(at: address, heap, &members, &order, &file)
      }
      return members
    }

    private static func node(
      at address: Int, _ heap: LocalHeap, _ members: inout [Member], _ order: inout NameOrder, _ file: inout File
    ) throws(LSTMError) {
      let room = 2 * file.trees.groupLeaf
      var reader = try file.structure(at: address, size: 8 + 40 * room, "a node of the symbol table")
      try reader.expect("SNOD")
      try reader.expect(1, "version")
      try reader.skip(1)
      let count = try reader.u16()
      guard count <= room else { throw reader.damage("has \(count) members; at most \(room) fit") }
      for _ in 0..<count {
        let entry = try Entry(&reader)
        let name = try heap.name(at: entry.name, file)
        try requireName(name, file.bytes, of: "a member")
        try Link.requireMember(name, file)
        try order.name(name, file)
        if let target = entry.softTarget {
          throw Link.softLink(name, try heap.name(at: target, file), file)
        }
        members.append(Member(name: name, header: entry.header, cachedTable: entry.cached))
      }
    }
  }

  /// That names come in ascending order, each once.
  struct NameOrder {
    private var last: Range<Int>?
    private var lastKey: Range<Int>?

    /// The next name, which must be greater than all before it and greater than the key before it.
    mutating func name(_ name: Range<Int>, _ file: File) throws(LSTMError) {
      for smaller in [last, lastKey] {
        guard let smaller else { continue }
        if file.bytes[smaller].elementsEqual(file.bytes[name]) {
          throw .format("two of its members are called \(text(name, file.bytes)): the file is damaged")
        }
        guard file.bytes[smaller].lexicographicallyPrecedes(file.bytes[name]) else {
          throw .format("its member \(text(name, file.bytes)) is out of order: the file is damaged")
        }
      }
      last = name
    }

    /// The next key, which must not be smaller than the name before it.
    mutating func key(_ name: Range<Int>, _ file: File) throws(LSTMError) {
      if let last, file.bytes[name].lexicographicallyPrecedes(file.bytes[last]) {
        throw .format("a key of its tree of names, \(text(name, file.bytes)), is out of order: the file is damaged")
      }
      lastKey = name
    }
  }
}
