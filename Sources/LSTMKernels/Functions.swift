// σ and tanh on vectors, one exponential and one division each, less than 2 float32 units in the last place from the exact value with fused
// multiply-adds (largest found over every eleventh float: σ 1.75, tanh 1.96).
//
// exp: x = n·ln 2 + r with n = round(x / ln 2), found by adding a number so large that the sum has no fraction bits; eʳ − 1 = r + r²·q(r)
// with |r| ≤ ln 2 / 2. float: q of degree 4, fitted to the least relative error (1.5e-8); double: the Taylor series to r¹³.
// q is summed in pairs: the chain of dependent operations is what a small network waits for.

import CVector

#if LSTM_FLOAT64
  /// Adding it leaves n + 1023 in the lowest bits: the exponent of 2ⁿ.
  private let roundingNumber: Double = 0x1.8p52 + 1023
  private let ln2High: Double = 0x1.62e42fee00000p-1
  private let ln2Low: Double = 0x1.a39ef35793c76p-33
  let largestExponent: Double = 708
#else
  /// Adding it leaves n + 127 in the lowest bits: the exponent of 2ⁿ.
  private let roundingNumber: Float = 0x1.8p23 + 127
  #if LSTM_V3 || LSTM_V4 || arch(arm64)
    private let ln2High: Float = 0x1.62e430p-1
    private let ln2Low: Float = -0x1.05c610p-29
  #else
    /// So few bits that n times it is exact without fusing.
    private let ln2High: Float = 0.693359375
    private let ln2Low: Float = -2.12194440e-4
  #endif
  let largestExponent: Float = 87
#endif

/// `x`, but not above the largest exponent; NaN stays.
@_transparent
func clampedAbove(_ x: Vector) -> Vector { lstm_lesser(all(largestExponent), x) }

/// `x`, but not below −largest exponent; NaN stays.
@_transparent
func clampedBelow(_ x: Vector) -> Vector { lstm_greater(all(-largestExponent), x) }

/// `2ⁿ` and `r`, roughly and with what it lacks, where e⁻ˣ = 2ⁿ · e⁻ʳ.
@_transparent
func reduced(_ x: Vector) -> (power: Vector, r: Vector, precise: Vector) {
  let rounding = all(roundingNumber)
  let shifted = fused(rounding, x, all(-1.4426950408889634))
  let n = shifted - rounding
  let r = fused(x, n, all(ln2High))
  return (lstm_as_exponent(shifted), r, fused(r, n, all(ln2Low)))
}

/// `e⁻ʳ − 1` from the `r` that the powers are made of, and the `r` that is their largest term.
@_transparent
func exponentialMinusOne(_ r: Vector, _ precise: Vector) -> Vector {
  let r2 = r * r
  #if LSTM_FLOAT64
    let r4 = r2 * r2
    let a = fused(all(0.5), all(-1.0 / 6.0), r)
    let b = fused(all(1.0 / 24.0), all(-1.0 / 120.0), r)
    let c = fused(all(1.0 / 720.0), all(-1.0 / 5_040.0), r)
    let d = fused(all(1.0 / 40_320.0), all(-1.0 / 362_880.0), r)
    let e = fused(all(1.0 / 3_628_800.0), all(-1.0 / 39_916_800.0), r)
    let f = fused(all(1.0 / 479_001_600.0), all(-1.0 / 6_227_020_800.0), r)
    let q = fused(fused(a, b, r2), fused(fused(c, d, r2), fused(e, f, r2), r4), r4)
  #else
    let a = fused(all(5.00000005838e-1), all(-1.66665453882e-1), r)
    let b = fused(all(4.16662902195e-2), all(-8.36635557772e-3), r)
    let q = fused(a, fused(b, all(1.39460157153e-3), r2), r2)
  #endif
  return fused(lstm_negated(precise), q, r2)
}

/// `1 / (1 + e⁻ˣ)`.
///
/// 1 + e⁻ˣ is p + 1 and p·(e⁻ʳ − 1), p = 2ⁿ, rounded almost only once: what p + 1 loses goes to the other part.
@_transparent
func sigmoid(_ x: Vector) -> Vector {
  let one = all(1)
  let (p, _, r) = reduced(clampedBelow(clampedAbove(x)))
  let minusOne = exponentialMinusOne(r, r)
  let sum = p + one
  let lost = one - (sum - p)
  return one / (fused(lost, p, minusOne) + sum)
}

