import Glibc

/// Random numbers by their place, not by their order: the same seed, step, node and index give the same number on any thread, in any block.
///
/// Philox4x32-10 with the seed as its key and (index / 4, step, stream) as its counter. A number's upper 32 bits make a fraction below 1.
/// - Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
struct Chance: Sendable {
  /// The trainer's seed.
  var seed: UInt64
  /// The training step, counted from the trainer's creation.
  var step: UInt64 = 0
  /// Which of the model's uses of chance: two for each node.
  var stream: UInt32
  /// The number of the block's first row in its batch.
  var firstRow = 0

  /// The same for another use of the node.
  var second: Chance {
    var other = self
    other.stream = stream | 1
    return other
  }

  /// A number in 0 ..< 1 for each place.
  func uniform(_ index: Int) -> Double {
    Double(Chance.word(seed, UInt64(index) / 4, step, stream, lane: index % 4)) * 0x1p-32
  }

  /// A number of the standard normal distribution for each place (Box and Muller 1958).
  func normal(_ index: Int) -> Double {
    let radius = (-2 * log1p(-uniform(2 * index))).squareRoot()
    return radius * cos(2 * Double.pi * uniform(2 * index + 1))
  }

  /// One of the four words of a block of Philox4x32-10.
  static func word(_ seed: UInt64, _ index: UInt64, _ step: UInt64, _ stream: UInt32, lane: Int) -> UInt32 {
    var c0 = UInt32(truncatingIfNeeded: index)
    var c1 = UInt32(truncatingIfNeeded: index >> 32) ^ UInt32(truncatingIfNeeded: step >> 32)
    var c2 = UInt32(truncatingIfNeeded: step)
    var c3 = stream
    var k0 = UInt32(truncatingIfNeeded: seed)
    var k1 = UInt32(truncatingIfNeeded: seed >> 32)
    for _ in 0..<10 {
      let p = UInt64(c0) * 0xD251_1F53
      let q = UInt64(c2) * 0xCD9E_8D57
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: q >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: q), UInt32(truncatingIfNeeded: p >> 32) ^ c3 ^ k1,
        UInt32(truncatingIfNeeded: p)
      )
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    switch lane {
    case 0: return c0
    case 1: return c1
    case 2: return c2
    default: return c3
    }
  }
}
