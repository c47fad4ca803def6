import LSTMCaller
import LSTMModel

/// Teaches a model: batches in, losses out, weights changed. Belongs to one thread at a time.
public final class Trainer: RunningTrainer {
  /// What the trainer is made with.
  public struct Options: Sendable {
    /// Threads that share a batch.
    public var threads = 1
    /// Decides dropout, noise and the order of samples.
    public var seed: UInt64 = 0
    /// Steps of a window of truncated back-propagation through time; 0 for whole sequences.
    public var windowSteps = 0
    /// What samples of a class count; classes that are missing count 1.
    public var classWeights: [Int: Double] = [:]
    /// What the products of a session with this form of weights multiply here too, forward and backward: `.full`, or in float32 `.bf16`. Weights and all
    /// sums stay in the precision that is computed in.
    public var weights = WeightForm.full

    /// One thread, seed 0, whole sequences.
    public init() {}
  }

  let model: Model
  let spec: TrainingSpec
  let options: Options
  let plan: TrainingPlan
  let engine: TrainingEngine
  let optimizer: Optimizer
  /// The loss of each output; nil for an output that is not taught.
  let objectives: [Objective?]
  /// The metrics of each output while learning, and while only looking.
  let meters: [Meter]
  let checkMeters: [Meter]
  let staged = StagedBatch()
  /// Forward passes that drew random numbers so far: one for each step.
  var draws: UInt64 = 0
  let windows: Windows?
  /// How far the present fit is.
  var fitState = FitState()
  /// Epochs of fits before the present one: they decide the order of rows.
  var epochsBefore = 0
  /// Whether the present fit has rows for validation.
  var validates = false
  /// What ReduceLROnPlateau has noted.
  var plateauState: [Double]?
  /// Rows that are only looked at, with states of their own.
  let checked = StagedBatch()
  private var evaluator: TrainingEngine?

  /// A trainer that starts from the model's weights.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming a layer or option, ``LSTMError/shape(_:)``, ``LSTMError/memory(_:)``.
  public init(_ model: Model, _ spec: TrainingSpec, options: Options) throws(LSTMError) {
    guard spec.losses.count == model.outputs.count, spec.lossWeights.count == model.outputs.count else {
      throw .argument("the model has \(model.outputs.count) outputs; \(spec.losses.count) losses were given")
    }
    self.spec = spec
    self.options = options
    windows = options.windowSteps > 0 ? try Windows(model, steps: options.windowSteps) : nil
    self.model = model
    plan = try TrainingPlan(windows?.carrying(model) ?? model, weights: options.weights)
    guard spec.losses.contains(where: { $0 != nil }) else { throw .argument("no output has a loss, so there is nothing to learn") }
    var objectives: [Objective?] = []
    for (index, loss) in spec.losses.enumerated() {
      guard let loss else {
        objectives.append(nil)
        continue
      }
      let objective = try Objective(loss, factor: spec.lossWeights[index], classWeights: options.classWeights, output: index, of: model)
      if objective.looksThrough { plan.byArgument.insert(model.outputs[index].value.node) }
      objectives.append(objective)
    }
    self.objectives = objectives
    var (meters, checkMeters): ([Meter], [Meter]) = ([], [])
    for index in model.outputs.indices {
      meters.append(try Meter(spec, output: index, of: model))
      checkMeters.append(try Meter(spec, output: index, of: model))
    }
    (self.meters, self.checkMeters) = (meters, checkMeters)
    engine = try TrainingEngine(plan, threads: options.threads, seed: options.seed)
    let trained = plan.parameters.trained.map { model.weights[$0] }
    optimizer = try Optimizer(spec.optimizer, shapes: trained.map(\.shape), rules: trained.map(\.rules), generation: model.generation)
  }

  public var precision: ElementType { scalarType }
  public var gradientCount: Int { plan.parameters.count }

  public var valueNames: [String] {
    let taught = model.outputs.indices.filter { objectives[$0] != nil }
    return ["loss"] + (taught.count > 1 ? taught.map { model.outputs[$0].name + "_loss" } : []) + meters.flatMap(\.names)
  }

  public func trainBatch(_ batch: CallerBatch) throws(LSTMError) -> [Double] {
    for meter in meters { meter.reset() }
    try staged.read(batch, rows: nil)
    return try trainStaged() + meters.flatMap(\.values)
  }

  /// Learns from the rows that are staged; returns the losses.
  func trainStaged() throws(LSTMError) -> [Double] {
    guard let windows else {
      let values = try pass(staged)
      try update()
      return values
    }
    if !model.isStateful { engine.resetStates() }
    var sums: [Double] = []
    let parts = try windows.split(staged)
    for part in parts {
      let values = try pass(windows.window(staged, part))
      try update()
      sums = sums.isEmpty ? values.map { $0 * Double(part.count) } : zip(sums, values).map { $0 + $1 * Double(part.count) }
    }
    let steps = parts.reduce(0) { $0 + $1.count }
    return sums.map { $0 / Double(max(steps, 1)) }
  }

  public func computeGradients(_ batch: CallerBatch) throws(LSTMError) -> [Double] {
    try staged.read(batch, rows: nil)
    if windows != nil, !model.isStateful { engine.resetStates() }
    for meter in meters { meter.reset() }
    return try pass(staged) + meters.flatMap(\.values)
  }

