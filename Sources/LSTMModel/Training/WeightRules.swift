/// What a layer's configuration asks of a weight in training.
public struct WeightRules: Sendable, Equatable {
  /// Added to the loss.
  public var regularizer: Regularizer?
  /// Applied after each update.
  public var constraint: Constraint?
  /// Why the configuration cannot be followed; to be thrown when the weight is to be trained.
  public var fault: LSTMError?

  /// No rules.
  public init() {}
}

/// A penalty on the numbers of a weight, added to the loss.
public enum Regularizer: Sendable, Equatable {
  /// `l1 · Σ|w| + l2 · Σw²`.
  case sums(l1: Double, l2: Double)
  /// `factor` times the mean absolute dot product of different normalised rows (or columns).
  case orthogonal(factor: Double, rows: Bool)
}

/// A penalty on what a layer puts out, added to the loss: `(l1 · Σ|y| + l2 · Σy²) / n` for a batch of n.
public struct ActivityRule: Sendable, Equatable {
  /// Factors of the sum of magnitudes and of the sum of squares.
  public var l1: Double
  public var l2: Double

  /// A penalty with these factors.
  public init(l1: Double, l2: Double) {
    self.l1 = l1
    self.l2 = l2
  }
}

/// A projection of a weight after each update. Norms are taken along `axes`.
public enum Constraint: Sendable, Equatable {
  case maximumNorm(Double, axes: [Int])
  case nonNegative
  case unitNorm(axes: [Int])
  case boundedNorm(minimum: Double, maximum: Double, rate: Double, axes: [Int])
}
