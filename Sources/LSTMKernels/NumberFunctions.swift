import CVector

// Functions of single numbers beside σ, tanh and relu, and softmax, from the same exponential.

/// `eˣ − 1` for x ≤ 0; NaN stays, above 0 it is any number.
@_transparent
private func exponentialMinusOneBelowZero(_ x: Vector) -> Vector {
  let (p, _, r) = reduced(clampedBelow(clampedAbove(lstm_negated(x))))
  return fused(p - all(1), p, exponentialMinusOne(r, r))
}

/// `eˣ` for x ≤ 0, 0 where it is less than any normal number; NaN stays.
@_transparent
private func exponentialBelowZero(_ x: Vector) -> Vector {
  let (p, _, r) = reduced(clampedAbove(lstm_negated(x)))
  return lstm_below(x, all(-largestExponent), Vector.zero, fused(p, p, exponentialMinusOne(r, r)))
}

#if !LSTM_FLOAT64
  /// The part of a normal distribution that lies below x: `e^−r(−x)` below 0, `1 − e^−r(x)` above. Within 4.2e-8, and 0 below −5.6, where 1e-8 would be left;
  /// r was fitted to the least largest error, what weighs less and less with growing |x|.
  @_transparent
  private func normalBelow(_ x: Vector) -> Vector {
    let end = all(5.6)
    let t = lstm_lesser(end, lstm_magnitude(x))
    var r = all(-1.9925258243347344e-7)
    r = fused(all(4.300226009945618e-6), r, t)
    r = fused(all(-3.7836201954633e-5), r, t)
    r = fused(all(1.517991622677073e-4), r, t)
    r = fused(all(7.236724195536226e-5), r, t)
    r = fused(all(-4.891143646091223e-3), r, t)
    r = fused(all(3.63951101899147e-2), r, t)
    r = fused(all(3.1829386949539185e-1), r, t)
    r = fused(all(7.978861927986145e-1), r, t)
    r = fused(all(6.931471824645996e-1), r, t)
    let (p, _, rest) = reduced(r)
    let tail = fused(p, p, exponentialMinusOne(rest, rest))
    return lstm_below(x, Vector.zero, lstm_below(x, lstm_negated(end), Vector.zero, tail), all(1) - tail)
  }
#endif

/// Puts a function of each of `count` numbers x into `values`, which may be x itself; any alignment. NaN stays. From 8 on: multiplies the values by a
/// function's slope at x.
///
/// 0: swish, `x · σ(x)`. 1: elu, `a · x` above 0, else `b · (eˣ − 1)`. 2: gelu by way of tanh. 3: relu, `x` from `a` on, else `b · (x − a)`, `c` at most.
/// 4: `a · x + b` from 0 to 1, and 5: that times x. 6: softsign, `x / (1 + |x|)`. 7: gelu, in float32 only.
/// 8 to 11: the slopes of 0 to 2 (elu's: `a` above 0, else `b · eˣ`) and, in float32 only, of 7.
@inline(never)  // see project
public func activate(
  _ function: Int, _ a: Scalar, _ b: Scalar, _ c: Scalar, _ x: UnsafePointer<Scalar>, _ values: UnsafeMutablePointer<Scalar>, _ count: Int
) {
  let from = unsafe x
  let (a, b, c, one, zero) = (all(a), all(b), all(c), all(1), Vector.zero)
  var done = 0
  while done < count {
    let left = count &- done
    // SAFETY: at most `left` numbers are read and written.
    let x = unsafe loadPart(from + done, left)
    var y: Vector
    switch function {
    // σ ends at its smallest number, which is not 0.
    case 0: y = lstm_below(x, all(-largestExponent), zero, x * sigmoid(x))
    case 1: y = lstm_below(zero, x, a * x, b * exponentialMinusOneBelowZero(x))
    case 2: y = all(0.5) * x * (one + tanh(all(0.7978845608028654) * (x + all(0.044715) * x * x * x)))
    case 3:
      let bent = lstm_below(x, a, b * (x - a), x)
      y = lstm_below(c, bent, c, bent)
    case 4: y = lstm_greater(zero, lstm_lesser(one, x * a + b))
    case 5: y = x * lstm_greater(zero, lstm_lesser(one, x * a + b))
    case 8:
      let s = sigmoid(x)
      y = lstm_below(x, all(-largestExponent), zero, s * fused(one, x, one - s))
    case 9: y = lstm_below(zero, x, a, b * exponentialBelowZero(x))
    case 10:
      let t = tanh(all(0.7978845608028654) * (x + all(0.044715) * x * x * x))
      let inner = fused(all(0.7978845608028654), all(0.10703222440890037) * x, x)
      y = all(0.5) * fused(one + t, x * inner, one - t * t)
    #if !LSTM_FLOAT64
      case 7: y = x * normalBelow(x)
      case 11:
        let bell = all(0.3989422804014327) * exponentialBelowZero(all(-0.5) * x * x)
        y = fused(normalBelow(x), x, bell)
    #endif
    default: y = x / (one + lstm_magnitude(x))
    }
    if function >= 8 { y = unsafe y * loadPart(values + done, left) }
    unsafe storePart(y, values + done, left)
    done &+= lanes
  }
}

/// `eˣ / Σ eˣ` of `count` numbers, in place; any alignment. The largest number is subtracted first.
@inline(never)  // see project
public func softmax(_ values: UnsafeMutablePointer<Scalar>, _ count: Int) {
  let whole = count &- count % lanes
  var largest = -Scalar.infinity
  var most = all(largest)
  var place = 0
  while place < whole {
    // SAFETY: place + lanes ≤ count.
    most = unsafe lstm_greater(most, UnsafeRawPointer(values + place).loadUnaligned(as: Vector.self))
    place &+= lanes
  }
  var lane = 0
  while lane < lanes {
    if !(most[lane] <= largest) { largest = most[lane] }
    lane &+= 1
  }
  while place < count {
    let value = unsafe values[place]
    if !(value <= largest) { largest = value }
    place &+= 1
  }
  // A chain for each lane, then those one after the other, then the rest.
  var sums = Vector.zero
  place = 0
  while place < count {
    // SAFETY: at most count − place numbers are read and written.
    let made = unsafe exponentialBelowZero(loadPart(values + place, count &- place) - all(largest))
    unsafe storePart(made, values + place, count &- place)
    if place < whole { sums += made }
    place &+= lanes
  }
  var sum: Scalar = 0
  lane = 0
  while lane < lanes {
    sum += sums[lane]
    lane &+= 1
  }
  place = whole
  while place < count {
    unsafe sum += values[place]
    place &+= 1
  }
  place = 0
  while place < count {
    // SAFETY: as above.
    unsafe storePart(loadPart(values + place, count &- place) / all(sum), values + place, count &- place)
    place &+= lanes
  }
}
