extension HDF5Walk {
  /// The checksum of HDF5's newer structures: lookup3 with the start value 0.
  ///
  /// - Source: Bob Jenkins, lookup3.c (public domain), `hashlittle`; read byte by byte as on any machine.
  static func lookup3(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
    let range = range.clamped(to: 0..<bytes.count)
    var a = 0xdead_beef &+ UInt32(truncatingIfNeeded: range.count)
    var b = a
    var c = a
    var at = range.lowerBound
    func word(_ offset: Int) -> UInt32 {
      var value: UInt32 = 0
      for index in 0..<4 where at + offset + index < range.upperBound {
        value |= UInt32(bytes[at + offset + index]) << UInt32(8 * index)
      }
      return value
    }
    func rotated(_ value: UInt32, _ count: UInt32) -> UInt32 { value << count | value >> (32 - count) }
    while range.upperBound - at > 12 {
      a &+= word(0)
      b &+= word(4)
      c &+= word(8)
      a &-= c; a ^= rotated(c, 4); c &+= b
      b &-= a; b ^= rotated(a, 6); a &+= c
      c &-= b; c ^= rotated(b, 8); b &+= a
      a &-= c; a ^= rotated(c, 16); c &+= b
      b &-= a; b ^= rotated(a, 19); a &+= c
      c &-= b; c ^= rotated(b, 4); b &+= a
      at += 12
    }
    guard at < range.upperBound else { return c }
    a &+= word(0)
    b &+= word(4)
    c &+= word(8)
    c ^= b; c &-= rotated(b, 14)
    a ^= c; a &-= rotated(c, 11)
    b ^= a; b &-= rotated(a, 25)
    c ^= b; c &-= rotated(b, 16)
    a ^= c; a &-= rotated(c, 4)
    b ^= a; b &-= rotated(a, 14)
    c ^= b; c &-= rotated(b, 24)
    return c
  }
}
