import LSTMModel

extension HDF5Walk {
  /// Measures how many bytes a zlib stream gives, without producing them.
  ///
  /// libhdf5 reads as many bytes as a chunk should have, whatever came out of its stream; so the walk has to know.
  ///
  /// - Source: RFC 1950 (zlib) and RFC 1951 (deflate).
  struct Deflate {
    private var reader: BitReader
    private let limit: Int
    private let subject: Int
    private var produced = 0

    /// The length of what the zlib stream in `range` gives; streams that give more than `limit` are refused.
    static func decodedSize(_ bytes: [UInt8], _ range: Range<Int>, limit: Int) throws(LSTMError) -> Int {
      var stream = Deflate(reader: BitReader(bytes, range), limit: limit, subject: range.lowerBound)
      let method = try stream.bits(8)
      let flags = try stream.bits(8)
      guard method & 15 == 8, method >> 4 <= 7, (method << 8 | flags) % 31 == 0, flags & 0x20 == 0 else {
        throw stream.damage("does not begin like one")
      }
      var isLast = false
      while !isLast {
        isLast = try stream.bits(1) == 1
        switch try stream.bits(2) {
        case 0: try stream.storedBlock()
        case 1: try stream.compressedBlock(HuffmanCode.fixedLiterals, HuffmanCode.fixedDistances)
        case 2: try stream.dynamicBlock()
        default: throw stream.damage("has a block of an unknown kind")
        }
      }
      stream.reader.alignToByte()
      // The checksum of what comes out: libhdf5 compares it.
      _ = try stream.bits(32)
      guard stream.reader.isAtEnd else { throw stream.damage("is followed by other bytes") }
      return stream.produced
    }

    private func damage(_ text: String) -> LSTMError {
      .format("the compressed chunk at byte \(subject) \(text): the file is damaged")
    }

    private mutating func bits(_ count: Int) throws(LSTMError) -> Int {
      guard let value = reader.take(count) else { throw damage("ends too early") }
      return value
    }

    private mutating func produce(_ count: Int) throws(LSTMError) {
      produced += count
      guard produced <= limit else { throw damage("gives more than the \(limit) bytes that its chunk holds") }
    }

    private mutating func storedBlock() throws(LSTMError) {
      reader.alignToByte()
      let length = try bits(16)
      guard try bits(16) == length ^ 0xffff else { throw damage("has a stored block of impossible length") }
      guard reader.skipBytes(length) else { throw damage("ends too early") }
      try produce(length)
    }

    private mutating func compressedBlock(_ literals: HuffmanCode, _ distances: HuffmanCode) throws(LSTMError) {
      while true {
        let symbol = try symbol(literals)
        if symbol < 256 {
          try produce(1)
        } else if symbol == 256 {
          return
        } else {
          let length = try copyLength(symbol)
          try requireDistance(try self.symbol(distances))
          try produce(length)
        }
      }
    }

    private mutating func symbol(_ code: HuffmanCode) throws(LSTMError) -> Int {
      guard let symbol = code.next(&reader) else { throw damage("has an unknown code or ends too early") }
      return symbol
    }

    /// The length that symbols 257 to 285 stand for (RFC 1951, 3.2.5).
    private mutating func copyLength(_ symbol: Int) throws(LSTMError) -> Int {
      switch symbol {
      case ...264: return symbol - 254
      case ...284:
        let extra = (symbol - 261) / 4
        return 3 + ((4 + (symbol - 261) % 4) << extra) + (try bits(extra))
      case 285: return 258
      default: throw damage("has an unknown length")
      }
    }

    /// A copy must begin within what has come out already.
    private mutating func requireDistance(_ symbol: Int) throws(LSTMError) {
      guard symbol < 30 else { throw damage("has an unknown distance") }
      let extra = max(0, symbol / 2 - 1)
      let distance = symbol < 4 ? symbol + 1 : 1 + ((2 + symbol % 2) << extra) + (try bits(extra))
      guard distance <= produced else { throw damage("copies from before its beginning") }
    }

    private static let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    private mutating func dynamicBlock() throws(LSTMError) {
      let literals = try bits(5) + 257
      let distances = try bits(5) + 1
      let codes = try bits(4) + 4
      guard literals <= 286, distances <= 30 else { throw damage("has too many codes") }
      var lengths = [UInt8](repeating: 0, count: 19)
      for place in Deflate.lengthOrder.prefix(codes) { lengths[place] = UInt8(truncatingIfNeeded: try bits(3)) }
      guard let lengthCode = HuffmanCode(lengths[...]) else { throw damage("has an impossible code") }
      lengths.removeAll(keepingCapacity: true)
      while lengths.count < literals + distances {
        let symbol = try symbol(lengthCode)
        switch symbol {
        case ...15: lengths.append(UInt8(truncatingIfNeeded: symbol))
        case 16:
          guard let last = lengths.last else { throw damage("repeats a code length before the first") }
          lengths.append(contentsOf: repeatElement(last, count: 3 + (try bits(2))))
        case 17: lengths.append(contentsOf: repeatElement(0, count: 3 + (try bits(3))))
        default: lengths.append(contentsOf: repeatElement(0, count: 11 + (try bits(7))))
        }
      }
      guard lengths.count == literals + distances, lengths[256] > 0, let literalCode = HuffmanCode(lengths[..<literals]),
        let distanceCode = HuffmanCode(lengths[literals...])
      else { throw damage("has an impossible code") }
      try compressedBlock(literalCode, distanceCode)
    }
  }
}
