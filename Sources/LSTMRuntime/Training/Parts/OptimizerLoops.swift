import CSupport
import LSTMModel

/// Training's loops over memory, one pass each. All arrays of a loop have one length, an optimizer's that of the weight.
///
/// SAFETY, for every loop here: an index is below the count of each array, which `matching` has checked.
enum Loops {
  /// The common length of some arrays.
  @inline(__always) private static func matching(_ first: Floats, _ others: Floats?...) -> Int {
    for other in others { precondition(other?.count ?? first.count == first.count, "arrays of one weight that differ in length") }
    return first.count
  }

  /// Σ x², in eight fixed chains so that the compiler can use vectors.
  @inline(never)
  static func sumOfSquares(_ x: Floats) -> Double {
    var sums = SIMD8<Double>.zero
    let whole = x.count / 8 * 8
    for start in stride(from: 0, to: whole, by: 8) {
      var eight = SIMD8<Double>.zero
      for lane in 0..<8 { eight[lane] = Double(unsafe x.base[start + lane]) }
      sums += eight * eight
    }
    for index in whole..<x.count {
      let value = Double(unsafe x.base[index])
      sums[index - whole] += value * value
    }
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
  }

  /// Whether no number is infinite or none at all.
  @inline(never)
  static func areFinite(_ x: Floats) -> Bool {
    var zeros = SIMD8<Scalar>.zero
    let whole = x.count / 8 * 8
    for start in stride(from: 0, to: whole, by: 8) {
      zeros += unsafe UnsafeRawPointer(x.base + start).loadUnaligned(as: SIMD8<Scalar>.self) * 0
    }
    for index in whole..<x.count { zeros[0] += unsafe x.base[index] * 0 }
    return zeros == .zero
  }

  /// `y += x`.
  @inline(never)
  static func add(_ x: Floats, to y: Floats) {
    for i in 0..<matching(y, x) { unsafe y.base[i] += unsafe x.base[i] }
  }

  /// `g *= y (1 − y)`.
  @inline(never)
  static func multiplyBySigmoidSlope(_ g: Floats, _ y: Floats) {
    for i in 0..<matching(g, y) { unsafe g.base[i] *= unsafe y.base[i] * (1 - y.base[i]) }
  }

  /// `g *= 1 − y²`.
  @inline(never)
  static func multiplyByTanhSlope(_ g: Floats, _ y: Floats) {
    for i in 0..<matching(g, y) { unsafe g.base[i] *= unsafe 1 - y.base[i] * y.base[i] }
  }

  /// `g *= 1` where x is above the threshold, `0` from the maximum on (NaN: there is none), else `slope`.
  @inline(never)
  static func multiplyByReluSlope(_ g: Floats, _ x: Floats, _ slope: Scalar, threshold: Scalar, maximum: Scalar) {
    for i in 0..<matching(g, x) {
      let x = unsafe x.base[i]
      unsafe g.base[i] *= x >= maximum ? 0 : x > threshold ? 1 : slope
    }
  }

  /// `x *= factor`.
  @inline(never)
  static func scale(_ x: Floats, _ factor: Scalar) {
    for i in 0..<x.count { unsafe x.base[i] *= factor }
  }

  /// Every number to ±limit; NaN stays.
  @inline(never)
  static func clamp(_ x: Floats, _ limit: Scalar) {
    for i in 0..<x.count {
      let value = unsafe x.base[i]
      unsafe x.base[i] = value > limit ? limit : value < -limit ? -limit : value
    }
  }

  /// `w −= w · decay · lr`.
  static func decay(_ w: Floats, _ decay: Scalar, _ lr: Scalar) {
    for i in 0..<w.count { unsafe w.base[i] -= unsafe w.base[i] * decay * lr }
  }

  /// `average = momentum · average + (1 − momentum) · w`.
  static func blend(_ average: Floats, _ w: Floats, _ momentum: Scalar) {
    for i in 0..<matching(average, w) { unsafe average.base[i] = unsafe momentum * average.base[i] + (1 - momentum) * w.base[i] }
  }

  static func sgd(_ w: Floats, _ g: Floats, _ lr: Scalar) {
    for i in 0..<matching(w, g) { unsafe w.base[i] -= unsafe lr * g.base[i] }
  }

  static func momentum(_ w: Floats, _ g: Floats, _ m: Floats, _ lr: Scalar, _ momentum: Scalar, _ nesterov: Bool) {
    for i in 0..<matching(w, g, m) {
      let step = unsafe lr * g.base[i]
      let next = unsafe momentum * m.base[i] - step
      unsafe m.base[i] = next
      unsafe w.base[i] += nesterov ? momentum * next - step : next
    }
  }

