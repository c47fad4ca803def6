/// A function applied to each number, or (softmax) to each row.
public enum Activation: Sendable, Equatable {
  case linear, sigmoid, tanh
  case relu(maximum: Double?, slope: Double, threshold: Double)
  /// `clip(slope · x + ½, 0, 1)`: slope 1/5 before Keras 3, 1/6 from Keras 3 on.
  case hardSigmoid(slope: Double)
  case softmax(axis: Int)
  case logSoftmax
  case elu(alpha: Double)
  case celu(alpha: Double)
  case selu, exponential, softplus, softsign, logSigmoid, mish
  case gelu(approximate: Bool)
  /// x · σ(x), also called SiLU.
  case swish
  /// x · hardSigmoid(x).
  case hardSwish
  case leakyRelu(slope: Double)
  case hardTanh, tanhShrink, squareplus, sparsePlus, sparseSigmoid
  case hardShrink(threshold: Double)
  case softShrink(threshold: Double)
  case thresholdedRelu(theta: Double)

  /// λ and α of selu. Source: Klambauer et al. 2017, "Self-Normalizing Neural Networks".
  public static var seluScale: Double { 1.0507009873554805 }
  public static var seluAlpha: Double { 1.6732632423543772 }

  /// Plain `max(x, 0)`.
  public static let plainRelu = Activation.relu(maximum: nil, slope: 0, threshold: 0)

  /// Whether a number's result depends on its neighbours.
  public var isRowWise: Bool {
    switch self {
    case .softmax, .logSoftmax: return true
    default: return false
    }
  }

  /// The activation that a config names, with the meaning that it had in that generation of Keras; `nil` for an unknown name.
  public init?(kerasName name: String, generation: KerasGeneration) {
    switch name {
    case "linear": self = .linear
    case "sigmoid": self = .sigmoid
    case "tanh": self = .tanh
    case "relu": self = .plainRelu
    case "hard_sigmoid": self = .hardSigmoid(slope: generation >= .keras3 ? 1.0 / 6.0 : 0.2)
    case "softmax": self = .softmax(axis: -1)
    case "log_softmax": self = .logSoftmax
    case "elu": self = .elu(alpha: 1)
    case "celu": self = .celu(alpha: 1)
    case "selu": self = .selu
    case "exponential": self = .exponential
    case "softplus": self = .softplus
    case "softsign": self = .softsign
    case "log_sigmoid": self = .logSigmoid
    case "mish": self = .mish
    case "gelu": self = .gelu(approximate: false)
    case "swish", "silu": self = .swish
    case "hard_swish", "hard_silu": self = .hardSwish
    case "relu6": self = .relu(maximum: 6, slope: 0, threshold: 0)
    case "leaky_relu": self = .leakyRelu(slope: 0.2)
    case "hard_tanh": self = .hardTanh
    case "tanh_shrink": self = .tanhShrink
    case "squareplus": self = .squareplus
    case "sparse_plus": self = .sparsePlus
    case "sparse_sigmoid": self = .sparseSigmoid
    case "hard_shrink": self = .hardShrink(threshold: 0.5)
    case "soft_shrink": self = .softShrink(threshold: 0.5)
    default: return nil
    }
  }
}

/// The generations of Keras between which meanings changed.
public enum KerasGeneration: Int, Sendable, Comparable {
  case keras1 = 1
  case keras2 = 2
  case keras3 = 3

  /// Older is less.
  public static func < (a: KerasGeneration, b: KerasGeneration) -> Bool { a.rawValue < b.rawValue }
}
