import LSTMModel

/// Arrays of the caller's to learn from: inputs, targets, and weights of samples. They must stay alive through the call.
public struct CallerBatch {
  /// One for each input of the model.
  public var inputs: [CallerArray]
  /// One for each output of the model.
  public var targets: [CallerArray]
  /// None, one for all outputs, or one for each; an entry without elements and of rank 0 stands for none.
  public var weights: [CallerArray?]

  /// A batch of these arrays.
  public init(inputs: [CallerArray], targets: [CallerArray], weights: [CallerArray?]) {
    self.inputs = inputs
    self.targets = targets
    self.weights = weights
  }

  /// Rows: the first dimension of the inputs.
  public var rows: Int { inputs.first?.rows ?? 0 }
}

/// What a gradient check found: where analytic and numeric derivative differ most, measured against the largest derivative of that weight.
public struct GradientReport: Sendable {
  /// How many derivatives were compared.
  public var checked = 0
  /// The largest difference, relative to the largest derivative of its weight.
  public var worst = 0.0
  /// Index of the weight where it was found.
  public var weight = 0
  /// Index of the number in that weight.
  public var element = 0
  /// What back-propagation says there, and what central differences say.
  public var analytic = 0.0
  public var numeric = 0.0

  /// A report of nothing.
  public init() {}
}

/// A trainer of either precision, as the C interface sees it.
public protocol RunningTrainer: AnyObject {
  /// What is computed in.
  var precision: ElementType { get }
  /// Numbers in the flat vector of gradients.
  var gradientCount: Int { get }
  /// Names of what ``trainBatch(_:)`` and ``evaluate(_:)`` report, `loss` first.
  var valueNames: [String] { get }
  /// One forward and backward pass and an update of the weights.
  func trainBatch(_ batch: CallerBatch) throws(LSTMError) -> [Double]
  /// Loss and metrics, without learning.
  func evaluate(_ batch: CallerBatch) throws(LSTMError) -> [Double]
  /// One forward and backward pass without an update.
  func computeGradients(_ batch: CallerBatch) throws(LSTMError) -> [Double]
  /// The gradients of the last pass, one after the other in the order of the model's trainable weights.
  func getGradients(_ numbers: CallerNumbers)
  /// Updates the weights by these gradients.
  func applyGradients(_ numbers: CallerNumbers) throws(LSTMError)
  /// All weights of the model, trained or not.
  func weightValues() -> [Values]
  /// Replaces all weights.
  func setWeightValues(_ values: [Values]) throws(LSTMError)
  /// Sets the states of stateful layers to zero.
  func resetStates()
  /// Learns from data for several epochs; with no data, from the batches that the host gives.
  func fit(_ data: CallerBatch?, _ options: FitOptions, _ host: any FitHost) throws(LSTMError) -> FitOutcome
  /// Names of the columns of ``history``.
  var historyNames: [String] { get }
  /// The values of each epoch of the last fit.
  var history: [[Double]] { get }
  /// The rate of the next update.
  var learningRate: Double { get }
  /// Sets the rate of all further updates, whatever the schedule says.
  func setLearningRate(_ rate: Double)
  /// Everything that the trainer's future depends on, as named arrays.
  func snapshot() -> TrainingSnapshot
  /// What the optimizer knows now.
  func optimizerState() -> OptimizerState
  /// Goes on with the optimizer where another one stopped.
  func resume(_ state: OptimizerState) throws(LSTMError)
  /// Goes on from a snapshot.
  func restore(_ snapshot: TrainingSnapshot) throws(LSTMError)
}
