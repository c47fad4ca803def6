/// What to learn and how: what Keras' `compile` states.
public struct TrainingSpec: Sendable, Equatable {
  /// How weights are updated.
  public var optimizer: OptimizerSpec
  /// The loss of each output; nil for an output that is not taught.
  public var losses: [LossSpec?]
  /// The factor of each output's loss in the total.
  public var lossWeights: [Double]
  /// What is measured besides, for each output.
  public var metrics: [[MetricSpec]]
  /// The same with sample weights.
  public var weightedMetrics: [[MetricSpec]]

  /// One loss for each output, with the weight 1.
  public init(optimizer: OptimizerSpec, losses: [LossSpec?]) {
    self.optimizer = optimizer
    self.losses = losses
    lossWeights = losses.map { _ in 1 }
    metrics = losses.map { _ in [] }
    weightedMetrics = losses.map { _ in [] }
  }
}

/// Something measured on predictions, as Keras names it.
public struct MetricSpec: Sendable, Equatable {
  /// What is counted or averaged.
  public enum Kind: Sendable, Equatable {
    /// The mean of a loss over rows.
    case loss(LossSpec)
    /// Its negative: Keras' metric of cosine similarity grows where the loss falls.
    case negativeLoss(LossSpec)
    /// Binary, categorical or sparse, as predictions and targets are.
    case accuracy
    /// Likewise.
    case crossentropy
    /// The share of numbers on the right side of the threshold.
    case binaryAccuracy(threshold: Double)
    /// Whether the largest prediction is that of the target's class.
    case categoricalAccuracy(sparse: Bool)
    /// Whether the target's class is among the k largest predictions.
    case topK(Int, sparse: Bool)
    /// Whether every number of a row is equal.
    case equality
    case rootMeanSquaredError
    /// 1 − Σ(y − p)² / Σ(y − ȳ)², averaged over the last axis.
    case determination
    /// Counts of decisions at a threshold, of one class or all.
    case confusion(Confusion, threshold: Double, classIndex: Int?)
    /// The area under the curve of thresholds.
    case areaUnderCurve(thresholds: Int, curve: Curve, summation: Summation, fromLogits: Bool)
  }

  /// What is made of true and false positives and negatives.
  public enum Confusion: Sendable, Equatable {
    case truePositives, trueNegatives, falsePositives, falseNegatives, precision, recall
    /// 2 · precision · recall / (precision + recall).
    case f1
  }
  /// ROC: true over false positive rate; PR: precision over recall.
  public enum Curve: Sendable, Equatable { case roc, pr }
  /// How the area between two thresholds is taken.
  public enum Summation: Sendable, Equatable { case interpolation, minoring, majoring }

  /// What is measured.
  public var kind: Kind
  /// Its name in the history: what the user called it, or Keras' name.
  public var name: String

  /// A metric.
  public init(_ kind: Kind, name: String) {
    self.kind = kind
    self.name = name
  }
}
