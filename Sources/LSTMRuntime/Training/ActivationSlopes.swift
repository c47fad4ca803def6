import Glibc
import LSTMModel

extension KernelTable {
  /// Multiplies a gradient with respect to an activation's results by the activation's derivative, in place, row by row of `width` numbers.
  ///
  /// `before` and `after` are the activation's arguments and results; `before` may be nil where ``Activation/slopeNeedsArgument`` is false.
  func backward(_ activation: Activation, before: Floats?, after: Floats, gradient: Floats, width: Int) {
    precondition(after.count == gradient.count && before.map { $0.count == gradient.count } != false, "a gradient of another length")
    switch activation {
    case .linear: return
    case .sigmoid: Loops.multiplyBySigmoidSlope(gradient, after)
    case .tanh: Loops.multiplyByTanhSlope(gradient, after)
    case .relu(let maximum, let slope, let threshold):
      guard let before else { return }
      Loops.multiplyByReluSlope(gradient, before, Scalar(slope), threshold: Scalar(threshold), maximum: maximum.map { Scalar($0) } ?? .nan)
    case .softmax:
      eachRow(gradient, after, width) { gradient, after in gradient.backThroughSoftmax(after) }
    case .logSoftmax:
      eachRow(gradient, after, width) { gradient, after in
        var sum: Scalar = 0
        for index in 0..<width { sum += gradient[index] }
        for index in 0..<width { gradient[index] -= exp(after[index]) * sum }
      }
    case .swish: activate(gradient, at: before, 8)
    case .elu(let alpha): activate(gradient, at: before, 9, 1, alpha)
    case .selu: activate(gradient, at: before, 9, Activation.seluScale, Activation.seluScale * Activation.seluAlpha)
    case .gelu(approximate: true): activate(gradient, at: before, 10)
    #if !LSTM_FLOAT64
      case .gelu: activate(gradient, at: before, 11)
    #endif
    default:
      for index in 0..<gradient.count { gradient[index] *= activation.slope(before?[index] ?? 0, after[index]) }
    }
  }

  private func eachRow(_ a: Floats, _ b: Floats, _ width: Int, _ body: (Floats, Floats) -> Void) {
    guard width > 0 else { return }
    for row in 0..<(a.count / width) { body(a.slice(row * width, width), b.slice(row * width, width)) }
  }
}

extension Activation {
  /// Whether the derivative cannot be told from the result alone.
  var slopeNeedsArgument: Bool {
    switch self {
    case .linear, .sigmoid, .tanh, .softmax, .logSoftmax, .exponential: return false
    default: return true
    }
  }

  /// The derivative at `x`, where the function is `y`, for activations that work number by number. At a kink: that of the flatter side.
  func slope(_ x: Scalar, _ y: Scalar) -> Scalar {
    switch self {
    case .linear, .softmax, .logSoftmax: return 1
    case .sigmoid: return y * (1 - y)
    case .tanh: return 1 - y * y
    case .relu(let maximum, let slope, let threshold):
      if let maximum, x >= Scalar(maximum) { return 0 }
      return x > Scalar(threshold) ? 1 : Scalar(slope)
    case .hardSigmoid(let slope): return y > 0 && y < 1 ? Scalar(slope) : 0
    case .elu(let alpha): return x > 0 ? 1 : Scalar(alpha) * exp(x)
    case .celu(let alpha): return x > 0 ? 1 : exp(x / Scalar(alpha))
    case .selu: return Scalar(Activation.seluScale) * (x > 0 ? 1 : Scalar(Activation.seluAlpha) * exp(x))
    case .exponential: return y
    case .softplus: return Activation.logisticFunction(x)
    case .softsign: return 1 / ((1 + abs(x)) * (1 + abs(x)))
    case .logSigmoid: return Activation.logisticFunction(-x)
    case .mish:
      let t = Glibc.tanh((x > 0 ? x : 0) + log1p(exp(-abs(x))))
      return t + x * (1 - t * t) * Activation.logisticFunction(x)
    case .gelu(let approximate):
      if approximate {
        let t = Glibc.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * 0.7978845608028654 * (1 + 0.134145 * x * x)
      }
      return 0.5 * (1 + erf(x * 0.7071067811865476)) + x * 0.3989422804014327 * exp(-0.5 * x * x)
    case .swish:
      let s = Activation.logisticFunction(x)
      return s + x * s * (1 - s)
    case .hardSwish: return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5
    case .leakyRelu(let slope): return x > 0 ? 1 : Scalar(slope)
    case .hardTanh: return x > -1 && x < 1 ? 1 : 0
    case .tanhShrink:
      let t = Glibc.tanh(x)
      return t * t
    case .squareplus: return 0.5 + 0.5 * x / (x * x + 4).squareRoot()
    case .sparsePlus: return x <= -1 ? 0 : x < 1 ? (x + 1) / 2 : 1
    case .sparseSigmoid: return x > -1 && x < 1 ? 0.5 : 0
    case .hardShrink(let threshold), .softShrink(let threshold): return abs(x) > Scalar(threshold) ? 1 : 0
    case .thresholdedRelu(let theta): return x > Scalar(theta) ? 1 : 0
    }
  }

  private static func logisticFunction(_ x: Scalar) -> Scalar {
    if x >= 0 { return 1 / (1 + exp(-x)) }
    let e = exp(x)
    return e / (1 + e)
  }
}
