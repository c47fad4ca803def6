import LSTMModel

extension HDF5Walk {
  /// Where the numbers of a dataset lie: in its header, in one piece, or in chunks.
  enum Layout {
    /// Checks the message, and everything that it leads to.
    static func check(
      _ message: Message, _ space: Dataspace, _ type: Datatype, _ size: Int, _ filters: FilterPipeline, _ file: inout File
    ) throws(LSTMError) {
      var reader = message.reader(file)
      let version = try reader.u8()
      guard version == 3 || version == 4 else {
        if version == 1 || version == 2 {
          throw .unsupported("its layout has version \(version), as before HDF5 1.6.3; re-save the file with h5repack")
        }
        throw reader.damage("has version \(version); 3 and 4 are known")
      }
      let kind = try reader.u8()
      guard kind == 2 || filters.filters.isEmpty else { throw reader.damage("is not chunked, yet there are filters") }
      switch kind {
      case 0: try checkCompact(&reader, type, size, &file)
      case 1: try checkContiguous(&reader, space, type, size, &file)
      case 2:
        guard type.heapItemSize == nil else {
          throw .unsupported("its elements have variable lengths and are stored in chunks, which is not supported")
        }
        if version == 3 {
          try checkChunks3(&reader, space, type, size, filters, &file)
        } else {
          try checkChunks4(&reader, space, type, size, filters, &file)
        }
      case 3: throw .unsupported("it is a virtual dataset, made of parts of other datasets; save it as an ordinary one")
      default: throw reader.damage("is of the unknown kind \(kind)")
      }
    }

    private static func checkCompact(
      _ reader: inout ByteReader, _ type: Datatype, _ size: Int, _ file: inout File
    ) throws(LSTMError) {
      let stored = try reader.u16()
      guard stored == size else { throw reader.damage("stores \(stored) bytes; its elements need \(size)") }
      let data = try reader.skip(size)
      if let itemSize = type.heapItemSize { try requireHeapValues(data, itemSize: itemSize, &file) }
    }

    private static func checkContiguous(
      _ reader: inout ByteReader, _ space: Dataspace, _ type: Datatype, _ size: Int, _ file: inout File
    ) throws(LSTMError) {
      let address = try reader.address()
      let stored = try reader.length()
      guard let address else { return try file.addUnstored(size, space, declared: size, stored: 0) }
      guard stored == size else {
        throw .format("it declares \(inWords(bytes: size)) of numbers but \(inWords(bytes: stored)) are stored: the file is damaged")
      }
      let data = try file.data(at: address, size: size, "the numbers of a dataset")
      if let itemSize = type.heapItemSize { try requireHeapValues(data, itemSize: itemSize, &file) }
    }

    /// Chunks with a B-tree of version 1.
    private static func checkChunks3(
      _ reader: inout ByteReader, _ space: Dataspace, _ type: Datatype, _ size: Int, _ filters: FilterPipeline,
      _ file: inout File
    ) throws(LSTMError) {
      let rank = try reader.u8()
      let tree = try reader.address()
      let dimensions = try dimensions(&reader, rank, width: 4, space, type)
      var chunks = try Chunks(dimensions, space, type, filters, reader, file)
      if let tree { try ChunkTree.walk(from: tree, &chunks, &file) }
      try chunks.requireStored(size, &file)
    }

    /// Chunks with one of the five newer indexes.
    private static func checkChunks4(
      _ reader: inout ByteReader, _ space: Dataspace, _ type: Datatype, _ size: Int, _ filters: FilterPipeline,
      _ file: inout File
    ) throws(LSTMError) {
      let flags = try reader.u8()
      guard flags & 1 == 0, flags & ~3 == 0 else {
        throw .unsupported("its chunks at the edge are stored without filters, which is not supported")
      }
      let rank = try reader.u8()
      let width = try reader.u8()
      guard (1...8).contains(width) else { throw reader.damage("has chunk dimensions of \(width) bytes") }
      let dimensions = try dimensions(&reader, rank, width: width, space, type)
      var chunks = try Chunks(dimensions, space, type, filters, reader, file)
      let index = try reader.u8()
      guard flags & 2 == 0 || index == 1 else { throw reader.damage("has the flags of a single chunk") }
      switch index {
      case 1:
        try chunks.requireSingle(reader)
        let isFiltered = flags & 2 != 0
        guard isFiltered != filters.filters.isEmpty else { throw reader.damage("and its filters do not agree") }
        let stored = isFiltered ? try reader.length() : chunks.bytes
        let mask = isFiltered ? try reader.u32() : 0
        if let address = try reader.address() { try chunks.chunk(at: address, size: stored, mask: mask, &file) }
      case 2:
        guard filters.filters.isEmpty else { throw reader.damage("has no index, yet there are filters") }
        if let address = try reader.address() { try chunks.row(at: address, reader, &file) }
      case 3: try FixedArray.walk(&reader, &chunks, &file)
      case 4: try ExtensibleArray.walk(&reader, &chunks, &file)
      case 5: try ChunkTree2.walk(&reader, &chunks, &file)
      default: throw reader.damage("has the unknown index type \(index)")
      }
      try chunks.requireStored(size, &file)
    }

    /// Chunk dimensions; the last in the file is the element size.
    private static func dimensions(
      _ reader: inout ByteReader, _ rank: Int, width: Int, _ space: Dataspace, _ type: Datatype
    ) throws(LSTMError) -> [Int] {
      guard rank == space.dimensions.count + 1, rank >= 2 else {
        throw reader.damage("has chunks of \(rank - 1) dimensions; the dataset has \(space.dimensions.count)")
      }
      var dimensions: [Int] = []
      for _ in 0..<(rank - 1) { dimensions.append(try reader.length(width)) }
      let elementSize = try reader.length(width)
      guard elementSize == type.size else {
        throw reader.damage("has elements of \(elementSize) bytes; the datatype has \(type.size)")
      }
      return dimensions
    }
  }
}
