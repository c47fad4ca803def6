/// Shifts and scales each channel by fixed averages: `(x − mean) / √(variance + ε) · gamma + beta`.
public struct BatchNormalization: OperationRules {
  /// The channels' axis, batch included; negative from the end.
  public var axis: Int
  /// Added to the variance.
  public var epsilon: Double
  /// Whether there is a beta.
  public var center: Bool
  /// Whether there is a gamma.
  public var scale: Bool
  /// How much of a moving average a training step keeps.
  public var momentum = 0.99

  /// A normalisation over the batch, with its moving averages.
  public init(axis: Int, epsilon: Double, center: Bool, scale: Bool) {
    self.axis = axis
    self.epsilon = epsilon
    self.center = center
    self.scale = scale
  }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    let shape = try single(inputs, "BatchNormalization")
    guard let index = shape.axis(axis), index > 0, shape[index] >= 0 else {
      throw .shape("BatchNormalization along axis \(axis) does not fit an input of \(shape)")
    }
    let channels: Shape = [shape[index]]
    return (scale ? [WeightSpec("gamma", channels)] : []) + (center ? [WeightSpec("beta", channels)] : []) + [
      WeightSpec("moving_mean", channels, trainable: false), WeightSpec("moving_variance", channels, trainable: false),
    ]
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] { [try single(inputs, "BatchNormalization")] }

  public var maskRule: MaskRule { .pass }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.first == true && shapes[0].axis(axis) == 1 ? .refused("normalises each step by its own averages") : .pointwise
  }
}

/// Shifts and scales each row by its own average: `(x − mean) / √(variance + ε) · gamma + beta`.
public struct LayerNormalization: OperationRules {
  /// The axes that are averaged over, batch included; negative from the end.
  public var axes: [Int]
  /// Added to the variance.
  public var epsilon: Double
  /// Whether there is a beta.
  public var center: Bool
  /// Whether there is a gamma.
  public var scale: Bool

  /// A normalisation of each row.
  public init(axes: [Int], epsilon: Double, center: Bool, scale: Bool) {
    self.axes = axes
    self.epsilon = epsilon
    self.center = center
    self.scale = scale
  }

  /// The axes as sorted indices.
  public func indices(in shape: Shape) throws(LSTMError) -> [Int] {
    var indices: [Int] = []
    for axis in axes {
      guard let index = shape.axis(axis), index > 0, !indices.contains(index) else {
        throw .shape("LayerNormalization along axes \(axes) does not fit an input of \(shape)")
      }
      indices.append(index)
    }
    return indices.sorted()
  }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    let shape = try single(inputs, "LayerNormalization")
    let normalized = Shape(try indices(in: shape).map { shape[$0] })
    guard normalized.isKnown else { throw .shape("LayerNormalization needs to know the dimensions of its input \(shape)") }
    return (scale ? [WeightSpec("gamma", normalized)] : []) + (center ? [WeightSpec("beta", normalized)] : [])
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "LayerNormalization")
    _ = try indices(in: shape)
    return [shape]
  }

  public var maskRule: MaskRule { .pass }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    guard timeInputs.first == true, axes.contains(where: { shapes[0].axis($0) == 1 }) else { return .pointwise }
    return .refused("averages over all steps")
  }
}

/// Normalises groups of channels, each over all places: `(x − mean) / √(variance + ε) · gamma + beta`.
public struct GroupNormalization: OperationRules {
  /// Groups; −1 for one per channel.
  public var groups: Int
  /// Added to the variance.
  public var epsilon: Double
  /// Whether there is a beta.
  public var center: Bool
  /// Whether there is a gamma.
  public var scale: Bool

  /// A normalisation of groups of the last axis.
  public init(groups: Int, epsilon: Double, center: Bool, scale: Bool) {
    self.groups = groups
    self.epsilon = epsilon
    self.center = center
    self.scale = scale
  }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    let channels = try features(try single(inputs, "GroupNormalization"), "GroupNormalization")
    guard groups == -1 || channels % groups == 0 else {
      throw .shape("GroupNormalization with \(groups) groups does not fit \(channels) channels")
    }
    return (scale ? [WeightSpec("gamma", [channels])] : []) + (center ? [WeightSpec("beta", [channels])] : [])
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] { [try single(inputs, "GroupNormalization")] }

  public var maskRule: MaskRule { .pass }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.first == true ? .refused("averages over all steps") : .pointwise
  }
}

/// Divides by a length along some axes: UnitNormalization by the root of the sum of squares, RMSNormalization by that of their mean.
public struct LengthNormalization: OperationRules {
  /// The axes, batch included; negative from the end.
  public var axes: [Int]
  /// `x / √(mean(x²) + ε) · scale` with a weight instead of `x / √(sum(x²))`.
  public var isMean: Bool
  /// Added to the mean.
  public var epsilon: Double

  /// A division by a length.
  public init(axes: [Int], isMean: Bool, epsilon: Double) {
    self.axes = axes
    self.isMean = isMean
    self.epsilon = epsilon
  }

  /// The axes as sorted indices.
  public func indices(in shape: Shape) throws(LSTMError) -> [Int] {
    try LayerNormalization(axes: axes, epsilon: epsilon, center: false, scale: false).indices(in: shape)
  }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    guard isMean else { return [] }
    let shape = try single(inputs, "RMSNormalization")
    let normalized = Shape(try indices(in: shape).map { shape[$0] })
    guard normalized.isKnown else { throw .shape("RMSNormalization needs to know the dimensions of its input \(shape)") }
    return [WeightSpec("scale", normalized)]
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "a normalization")
    _ = try indices(in: shape)
    return [shape]
  }

  public var maskRule: MaskRule { .pass }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    guard timeInputs.first == true, axes.contains(where: { shapes[0].axis($0) == 1 }) else { return .pointwise }
    return .refused("averages over all steps")
  }
}
