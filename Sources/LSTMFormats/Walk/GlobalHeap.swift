import LSTMModel

extension HDF5Walk {
  /// A collection of values of variable length: attribute texts, mostly.
  struct GlobalHeap {
    /// Size of each object by its index; −1 where there is none.
    private var sizes: [Int] = []

    /// The collection at `address`, read on the first call.
    static func at(_ address: Int, _ file: inout File) throws(LSTMError) -> GlobalHeap {
      if let heap = file.globalHeaps[address] { return heap }
      let heap = try GlobalHeap(address, &file)
      file.globalHeaps[address] = heap
      return heap
    }

    /// The size of object `index`; `nil` if there is none.
    func size(of index: Int) -> Int? {
      guard index > 0, index < sizes.count, sizes[index] >= 0 else { return nil }
      return sizes[index]
    }

    private init(_ address: Int, _ file: inout File) throws(LSTMError) {
      let subject = "the collection of variable-length values"
      var prefix = try file.peek(at: address, size: 16, subject)
      try prefix.expect("GCOL")
      try prefix.expect(1, "version")
      try prefix.skip(3)
      let size = try prefix.length()
      // The format's minimum for a collection.
      guard size >= 4096 else { throw prefix.damage("has \(size) bytes; at least 4096 are usual") }
      var reader = try file.structure(at: address, size: size, subject)
      try reader.skip(16)
      // What is too short for an object's head is unused.
      while reader.remaining >= 16 {
        let left = reader.remaining
        let index = try reader.u16()
        try reader.skip(6)
        let size = try reader.length()
        if index == 0 {
          // Free space, whose size counts its head, lasts to the end.
          guard size == left else { throw reader.damage("has free space of \(size) bytes where \(left) are left") }
          return
        }
        while sizes.count <= index { sizes.append(-1) }
        guard sizes[index] < 0 else { throw reader.damage("holds the value \(index) twice") }
        sizes[index] = size
        let start = reader.at
        try reader.skip(size)
        if reader.remaining > 0 { try reader.align(from: start) }
      }
    }
  }

  /// Checks that values of variable length are where the elements in `data` say.
  ///
  /// libhdf5 makes room for as many items as an element declares, and then copies the whole object there: both sizes must agree.
  static func requireHeapValues(_ data: Range<Int>, itemSize: Int, _ file: inout File) throws(LSTMError) {
    var reader = ByteReader(file.bytes, data, "a list of variable-length values")
    while reader.remaining >= 16 {
      let count = try reader.u32()
      let address = try reader.address()
      let index = try reader.u32()
      if address == 0 {
        guard count == 0 else { throw reader.damage("declares a value of \(count) items that is nowhere") }
        continue
      }
      guard let address else { throw reader.damage("has no address of a value") }
      let heap = try GlobalHeap.at(address, &file)
      guard let size = heap.size(of: index) else {
        throw reader.damage("refers to the value \(index) of a collection that has no such value")
      }
      guard product(count, itemSize) == size else {
        throw reader.damage("declares \(count) items where \(size) bytes are stored")
      }
    }
  }
}
