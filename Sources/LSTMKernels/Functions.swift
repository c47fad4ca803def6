// σ and tanh on vectors, one exponential and one division each, at most 2 (σ) and 2.3 (tanh) float32 units in the last place from the exact value.
//
// exp: x = n·ln 2 + r with n = round(x / ln 2), found by adding a number so large that the sum has no fraction bits; eʳ − 1 = r + r²·q(r)
// with |r| ≤ ln 2 / 2. float: q as in Cephes' expf (Moshier 1989), double: the Taylor series to r¹³.

#if LSTM_FLOAT64
  private let roundingNumber: Double = 0x1.8p52
  private let exponentShift: Int64 = 52
  private let exponentOfOne: Int64 = 0x3FF0_0000_0000_0000
  private let ln2High: Double = 0x1.62e42fee00000p-1
  private let ln2Low: Double = 0x1.a39ef35793c76p-33
  private let smallestExponent: Double = -708
#else
  private let roundingNumber: Float = 0x1.8p23
  private let exponentShift: Int32 = 23
  private let exponentOfOne: Int32 = 0x3F80_0000
  private let ln2High: Float = 0.693359375
  private let ln2Low: Float = -2.12194440e-4
  private let smallestExponent: Float = -87
#endif

/// `(2ⁿ, eʳ − 1)` with `eˣ = 2ⁿ · eʳ`, for −708 (float: −87) ≤ x ≤ 0.
@_transparent
private func splitExponential(_ x: Vector) -> (power: Vector, minusOne: Vector) {
  let rounding = Vector(repeating: roundingNumber)
  let shifted = fused(rounding, x, Vector(repeating: 1.4426950408889634))
  let n = shifted - rounding
  // SAFETY: vectors of the same size; every bit pattern is a value.
  let bits = unsafe unsafeBitCast(shifted, to: BitVector.self)
  // SAFETY: as above.
  let power = unsafe unsafeBitCast((bits &<< BitVector(repeating: exponentShift)) &+ BitVector(repeating: exponentOfOne), to: Vector.self)
  var r = fused(x, n, Vector(repeating: -ln2High))
  accumulate(&r, n, Vector(repeating: -ln2Low))
  #if LSTM_FLOAT64
    var q = Vector(repeating: 1.0 / 6_227_020_800.0)
    q = fused(Vector(repeating: 1.0 / 479_001_600.0), q, r)
    q = fused(Vector(repeating: 1.0 / 39_916_800.0), q, r)
    q = fused(Vector(repeating: 1.0 / 3_628_800.0), q, r)
    q = fused(Vector(repeating: 1.0 / 362_880.0), q, r)
    q = fused(Vector(repeating: 1.0 / 40_320.0), q, r)
    q = fused(Vector(repeating: 1.0 / 5_040.0), q, r)
    q = fused(Vector(repeating: 1.0 / 720.0), q, r)
    q = fused(Vector(repeating: 1.0 / 120.0), q, r)
    q = fused(Vector(repeating: 1.0 / 24.0), q, r)
    q = fused(Vector(repeating: 1.0 / 6.0), q, r)
    q = fused(Vector(repeating: 0.5), q, r)
  #else
    var q = Vector(repeating: 1.9875691500e-4)
    q = fused(Vector(repeating: 1.3981999507e-3), q, r)
    q = fused(Vector(repeating: 8.3334519073e-3), q, r)
    q = fused(Vector(repeating: 4.1665795894e-2), q, r)
    q = fused(Vector(repeating: 1.6666665459e-1), q, r)
    q = fused(Vector(repeating: 5.0000001201e-1), q, r)
  #endif
  return (power, fused(r, q, r * r))
}

/// −|x|, but not below the smallest exponent; NaN stays.
@_transparent
private func negatedMagnitude(_ x: Vector, times factor: Scalar) -> Vector {
  let scaled = x * Vector(repeating: factor)
  let negative = scaled.replacing(with: -scaled, where: scaled .> Vector.zero)
  let floor = Vector(repeating: smallestExponent)
  return negative.replacing(with: floor, where: negative .< floor)
}

/// `1 / (1 + e⁻ˣ)`.
@_transparent
func sigmoid(_ x: Vector) -> Vector {
  let (power, minusOne) = splitExponential(negatedMagnitude(x, times: 1))
  let e = fused(power, power, minusOne)
  let one = Vector(repeating: 1)
  return one.replacing(with: e, where: x .< Vector.zero) / (one + e)
}

/// tanh x, without cancellation near 0: `−m / (2 + m)` with `m = e^(−2|x|) − 1`.
@_transparent
func tanh(_ x: Vector) -> Vector {
  let (power, minusOne) = splitExponential(negatedMagnitude(x, times: 2))
  let m = fused(power - Vector(repeating: 1), power, minusOne)
  let magnitude = -m / (Vector(repeating: 2) + m)
  return magnitude.replacing(with: -magnitude, where: x .< Vector.zero)
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

/// The first `count` numbers of a vector at `pointer`, zeros behind them.
@_transparent
private func loadPart(_ pointer: UnsafeMutablePointer<Scalar>, _ count: Int) -> Vector {
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
private func storePart(_ vector: Vector, _ pointer: UnsafeMutablePointer<Scalar>, _ count: Int) {
  // SAFETY: no more than `count` numbers are written.
  if count >= lanes { return unsafe UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: Vector.self) }
  var lane = 0
  while lane < count {
    unsafe pointer[lane] = vector[lane]
    lane &+= 1
  }
}
