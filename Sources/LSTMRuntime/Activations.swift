import Glibc
import LSTMModel

extension KernelTable {
  /// Puts an activation of each of the rows of `x`, contiguous rows of `width` numbers, into `out`: some at a time, which stay near.
  @inline(never)
  func apply(_ activation: Activation, from x: Floats, to out: Floats, width: Int) {
    let some = max(1, 2048 / max(width, 1)) * max(width, 1)
    for start in stride(from: 0, to: out.count, by: some) {
      let part = out.slice(start, min(some, out.count - start))
      apply(activation, to: part, width: width, at: x.slice(start, part.count))
    }
  }

  /// Applies an activation to each of `rows` rows of `width` numbers, contiguous, in place, or puts it into them for the numbers `x`.
  @inline(never)
  func apply(_ activation: Activation, to numbers: Floats, width: Int, at x: Floats? = nil) {
    switch activation {
    case .swish: return activate(numbers, at: x, 0)
    case .elu(let alpha): return activate(numbers, at: x, 1, 1, alpha)
    case .selu: return activate(numbers, at: x, 1, Activation.seluScale, Activation.seluScale * Activation.seluAlpha)
    case .gelu(approximate: true): return activate(numbers, at: x, 2)
    #if !LSTM_FLOAT64
      case .gelu: return activate(numbers, at: x, 7)
    #endif
    case .relu(let maximum, let slope, let threshold): return activate(numbers, at: x, 3, threshold, slope, maximum ?? .infinity)
    case .leakyRelu(let slope): return activate(numbers, at: x, 3, 0, slope, .infinity)
    case .hardSigmoid(let slope): return activate(numbers, at: x, 4, slope, 0.5)
    case .hardSwish: return activate(numbers, at: x, 5, 1.0 / 6.0, 0.5)
    case .softsign: return activate(numbers, at: x, 6)
    default: if let x { numbers.copy(from: x) }
    }
    switch activation {
    case .linear: return
    case .sigmoid: sigmoid(numbers)
    case .tanh: tanh(numbers)
    case .softmax: eachRow(numbers, width) { softmax($0) }
    case .logSoftmax: eachRow(numbers, width) { logSoftmax($0) }
    default: for index in 0..<numbers.count { numbers[index] = activation(numbers[index]) }
    }
  }

  private func eachRow(_ numbers: Floats, _ width: Int, _ body: (Floats) -> Void) {
    guard width > 0 else { return }
    for row in 0..<(numbers.count / width) { body(numbers.slice(row * width, width)) }
  }

  private func logSoftmax(_ row: Floats) {
    var largest = -Scalar.infinity
    for index in 0..<row.count { largest = Swift.max(largest, row[index]) }
    var sum: Scalar = 0
    for index in 0..<row.count { sum += exp(row[index] - largest) }
    let logarithm = log(sum)
    for index in 0..<row.count { row[index] = row[index] - largest - logarithm }
  }
}

extension Activation {
  /// The function of one number, for activations that work number by number (not softmax; σ and tanh have kernels).
  ///
  /// Source: Keras' definitions, as its files mean them.
  func callAsFunction(_ x: Scalar) -> Scalar {
    switch self {
    case .linear, .softmax, .logSoftmax: return x
    case .sigmoid: return Activation.logistic(x)
    case .tanh: return Glibc.tanh(x)
    case .relu(let maximum, let slope, let threshold):
      let y = x >= Scalar(threshold) ? x : Scalar(slope) * (x - Scalar(threshold))
      return maximum.map { y > Scalar($0) ? Scalar($0) : y } ?? y
    case .hardSigmoid(let slope): return Activation.clip(x * Scalar(slope) + 0.5)
    case .elu(let alpha): return x > 0 ? x : Scalar(alpha) * expm1(x)
    case .celu(let alpha): return x > 0 ? x : Scalar(alpha) * expm1(x / Scalar(alpha))
    case .selu: return Scalar(Activation.seluScale) * (x > 0 ? x : Scalar(Activation.seluAlpha) * expm1(x))
    case .exponential: return exp(x)
    case .softplus: return Activation.logOnePlusExp(x)
    case .softsign: return x / (1 + abs(x))
    case .logSigmoid: return -Activation.logOnePlusExp(-x)
    case .mish: return x * Glibc.tanh(Activation.logOnePlusExp(x))
    case .gelu(let approximate):
      if approximate { return 0.5 * x * (1 + Glibc.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))) }
      return 0.5 * x * (1 + erf(x * 0.7071067811865476))
    case .swish: return x * Activation.logistic(x)
    case .hardSwish: return x * Activation.clip(x / 6 + 0.5)
    case .leakyRelu(let slope): return x > 0 ? x : Scalar(slope) * x
    case .hardTanh: return x < -1 ? -1 : x > 1 ? 1 : x
    case .tanhShrink: return x - Glibc.tanh(x)
    case .squareplus: return (x + (x * x + 4).squareRoot()) / 2
    case .sparsePlus: return x <= -1 ? 0 : x < 1 ? (x + 1) * (x + 1) / 4 : x
    case .sparseSigmoid: return x <= -1 ? 0 : x >= 1 ? 1 : 0.5 * (x + 1)
    case .hardShrink(let threshold): return abs(x) > Scalar(threshold) ? x : 0
    case .softShrink(let threshold):
      return x > Scalar(threshold) ? x - Scalar(threshold) : x < -Scalar(threshold) ? x + Scalar(threshold) : 0
    case .thresholdedRelu(let theta): return x > Scalar(theta) ? x : 0
    }
  }

  private static func logistic(_ x: Scalar) -> Scalar {
    if x >= 0 { return 1 / (1 + exp(-x)) }
    let e = exp(x)
    return e / (1 + e)
  }

  /// log(1 + eˣ) without overflow.
  private static func logOnePlusExp(_ x: Scalar) -> Scalar { (x > 0 ? x : 0) + log1p(exp(-abs(x))) }

  private static func clip(_ x: Scalar) -> Scalar { x < 0 ? 0 : x > 1 ? 1 : x }
}