  public func evaluate(_ batch: CallerBatch) throws(LSTMError) -> [Double] {
    try checked.read(batch, rows: nil)
    for meter in checkMeters { meter.reset() }
    return try evaluate(checked) + checkMeters.flatMap(\.values)
  }

  /// The losses of some rows, without learning. States of stateful layers are other ones than those of learning.
  func evaluate(_ rows: StagedBatch) throws(LSTMError) -> [Double] {
    let engine: TrainingEngine
    if let evaluator { engine = evaluator } else { engine = try TrainingEngine(plan, threads: options.threads, seed: options.seed) }
    evaluator = engine
    if windows != nil, !model.isStateful { engine.resetStates() }
    let values = try forward(rows, .inference, engine, checkMeters)
    if model.isStateful { engine.commit() }
    return values
  }

  /// Forward and backward with a check of all numbers.
  private func pass(_ rows: StagedBatch) throws(LSTMError) -> [Double] {
    let values = try forward(rows, .training, engine, meters)
    guard values[0].isFinite else { throw fault(values[0]) }
    try engine.backward()
    for index in plan.parameters.trained { _ = penalty(index, plan.parameters.part(of: engine.gradient, index)) }
    guard Loops.areFinite(engine.gradient) else { throw fault(nil) }
    return values
  }

  /// The losses of the rows; the gradients of the outputs are left with the engine.
  func forward(
    _ rows: StagedBatch, _ mode: TrainingMode, _ engine: TrainingEngine, _ meters: [Meter]
  ) throws(LSTMError) -> [Double] {
    try engine.prepare(rows.inputShapes)
    try engine.forward(rows.inputs.map(\.values), mode, step: draws)
    var losses: [Double] = []
    var total = engine.penalty
    for (index, objective) in objectives.enumerated() {
      guard let objective else {
        engine.outputGradients[index].values.fill(0)
        continue
      }
      let samples = rows.weights.isEmpty ? nil : rows.weights.count == 1 ? rows.weights[0] : rows.weights[index]
      let loss = try objective.evaluate(
        engine.outputs[index], rows.targets[index], samples: samples, mask: engine.outputMasks[index],
        gradient: mode == .training ? engine.outputGradients[index].values : nil)
      losses.append(loss)
      if meters.indices.contains(index) {
        try meters[index].update(engine.outputs[index], rows.targets[index], samples: samples, mask: engine.outputMasks[index])
      }
      total += loss * objective.factor
    }
    for index in plan.parameters.trained { total += penalty(index, nil) }
    return [total] + (losses.count > 1 ? losses : [])
  }

  /// What a weight's regularizer adds to the loss; its gradient is added to `gradient`.
  private func penalty(_ index: Int, _ gradient: Floats?) -> Double {
    model.weights[index].rules.regularizer?.add(plan.parameters.weights[index], model.weights[index].shape, to: gradient) ?? 0
  }

  /// Says where the first number that is not finite came from.
  private func fault(_ loss: Double?) -> LSTMError {
    let what = loss.map { "the loss became \($0)" } ?? "a gradient became infinite or no number"
    let step = "in step \(optimizer.iteration + 1)"
    let calm = "The weights are as before that step; a smaller learning rate or clipped gradients may help"
    for (index, port) in model.inputs.enumerated() {
      let input = staged.inputs[index].values
      for place in 0..<input.count where !input[place].isFinite {
        return .state("\(what) \(step): input ‘\(port.name)’ holds \(input[place]). \(calm)")
      }
    }
    for (index, weight) in plan.parameters.weights.enumerated() {
      for place in 0..<weight.count where !weight[place].isFinite {
        return .state("\(what) \(step): the weight ‘\(model.weights[index].name)’ holds \(weight[place]). \(calm)")
      }
    }
    let name = { (node: Int) in self.model.layers[self.model.nodes[node].layer].name }
    if let node = engine.firstFault(gradients: false) { return .state("\(what) \(step): it began in the output of layer ‘\(name(node))’. \(calm)") }
    if loss == nil, let node = engine.firstFault(gradients: true) {
      return .state("\(what) \(step): it began, on the way back, at the output of layer ‘\(name(node))’. \(calm)")
    }
    return .state("\(what) \(step): the outputs are finite, so it began in the loss or its targets. \(calm)")
  }

  /// Changes the weights by the gradients of the last pass.
  func update() throws(LSTMError) {
    let parameters = plan.parameters
    let gradients = parameters.trained.compactMap { parameters.part(of: engine.gradient, $0) }
    optimizer.update(parameters.trained.map { parameters.weights[$0] }, gradients)
    engine.commit()
    plan.refresh()
    draws += 1
  }

  public func getGradients(_ numbers: CallerNumbers) { numbers.write(engine.gradient, from: 0) }

  public func applyGradients(_ numbers: CallerNumbers) throws(LSTMError) {
    numbers.read(into: engine.gradient, from: 0)
    for index in 0..<engine.gradient.count where !engine.gradient[index].isFinite {
      throw .argument("number \(index) of the gradients is \(engine.gradient[index])")
    }
    try update()
  }

  public func resetStates() {
    engine.resetStates()
    evaluator?.resetStates()
  }
}
