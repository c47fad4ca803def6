import LSTMModel
import Testing

@testable import LSTMFormats

@Suite struct `Random numbers and initializers` {
  @Test func `blocks are those of the published test vectors`() {
    // Source: Random123, kat_vectors, philox4x32 10.
    #expect(CounterRandom.block(seed: 0, stream: 0, index: 0) == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(CounterRandom.block(seed: .max, stream: .max, index: .max) == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    let pi = CounterRandom.block(seed: 0x299f_31d0_a409_3822, stream: 0x0370_7344_1319_8a2e, index: 0x85a3_08d3_243f_6a88)
    #expect(pi == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func `a generator can be set to any position`() {
    var all = CounterRandom(seed: 7, stream: 2)
    let numbers = (0..<9).map { _ in all.next() }
    for position in numbers.indices {
      var one = CounterRandom(seed: 7, stream: 2, position: UInt64(position))
      #expect(one.next() == numbers[position])
    }
  }

  /// p and the z with Φ(z) = p.
  static let quantiles: [(Double, Double)] = [
    (0.5, 0), (0.975, 1.959963984540054), (1e-10, -6.361340902404056), (0.9, 1.2815515655446004), (1e-300, -37.0471),
    (0.02275013194817920, -2),
  ]

  @Test(arguments: quantiles) func `the normal quantile is right`(p: Double, z: Double) {
    // The value at 1e-300 is known to four decimals here.
    #expect(abs(NormalQuantile.value(p) - z) <= (p < 1e-200 ? 1e-4 : 2e-15 * max(1, abs(z))))
  }

  @Test func `bits are the same on every machine`() throws {
    // An independent Python computation agrees to the last bit or two; these are the bits of x86-64.
    var random = CounterRandom(seed: 1, stream: 0)
    #expect(random.uniform().bitPattern == 0x3fec_7d00_ce1c_a141)
    #expect(random.normal().bitPattern == 0x3fcb_b85e_f052_de5a)
    let matrix = try Initializer.orthogonal(gain: 1).values(for: [2, 3], CounterRandom(seed: 1, stream: 0))
    #expect(
      matrix.map(\.bitPattern) == [
        0x3fed_ad3d_2147_b8fc, 0x3fc4_efa6_7481_33a7, 0x3fd5_87f9_0ba2_73ac,
        0xbfb7_4121_b98e_4383, 0xbfe8_c440_14f2_ba10, 0x3fe4_0dd7_cb18_f7cb,
      ])
  }

  @Test(arguments: [[5, 5], [3, 8], [8, 3], [1, 1], [2, 3, 7]]) func `orthogonal matrices are orthogonal`(sizes: [Int]) throws {
    let columns = sizes.last ?? 0
    let rows = sizes.dropLast().reduce(1, *)
    let values = try Initializer.orthogonal(gain: 2).values(for: Shape(sizes), CounterRandom(seed: 5, stream: 1))
    let tall = rows >= columns
    for a in 0..<min(rows, columns) {
      for b in 0...a {
        let dot = (0..<max(rows, columns)).reduce(0.0) { sum, k in
          sum + (tall ? values[k * columns + a] * values[k * columns + b] : values[a * columns + k] * values[b * columns + k])
        }
        // A few roundings of numbers below 4.
        #expect(abs(dot - (a == b ? 4 : 0)) < 1e-14)
      }
    }
  }

  /// Names, and the variance for a weight of [10, 20].
  static let variances: [(String, Double)] = [
    ("glorot_uniform", 2.0 / 30), ("GlorotNormal", 2.0 / 30), ("he_normal", 0.2), ("HeUniform", 0.2), ("lecun_normal", 0.1),
    ("LecunUniform", 0.1), ("random_normal", 0.0025), ("RandomUniform", 0.01 / 12),
  ]

  @Test(arguments: variances) func `a variance is what the name says`(name: String, variance: Double) throws {
    let initializer = try InitializerConfig(.string(name), key: "kernel_initializer", of: "a test").initializer
    var squares = 0.0
    for stream in 0..<200 {
      let values = try initializer.values(for: [10, 20], CounterRandom(seed: 3, stream: UInt64(stream)))
      squares += values.reduce(0) { $0 + $1 * $1 }
    }
    // 40,000 numbers: the standard error of a variance is below 1 %.
    #expect(abs(squares / 40_000 / variance - 1) < 0.03)
  }

  @Test func `an unknown initializer or option is refused by name`() {
    #expect(throws: LSTMError.unsupported("a test: the kernel_initializer ‘Fancy’ is unknown: liblstm does not support it")) {
      try InitializerConfig(.string("Fancy"), key: "kernel_initializer", of: "a test")
    }
    let json = JSON.object([
      .init(name: "class_name", value: .string("Zeros")), .init(name: "config", value: .object([.init(name: "shift", value: .integer(3))])),
    ])
    #expect(
      throws: LSTMError.unsupported("a test: the kernel_initializer ‘Zeros’ has an option ‘shift’ (3) that liblstm does not know")
    ) { try InitializerConfig(json, key: "kernel_initializer", of: "a test") }
  }
}
