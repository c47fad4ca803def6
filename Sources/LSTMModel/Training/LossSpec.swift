/// A loss with its options, as Keras states them. y is the target, p the prediction; sums and means run over the last axis.
public struct LossSpec: Sendable, Equatable {
  /// The formula of one row.
  public enum Kind: Sendable, Equatable {
    /// mean (y − p)²
    case meanSquaredError
    /// mean |y − p|
    case meanAbsoluteError
    /// 100 · mean |y − p| / max(|y|, ε)
    case meanAbsolutePercentageError
    /// mean (log(1 + max(p, ε)) − log(1 + max(y, ε)))²
    case meanSquaredLogarithmicError
    /// mean of ½e² for |e| ≤ δ, else δ|e| − ½δ²
    case huber(delta: Double)
    /// mean log cosh (p − y)
    case logCosh
    /// mean (p − y · log(p + ε))
    case poisson
    /// Σ y · log(y / p), both clipped to ε … 1
    case kullbackLeibler
    /// −Σ ŷ · p̂, both normalised
    case cosineSimilarity
    /// mean max(1 − y·p, 0); targets 0 and 1 stand for −1 and 1
    case hinge
    /// The same squared.
    case squaredHinge
    /// max(max((1 − y)·p) − Σ y·p + 1, 0)
    case categoricalHinge
    case binaryCrossentropy(fromLogits: Bool, labelSmoothing: Double)
    case categoricalCrossentropy(fromLogits: Bool, labelSmoothing: Double)
    /// Targets are class numbers; rows of the class `ignored` do not count.
    case sparseCategoricalCrossentropy(fromLogits: Bool, ignored: Int?)
    /// Cross-entropy times (1 − pₜ)^γ; `alpha` balances the classes if given.
    case binaryFocalCrossentropy(gamma: Double, alpha: Double?, fromLogits: Bool, labelSmoothing: Double)
    /// Pinball: mean max(q·e, (q − 1)·e), e = y − p; several quantiles predict one target side by side.
    case quantile([Double])
    /// Predictions are means, then as many logarithms of variances: mean ½(log σ² + (y − μ)²/σ²), plus ½ log 2π if `full`.
    case gaussianLikelihood(full: Bool)
    /// Connectionist temporal classification over logits `[steps, classes]`; blank is class 0, targets are padded with numbers below 0.
    case ctc
  }

  /// How the rows' losses become one number.
  public enum Reduction: Sendable, Equatable {
    /// Divided by the number of rows, whatever their weights.
    case mean
    case sum
    /// Divided by the sum of the weights.
    case weightedMean
  }

  /// The formula.
  public var kind: Kind
  /// The reduction.
  public var reduction = Reduction.mean
  /// Its name in the history: Keras' function name.
  public var name: String

  /// Keras' ε.
  public static let epsilon = 1e-7

  /// A loss.
  public init(_ kind: Kind, name: String) {
    self.kind = kind
    self.name = name
  }

  /// Targets have one class number in place of the last axis.
  public var isSparse: Bool {
    if case .sparseCategoricalCrossentropy = kind { return true }
    return false
  }

  /// Numbers of a target's row for predictions of `width` numbers each.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` if there is no such target.
  public func targetWidth(for width: Int) throws(LSTMError) -> Int {
    switch kind {
    case .sparseCategoricalCrossentropy: return 1
    case .quantile(let quantiles):
      guard width % quantiles.count == 0 else {
        throw .shape("\(quantiles.count) quantiles need as many predictions for each target; the last dimension is \(width)")
      }
      return width / quantiles.count
    case .gaussianLikelihood:
      guard width % 2 == 0 else { throw .shape("means and variances need an even last dimension; it is \(width)") }
      return width / 2
    default: return width
    }
  }
}
