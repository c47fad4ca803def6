import LSTMModel

/// Optimizers as Keras states them: a name, or a class with its options. Defaults are those of the class.
enum OptimizerConfig {
  /// The optimizer that a configuration describes.
  static func optimizer(_ json: JSON) throws(LSTMError) -> OptimizerSpec {
    let object = try KerasObject(json, kind: "optimizer", of: "training")
    let (type, name, rate, rule) = try read(object)
    var schedule = Schedule.constant(rate)
    // Before Keras 2.3 the rate was called lr, and a decay came with it.
    for key in ["lr", "learning_rate"] {
      if let stated = object.value(key) { schedule = try ScheduleConfig.schedule(stated, of: object.title) }
    }
    if let decay = try object.optionalNumber("decay"), decay != 0 {
      guard case .constant(let initial) = schedule else { throw object.unsupported("has ‘decay’ beside a schedule") }
      schedule = .inverseTime(initial: initial, steps: 1, rate: decay, staircase: false)
    }
    var spec = OptimizerSpec(type: type, name: object.values["name"]?.string ?? name, rule: rule, learningRate: schedule)
    try common(object, &spec)
    try object.finish()
    return spec
  }

  private static func read(_ object: KerasObject) throws(LSTMError) -> (String, String, Double, OptimizerSpec.Rule) {
    switch object.word {
    case "sgd":
      let momentum = try share(object, "momentum", default: 0)
      return ("SGD", "sgd", 0.01, .sgd(momentum: momentum, nesterov: try object.bool("nesterov", default: false)))
    case "rmsprop":
      return (
        "RMSprop", "rm_sprop", 0.001,
        .rmsprop(
          rho: try share(object, "rho", default: 0.9), momentum: try share(object, "momentum", default: 0), epsilon: try epsilon(object),
          centered: try object.bool("centered", default: false))
      )
    case "adam", "adamw":
      let rule = OptimizerSpec.Rule.adam(
        beta1: try share(object, "beta_1", default: 0.9), beta2: try share(object, "beta_2", default: 0.999), epsilon: try epsilon(object),
        amsgrad: try object.bool("amsgrad", default: false))
      return object.word == "adam" ? ("Adam", "adam", 0.001, rule) : ("AdamW", "adam_w", 0.001, rule)
    case "adamax":
      return (
        "Adamax", "adamax", 0.001,
        .adamax(
          beta1: try share(object, "beta_1", default: 0.9), beta2: try share(object, "beta_2", default: 0.999), epsilon: try epsilon(object))
      )
    case "nadam":
      return (
        "Nadam", "nadam", 0.001,
        .nadam(
          beta1: try share(object, "beta_1", default: 0.9), beta2: try share(object, "beta_2", default: 0.999), epsilon: try epsilon(object))
      )
    case "adagrad":
      let initial = try object.number("initial_accumulator_value", default: 0.1)
      guard initial >= 0 else { throw object.wrong("initial_accumulator_value", expected: "0 or more") }
      return ("Adagrad", "adagrad", 0.001, .adagrad(initialAccumulator: initial, epsilon: try epsilon(object)))
    case "adadelta":
      return ("Adadelta", "adadelta", 0.001, .adadelta(rho: try share(object, "rho", default: 0.95), epsilon: try epsilon(object)))
    case "lion":
      return (
        "Lion", "lion", 0.001, .lion(beta1: try share(object, "beta_1", default: 0.9), beta2: try share(object, "beta_2", default: 0.99))
      )
    default: throw object.unknown
    }
  }

  private static func common(_ object: KerasObject, _ spec: inout OptimizerSpec) throws(LSTMError) {
    // AdamW's decay is 0.004 unless stated, even as null.
    let absent = object.word == "adamw" && object.values["weight_decay"] == nil ? 0.004 : nil
    spec.weightDecay = try object.optionalNumber("weight_decay") ?? absent
    // Keras 2 wrote false where there is none.
    if spec.weightDecay == 0 { spec.weightDecay = nil }
    var clips: [OptimizerSpec.Clip] = []
    if let limit = try positive(object, "clipnorm") { clips.append(.norm(limit)) }
    if let limit = try positive(object, "global_clipnorm") { clips.append(.globalNorm(limit)) }
    if let limit = try positive(object, "clipvalue") { clips.append(.value(limit)) }
    guard clips.count <= 1 else { throw object.unsupported("has more than one of ‘clipnorm’, ‘global_clipnorm’ and ‘clipvalue’") }
    spec.clip = clips.first ?? .none
    let momentum = try share(object, "ema_momentum", default: 0.99)
    let every = try object.optionalInteger("ema_overwrite_frequency", in: 1...(1 << 40))
    if try object.bool("use_ema", default: false) { spec.average = OptimizerSpec.Average(momentum: momentum, overwriteEvery: every) }
    spec.accumulationSteps = try object.optionalInteger("gradient_accumulation_steps", in: 1...(1 << 40))
    if spec.accumulationSteps == 1 { spec.accumulationSteps = nil }
    // A loss scale cancels out; the others say how TensorFlow runs.
    object.ignore("loss_scale_factor", "jit_compile", "is_legacy_optimizer")
  }

  private static func epsilon(_ object: KerasObject) throws(LSTMError) -> Double {
    let value = try object.number("epsilon", default: 1e-7)
    guard value >= 0 else { throw object.wrong("epsilon", expected: "0 or more") }
    return value
  }

  private static func share(_ object: KerasObject, _ key: String, default absent: Double) throws(LSTMError) -> Double {
    let value = try object.number(key, default: absent)
    guard value >= 0, value <= 1 else { throw object.wrong(key, expected: "a number from 0 to 1") }
    return value
  }

  private static func positive(_ object: KerasObject, _ key: String) throws(LSTMError) -> Double? {
    guard let value = try object.optionalNumber(key) else { return nil }
    guard value >= 0 else { throw object.wrong(key, expected: "a number above 0") }
    return value > 0 ? value : nil
  }
}
