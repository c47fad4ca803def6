/// What a model is to learn and how: what Keras' `compile()` is told.
public struct TrainingSpec: Sendable {
  /// One loss for each output.
  public var losses: [LossSpec]
  /// What each output's loss counts in the sum.
  public var lossWeights: [Double]
  /// How weights are changed.
  public var optimizer: OptimizerSpec
  /// What samples of a class count; classes that are missing count 1.
  public var classWeights: [Int: Double] = [:]

  /// One loss for each output, all counting alike.
  public init(losses: [LossSpec], optimizer: OptimizerSpec) {
    self.losses = losses
    lossWeights = losses.map { _ in 1 }
    self.optimizer = optimizer
  }
}
