/// Passes its input on: dropout, noise and regularisation do nothing once training is over.
public struct Identity: OperationRules {
  /// What training does to the numbers.
  public enum Noise: Sendable, Equatable {
    case none
    /// Sets a part of the numbers to zero and scales the others up; along the axes of `shape` that are 1, all alike.
    case dropout(rate: Double, shape: [Int]?)
    /// Adds numbers of a normal distribution around 0.
    case gaussian(deviation: Double)
    /// Multiplies by numbers of a normal distribution around 1.
    case gaussianDropout(rate: Double)
    /// Dropout that keeps average and spread of what SELU makes.
    case alphaDropout(rate: Double, shape: [Int]?)
  }

  /// What training does to the numbers.
  public var noise: Noise

  /// An identity.
  public init(_ noise: Noise = .none) { self.noise = noise }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] { [try single(inputs, "the layer")] }

  public var maskRule: MaskRule { .pass }
}

/// An activation as a layer of its own.
public struct Activate: OperationRules {
  /// The function.
  public var activation: Activation

  /// A layer that applies `activation`.
  public init(_ activation: Activation) { self.activation = activation }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "Activation")
    if case .softmax(let axis) = activation, shape.axis(axis).map({ $0 > 0 }) != true {
      throw .shape("softmax over axis \(axis) does not fit an input of \(shape)")
    }
    return [shape]
  }

  public var maskRule: MaskRule { .pass }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    guard case .softmax(let axis) = activation, timeInputs.first == true, shapes[0].axis(axis) == 1 else { return .pointwise }
    return .refused("takes a softmax over all steps")
  }
}

/// `x` where positive, `alpha ⊙ x` elsewhere, with a learnt alpha.
public struct ParametricRelu: OperationRules {
  /// Axes (1 = first after the batch) along which alpha is shared.
  public var sharedAxes: [Int]

  /// A PReLU whose alpha is shared along these axes.
  public init(sharedAxes: [Int]) { self.sharedAxes = sharedAxes }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    let shape = try single(inputs, "PReLU")
    var alpha = Array(shape.withoutBatch)
    for axis in sharedAxes {
      guard axis >= 1, axis <= alpha.count else { throw .shape("PReLU shares axis \(axis), which an input of \(shape) lacks") }
      alpha[axis - 1] = 1
    }
    guard !alpha.contains(where: { $0 < 0 }) else { throw .shape("PReLU needs to know the dimensions of its input \(shape)") }
    return [WeightSpec("alpha", Shape(alpha))]
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] { [try single(inputs, "PReLU")] }

  public var maskRule: MaskRule { .pass }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    guard timeInputs.first == true, !sharedAxes.contains(1) else { return .pointwise }
    return .refused("has a slope of its own for each step")
  }
}

/// Marks steps whose features all equal a value as masked, and sets them to zero.
public struct Masking: OperationRules {
  /// The value that means "no data".
  public var value: Double

  /// Masks steps that consist of `value`.
  public init(value: Double) { self.value = value }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "Masking")
    guard shape.rank >= 2 else { throw .shape("Masking takes [batch, steps, features], not \(shape)") }
    return [shape]
  }

  public var maskRule: MaskRule { .create(Logic(.anyNotEqual(value))) }
}

/// Arithmetic on masks: numbers 0 and 1. Keras 3 stores such steps in its functional models; masks of layers are made of them too.
public struct Logic: OperationRules, Equatable {
  /// Which operation.
  public enum Kind: Sendable, Equatable {
    /// 1 where x ≠ value.
    case notEqual(Double)
    /// 1 for each row of the last dimension that has some x ≠ value.
    case anyNotEqual(Double)
    /// 1 where any (all) along the axis is not 0.
    case any(axis: Int)
    case all(axis: Int)
    case or, and, not
    case expandDims(axis: Int)
    case zerosLike, onesLike
    /// 1 for each step of the first input, a sequence, that lies within the length that the second one gives for its row.
    case withinLength
  }

  /// Which operation.
  public var kind: Kind

  /// A step of mask arithmetic.
  public init(_ kind: Kind) { self.kind = kind }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    switch kind {
    case .notEqual, .zerosLike, .onesLike, .not:
      return [try single(inputs, "a comparison")]
    case .anyNotEqual:
      return [Shape(Array(try single(inputs, "Masking").dimensions.dropLast()))]
    case .any(let axis), .all(let axis):
      var shape = try single(inputs, "a reduction")
      guard let index = shape.axis(axis) else { throw .shape("axis \(axis) does not exist in \(shape)") }
      shape.dimensions.remove(at: index)
      return [shape]
    case .expandDims(let axis):
      var shape = try single(inputs, "ExpandDims")
      let index = axis < 0 ? axis + shape.rank + 1 : axis
      guard index >= 0, index <= shape.rank, shape.rank < Shape.maximumRank else { throw .shape("axis \(axis) does not fit \(shape)") }
      shape.dimensions.insert(1, at: index)
      return [shape]
    case .or, .and:
      return [try Merge.broadcast(inputs, "a logical operation")]
    case .withinLength:
      guard inputs.count == 2, inputs[0].rank >= 2, inputs[1].rank == 1 || inputs[1].rank == 2 && inputs[1].last == 1 else {
        throw .shape("SequenceMask takes a sequence and a length for each row, not \(inputs)")
      }
      return [[inputs[0][0], inputs[0][1]]]
    }
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    kind == .withinLength ? .refused("needs the lengths of whole sequences") : .pointwise
  }
}
