import LSTMModel

extension HDF5Walk {
  /// The index of chunks of a dataset with one axis that may grow.
  ///
  /// Elements lie in the index block, in data blocks that the index block names, and in data blocks that secondary blocks name.
  /// Secondary block `u` has 2^(u/2) data blocks of 2^((u+1)/2) · `smallest` elements each; large data blocks are split into pages.
  struct ExtensibleArray {
    private let header: Int
    private let bits: Int
    private let inIndex: Int
    private let smallest: Int
    private let pointers: Int
    private let pageSize: Int
    private let elementSize: Int
    private let mark: Int

    /// Checks the rest of the layout message, the array and every chunk.
    static func walk(_ layout: inout ByteReader, _ chunks: inout Chunks, _ file: inout File) throws(LSTMError) {
      let parameters = [try layout.u8(), try layout.u8(), try layout.u8(), try layout.u8(), try layout.u8()]
      guard let address = try layout.address() else { return }
      guard chunks.unlimitedAxes == 1 else { throw layout.damage("has the index for one growing axis, but has not one") }
      var header = try file.structure(at: address, size: 72, "the header of an extensible array of chunks")
      let mark = chunks.filters.filters.isEmpty ? 0 : 1
      try header.expect("EAHD")
      try header.expect(0, "version")
      try header.expect(mark, "the filter mark")
      try header.expect(chunks.elementSize, "the element size")
      let bits = try header.u8()
      let inIndex = try header.u8()
      let smallest = try header.u8()
      let pointers = try header.u8()
      let pageBits = try header.u8()
      guard parameters == [bits, inIndex, pointers, smallest, pageBits] else {
        throw header.damage("and the data layout do not agree")
      }
      try header.skip(32)
      let used = try header.length()
      try header.skip(8)
      let index = try header.address()
      try header.checksum()
      guard (1...48).contains(bits), let smallestBits = exponent(smallest), smallestBits <= bits, let pointerBits = exponent(pointers),
        pointerBits > 0, 2 * pointerBits <= 1 + bits - smallestBits, (smallestBits...bits).contains(pageBits)
      else { throw header.damage("has impossible parameters") }
      // libhdf5 goes through all places up to the last in use, which may be far from each other.
      guard used <= max(file.bytes.count, file.limits.unstoredChunks) else {
        throw header.damage("declares \(used) chunks, far more than the file holds")
      }
      let array = ExtensibleArray(
        header: address, bits: bits, inIndex: inIndex, smallest: smallest, pointers: pointers, pageSize: 1 << pageBits,
        elementSize: chunks.elementSize, mark: mark)
      if let index { try array.walkIndex(at: index, secondBlocks: 1 + bits - smallestBits, 2 * pointerBits, &chunks, &file) }
    }

    private func walkIndex(
      at address: Int, secondBlocks count: Int, _ direct: Int, _ chunks: inout Chunks, _ file: inout File
    ) throws(LSTMError) {
      let directBlocks = 2 * (pointers - 1)
      let size = 14 + inIndex * elementSize + 8 * directBlocks + 8 * (count - direct) + 4
      var reader = try file.structure(at: address, size: size, "the index block of an extensible array")
      try expectHead("EAIB", &reader)
      for _ in 0..<inIndex { try chunks.element(&reader, &file) }
      var start = 0
      var number = 0
      for second in 0..<direct {
        let elements = smallest << ((second + 1) / 2)
        for _ in 0..<(1 << (second / 2)) {
          if let block = try reader.address() {
            guard elements <= pageSize else { throw reader.damage("leads to paged blocks of \(elements) elements") }
            // Not the first element's number: libhdf5 counts all blocks so far as if they were of this one's size.
            try walkBlock(at: block, elements, offset: start + number * elements, pages: nil, &chunks, &file)
          }
          number += 1
        }
        start += elements << (second / 2)
      }
      for second in direct..<count {
        let elements = smallest << ((second + 1) / 2)
        if let block = try reader.address() {
          try walkSecond(at: block, blocks: 1 << (second / 2), of: elements, offset: start, &chunks, &file)
        }
        start += elements << (second / 2)
      }
      try reader.checksum()
    }

    private func walkSecond(
      at address: Int, blocks: Int, of elements: Int, offset: Int, _ chunks: inout Chunks, _ file: inout File
    ) throws(LSTMError) {
      let subject = "a secondary block of an extensible array"
      let pages = elements > pageSize ? elements / pageSize : 0
      let bitmap = (pages + 7) / 8
      guard blocks <= file.bytes.count, bitmap <= file.bytes.count else { throw .format("\(subject) does not fit into the file") }
      let size = 14 + offsetWidth + blocks * bitmap + 8 * blocks + 4
      var reader = try file.structure(at: address, size: size, subject)
      try expectHead("EASB", &reader)
      try expectOffset(offset, &reader)
      let bitmaps = try reader.skip(blocks * bitmap)
      for block in 0..<blocks {
        guard let address = try reader.address() else { continue }
        let start = bitmaps.lowerBound + block * bitmap
        try walkBlock(
          at: address, elements, offset: offset + block * elements, pages: pages > 0 ? start..<(start + bitmap) : nil, &chunks, &file)
      }
      try reader.checksum()
    }

    private func walkBlock(
      at address: Int, _ elements: Int, offset: Int, pages: Range<Int>?, _ chunks: inout Chunks, _ file: inout File
    ) throws(LSTMError) {
      let subject = "a data block of an extensible array"
      guard elements <= file.bytes.count else { throw .format("\(subject) does not fit into the file") }
      let count = pages == nil ? 0 : elements / pageSize
      let size = 14 + offsetWidth + 4 + elements * elementSize + 4 * count
      var reader = try file.structure(at: address, size: size, subject)
      try expectHead("EADB", &reader)
      try expectOffset(offset, &reader)
      guard let pages else {
        for _ in 0..<elements { try chunks.element(&reader, &file) }
        return try reader.checksum()
      }
      try reader.checksum()
      for page in 0..<count {
        let range = try reader.skip(pageSize * elementSize + 4)
        guard HDF5Walk.isSet(page, pages, file) else { continue }
        var part = reader.part(range, "a page of an extensible array")
        for _ in 0..<pageSize { try chunks.element(&part, &file) }
        try part.checksum()
      }
    }

    private var offsetWidth: Int { (bits + 7) / 8 }

    private func expectHead(_ signature: StaticString, _ reader: inout ByteReader) throws(LSTMError) {
      try reader.expect(signature)
      try reader.expect(0, "version")
      try reader.expect(mark, "the filter mark")
      guard try reader.address() == header else { throw reader.damage("belongs to another header") }
    }

    private func expectOffset(_ offset: Int, _ reader: inout ByteReader) throws(LSTMError) {
      let found = try reader.length(offsetWidth)
      guard found == offset else { throw reader.damage("begins with element \(found); expected \(offset)") }
    }
  }
}
