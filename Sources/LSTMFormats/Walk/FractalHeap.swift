import LSTMModel

extension HDF5Walk {
  /// Where new files keep the links and attributes of objects that have many.
  ///
  /// Objects lie in direct blocks. Blocks form rows of `width` equal ones, which double in size from row to row; rows of blocks that are
  /// too large to be direct consist of indirect blocks, which are rows of blocks again.
  struct FractalHeap {
    private struct Block {
      let offset: Int
      let bytes: Range<Int>
    }

    private let header: Int
    private let width: Int
    private let smallest: Int
    private let largest: Int
    private let offsetWidth: Int
    private let lengthWidth: Int
    private let hasChecksums: Bool
    private let identifierSize: Int
    private var blocks: [Block] = []
    private var taken: Set<Int> = []

    /// Reads the heap at `address`, whose identifiers have this size.
    init(at address: Int, identifierSize: Int, _ file: inout File) throws(LSTMError) {
      var reader = try file.structure(at: address, size: 146, "the header of a fractal heap")
      try reader.expect("FRHP")
      try reader.expect(0, "version")
      let identifier = try reader.u16()
      let filters = try reader.u16()
      let flags = try reader.u8()
      let mostManaged = try reader.u32()
      try reader.skip(8)
      let huge = try reader.address()
      try reader.skip(8)
      let freeSpace = try reader.address()
      try reader.skip(8 + 8 + 8 + 8 + 8 + 8 + 8 + 8)
      width = try reader.u16()
      smallest = try reader.length()
      largest = try reader.length()
      let bits = try reader.u16()
      try reader.skip(2)
      let root = try reader.address()
      let rows = try reader.u16()
      guard filters == 0 else { throw .unsupported("its links or attributes are compressed, which is not supported") }
      try reader.checksum()
      guard huge == nil else { throw .unsupported("it has a large attribute in dense storage (a huge object of a fractal heap); re-save the file with h5py's defaults") }
      guard flags & ~3 == 0, identifier == identifierSize, let widthBits = exponent(width), let smallestBits = exponent(smallest),
        let largestBits = exponent(largest), smallestBits >= 5, smallestBits <= largestBits, largestBits <= 32,
        (smallestBits + widthBits...48).contains(bits), rows <= bits - smallestBits - widthBits + 1, mostManaged > 0
      else { throw reader.damage("has impossible parameters") }
      header = address
      self.identifierSize = identifierSize
      hasChecksums = flags & 2 != 0
      offsetWidth = (bits + 7) / 8
      lengthWidth = min((largestBits + 7) / 8, HDF5Walk.width(for: mostManaged))
      guard 1 + offsetWidth + lengthWidth <= identifierSize else { throw reader.damage("has impossible parameters") }
      if let freeSpace { try FreeSpace.check(at: freeSpace, &file) }
      guard let root else { return }
      if rows == 0 {
        try addDirect(at: root, size: smallest, offset: 0, &file)
      } else {
        try addIndirect(at: root, rows: rows, offset: 0, &file)
      }
    }

    private mutating func addDirect(at address: Int, size: Int, offset: Int, _ file: inout File) throws(LSTMError) {
      var reader = try file.structure(at: address, size: size, "a direct block of a fractal heap")
      try expectHead("FHDB", offset, &reader)
      if hasChecksums {
        // The checksum is that of the whole block with zeros in its own place; the block is not large.
        let place = try reader.skip(4)
        var copy = Array(file.bytes[reader.start..<reader.end])
        var stored: UInt32 = 0
        for (index, at) in place.enumerated() {
          stored |= UInt32(file.bytes[at]) << UInt32(8 * index)
          copy[at - reader.start] = 0
        }
        guard lookup3(copy, 0..<copy.count) == stored else { throw reader.damage("has a wrong checksum: the file is damaged") }
      }
      blocks.append(Block(offset: offset + reader.at - reader.start, bytes: reader.at..<reader.end))
    }

    private mutating func addIndirect(at address: Int, rows: Int, offset: Int, _ file: inout File) throws(LSTMError) {
      var reader = try file.structure(
        at: address, size: 13 + offsetWidth + 8 * rows * width + 4, "an indirect block of a fractal heap")
      try expectHead("FHIB", offset, &reader)
      var start = offset
      for row in 0..<rows {
        let size = smallest << max(0, row - 1)
        for _ in 0..<width {
          if let child = try reader.address() {
            if size <= largest {
              try addDirect(at: child, size: size, offset: start, &file)
            } else {
              let below = size.trailingZeroBitCount - (smallest * width).trailingZeroBitCount + 1
              guard below > 0, below < rows else { throw reader.damage("has a child of impossible size") }
              try addIndirect(at: child, rows: below, offset: start, &file)
            }
          }
          start += size
        }
      }
      try reader.checksum()
    }

    private func expectHead(_ signature: StaticString, _ offset: Int, _ reader: inout ByteReader) throws(LSTMError) {
      try reader.expect(signature)
      try reader.expect(0, "version")
      guard try reader.address() == header else { throw reader.damage("belongs to another heap") }
      let found = try reader.length(offsetWidth)
      guard found == offset else { throw reader.damage("says that it begins at \(found); expected \(offset)") }
    }

    /// Where the object lies whose identifier comes next; each object may be asked for once.
    mutating func object(_ reader: inout ByteReader) throws(LSTMError) -> Range<Int> {
      var identifier = reader.part(try reader.skip(identifierSize), "an identifier of a fractal heap")
      let flags = try identifier.u8()
      guard flags == 0 else {
        throw .unsupported("it has a link or attribute stored in a special way (huge or tiny); re-save the file with h5py's defaults")
      }
      let offset = try identifier.length(offsetWidth)
      let length = try identifier.length(lengthWidth)
      guard let block = block(holding: offset), length > 0, offset - block.offset <= block.bytes.count - length else {
        throw identifier.damage("leads to \(length) bytes at \(offset), which is outside the heap")
      }
      guard taken.insert(offset).inserted else { throw identifier.damage("leads to an object that is used already") }
      let start = block.bytes.lowerBound + offset - block.offset
      return start..<(start + length)
    }

    /// The block that holds the byte at `offset`, by bisection.
    private func block(holding offset: Int) -> Block? {
      var low = 0
      var high = blocks.count
      while low < high {
        let middle = (low + high) / 2
        if blocks[middle].offset <= offset { low = middle + 1 } else { high = middle }
      }
      guard low > 0, offset - blocks[low - 1].offset < blocks[low - 1].bytes.count else { return nil }
      return blocks[low - 1]
    }
  }
}
