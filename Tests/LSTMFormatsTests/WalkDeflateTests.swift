import LSTMModel
import Testing

@testable import LSTMFormats

/// Streams written bit by bit after RFC 1951; real ones are in the fixtures with compressed chunks.
@Suite struct `HDF5 walk, deflate` {
  private func size(_ stream: [UInt8], limit: Int = 1000) throws(LSTMError) -> Int {
    try HDF5Walk.Deflate.decodedSize(stream, 0..<stream.count, limit: limit)
  }

  /// A zlib stream around the bits of a deflate stream, lowest first.
  private func stream(_ bits: String) -> [UInt8] {
    var bytes: [UInt8] = [0x78, 0x01]
    var held: UInt8 = 0
    var count: UInt8 = 0
    for bit in bits where bit != " " {
      if bit == "1" { held |= 1 << count }
      count += 1
      if count == 8 {
        bytes.append(held)
        (held, count) = (0, 0)
      }
    }
    if count > 0 { bytes.append(held) }
    return bytes + [0, 0, 0, 0]
  }

  @Test(arguments: [0, 1, 255, 256, 1000]) func `a stored block counts as it is`(_ count: Int) throws {
    let length = [UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8)]
    let bytes = [0x78, 0x01, 0x01] + length + length.map { ~$0 } + [UInt8](repeating: 7, count: count) + [0, 0, 0, 0]
    #expect(try size(bytes) == count)
    #expect(throws: LSTMError.self) { try size(Array(bytes.dropLast())) }
    #expect(throws: LSTMError.self) { try size(bytes + [0]) }
    if count > 0 { #expect(throws: LSTMError.self) { try size(bytes, limit: count - 1) } }
  }

  // Literal 0 is 00110000; length 258 is code 285, 11000101; distance 1 is 00000; the end is 0000000.
  @Test func `a copy counts with its length`() throws {
    #expect(try size(stream("1 10 00110000 11000101 00000 0000000")) == 259)
  }

  @Test(arguments: [
    ("1 11", "a block of the reserved kind"),
    ("1 10 11000101 00000 0000000", "a copy before the first byte"),
    ("1 10 00110000 11000101 10000 0000000", "a copy of what is not there yet"),
    ("1 10 00110000 11000110 00000 0000000", "the length code 286"),
    ("1 10 00110000 11000101 11110 0000000", "the distance code 30"),
    ("1 01 11111 00000 0000", "too many codes"),
    ("1 10 00110000", "no end"),
  ]) func `an impossible stream is refused`(_ bits: String, _ what: String) {
    #expect(throws: LSTMError.self, "\(what)") { try size(stream(bits)) }
  }

  @Test func `what is no zlib stream is refused`() {
    #expect(throws: LSTMError.self) { try size([]) }
    #expect(throws: LSTMError.self) { try size([0x78]) }
    #expect(throws: LSTMError.self) { try size([0x79, 0x01, 3, 0, 0, 0, 0, 1]) }
  }
}
