import LSTMModel

/// The state of an optimizer as Keras lists it in a file: the step, perhaps the learning rate, then what is kept of each weight.
public enum OptimizerVariables {
  /// Kinds of optimizers before Keras 2.11 whose equations are those of today.
  private static let lasting: Set<String> = ["SGD", "Adam", "Adamax"]

  /// The state in which a file left the optimizer that its training configuration states; nil if it was never used.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` if the arrays are not those of this optimizer for this model.
  public static func read(_ model: Model, _ spec: OptimizerSpec) throws(LSTMError) -> OptimizerState? {
    guard let first = model.optimizer.first else { return nil }
    guard let step = scalar(first), step >= 0, step < 0x1p53 else { throw misfit(spec, "begins with no number of steps") }
    var rest = model.optimizer.dropFirst()
    var state = OptimizerState(iteration: Int(step), rate: nil, slots: [])
    if let second = rest.first, second.shape.rank == 0, let rate = scalar(second) {
      rest = rest.dropFirst()
      // Keras goes on with the rate that it stored, which may have been set by hand; the same one need not be.
      guard case .constant(let stated) = spec.learningRate, Float(stated) != Float(rate) else { return try fill(state, rest, model, spec) }
      state.rate = rate
    }
    return try fill(state, rest, model, spec)
  }

  private static func fill(
    _ empty: OptimizerState, _ arrays: ArraySlice<SavedArray>, _ model: Model, _ spec: OptimizerSpec
  ) throws(LSTMError) -> OptimizerState? {
    // An optimizer that has not been used yet keeps its step alone.
    if empty.iteration == 0 && arrays.isEmpty { return empty.rate == nil ? nil : empty }
    var state = empty
    var arrays = arrays
    let order = order(model)
    var groups = spec.slotGroups(generation: model.generation)
    if isOld(model) {
      guard lasting.contains(spec.type) else { throw misfit(spec, "was kept by a Keras before 2.11, whose equations were others") }
      groups = groups.flatMap { $0.map { [$0] } }
      // Placeholders for AMSGrad where it is not used.
      if spec.type == "Adam", arrays.count == 3 * order.count { arrays = arrays.prefix(2 * order.count) }
    }
    // Keras 3's Nadam also keeps the product of its factors, which follows from the steps.
    if case .nadam = spec.rule, arrays.last?.shape.rank == 0 { arrays = arrays.dropLast() }
    var expected = groups.reduce(0) { $0 + $1.count * order.count }
    if case .sgd(momentum: 0, _) = spec.rule, arrays.count != expected, arrays.isEmpty || arrays.count == order.count {
      // A momentum of 0 keeps nothing that matters.
      (groups, arrays, expected) = ([], [], 0)
    }
    guard arrays.count == expected else {
      throw misfit(spec, "has \(arrays.count) arrays beside its step where this model's weights need \(expected)")
    }
    for group in groups {
      for weight in order {
        for kind in group {
          guard let array = arrays.popFirst(), array.values.count == model.weights[weight].values.count else {
            throw misfit(spec, "does not fit the weight ‘\(model.weights[weight].name)’")
          }
          state.slots.append(OptimizerState.Slot(kind: kind, weight: weight, values: array.values))
        }
      }
    }
    return state
  }

  /// A state as Keras' files of the model's generation list it.
  public static func arrays(_ state: OptimizerState, _ spec: OptimizerSpec, _ model: Model) -> [SavedArray] {
    let isKeras3 = model.generation >= .keras3
    let prefix = isKeras3 ? spec.name : spec.type
    var arrays = [
      SavedArray(name: isKeras3 ? "\(prefix)/iteration" : "iteration:0", shape: [], values: .float64([Double(state.iteration)]), isInteger: true)
    ]
    if isKeras3, let rate = rate(state, spec) {
      arrays.append(SavedArray(name: "\(prefix)/learning_rate", shape: [], values: .float32([Float(rate)])))
    }
    var found: [String: Values] = [:]
    for slot in state.slots { found["\(slot.weight) \(slot.kind)"] = slot.values }
    for group in spec.slotGroups(generation: model.generation) {
      for weight in order(model) {
        for kind in group {
          let (name, shape) = (model.weights[weight].name, model.weights[weight].shape)
          let plain = name.map { $0 == "/" ? "_" : $0 }
          arrays.append(
            SavedArray(
              name: isKeras3 ? "\(prefix)/\(String(plain))_\(kind)" : "\(prefix)/\(kind)/\(name):0", shape: shape,
              values: found["\(weight) \(kind)"] ?? .float32([Float](repeating: 0, count: shape.count ?? 0))))
        }
      }
    }
    if isKeras3, case .nadam(let beta1, _, _) = spec.rule {
      let product = OptimizerSpec.nadamProduct(beta1, updates: state.iteration / (spec.accumulationSteps ?? 1))
      arrays.append(SavedArray(name: "\(prefix)/u_product", shape: [], values: .float32([Float(product)])))
    }
    return arrays
  }

  /// The one learning rate of all steps; nil if a schedule decides.
  static func rate(_ state: OptimizerState, _ spec: OptimizerSpec) -> Double? {
    if let rate = state.rate { return rate }
    if case .constant(let rate) = spec.learningRate { return rate }
    return nil
  }

  /// The weights that are trained, as Keras lists them: layer by layer of the outermost model.
  private static func order(_ model: Model) -> [Int] {
    var seen: Set<Int> = []
    return model.saved.flatMap(\.weights).filter { model.weights[$0].trainable && seen.insert($0).inserted }
  }

  /// Whether the optimizer is of the kind that Keras had before 2.11, whose arrays have another order.
  private static func isOld(_ model: Model) -> Bool {
    guard model.generation < .keras3, let config = try? JSON(model.training, what: "the training configuration") else { return false }
    guard let optimizer = config["optimizer_config"] else { return false }
    return optimizer["config"]?["is_legacy_optimizer"] != .bool(false)
  }

  private static func scalar(_ array: SavedArray) -> Double? {
    guard array.values.count == 1 else { return nil }
    switch array.values {
    case .float32(let list): return list.first.map { Double($0) }
    case .float64(let list): return list.first
    }
  }

  private static func misfit(_ spec: OptimizerSpec, _ what: String) -> LSTMError {
    .unsupported(
      "the state of the optimizer ‘\(spec.type)’ in the model's file \(what): liblstm cannot go on with it; a trainer that is given a configuration begins anew"
    )
  }
}
