/// How a window treats the ends of a sequence.
public enum Padding: Sendable, Equatable {
  /// Windows lie inside the sequence.
  case valid
  /// Zeros on both sides, so that a stride of 1 keeps the number of steps; the odd one goes to the end.
  case same
  /// Zeros before the first step, so that an output sees no later step.
  case causal

  /// Zeros before the first step and the number of outputs, for a window that spans `span` steps; unknown stays unknown.
  ///
  /// Cost: none. Source: TensorFlow's padding rules.
  func geometry(steps: Int, span: Int, stride: Int) -> (before: Int, outputs: Int) {
    let before: Int
    switch self {
    case .valid: before = 0
    case .causal: before = span - 1
    case .same:
      guard steps >= 0 else { return (0, Shape.unknown) }
      let outputs = (steps + stride - 1) / stride
      return (max((outputs - 1) * stride + span - steps, 0) / 2, outputs)
    }
    guard steps >= 0 else { return (before, Shape.unknown) }
    let room = steps + before - span
    return (before, room < 0 ? 0 : room / stride + 1)
  }
}

/// Windows of steps times a kernel: Conv1D, and SeparableConv1D as a depthwise one followed by a pointwise one.
///
/// - Shapes: `[N, T, I] → [N, T′, filters]`; `kernel [size, I / groups, filters]`.
public struct Convolution1D: OperationRules {
  /// Outputs per step.
  public var filters: Int
  /// Steps in a window.
  public var size: Int
  /// Steps from one window to the next.
  public var stride: Int
  /// Steps from one element of a window to the next.
  public var dilation: Int
  /// Parts into which the channels are split.
  public var groups: Int
  /// What happens at the ends.
  public var padding: Padding
  /// Applied to the result.
  public var activation: Activation
  /// Whether there is a bias.
  public var useBias: Bool
  /// For SeparableConv1D: outputs per channel of the depthwise part; nil for Conv1D.
  public var depthMultiplier: Int?

  /// A convolution over time.
  public init(
    filters: Int, size: Int, stride: Int, dilation: Int, groups: Int, padding: Padding, activation: Activation, useBias: Bool,
    depthMultiplier: Int? = nil
  ) {
    self.filters = filters
    self.size = size
    self.stride = stride
    self.dilation = dilation
    self.groups = groups
    self.padding = padding
    self.activation = activation
    self.useBias = useBias
    self.depthMultiplier = depthMultiplier
  }

  /// Steps that a window spans.
  public var span: Int { (size - 1) * dilation + 1 }

  /// Zeros before the first step and the number of outputs for a sequence of `steps`.
  public func geometry(steps: Int) -> (before: Int, outputs: Int) { padding.geometry(steps: steps, span: span, stride: stride) }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    let channels = try features(try single(inputs, "Conv1D", rank: 3), "Conv1D")
    guard channels % groups == 0, filters % groups == 0 else {
      throw .shape("Conv1D with \(groups) groups does not fit \(channels) channels and \(filters) filters")
    }
    let bias = useBias ? [WeightSpec("bias", [filters])] : []
    guard let depthMultiplier else { return [WeightSpec("kernel", [size, channels / groups, filters])] + bias }
    let middle = try Dimension.product(channels, depthMultiplier)
    return [
      WeightSpec("depthwise_kernel", [size, channels, depthMultiplier]), WeightSpec("pointwise_kernel", [1, middle, filters]),
    ] + bias
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "Conv1D", rank: 3)
    return [[shape[0], geometry(steps: shape[1]).outputs, filters]]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    guard timeInputs.first == true else { return .refused("runs over a sequence that is made anew at each instant") }
    if size == 1 && stride == 1 { return .pointwise }
    if stride > 1 { return .refused("has strides, so it does not give an output at each instant") }
    return padding == .causal ? .stateful(keepsTime: true) : .refused("is not causal: an output needs later steps")
  }
}

/// The largest or the average number of each window of steps.
public struct Pooling1D: OperationRules {
  /// What becomes of a window.
  public enum Kind: Sendable, Equatable { case maximum, average }

  /// What becomes of a window.
  public var kind: Kind
  /// Steps in a window.
  public var size: Int
  /// Steps from one window to the next.
  public var stride: Int
  /// What happens at the ends; padding is not counted in an average.
  public var padding: Padding

  /// A pooling over time.
  public init(_ kind: Kind, size: Int, stride: Int, padding: Padding) {
    self.kind = kind
    self.size = size
    self.stride = stride
    self.padding = padding
  }

  /// Steps missing before the first and the number of outputs for a sequence of `steps`.
  public func geometry(steps: Int) -> (before: Int, outputs: Int) { padding.geometry(steps: steps, span: size, stride: stride) }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "pooling", rank: 3)
    return [[shape[0], geometry(steps: shape[1]).outputs, shape[2]]]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    if timeInputs.first != true || (size == 1 && stride == 1) { return .pointwise }
    return .refused("pools several steps into one")
  }
}

/// The largest or the average number over all steps: `[N, T, F] → [N, F]`, or `[N, 1, F]` if dimensions are kept.
public struct GlobalPooling1D: OperationRules {
  /// What becomes of the steps.
  public var kind: Pooling1D.Kind
  /// Whether the time axis stays, with one step.
  public var keepDimensions: Bool

  /// A pooling over all steps. An average counts only steps that are not masked.
  public init(_ kind: Pooling1D.Kind, keepDimensions: Bool) {
    self.kind = kind
    self.keepDimensions = keepDimensions
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "global pooling", rank: 3)
    return [keepDimensions ? [shape[0], 1, shape[2]] : [shape[0], shape[2]]]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.first == true ? .refused("pools over the whole sequence") : .pointwise
  }
}
