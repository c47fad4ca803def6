/// Multiplies and shifts by constants: Rescaling, and Normalization with its averages stated or adapted.
public struct Rescale: OperationRules {
  /// Where the constants come from.
  public enum Constants: Sendable, Equatable {
    /// `x · scale + offset`; one number for all features, or one for each.
    case stated(scale: [Double], offset: [Double])
    /// From the averages that Normalization was adapted to: one for each feature, or, `perFeature` being false, for all.
    case adapted(invert: Bool, perFeature: Bool)
  }

  /// Where the constants come from.
  public var constants: Constants
  /// Keeps a spread of zero from dividing.
  public static let smallestSpread = 1e-7

  /// A multiplication and a shift.
  public init(_ constants: Constants) { self.constants = constants }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    guard case .adapted(_, let perFeature) = constants else { return [] }
    let shape: Shape = perFeature ? [try features(try single(inputs, "Normalization"), "Normalization")] : []
    return ["mean", "variance"].map { WeightSpec($0, shape, trainable: false) } + [WeightSpec("count", [], trainable: false)]
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "Rescaling")
    if case .stated(let scale, let offset) = constants {
      for list in [scale, offset] where list.count != 1 && list.count != shape.last {
        throw .shape("Rescaling by \(list.count) numbers does not fit an input of \(shape)")
      }
    }
    return [shape]
  }

  public var maskRule: MaskRule { .drop }
}

/// Classes as vectors: CategoryEncoding.
public struct CategoryEncoding: OperationRules {
  /// What a vector says.
  public enum Mode: Sendable, Equatable {
    /// A vector for each class.
    case oneHot
    /// One vector for all classes along the last axis: 1 where a class occurs.
    case multiHot
    /// The same, with how often it occurs.
    case count
  }

  /// Classes.
  public var classes: Int
  /// What a vector says.
  public var mode: Mode

  /// Vectors for classes 0 to `classes` − 1.
  public init(classes: Int, mode: Mode) {
    self.classes = classes
    self.mode = mode
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "CategoryEncoding")
    guard shape.rank >= 1, shape.rank < Shape.maximumRank else { throw .shape("CategoryEncoding does not fit an input of \(shape)") }
    switch mode {
    case .oneHot where shape.rank > 1 && shape.last == 1: return [shape.withLast(classes)]
    case .oneHot: return [Shape(shape.dimensions + [classes])]
    case .multiHot, .count:
      return [shape.rank == 1 ? [shape[0], classes] : shape.withLast(classes)]
    }
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.first == true && shapes[0].rank == 2 && (mode != .oneHot || shapes[0].last == 1) ? .refused("joins several steps") : .pointwise
  }
}

/// Numbers as the index of the interval that they lie in: Discretization.
public struct Discretize: OperationRules {
  /// Where the intervals meet, ascending; a boundary belongs to the interval above it.
  public var boundaries: [Double]

  /// Intervals between these boundaries.
  public init(boundaries: [Double]) { self.boundaries = boundaries }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] { [try single(inputs, "Discretization")] }

  public var maskRule: MaskRule { .drop }
}
