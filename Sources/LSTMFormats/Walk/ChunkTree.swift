import LSTMModel

extension HDF5Walk {
  /// The old index of chunks: a B-tree of version 1 whose keys tell where in the dataset a chunk begins.
  enum ChunkTree {
    private struct Key {
      let size: Int
      let mask: Int
      let offsets: [Int]
    }

    /// Checks the tree and every chunk.
    static func walk(from root: Int, _ chunks: inout Chunks, _ file: inout File) throws(LSTMError) {
      let dimensions = chunks.dimensions
      var tree = BTree1(kind: .chunks, keySize: 8 + 8 * (dimensions.count + 1), fanout: 2 * file.trees.chunkInternal)
      var pending: Key?
      var last: [Int]?
      try tree.walk(from: root, &file) { reader, _ throws(LSTMError) in
        pending = try key(&reader, dimensions)
      } leaf: { address, file throws(LSTMError) in
        guard let key = pending else { return }
        if let last, !last.lexicographicallyPrecedes(key.offsets) {
          throw .format("its chunks are out of order: the file is damaged")
        }
        last = key.offsets
        try chunks.chunk(at: address, size: key.size, mask: key.mask, &file)
      }
    }

    private static func key(_ reader: inout ByteReader, _ dimensions: [Int]) throws(LSTMError) -> Key {
      let size = try reader.u32()
      let mask = try reader.u32()
      var offsets: [Int] = []
      for length in dimensions {
        let offset = try reader.length()
        guard offset % max(length, 1) == 0 else {
          throw reader.damage("has a chunk at element \(offset), which is no multiple of \(length)")
        }
        offsets.append(offset)
      }
      // The place within an element: always its beginning; the key after the last chunk may say otherwise.
      try reader.skip(8)
      return Key(size: size, mask: mask, offsets: offsets)
    }
  }

  /// The newest index of chunks: a B-tree of version 2, for datasets with several axes that may grow.
  enum ChunkTree2 {
    /// Checks the rest of the layout message, the tree and every chunk.
    static func walk(_ layout: inout ByteReader, _ chunks: inout Chunks, _ file: inout File) throws(LSTMError) {
      try layout.skip(6)
      guard chunks.unlimitedAxes >= 2 else { throw layout.damage("has the index for several growing axes, but has not several") }
      guard let address = try layout.address() else { return }
      let isFiltered = !chunks.filters.filters.isEmpty
      let axes = chunks.dimensions.count
      let tree = try BTree2(
        at: address, type: isFiltered ? 11 : 10, recordSize: chunks.elementSize + 8 * axes, &file)
      var last: [Int]?
      try tree.walk(&file) { reader, file throws(LSTMError) in
        try chunks.element(&reader, &file)
        var offsets: [Int] = []
        for _ in 0..<axes { offsets.append(try reader.length()) }
        if let last, !last.lexicographicallyPrecedes(offsets) {
          throw .format("its chunks are out of order: the file is damaged")
        }
        last = offsets
      }
    }
  }
}
