import LSTMModel

extension Trainer {
  public func optimizerState() -> OptimizerState {
    let slots = optimizer.slots.map {
      OptimizerState.Slot(kind: $0.kind, weight: plan.parameters.trained[$0.weight], values: Trainer.values($0.values))
    }
    return OptimizerState(iteration: optimizer.iteration, rate: optimizer.fixedRate, slots: slots)
  }

  public func resume(_ state: OptimizerState) throws(LSTMError) {
    var found: [Values?] = []
    for slot in optimizer.slots {
      let weight = plan.parameters.trained[slot.weight]
      let given = state.slots.first { $0.kind == slot.kind && $0.weight == weight }?.values
      guard given.map({ $0.count == slot.values.count }) ?? true else {
        throw .shape("the optimizer's state does not fit the weight ‘\(model.weights[weight].name)’")
      }
      found.append(given)
    }
    for (slot, values) in zip(optimizer.slots, found) { if let values { Trainer.copy(values, to: slot.values) } }
    optimizer.resume(at: state.iteration)
    optimizer.fixedRate = state.rate
    draws = UInt64(max(state.iteration, 0))
  }

  public func snapshot() -> TrainingSnapshot {
    var result = TrainingSnapshot()
    for (weight, values) in zip(model.weights, plan.parameters.weights) { result.add("weights/" + weight.name, weight.shape, Trainer.values(values)) }
    for slot in optimizer.slots {
      let weight = model.weights[plan.parameters.trained[slot.weight]]
      result.add("optimizer/" + slot.kind + "/" + weight.name, weight.shape, Trainer.values(slot.values))
    }
    // Whole numbers below 2⁵³ are exact in double precision.
    result.add("trainer/steps", [Double(optimizer.iteration), Double(draws), Double(epochsBefore)])
    result.add("trainer/seed", [Double(options.seed >> 32), Double(options.seed & 0xFFFF_FFFF)])
    if let rate = optimizer.fixedRate { result.add("trainer/learning_rate", [rate]) }
    if let plateauState { result.add("fit/plateau", plateauState) }
    for (index, state) in engine.keptStates.enumerated() { result.add("states/\(index)", [state.count], Trainer.values(state)) }
    result.add("states/rows", [Double(engine.rows)])
    result.add("fit/position", [Double(fitState.epoch), Double(fitState.batch), fitState.rows, Double(fitState.wait), validates ? 1 : 0])
    result.add("fit/sums", fitState.sums)
    for (index, state) in meters.flatMap(\.state).enumerated() { result.add("fit/metrics/\(index)", state) }
    if let best = fitState.best { result.add("fit/best", [best]) }
    result.add("fit/history", fitState.history.flatMap { $0 })
    for (weight, values) in zip(model.weights, fitState.bestWeights ?? []) { result.add("fit/weights/" + weight.name, weight.shape, values) }
    return result
  }

  public func restore(_ snapshot: TrainingSnapshot) throws(LSTMError) {
    // Everything is looked at before anything is changed.
    var weights: [Values] = []
    for weight in model.weights { weights.append(try snapshot.values("weights/" + weight.name, weight.shape)) }
    var slots: [Values] = []
    for slot in optimizer.slots {
      let weight = model.weights[plan.parameters.trained[slot.weight]]
      slots.append(try snapshot.values("optimizer/" + slot.kind + "/" + weight.name, weight.shape))
    }
    guard let steps = snapshot.numbers("trainer/steps"), steps.count == 3, let seed = snapshot.numbers("trainer/seed"), seed.count == 2,
      let position = snapshot.numbers("fit/position"), position.count == 5, let history = snapshot.numbers("fit/history"),
      let sums = snapshot.numbers("fit/sums"), let rows = snapshot.numbers("states/rows"), rows.count == 1,
      (steps + position + rows).allSatisfy({ $0 >= 0 && $0 < 0x1p53 }), seed.allSatisfy({ $0 >= 0 && $0 < 0x1p32 })
    else { throw .format("this is no checkpoint of a trainer") }
    guard UInt64(seed[0]) << 32 | UInt64(seed[1]) == options.seed else {
      throw .argument("the checkpoint was made with the seed \(UInt64(seed[0]) << 32 | UInt64(seed[1])); the trainer has \(options.seed)")
    }
    var best: [Values] = []
    if snapshot.entries.contains(where: { $0.name.hasPrefix("fit/weights/") }) {
      for weight in model.weights { best.append(try snapshot.values("fit/weights/" + weight.name, weight.shape)) }
    }
    var state = FitState()
    (state.epoch, state.batch, state.rows, state.wait) = (Int(position[0]), Int(position[1]), position[2], Int(position[3]))
    state.sums = sums
    state.best = snapshot.numbers("fit/best")?.first
    state.bestWeights = best.isEmpty ? nil : best
    if state.epoch > 0 {
      guard history.count % state.epoch == 0 else { throw .format("the checkpoint's history does not fit its \(state.epoch) epochs") }
      let width = history.count / state.epoch
      state.history = (0..<state.epoch).map { Array(history[$0 * width..<($0 + 1) * width]) }
    }
    try setWeightValues(weights)
    for (values, slot) in zip(slots, optimizer.slots) { Trainer.copy(values, to: slot.values) }
    optimizer.resume(at: Int(steps[0]))
    optimizer.fixedRate = snapshot.numbers("trainer/learning_rate")?.first
    draws = UInt64(steps[1])
    epochsBefore = Int(steps[2])
    plateauState = snapshot.numbers("fit/plateau")
    validates = position[4] != 0
    fitState = state
    var place = 0
    for meter in meters {
      meter.state = meter.names.indices.map { snapshot.numbers("fit/metrics/\(place + $0)") ?? [] }
      place += meter.names.count
    }
    var states: [[Scalar]] = []
    while let numbers = snapshot.numbers("states/\(states.count)") { states.append(numbers.map { Scalar($0) }) }
    engine.restoreStates(states, rows: Int(rows[0]))
  }
}