/// tanh x, without cancellation near 0: `(1 − e) / (1 + e)` with e = e^(−2|x|), both rounded once; then the sign.
@_transparent
func tanh(_ x: Vector) -> Vector {
  let one = all(1)
  let (p, r, precise) = reduced(clampedAbove(lstm_magnitude(x + x)))
  let minusOne = exponentialMinusOne(forTanh(r, precise), precise)
  return lstm_with_sign(x, fused(one - p, p, lstm_negated(minusOne))) / fused(p + one, p, minusOne)
}

#if LSTM_V4 || (LSTM_V3 && !LSTM_FLOAT64)
  /// tanh in the lanes where all bits of `isTanh` are set, σ where none is: the same bits as ``tanh(_:)`` and ``sigmoid(_:)``.
  @_transparent
  func gates(_ x: Vector, _ isTanh: BitVector) -> Vector {
    let one = all(1)
    let argument = lstm_chosen(lstm_magnitude(x + x), x, isTanh)
    let (p, r, precise) = reduced(clampedBelow(clampedAbove(argument)))
    let minusOne = exponentialMinusOne(lstm_chosen(forTanh(r, precise), precise, isTanh), precise)
    let sum = p + one
    let lost = one - (sum - p)
    let below = lstm_chosen(fused(sum, p, minusOne), fused(lost, p, minusOne) + sum, isTanh)
    return lstm_chosen(lstm_with_sign(x, fused(one - p, p, lstm_negated(minusOne))), one, isTanh) / below
  }
#endif

/// The greater of `x` and 0; NaN stays.
@_transparent
func relu(_ x: Vector) -> Vector { lstm_greater(all(0), x) }

/// Which of the two values of r tanh's powers are made of: the rough one is ready sooner, and so near, where tanh is not flat, that nothing is lost.
@_transparent
private func forTanh(_ r: Vector, _ precise: Vector) -> Vector {
  #if (LSTM_V3 || LSTM_V4 || arch(arm64)) && !LSTM_FLOAT64
    return r
  #else
    return precise
  #endif
}

/// Applies σ to `count` numbers in place; any alignment.
@inline(never)  // see project
public func sigmoid(_ values: UnsafeMutablePointer<Scalar>, _ count: Int) {
  var done = 0
  while done < count {
    // SAFETY: at most count − done numbers are read and written.
    unsafe storePart(sigmoid(loadPart(values + done, count &- done)), values + done, count &- done)
    done &+= lanes
  }
}

/// Applies tanh to `count` numbers in place; any alignment.
@inline(never)  // see project
public func tanh(_ values: UnsafeMutablePointer<Scalar>, _ count: Int) {
  var done = 0
  while done < count {
    // SAFETY: at most count − done numbers are read and written.
    unsafe storePart(tanh(loadPart(values + done, count &- done)), values + done, count &- done)
    done &+= lanes
  }
}

/// Replaces what is below 0 by 0 among `count` numbers; any alignment. NaN stays.
@inline(never)  // see project
public func relu(_ values: UnsafeMutablePointer<Scalar>, _ count: Int) {
  var done = 0
  while done < count {
    // SAFETY: at most count − done numbers are read and written.
    unsafe storePart(relu(loadPart(values + done, count &- done)), values + done, count &- done)
    done &+= lanes
  }
}

/// The first `count` numbers of a vector at `pointer`, zeros behind them.
@_transparent
func loadPart(_ pointer: UnsafePointer<Scalar>, _ count: Int) -> Vector {
  // SAFETY: no more than `count` numbers are read.
  if count >= lanes { return unsafe UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self) }
  var vector = Vector.zero
  var lane = 0
  while lane < count {
    vector[lane] = unsafe pointer[lane]
    lane &+= 1
  }
  return vector
}

/// Writes the first `count` numbers of a vector.
@_transparent
func storePart(_ vector: Vector, _ pointer: UnsafeMutablePointer<Scalar>, _ count: Int) {
  // SAFETY: no more than `count` numbers are written.
  if count >= lanes { return unsafe UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: Vector.self) }
  var lane = 0
  while lane < count {
    unsafe pointer[lane] = vector[lane]
    lane &+= 1
  }
}
