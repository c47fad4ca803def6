import LSTMCaller
import LSTMModel

/// Teaches a model: batches in, losses out, weights changed. Belongs to one thread at a time.
public final class Trainer: RunningTrainer {
  /// What the trainer is to do.
  public struct Options: Sendable {
    /// Threads that share a batch.
    public var threads = 1
    /// Decides dropout, noise and the order of samples.
    public var seed: UInt64 = 0
    /// Factor of the gradient.
    public var learningRate = 0.01

    /// One thread, seed 0.
    public init() {}
  }

  let plan: TrainingPlan
  let engine: TrainingEngine
  let options: Options
  /// Updates so far.
  var iteration: UInt64 = 0
  private let staged = StagedBatch()

  /// A trainer that starts from the model's weights.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming a layer that has no gradient, ``LSTMError/memory(_:)``.
  public init(_ model: Model, options: Options) throws(LSTMError) {
    self.options = options
    plan = try TrainingPlan(model)
    engine = try TrainingEngine(plan, threads: options.threads, seed: options.seed)
  }

  public var precision: ElementType { scalarType }
  public var gradientCount: Int { plan.parameters.count }
  public var valueNames: [String] { ["loss"] }

  public func trainBatch(_ batch: CallerBatch) throws(LSTMError) -> [Double] {
    let values = try computeGradients(batch)
    try update()
    return values
  }

  public func computeGradients(_ batch: CallerBatch) throws(LSTMError) -> [Double] {
    let loss = try forward(batch, .training)
    try engine.backward()
    return [loss]
  }

  public func evaluate(_ batch: CallerBatch) throws(LSTMError) -> [Double] { [try forward(batch, .inference)] }

  /// The loss of a batch, its gradient with respect to the outputs left with the engine.
  func forward(_ batch: CallerBatch, _ mode: TrainingMode) throws(LSTMError) -> Double {
    try staged.read(batch, rows: nil)
    try engine.prepare(staged.inputShapes)
    return try forward(mode)
  }

  /// The loss of the batch that is staged.
  func forward(_ mode: TrainingMode) throws(LSTMError) -> Double {
    try engine.forward(staged.inputs.map(\.values), mode, step: iteration)
    var loss = 0.0
    for (position, output) in engine.outputs.enumerated() {
      guard position < staged.targets.count, staged.targets[position].values.count == output.values.count else {
        throw .shapeMismatch(
          tensor: "the target for output ‘\(plan.model.outputs[position].name)’", expected: Shape(output.shape),
          found: position < staged.targets.count ? Shape(staged.targets[position].shape) : [])
      }
      let target = staged.targets[position].values
      let gradient = engine.outputGradients[position].values
      let count = Scalar(max(output.values.count, 1))
      var sum = 0.0
      for index in 0..<output.values.count {
        let difference = output.values[index] - target[index]
        sum += Double(difference * difference)
        gradient[index] = 2 * difference / count
      }
      loss += sum / Double(count)
    }
    return loss
  }

  /// Changes the weights by the gradients of the last pass.
  func update() throws(LSTMError) {
    for index in plan.parameters.trained {
      guard let gradient = plan.parameters.part(of: engine.gradient, index) else { continue }
      let weight = plan.parameters.weights[index]
      for place in 0..<weight.count { weight[place] -= Scalar(options.learningRate) * gradient[place] }
    }
    engine.commit()
    plan.refresh()
    iteration += 1
  }

  public func getGradients(_ numbers: CallerNumbers) { numbers.write(engine.gradient, from: 0) }

  public func applyGradients(_ numbers: CallerNumbers) throws(LSTMError) {
    numbers.read(into: engine.gradient, from: 0)
    try update()
  }

  public func weightValues() -> [Values] {
    #if LSTM_FLOAT64
      return plan.parameters.weights.map { .float64($0.array) }
    #else
      return plan.parameters.weights.map { .float32($0.array) }
    #endif
  }

  public func setWeightValues(_ values: [Values]) throws(LSTMError) {
    guard values.count == plan.parameters.weights.count, zip(values, plan.parameters.weights).allSatisfy({ $0.count == $1.count }) else {
      throw .shape("these are the weights of another model")
    }
    for (numbers, weight) in zip(values, plan.parameters.weights) {
      switch numbers {
      case .float32(let list): for (place, number) in list.enumerated() { weight[place] = Scalar(number) }
      case .float64(let list): for (place, number) in list.enumerated() { weight[place] = Scalar(number) }
      }
    }
    plan.refresh()
  }

  public func resetStates() { engine.resetStates() }
}