  static func rmsprop(
    _ w: Floats, _ g: Floats, _ v: Floats, _ m: Floats?, _ mean: Floats?, _ lr: Scalar, _ rho: Scalar, _ momentum: Scalar, _ epsilon: Scalar
  ) {
    for i in 0..<matching(w, g, v, m, mean) {
      let gradient = unsafe g.base[i]
      let square = unsafe rho * v.base[i] + (1 - rho) * (gradient * gradient)
      unsafe v.base[i] = square
      var under = square
      if let mean {
        let average = unsafe rho * mean.base[i] + (1 - rho) * gradient
        unsafe mean.base[i] = average
        under -= average * average
      }
      var step = lr * gradient / (under + epsilon).squareRoot()
      if let m {
        step += unsafe momentum * m.base[i]
        unsafe m.base[i] = step
      }
      unsafe w.base[i] -= step
    }
  }

  /// `rest1` is 1 − β₁, `rest2` 1 − β₂.
  static func adam(
    _ w: Floats, _ g: Floats, _ m: Floats, _ v: Floats, _ largest: Floats?, _ scale: Scalar, _ rest1: Scalar, _ rest2: Scalar, _ epsilon: Scalar
  ) {
    let count = matching(w, g, m, v, largest)
    // SAFETY: all hold `count` numbers, and are arrays of their own.
    #if LSTM_FLOAT64
      unsafe lstm_support_adam64(w.base, g.base, m.base, v.base, largest?.base, count, scale, rest1, rest2, epsilon)
    #else
      unsafe lstm_support_adam(w.base, g.base, m.base, v.base, largest?.base, count, scale, rest1, rest2, epsilon)
    #endif
  }

  static func adamax(
    _ w: Floats, _ g: Floats, _ m: Floats, _ u: Floats, _ scale: Scalar, _ rest1: Scalar, _ beta2: Scalar, _ epsilon: Scalar
  ) {
    for i in 0..<matching(w, g, m, u) {
      let gradient = unsafe g.base[i]
      let first = unsafe m.base[i] + (gradient - m.base[i]) * rest1
      let size = gradient.magnitude
      let old = unsafe beta2 * u.base[i]
      let norm = old > size ? old : size
      unsafe m.base[i] = first
      unsafe u.base[i] = norm
      unsafe w.base[i] -= scale * first / (norm + epsilon)
    }
  }

  /// `next` and `now` weigh the mean and the gradient, `unbias` the mean square.
  static func nadam(
    _ w: Floats, _ g: Floats, _ m: Floats, _ v: Floats, _ lr: Scalar, _ rest1: Scalar, _ rest2: Scalar, _ next: Scalar, _ now: Scalar,
    _ unbias: Scalar, _ epsilon: Scalar
  ) {
    for i in 0..<matching(w, g, m, v) {
      let gradient = unsafe g.base[i]
      let first = unsafe m.base[i] + (gradient - m.base[i]) * rest1
      let second = unsafe v.base[i] + (gradient * gradient - v.base[i]) * rest2
      unsafe m.base[i] = first
      unsafe v.base[i] = second
      unsafe w.base[i] -= (next * first + now * gradient) * lr / ((second * unbias).squareRoot() + epsilon)
    }
  }

  static func adagrad(_ w: Floats, _ g: Floats, _ a: Floats, _ lr: Scalar, _ epsilon: Scalar) {
    for i in 0..<matching(w, g, a) {
      let gradient = unsafe g.base[i]
      let sum = unsafe a.base[i] + gradient * gradient
      unsafe a.base[i] = sum
      unsafe w.base[i] -= lr * gradient / (sum + epsilon).squareRoot()
    }
  }

  static func adadelta(_ w: Floats, _ g: Floats, _ a: Floats, _ d: Floats, _ lr: Scalar, _ rho: Scalar, _ epsilon: Scalar) {
    for i in 0..<matching(w, g, a, d) {
      let gradient = unsafe g.base[i]
      let sum = unsafe rho * a.base[i] + (1 - rho) * (gradient * gradient)
      unsafe a.base[i] = sum
      let delta = unsafe -((d.base[i] + epsilon).squareRoot() * gradient / (sum + epsilon).squareRoot())
      unsafe d.base[i] = unsafe rho * d.base[i] + (1 - rho) * (delta * delta)
      unsafe w.base[i] += lr * delta
    }
  }

  static func lion(_ w: Floats, _ g: Floats, _ m: Floats, _ lr: Scalar, _ beta1: Scalar, _ beta2: Scalar) {
    for i in 0..<matching(w, g, m) {
      let gradient = unsafe g.base[i]
      let direction = unsafe m.base[i] * beta1 + gradient * (1 - beta1)
      unsafe w.base[i] -= direction > 0 ? lr : direction < 0 ? -lr : direction * lr
      unsafe m.base[i] = unsafe m.base[i] * beta2 + gradient * (1 - beta2)
    }
  }
}
