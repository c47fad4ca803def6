import LSTMModel

extension HDF5Walk {
  /// The index of chunks of a dataset that cannot grow: one element per chunk, in pages if there are many.
  enum FixedArray {
    /// Checks the rest of the layout message, the array and every chunk.
    static func walk(_ layout: inout ByteReader, _ chunks: inout Chunks, _ file: inout File) throws(LSTMError) {
      let pageBits = try layout.u8()
      guard let address = try layout.address() else { return }
      guard chunks.unlimitedAxes == 0, let count = chunks.maximumCount else {
        throw layout.damage("has the index of a dataset that cannot grow, but may grow")
      }
      var header = try file.structure(at: address, size: 28, "the header of a fixed array of chunks")
      try header.expect("FAHD")
      try header.expect(0, "version")
      try header.expect(chunks.filters.filters.isEmpty ? 0 : 1, "the filter mark")
      try header.expect(chunks.elementSize, "the element size")
      try header.expect(pageBits, "the page size")
      let declared = try header.length()
      let block = try header.address()
      try header.checksum()
      guard declared == count, count > 0, (1...32).contains(pageBits) else {
        throw header.damage("is for \(declared) chunks; the dataset has \(count)")
      }
      guard let block else { return }
      try walkBlock(at: block, of: address, count, pageSize: 1 << pageBits, &chunks, &file)
    }

    private static func walkBlock(
      at address: Int, of owner: Int, _ count: Int, pageSize: Int, _ chunks: inout Chunks, _ file: inout File
    ) throws(LSTMError) {
      let subject = "a fixed array of chunks"
      // Every element needs eight bytes at least; beyond that, products cannot overflow.
      guard count <= file.bytes.count else { throw .format("\(subject) should hold \(count) chunks: the file is too small") }
      let pages = count > pageSize ? (count + pageSize - 1) / pageSize : 0
      let bitmap = (pages + 7) / 8
      let size = 14 + bitmap + 4 + count * chunks.elementSize + 4 * pages
      var reader = try file.structure(at: address, size: size, subject)
      try reader.expect("FADB")
      try reader.expect(0, "version")
      try reader.expect(chunks.filters.filters.isEmpty ? 0 : 1, "the filter mark")
      guard try reader.address() == owner else { throw reader.damage("belongs to another header") }
      guard pages > 0 else {
        for _ in 0..<count { try chunks.element(&reader, &file) }
        return try reader.checksum()
      }
      let written = try reader.skip(bitmap)
      try reader.checksum()
      for page in 0..<pages {
        let elements = min(pageSize, count - page * pageSize)
        let range = try reader.skip(elements * chunks.elementSize + 4)
        guard isSet(page, written, file) else { continue }
        var part = reader.part(range, "a page of \(subject)")
        for _ in 0..<elements { try chunks.element(&part, &file) }
        try part.checksum()
      }
    }
  }

  /// Whether bit `index` of a bitmap is set, the first being the highest of the first byte.
  static func isSet(_ index: Int, _ bitmap: Range<Int>, _ file: File) -> Bool {
    let at = bitmap.lowerBound + index / 8
    guard index >= 0, at < bitmap.upperBound, at < file.bytes.count else { return false }
    return file.bytes[at] & 0x80 >> UInt8(index % 8) != 0
  }
}
