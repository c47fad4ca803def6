import LSTMModel

extension HDF5Walk {
  /// Reads little-endian numbers from a range of the file, and throws where the range ends.
  ///
  /// The only code of the walk that subscripts the file with a number that came from it.
  struct ByteReader {
    /// What is being read, as a message names it: `the object header`.
    let subject: String
    /// Where it begins in the file.
    let start: Int
    /// One past its last byte.
    let end: Int
    /// The next byte.
    private(set) var at: Int
    private let bytes: [UInt8]

    /// Reads `range` of `bytes`; what lies outside them counts as the end of the range.
    init(_ bytes: [UInt8], _ range: Range<Int>, _ subject: String) {
      self.bytes = bytes
      self.subject = subject
      start = min(max(range.lowerBound, 0), bytes.count)
      end = min(max(range.upperBound, start), bytes.count)
      at = start
    }

    /// How many bytes are left.
    var remaining: Int { end - at }

    /// An error about what is being read.
    func damage(_ text: String) -> LSTMError {
      .format("\(subject) at byte \(start) \(text)")
    }

    /// Reads a part of the same file under another name.
    func part(_ range: Range<Int>, _ subject: String) -> ByteReader {
      ByteReader(bytes, range, subject)
    }

    /// Passes over `count` bytes and returns where they lie.
    @discardableResult
    mutating func skip(_ count: Int) throws(LSTMError) -> Range<Int> {
      guard count >= 0, count <= end - at else {
        throw damage("needs at least \(count) more bytes after its first \(at - start), but only \(end - at) are there")
      }
      let range = at..<(at + count)
      at += count
      return range
    }

    /// One byte.
    mutating func u8() throws(LSTMError) -> Int {
      Int(bytes[try skip(1).lowerBound])
    }

    /// Two bytes.
    mutating func u16() throws(LSTMError) -> Int {
      Int(truncatingIfNeeded: try unsigned(2))
    }

    /// Four bytes.
    mutating func u32() throws(LSTMError) -> Int {
      Int(truncatingIfNeeded: try unsigned(4))
    }

    /// A number of `width` ≤ 8 bytes.
    mutating func unsigned(_ width: Int) throws(LSTMError) -> UInt64 {
      let range = try skip(width)
      var value: UInt64 = 0
      var shift: UInt64 = 0
      for index in range {
        value |= UInt64(bytes[index]) << shift
        shift += 8
      }
      return value
    }

    /// A length or count of `width` bytes, which must fit `Int`.
    mutating func length(_ width: Int = 8) throws(LSTMError) -> Int {
      let value = try unsigned(width)
      guard let length = Int(exactly: value) else { throw damage("holds the impossible length \(value)") }
      return length
    }

    /// A file address; `nil` if all bits are set, which stands for none.
    mutating func address() throws(LSTMError) -> Int? {
      let value = try unsigned(8)
      if value == .max { return nil }
      guard let address = Int(exactly: value) else { throw damage("holds the impossible address \(value)") }
      return address
    }

    /// A file address that must be given; `what` says of what.
    mutating func required(_ what: String) throws(LSTMError) -> Int {
      guard let address = try address() else { throw damage("has no address of \(what)") }
      return address
    }

    /// Passes over bytes that must be `expected`, such as a signature.
    mutating func expect(_ expected: StaticString) throws(LSTMError) {
      let range = try skip(expected.utf8CodeUnitCount)
      let text = "\(expected)"
      guard bytes[range].elementsEqual(text.utf8) else {
        throw damage("does not begin with \(text): the file is damaged")
      }
    }

    /// Passes over a byte that must be `value`; `what` names it.
    mutating func expect(_ value: Int, _ what: String) throws(LSTMError) {
      let found = try u8()
      guard found == value else { throw damage("has \(what) \(found); expected \(value)") }
    }

    /// Passes over bytes that must all be zero; `what` names them.
    mutating func expectZeros(_ count: Int, _ what: String) throws(LSTMError) {
      for index in try skip(count) where bytes[index] != 0 {
        throw damage("has \(what) that are not zero")
      }
    }

    /// Passes over text up to and including its NUL, and returns where it lies without it.
    mutating func terminated(_ what: String) throws(LSTMError) -> Range<Int> {
      guard let nul = bytes[at..<end].firstIndex(of: 0) else { throw damage("has \(what) without an end") }
      let range = at..<nul
      at = nul + 1
      return range
    }

    /// Passes over the padding that makes the distance from `origin` a multiple of eight.
    mutating func align(from origin: Int) throws(LSTMError) {
      try skip((8 - (at - origin) % 8) % 8)
    }

    /// Passes over the checksum of everything read so far, and checks it.
    mutating func checksum() throws(LSTMError) {
      try checksum(over: start..<at)
    }

    /// Passes over the checksum of `range`, and checks it.
    mutating func checksum(over range: Range<Int>) throws(LSTMError) {
      let computed = lookup3(bytes, range)
      let stored = UInt32(truncatingIfNeeded: try unsigned(4))
      guard computed == stored else { throw damage("has a wrong checksum: the file is damaged") }
    }
  }
}
