import LSTMModel

extension HDF5Walk {
  /// The names of a group's members, in the old form.
  struct LocalHeap {
    /// Where the names lie in the file.
    let data: Range<Int>

    /// Reads and checks the heap at `address`, with the list of its free blocks.
    init(at address: Int, _ file: inout File) throws(LSTMError) {
      var reader = try file.structure(at: address, size: 32, "the heap of names")
      try reader.expect("HEAP")
      try reader.expect(0, "version")
      try reader.skip(3)
      let size = try reader.length()
      let free = try reader.length()
      data = try file.space(at: try reader.required("its names"), size: size, "the names of a heap")
      try LocalHeap.requireFreeList(from: free, data, reader, file)
    }

    /// The free blocks lie within the names, apart from each other; the list ends.
    private static func requireFreeList(
      from first: Int, _ data: Range<Int>, _ heap: ByteReader, _ file: File
    ) throws(LSTMError) {
      var offset = first
      var total = 0
      // An offset of 1 ends the list: blocks are aligned to eight bytes.
      while offset != 1 {
        guard offset % 8 == 0, offset < data.count, data.count - offset >= 16 else {
          throw heap.damage("has a free block at \(offset) of \(data.count) bytes")
        }
        var block = ByteReader(file.bytes, (data.lowerBound + offset)..<data.upperBound, "a free block of a heap")
        let next = try block.length()
        let size = try block.length()
        guard size >= 16, size <= data.count - offset, total <= data.count - size else {
          throw block.damage("has \(size) bytes, which do not fit into the heap")
        }
        total += size
        offset = next
      }
    }

    /// Where the name at `offset` lies, without the NUL that must end it.
    func name(at offset: Int, _ file: File) throws(LSTMError) -> Range<Int> {
      guard offset >= 0, offset < data.count else {
        throw .format("a member's name should be at byte \(offset) of a heap of \(data.count) bytes: the file is damaged")
      }
      var reader = ByteReader(file.bytes, (data.lowerBound + offset)..<data.upperBound, "a heap of names")
      return try reader.terminated("a member's name")
    }
  }
}
