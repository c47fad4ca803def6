import LSTMModel

/// How a fit goes about it.
public struct FitOptions {
  /// Epochs of the whole fit.
  public var epochs = 1
  /// Rows of a batch.
  public var batchSize = 32
  /// Whether rows come in another order in each epoch.
  public var shuffles = true
  /// Whether an interrupted or restored fit goes on.
  public var resumes = false
  /// The part of the rows, at the end, that is kept for validation.
  public var validationSplit = 0.0
  /// Rows for validation.
  public var validation: CallerBatch?
  /// When to stop early; nil for never.
  public var stopping: EarlyStopping?
  /// How the rate is lowered; nil for not at all.
  public var plateau: Plateau?

  /// One epoch of batches of 32 rows in random order.
  public init() {}
}

/// Ends a fit when a value stops improving.
public struct EarlyStopping: Sendable {
  /// A column of the history.
  public var monitor: String
  /// Epochs without improvement before the end.
  public var patience: Int
  /// Changes up to it are no improvement.
  public var minimumChange: Double
  /// Whether larger is better; nil lets the name decide (accuracy and the like grow).
  public var maximizes: Bool?
  /// Whether the weights of the best epoch are put back.
  public var restoresBest: Bool

  /// Stops after `patience` epochs without improvement of `monitor`.
  public init(monitor: String, patience: Int, minimumChange: Double, maximizes: Bool?, restoresBest: Bool) {
    self.monitor = monitor
    self.patience = patience
    self.minimumChange = minimumChange
    self.maximizes = maximizes
    self.restoresBest = restoresBest
  }

  /// Whether a value is better than the best so far.
  public func isBetter(_ value: Double, than best: Double?) -> Bool {
    guard let best else { return !value.isNaN }
    let grows = maximizes ?? ["acc", "accuracy", "auc", "precision", "recall", "f1_score", "r2_score"].contains { monitor.hasSuffix($0) }
    return grows ? value > best + minimumChange : value < best - minimumChange
  }
}

/// How far a fit is.
public struct FitProgress {
  /// The epoch, from 0, and how many there are.
  public var epoch = 0
  public var epochs = 0
  /// Batches done in this epoch, and how many there are; 0 if nobody knows.
  public var batch = 0
  public var batches = 0
  /// Means over this epoch so far; at its end the whole row of the history.
  public var values: [Double] = []
  /// Whether the epoch is complete.
  public var isEndOfEpoch = false

  /// The beginning.
  public init() {}
}

/// Why a fit ended.
public enum FitOutcome: Int32, Sendable {
  case completed = 0
  case stoppedEarly = 1
  case cancelled = 2
}

/// Who asked for a fit: gives batches and hears of its progress.
public protocol FitHost: AnyObject {
  /// A batch of an epoch; nil at its end. Called only for a fit without data.
  func next(epoch: Int, index: Int) throws(LSTMError) -> CallerBatch?
  /// Called after each batch and each epoch; false ends the fit.
  func progress(_ progress: FitProgress) -> Bool
}
