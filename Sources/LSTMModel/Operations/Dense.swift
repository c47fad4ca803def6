/// `activation(x · kernel + bias)` over the last dimension.
///
/// - Shapes: `[N, …, I] → [N, …, units]`.
public struct Dense: OperationRules {
  /// Outputs.
  public var units: Int
  /// Applied to the result.
  public var activation: Activation
  /// Whether there is a bias.
  public var useBias: Bool

  /// A fully connected layer.
  public init(units: Int, activation: Activation, useBias: Bool) {
    self.units = units
    self.activation = activation
    self.useBias = useBias
  }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    let size = try features(try single(inputs, "Dense"), "Dense")
    return [WeightSpec("kernel", [size, units])] + (useBias ? [WeightSpec("bias", [units])] : [])
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    [try single(inputs, "Dense").withLast(units)]
  }

  public var maskRule: MaskRule { .pass }
}

/// A row of a table for each token.
///
/// - Shapes: tokens `[N, …] → [N, …, outputSize]`.
public struct Embedding: OperationRules {
  /// Rows of the table; a token is `0 ..< inputSize`.
  public var inputSize: Int
  /// Columns of the table.
  public var outputSize: Int
  /// Whether token 0 is padding, to be masked.
  public var maskZero: Bool

  /// A table of `inputSize` rows.
  public init(inputSize: Int, outputSize: Int, maskZero: Bool) {
    self.inputSize = inputSize
    self.outputSize = outputSize
    self.maskZero = maskZero
  }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    [WeightSpec("embeddings", [inputSize, outputSize])]
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    [Shape(try single(inputs, "Embedding").dimensions + [outputSize])]
  }

  public var maskRule: MaskRule { maskZero ? .create(Logic(.notEqual(0))) : .drop }
}
