import LSTMModel
import Testing

@testable import LSTMFormats

/// Random damage: the walk must end, quickly, with a sentence or with none.
@Suite struct `HDF5 walk, random damage` {
  private struct Random: RandomNumberGenerator {
    var state: UInt64
    // SplitMix64 (Steele, Lea & Flood 2014).
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var value = state
      value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
      value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
      return value ^ value >> 31
    }
  }

  static let files = [
    "keras/lstm_basic/lstm_basic.k2.h5", "keras/lstm_basic/lstm_basic.k3.weights.h5", "storage/s_chunked_plain.h5", "storage/s_committed_type.h5",
    "storage/s_compact.h5", "storage/s_dense_storage.h5", "storage/s_extra_stuff.h5", "storage/s_fletcher32_gzip.h5", "storage/s_gzip_shuffle.h5",
    "storage/s_latest_fixed_array.h5", "storage/s_latest_gzip_unlimited.h5", "storage/s_latest_one_unlimited.h5",
    "storage/s_latest_single_chunk.h5", "storage/s_libver_latest.h5", "storage/s_paged.h5", "storage/s_resized.h5",
    "storage/s_str_vlen_utf8.h5", "storage/s_track_order.h5", "storage/s_userblock.h5", "storage/s_v3_gzip.weights.h5",
  ]

  // Few per file, because these run without optimisation; 30,000 went through when the walk was written.
  @Test(arguments: files) func `never traps and never takes long`(_ file: String) throws {
    let whole = try WalkFixtures.bytesOf(file)
    var random = Random(state: 1)
    let clock = ContinuousClock()
    for _ in 0..<40 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) { damage(&bytes, &random) }
      let start = clock.now
      let verdict = WalkFixtures.verdict(bytes)
      // Far above the 10 ms that the slowest needs with optimisation: test machines are busy.
      #expect(clock.now - start < .seconds(5))
      if let verdict { #expect(!verdict.message.isEmpty) }
    }
  }

  private func damage(_ bytes: inout [UInt8], _ random: inout Random) {
    guard bytes.count > 16 else { return }
    let place = Int.random(in: 0..<(bytes.count - 8), using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 2:
      let numbers = [0, 1, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, .max, .min, -1, bytes.count]
      bytes.put(numbers[Int.random(in: 0..<numbers.count, using: &random)], at: place & ~7, width: [4, 8][place % 2])
    default: bytes.removeLast(Int.random(in: 0..<bytes.count / 8, using: &random))
    }
  }
}
