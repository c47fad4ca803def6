extension HDF5Walk {
  /// Takes bits from bytes, lowest first.
  struct BitReader {
    private let bytes: [UInt8]
    private let end: Int
    private var at: Int
    private var held: UInt64 = 0
    private var count = 0

    /// Reads `range` of `bytes`.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
      self.bytes = bytes
      let range = range.clamped(to: 0..<bytes.count)
      at = range.lowerBound
      end = range.upperBound
    }

    /// Whether every byte has been begun.
    var isAtEnd: Bool { at == end && count < 8 }

    /// The next 15 bits or more, zeros where the bytes end.
    fileprivate mutating func ahead() -> UInt64 {
      while count <= 48, at < end {
        held |= UInt64(bytes[at]) << UInt64(count)
        at += 1
        count += 8
      }
      return held
    }

    /// Passes over `bits` bits; `false` if there are not as many.
    fileprivate mutating func drop(_ bits: Int) -> Bool {
      guard bits <= count else { return false }
      held >>= UInt64(bits)
      count -= bits
      return true
    }

    /// The next `bits` ≤ 32 bits; `nil` if there are not as many.
    mutating func take(_ bits: Int) -> Int? {
      let value = ahead() & (1 << UInt64(bits) - 1)
      return drop(bits) ? Int(truncatingIfNeeded: value) : nil
    }

    /// Passes over the rest of the byte that was begun.
    mutating func alignToByte() { _ = drop(count % 8) }

    /// Passes over whole bytes; `false` if there are not as many.
    mutating func skipBytes(_ bytes: Int) -> Bool {
      let fromHeld = min(bytes, count / 8)
      for _ in 0..<fromHeld { _ = drop(8) }
      guard bytes - fromHeld <= end - at else { return false }
      at += bytes - fromHeld
      return true
    }
  }

  /// A code of deflate: short codes by a table, the few long ones by counting.
  struct HuffmanCode {
    /// Bits of a code that the table resolves at once.
    private static let tableBits = 9
    /// The longest code (RFC 1951).
    private static let maximumLength = 15

    /// Per table index: the symbol times 16 plus its length; 0 where the code is longer or unknown.
    private var table = [UInt16](repeating: 0, count: 1 << tableBits)
    /// Codes of each length.
    private var counts = [Int](repeating: 0, count: maximumLength + 1)
    /// Symbols in the order of their codes.
    private var symbols: [UInt16] = []

    static let fixedLiterals = HuffmanCode(
      unchecked: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
    static let fixedDistances = HuffmanCode(unchecked: [UInt8](repeating: 5, count: 30))

    /// The code whose symbols have these lengths; `nil` if codes would be ambiguous.
    init?(_ lengths: ArraySlice<UInt8>) {
      self.init(unchecked: Array(lengths))
      var free = 1
      for length in 1...HuffmanCode.maximumLength {
        free = free * 2 - counts[length]
        if free < 0 { return nil }
      }
    }

    private init(unchecked lengths: [UInt8]) {
      for length in lengths { counts[Int(length & 15)] += 1 }
      counts[0] = 0
      var nextCode = [Int](repeating: 0, count: 17)
      var nextPlace = nextCode
      for length in 1...HuffmanCode.maximumLength {
        nextCode[length + 1] = (nextCode[length] + counts[length]) << 1
        nextPlace[length + 1] = nextPlace[length] + counts[length]
      }
      symbols = [UInt16](repeating: 0, count: lengths.count)
      for (symbol, length) in lengths.enumerated() where length > 0 {
        let length = Int(length & 15)
        let code = nextCode[length]
        nextCode[length] += 1
        symbols[nextPlace[length]] = UInt16(truncatingIfNeeded: symbol)
        nextPlace[length] += 1
        // An ambiguous code may run out of its length; it is discarded afterwards.
        guard length <= HuffmanCode.tableBits, code >> length == 0 else { continue }
        let entry = UInt16(truncatingIfNeeded: symbol << 4 | length)
        var index = HuffmanCode.reversed(code, length)
        while index < table.count {
          table[index] = entry
          index += 1 << length
        }
      }
    }

    /// The next symbol; `nil` if no code matches or the bits end.
    func next(_ reader: inout BitReader) -> Int? {
      let ahead = Int(truncatingIfNeeded: reader.ahead() & 0x7fff)
      let entry = table[ahead & (table.count - 1)]
      if entry != 0 {
        return reader.drop(Int(entry & 15)) ? Int(entry >> 4) : nil
      }
      var code = 0
      var first = 0
      var place = 0
      for length in 1...HuffmanCode.maximumLength {
        code |= ahead >> (length - 1) & 1
        let count = counts[length]
        if code - first < count {
          return reader.drop(length) ? Int(symbols[place + code - first]) : nil
        }
        place += count
        first = (first + count) << 1
        code <<= 1
      }
      return nil
    }

    private static func reversed(_ code: Int, _ length: Int) -> Int {
      var code = code
      var result = 0
      for _ in 0..<length {
        result = result << 1 | code & 1
        code >>= 1
      }
      return result
    }
  }
}
