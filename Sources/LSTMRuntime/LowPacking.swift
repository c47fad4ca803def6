import LSTMCaller
import LSTMModel

// How weights of few bytes are rounded and laid out. Only float32 has them.

extension PackedMatrix {
  /// Numbers that a description takes, or fewer.
  static let descriptionCount = 32
  /// The largest 8-bit weight: the range is symmetric.
  static let largestWeight = 127

  /// Words of a quantised row of x at most: two 16-bit numbers each (or four 8-bit ones) with integers, one or two numbers with bf16.
  var quantizedWords: Int { form.isInteger ? (count + 3) / 4 * 2 : count }

  /// Numbers from one quantised row to the next: its words, its scale, and room for whole vectors.
  var quantizedStride: Int { form == .full ? 0 : Arena.rounded(quantizedWords + 16) }

  /// The largest integer of a quantised row: so small that no sum of products can leave 32 bits.
  var quantizedLimit: Int { min(form == .w8a8 ? 127 : 32767, max(1, Int(Int32.max) / PackedMatrix.largestWeight / max(count, 1))) }

  /// Packs one column.
  func packLow(_ matrix: [Scalar], columns: Int, _ column: Int, at place: Int, packed: Int) {
    #if LSTM_FLOAT64
      precondition(false, "weights of few bytes in float64")
    #else
      let numbers = (0..<count).map { matrix[$0 * columns + column] }
      let groupWidth = width / groups
      if form == .bf16 {
        for k in 0..<depth {
          let low = 2 * k + 1 < count ? numbers[2 * k + 1].bf16 : 0
          weights[place + k * groupWidth] = Float(bitPattern: UInt32(numbers[2 * k].bf16) << 16 | UInt32(low))
        }
        return
      }
      let (scale, integers) = PackedMatrix.quantized(numbers)
      scales[packed] = scale
      let sum = integers.reduce(Int32(0)) { $0 &+ Int32($1) }
      scales[width + packed] = Float(bitPattern: UInt32(bitPattern: sum &* (form == .w8a8 ? -128 : -32768)))
      for k in 0..<depth {
        // Bytes: k, k + 2, k + 1, k + 3, lowest first.
        var word: UInt32 = 0
        for (byte, offset) in [0, 2, 1, 3].enumerated() where 4 * k + offset < count {
          word |= UInt32(UInt8(bitPattern: integers[4 * k + offset])) << UInt32(8 * byte)
        }
        weights[place + k * groupWidth] = Float(bitPattern: word)
      }
    #endif
  }

  /// Numbers as multiples of a scale, ties to even; all zero with a scale that is no number if one of them is none or is infinite.
  static func quantized(_ numbers: [Scalar]) -> (scale: Scalar, integers: [Int8]) {
    var largest: Scalar = 0
    for number in numbers {
      guard number.isFinite else { return (.nan, numbers.map { _ in 0 }) }
      largest = max(largest, number.magnitude)
    }
    let scale = largest / Scalar(largestWeight)
    guard scale.isNormal else { return (0, numbers.map { _ in 0 }) }
    return (scale, numbers.map { Int8(clamping: Int(($0 / scale).rounded(.toNearestOrEven))) })
  }
}

#if !LSTM_FLOAT64
  extension Float {
    /// The upper 16 bits of the nearest number that has no others, ties to even; a NaN stays one.
    var bf16: UInt16 {
      if isNaN { return UInt16(truncatingIfNeeded: bitPattern >> 16) | 0x40 }
      let even = bitPattern >> 16 & 1
      return UInt16(truncatingIfNeeded: (bitPattern &+ 0x7fff &+ even) >> 16)
    }
  }
#endif
