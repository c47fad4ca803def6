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
  /// The error function, within 2.3 units in the last place: below 1 `x · p(x²)`, from there on `1 − e^−q(|x|)`; p and q were fitted to the least
  /// largest error.
  @_transparent
  private func errorFunction(_ x: Vector) -> Vector {
    let s = x * x
    var p = all(7.88912147982046e-5)
    p = fused(all(-8.020841632969677e-4), p, s)
    p = fused(all(5.189535208046436e-3), p, s)
    p = fused(all(-2.6854444295167923e-2), p, s)
    p = fused(all(1.1283600330352783e-1), p, s)
    p = fused(all(-3.761262595653534e-1), p, s)
    p = fused(all(1.1283791065216064), p, s)
    // From 4 on it is 1.
    let a = lstm_lesser(all(4), lstm_magnitude(x))
    var q = all(2.1686802938347682e-5)
    q = fused(all(-4.4133581104688346e-4), q, a)
    q = fused(all(4.204558674246073e-3), q, a)
    q = fused(all(-2.520824782550335e-2), q, a)
    q = fused(all(1.0841856151819229e-1), q, a)
    q = fused(all(6.332198977470398e-1), q, a)
    q = fused(all(1.1295784711837769), q, a)
    q = fused(all(-1.8803859711624682e-4), q, a)
    return lstm_below(a, all(1), x * p, lstm_with_sign(x, all(1) - exponentialBelowZero(lstm_negated(q))))
  }
#endif

/// Puts a function of each of `count` numbers x into `values`, which may be x itself; any alignment. NaN stays. From 8 on: multiplies the values by a
/// function's slope at x.
///
/// 0: swish, `x · σ(x)`. 1: elu, `a · x` above 0, else `b · (eˣ − 1)`. 2: gelu by way of tanh. 3: relu, `x` from `a` on, else `b · (x − a)`, `c` at most.
/// 4: `a · x + b` from 0 to 1, and 5: that times x. 6: softsign, `x / (1 + |x|)`. 7: gelu by way of the error function, in float32 only.
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
      case 7: y = all(0.5) * x * (one + errorFunction(x * all(0.7071067811865476)))
      case 11:
        let bell = all(0.3989422804014327) * exponentialBelowZero(all(-0.5) * x * x)
        y = fused(all(0.5) * (one + errorFunction(x * all(0.7071067811865476))), x, bell)
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
