/// Random numbers that are a function of (seed, stream, position): Philox 4×32 with 10 rounds, integer arithmetic alone, so the same
/// bits on every machine, in any order, on any number of threads.
///
/// The key is the seed, low word first; the counter is (block, stream), each 64 bits, low word first. A block gives four words of 32
/// bits; number 2b is made of the words 0 and 1 of block b, number 2b + 1 of the words 2 and 3, the first of two words being the high one.
///
/// - Source: Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011.
public struct CounterRandom: Sendable, Equatable {
  /// The seed.
  public let seed: UInt64
  /// Which of the independent sequences of the seed.
  public let stream: UInt64
  /// The position of the next number.
  public var position: UInt64
  private var block: SIMD4<UInt32> = .zero
  private var blockIndex = UInt64.max

  /// The sequence `stream` of `seed`, from `position` on.
  public init(seed: UInt64, stream: UInt64, position: UInt64 = 0) {
    self.seed = seed
    self.stream = stream
    self.position = position
  }

  /// The four words of a block.
  public static func block(seed: UInt64, stream: UInt64, index: UInt64) -> SIMD4<UInt32> {
    var key0 = UInt32(truncatingIfNeeded: seed)
    var key1 = UInt32(truncatingIfNeeded: seed >> 32)
    var c0 = UInt32(truncatingIfNeeded: index)
    var c1 = UInt32(truncatingIfNeeded: index >> 32)
    var c2 = UInt32(truncatingIfNeeded: stream)
    var c3 = UInt32(truncatingIfNeeded: stream >> 32)
    for _ in 0..<10 {
      let a = c0.multipliedFullWidth(by: 0xD251_1F53)
      let b = c2.multipliedFullWidth(by: 0xCD9E_8D57)
      (c0, c1, c2, c3) = (b.high ^ c1 ^ key0, b.low, a.high ^ c3 ^ key1, a.low)
      key0 &+= 0x9E37_79B9
      key1 &+= 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    let index = position >> 1
    if index != blockIndex {
      block = CounterRandom.block(seed: seed, stream: stream, index: index)
      blockIndex = index
    }
    let isSecond = position & 1 == 1
    position &+= 1
    return UInt64(isSecond ? block[2] : block[0]) << 32 | UInt64(isSecond ? block[3] : block[1])
  }

  /// The next number strictly between 0 and 1: the middle of one of 2⁵² equal parts.
  public mutating func uniform() -> Double { (Double(next() >> 12) + 0.5) * 0x1p-52 }

  /// The next number of the normal distribution of mean 0 and variance 1, by inversion.
  public mutating func normal() -> Double { NormalQuantile.value(uniform()) }

  /// The next number of the normal distribution cut off at two standard deviations, by inversion.
  public mutating func truncatedNormal() -> Double {
    // Φ(−2), the part below −2.
    let tail = 0.022750131948179207
    return NormalQuantile.value(tail + uniform() * (1 - 2 * tail))
  }

  /// A whole number below `bound` (1 or more), without bias.
  public mutating func below(_ bound: UInt64) -> UInt64 {
    // Source: Lemire: Fast random integer generation in an interval. 2019.
    let bound = max(bound, 1)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let least = (0 &- bound) % bound
      while product.low < least { product = next().multipliedFullWidth(by: bound) }
    }
    return product.high
  }

  /// `0 ..< count` in a random order (Fisher and Yates).
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<max(count, 0))
    for last in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(last, Int(below(UInt64(last + 1)))) }
    return order
  }

  /// Equal where the next numbers are.
  public static func == (a: CounterRandom, b: CounterRandom) -> Bool {
    a.seed == b.seed && a.stream == b.stream && a.position == b.position
  }
}
