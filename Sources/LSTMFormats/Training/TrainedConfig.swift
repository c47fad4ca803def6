import LSTMModel

/// The training configuration of a model that liblstm has trained, in Keras' words and complete.
public enum TrainedConfig {
  /// What `given` states for the model, with the optimizer as it is now.
  ///
  /// - Throws: ``LSTMError/format(_:)`` if `given` is no JSON.
  public static func text(_ given: String, _ spec: OptimizerSpec, _ state: OptimizerState, for model: Model) throws(LSTMError) -> String {
    let json = try JSON(given, what: "the training configuration")
    let isKeras3 = model.generation >= .keras3
    let replaced: Set = ["optimizer", "optimizer_config", "loss_weights", "metrics", "weighted_metrics", "loss"]
    var members: [JSON.Member] = []
    for (name, module) in [("loss", "keras.losses"), ("metrics", "keras.metrics"), ("weighted_metrics", "keras.metrics")] {
      members.append(JSON.Member(name: name, value: isKeras3 ? placed(json[name] ?? .null, module) : json[name] ?? .null))
    }
    members.append(JSON.Member(name: "loss_weights", value: json["loss_weights"] ?? .null))
    members += json.members.filter { !replaced.contains($0.name) }
    let stated = json["optimizer"] ?? json["optimizer_config"] ?? .null
    let options = options(spec, state, stated["config"] ?? .null, isKeras3: isKeras3)
    members.append(JSON.Member(name: "optimizer_config", value: .object(["class_name": .string(spec.type), "config": .object(options)])))
    return JSON.object(members).text
  }

  /// Objects of Keras with the module that Keras 3 finds them by.
  private static func placed(_ json: JSON, _ module: String) -> JSON {
    switch json {
    case .array(let elements): return .array(elements.map { placed($0, module) })
    case .object(let members):
      guard let type = json["class_name"] else {
        return .object(members.map { JSON.Member(name: $0.name, value: placed($0.value, module)) })
      }
      if json["module"] != nil { return json }
      if type == .string("function"), let name = json["config"] { return name }
      return .object(["module": .string(module), "class_name": type, "config": json["config"] ?? .object([]), "registered_name": .null])
    default: return json
    }
  }

  private static func options(_ spec: OptimizerSpec, _ state: OptimizerState, _ stated: JSON, isKeras3: Bool) -> [JSON.Member] {
    var result: [JSON.Member] = []
    func put(_ name: String, _ value: JSON) { result.append(JSON.Member(name: name, value: value)) }
    func put(_ name: String, _ value: Double) { put(name, .number(value)) }
    put("name", .string(spec.name))
    put("learning_rate", rate(spec, state, stated))
    put("weight_decay", spec.weightDecay.map { .number($0) } ?? .null)
    var clips: (JSON, JSON, JSON) = (.null, .null, .null)
    switch spec.clip {
    case .none: break
    case .norm(let limit): clips.0 = .number(limit)
    case .globalNorm(let limit): clips.1 = .number(limit)
    case .value(let limit): clips.2 = .number(limit)
    }
    put("clipnorm", clips.0)
    put("global_clipnorm", clips.1)
    put("clipvalue", clips.2)
    put("use_ema", .bool(spec.average != nil))
    put("ema_momentum", spec.average?.momentum ?? 0.99)
    put("ema_overwrite_frequency", spec.average?.overwriteEvery.map { .integer($0) } ?? .null)
    if isKeras3 {
      put("loss_scale_factor", .null)
    } else {
      put("jit_compile", .bool(false))
      put("is_legacy_optimizer", .bool(false))
    }
    if isKeras3 || spec.accumulationSteps != nil { put("gradient_accumulation_steps", spec.accumulationSteps.map { .integer($0) } ?? .null) }
    switch spec.rule {
    case .sgd(let momentum, let nesterov):
      put("momentum", momentum)
      put("nesterov", .bool(nesterov))
    case .rmsprop(let rho, let momentum, let epsilon, let centered):
      put("rho", rho)
      put("momentum", momentum)
      put("epsilon", epsilon)
      put("centered", .bool(centered))
    case .adam(let beta1, let beta2, let epsilon, let amsgrad):
      put("beta_1", beta1)
      put("beta_2", beta2)
      put("epsilon", epsilon)
      put("amsgrad", .bool(amsgrad))
    case .adamax(let beta1, let beta2, let epsilon), .nadam(let beta1, let beta2, let epsilon):
      put("beta_1", beta1)
      put("beta_2", beta2)
      put("epsilon", epsilon)
    case .adagrad(let initial, let epsilon):
      put("initial_accumulator_value", initial)
      put("epsilon", epsilon)
    case .adadelta(let rho, let epsilon):
      put("rho", rho)
      put("epsilon", epsilon)
    case .lion(let beta1, let beta2):
      put("beta_1", beta1)
      put("beta_2", beta2)
    }
    return result
  }

  /// The rate, or the schedule as it was stated.
  private static func rate(_ spec: OptimizerSpec, _ state: OptimizerState, _ stated: JSON) -> JSON {
    if let rate = OptimizerVariables.rate(state, spec) { return .number(rate) }
    if let schedule = stated["learning_rate"], schedule["class_name"] != nil { return schedule }
    guard case .inverseTime(let initial, let steps, let rate, let staircase) = spec.learningRate else { return .null }
    // The ‘decay’ of older files.
    return .object([
      "module": .string("keras.optimizers.schedules"), "class_name": .string("InverseTimeDecay"),
      "config": .object([
        "initial_learning_rate": .number(initial), "decay_steps": .number(steps), "decay_rate": .number(rate), "staircase": .bool(staircase),
      ]), "registered_name": .null,
    ])
  }
}
