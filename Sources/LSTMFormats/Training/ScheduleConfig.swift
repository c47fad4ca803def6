import LSTMModel

/// Learning rates as configurations state them: a number, or a schedule of Keras.
enum ScheduleConfig {
  /// The rate of an optimizer's option.
  static func schedule(_ json: JSON, of place: String) throws(LSTMError) -> Schedule {
    switch json {
    case .integer(let value): return .constant(Double(value))
    case .number(let value): return .constant(value)
    default: break
    }
    if case .object = json, json["class_name"] == nil, case .number(let value)? = json["value"] { return .constant(value) }
    let object = try KerasObject(json, kind: "learning_rate", of: place)
    let schedule = try read(object)
    try object.finish()
    return schedule
  }

  /// ReduceLROnPlateau with its options.
  static func plateau(_ json: JSON) throws(LSTMError) -> Plateau {
    let object = try KerasObject(json, kind: "callback", of: "training")
    guard object.word == "reducelronplateau" else { throw object.unknown }
    var plateau = Plateau()
    if let monitor = object.value("monitor") {
      guard let name = monitor.string else { throw object.wrong("monitor", expected: "a name") }
      plateau.monitor = name
    }
    plateau.factor = try object.number("factor", default: 0.1)
    guard plateau.factor > 0, plateau.factor < 1 else { throw object.wrong("factor", expected: "a number between 0 and 1") }
    plateau.patience = try object.optionalInteger("patience", in: 0...(1 << 40)) ?? 10
    plateau.minimumChange = try object.number("min_delta", default: 1e-4)
    plateau.cooldown = try object.optionalInteger("cooldown", in: 0...(1 << 40)) ?? 0
    plateau.minimumRate = try object.number("min_lr", default: 0)
    switch try object.word("mode", ["auto", "min", "max"], default: "auto") {
    case "min": plateau.maximize = false
    case "max": plateau.maximize = true
    default: break
    }
    object.ignore("verbose")
    try object.finish()
    return plateau
  }

  private static func read(_ object: KerasObject) throws(LSTMError) -> Schedule {
    switch object.word {
    case "exponentialdecay":
      return .exponential(
        initial: try required(object, "initial_learning_rate"), steps: try steps(object, "decay_steps"),
        rate: try required(object, "decay_rate"), staircase: try object.bool("staircase", default: false))
    case "piecewiseconstantdecay":
      let boundaries = try object.numbers("boundaries")
      let values = try object.numbers("values")
      guard values.count == boundaries.count + 1 else { throw object.wrong("values", expected: "one value more than ‘boundaries’") }
      guard zip(boundaries, boundaries.dropFirst()).allSatisfy({ $0 <= $1 }) else {
        throw object.wrong("boundaries", expected: "numbers in ascending order")
      }
      return .piecewise(boundaries: boundaries, values: values)
    case "polynomialdecay":
      return .polynomial(
        initial: try required(object, "initial_learning_rate"), steps: try steps(object, "decay_steps"),
        end: try object.number("end_learning_rate", default: 1e-4), power: try object.number("power", default: 1),
        cycle: try object.bool("cycle", default: false))
    case "inversetimedecay":
      return .inverseTime(
        initial: try required(object, "initial_learning_rate"), steps: try steps(object, "decay_steps"),
        rate: try required(object, "decay_rate"), staircase: try object.bool("staircase", default: false))
    case "cosinedecay":
      let warmup = try object.number("warmup_steps", default: 0)
      guard warmup >= 0 else { throw object.wrong("warmup_steps", expected: "0 or more") }
      return .cosine(
        initial: try required(object, "initial_learning_rate"), steps: try steps(object, "decay_steps"),
        alpha: try object.number("alpha", default: 0), target: try object.optionalNumber("warmup_target"), warmupSteps: warmup)
    case "cosinedecayrestarts":
      let stretch = try object.number("t_mul", default: 2)
      guard stretch >= 1 else { throw object.wrong("t_mul", expected: "1 or more") }
      return .cosineRestarts(
        initial: try required(object, "initial_learning_rate"), firstSteps: try steps(object, "first_decay_steps"), stretch: stretch,
        shrink: try object.number("m_mul", default: 1), alpha: try object.number("alpha", default: 0))
    default: throw object.unknown
    }
  }

  private static func required(_ object: KerasObject, _ key: String) throws(LSTMError) -> Double {
    guard let value = try object.optionalNumber(key) else { throw object.wrong(key, expected: "a number") }
    return value
  }

  private static func steps(_ object: KerasObject, _ key: String) throws(LSTMError) -> Double {
    let value = try required(object, key)
    guard value > 0 else { throw object.wrong(key, expected: "a number above 0") }
    return value
  }
}
