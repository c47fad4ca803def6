import LSTMModel

/// How a model was being trained: the loss, the optimiser with its settings, and what the optimiser keeps of each weight.
struct TrainingState {
  /// The optimiser's class without a prefix: `Adam`.
  private var type: String
  private var options: [JSON.Member]
  /// Loss, metrics and what else the file says.
  private var rest: [JSON.Member]
  /// The optimiser's arrays: its step, perhaps its learning rate, then those of each weight.
  private(set) var variables: [SavedArray]
  private let isKeras3: Bool
  /// Whether it is of the kind of optimiser that Keras had before 2.11, whose arrays have another order.
  private let isOld: Bool
  /// The shapes of the weights that are trained.
  private let trained: [Shape]

  /// The state that was read with a model; nil if there was none.
  ///
  /// - Throws: ``LSTMError/format(_:)`` if it is no JSON.
  init?(_ model: Model) throws(LSTMError) {
    guard !model.training.isEmpty else { return nil }
    let config = try JSON(model.training, what: "the training configuration")
    let optimizer = config["optimizer_config"] ?? config["optimizer"] ?? .null
    guard case .object = config, let name = optimizer["class_name"]?.string ?? optimizer.string else { return nil }
    let short = name.split(separator: ">").last.map(String.init) ?? name
    type = TrainingState.classes[short.lowercased()] ?? short
    options = optimizer["config"]?.members ?? []
    rest = config.members.filter { $0.name != "optimizer_config" && $0.name != "optimizer" }
    variables = model.optimizer
    trained = model.saved.flatMap(\.weights).map { model.weights[$0] }.filter(\.trainable).map(\.shape)
    isKeras3 = model.generation >= .keras3
    isOld = !isKeras3 && config["optimizer_config"] != nil && optimizer["config"]?["is_legacy_optimizer"] != .bool(false)
  }

  /// Classes that may be named in small letters.
  private static let classes = [
    "sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "nadam": "Nadam", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adadelta": "Adadelta",
    "adamax": "Adamax", "ftrl": "Ftrl",
  ]
  /// Classes whose arrays both generations keep in the same order.
  private static let sameOrder: Set<String> = ["SGD", "Adam", "AdamW", "Nadam", "RMSprop", "Adagrad"]
  private static let forBoth: Set<String> = ["SGD", "Adam", "Nadam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Ftrl"]
  /// What says nothing unless it is set.
  private static let optional: Set<String> = [
    "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor",
    "gradient_accumulation_steps", "jit_compile", "is_legacy_optimizer", "decay",
  ]

  /// The state in the words of the target.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming the setting that it does not know.
  func translated(for target: KerasTarget) throws(LSTMError) -> TrainingState {
    var result = self
    let isSame = target != .both && isKeras3 == (target == .keras3)
    try refuseOwnWords(target)
    if target.isForKeras2, let steps = option("gradient_accumulation_steps"), steps != .null {
      throw refusal(target, "has ‘gradient_accumulation_steps’ = \(steps.brief)")
    }
    if target == .both, !TrainingState.forBoth.contains(type) { throw refusal(target, "is an optimiser that only one of them has") }
    result.options = []
    for member in options {
      let name = member.name == "lr" && !isSame ? "learning_rate" : member.name
      if !isSame, try leavesOut(name, member.value, target) { continue }
      result.options.append(JSON.Member(name: name, value: TrainingState.object(member.value, target, module: "keras.optimizers.schedules")))
    }
    if target == .keras2, isKeras3 { result.options.append(JSON.Member(name: "is_legacy_optimizer", value: .bool(false))) }
    result.rest =
      isSame ? rest.map { JSON.Member(name: $0.name, value: TrainingState.object($0.value, target, module: nil)) } : restTranslated(target)
    if target.isForKeras3 {
      result.rest = result.rest.map { $0.name == "loss" ? JSON.Member(name: "loss", value: TrainingState.fullNames($0.value)) : $0 }
    }
    result.variables = isSame ? variables : try variablesTranslated(target, rate: result.option("learning_rate"))
    return result
  }

  /// Losses and metrics that Keras does not have, in small letters without underscores.
  private static let ownWords: Set<String> = [
    "gaussiannll", "gaussiannegativeloglikelihood", "gaussiannllloss", "quantile", "pinball", "quantileloss", "pinballloss", "rmse", "f1",
  ]

  /// Refuses losses and metrics that the target does not have.
  private func refuseOwnWords(_ target: KerasTarget) throws(LSTMError) {
    let unknown = target.isForKeras2 ? TrainingState.ownWords.union(["ctc", "ctcloss"]) : TrainingState.ownWords
    func first(_ value: JSON) -> String? {
      switch value {
      case .string(let name): return unknown.contains(name.lowercased().filter { $0 != "_" }) ? name : nil
      case .array(let elements): return elements.lazy.compactMap(first).first
      case .object(let members):
        if let type = value["class_name"] { return first(type == .string("function") ? value["config"] ?? .null : type) }
        return members.lazy.compactMap { first($0.value) }.first
      default: return nil
      }
    }
    for member in rest where ["loss", "metrics", "weighted_metrics"].contains(member.name) {
      if let name = first(member.value) {
        let error = target.refuses("the training state has the \(member.name) ‘\(name)’")
        throw .unsupported(error.message + "; the model can be saved without its training state")
      }
    }
  }

  /// Keras 3 does not find a loss of an HDF5 file by the short name that it writes there itself.
  private static func fullNames(_ value: JSON) -> JSON {
    let names = [
      "mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
      "msle": "mean_squared_logarithmic_error", "kld": "kl_divergence", "bce": "binary_crossentropy",
    ]
    switch value {
    case .string(let name): return .string(names[name.lowercased()] ?? name)
    case .array(let elements): return .array(elements.map(fullNames))
    case .object(let members) where value["class_name"] == nil:
      return .object(members.map { JSON.Member(name: $0.name, value: fullNames($0.value)) })
    default: return value
    }
  }

  /// `training_config` of an HDF5 file.
  func hdf5Config(for target: KerasTarget) -> JSON {
    let prefix = target == .keras2 && option("is_legacy_optimizer") == .bool(false) ? "Custom>" : ""
    return .object(
      rest + [JSON.Member(name: "optimizer_config", value: .object(["class_name": .string(prefix + type), "config": .object(options)]))])
  }

  /// `compile_config` of a `.keras` file.
  var compileConfig: JSON {
    let optimizer = JSON.object([
      "module": .string("keras.optimizers"), "class_name": .string(type), "config": .object(options), "registered_name": .null,
    ])
    return .object([JSON.Member(name: "optimizer", value: optimizer)] + rest)
  }

  private func option(_ name: String) -> JSON? { options.first { $0.name == name }?.value }

  private func refusal(_ target: KerasTarget, _ what: String) -> LSTMError {
    .unsupported(target.refuses("the optimiser ‘\(type)’ \(what)").message + "; the model can be saved without its training state")
  }

  /// Whether a setting need not be said; one that must be and that the target does not know is refused.
  private func leavesOut(_ name: String, _ value: JSON, _ target: KerasTarget) throws(LSTMError) -> Bool {
    guard TrainingState.optional.contains(name) else { return false }
    switch name {
    case "is_legacy_optimizer", "jit_compile": return true
    case "ema_momentum", "ema_overwrite_frequency": return target == .both || option("use_ema") != .bool(true)
    case "clipnorm", "global_clipnorm", "clipvalue": return value == .null
    default: break
    }
    let isNeutral = value == .null || value == .bool(false) || value.double == 0
    if isNeutral { return true }
    let isUnknown: Bool
    switch name {
    case "decay": isUnknown = target.isForKeras3
    case "loss_scale_factor", "gradient_accumulation_steps": isUnknown = target.isForKeras2
    default: isUnknown = target == .both
    }
    if isUnknown { throw refusal(target, "has ‘\(name)’ = \(value.brief)") }
    return false
  }

  /// Loss and metrics. A metric that Keras 2 wrapped is called by its name again.
  private func restTranslated(_ target: KerasTarget) -> [JSON.Member] {
    let known: Set<String> = ["loss", "loss_weights", "metrics", "weighted_metrics"]
    return rest.filter { known.contains($0.name) }.map { member in
      guard member.name.hasSuffix("metrics") else {
        return JSON.Member(name: member.name, value: TrainingState.object(member.value, target, module: "keras.losses"))
      }
      var metrics = TrainingState.object(member.value, target, module: "keras.metrics")
      if let only = metrics.array, only.count == 1, only[0].array != nil { metrics = only[0] }
      return JSON.Member(name: member.name, value: metrics)
    }
  }

  private static func object(_ value: JSON, _ target: KerasTarget, module: String?) -> JSON {
    switch value {
    case .array(let elements): return .array(elements.map { object($0, target, module: module) })
    case .object(let members):
      guard let type = value["class_name"]?.string, let config = value["config"], module != nil else {
        return .object(
          members.filter { $0.name != "shared_object_id" }.map { JSON.Member(name: $0.name, value: object($0.value, target, module: module)) })
      }
      if type == "MeanMetricWrapper", let function = config["fn"]?.string ?? config["name"]?.string { return .string(function) }
      let options = config.members.compactMap { member -> JSON.Member? in
        switch member.name {
        case "fn", "dtype": return nil
        case "reduction" where member.value == .string("auto"): return JSON.Member(name: "reduction", value: .string("sum_over_batch_size"))
        default: return JSON.Member(name: member.name, value: object(member.value, target, module: module))
        }
      }
      guard target.isForKeras3 else { return .object(["class_name": .string(type), "config": .object(options)]) }
      let place = value["module"] ?? module.map { .string($0) } ?? .null
      return .object(["module": place, "class_name": .string(type), "config": .object(options), "registered_name": .null])
    default: return value
    }
  }

  /// Keras 3 keeps its learning rate among the optimiser's arrays, Keras 2 does not. Otherwise the order is the same.
  private func variablesTranslated(_ target: KerasTarget, rate: JSON?) throws(LSTMError) -> [SavedArray] {
    guard let step = variables.first else { return [] }
    let hasRate = variables.count > 1 && variables[1].shape.rank == 0 && (isKeras3 || variables[1].name.hasSuffix("learning_rate"))
    let isInPlace = isKeras3 || hasRate
    guard isInPlace || !isOld, TrainingState.sameOrder.contains(type) || isInPlace && target == .both else {
      throw refusal(target, "keeps its state in an order of its own")
    }
    var slots = Array(variables.dropFirst(hasRate ? 2 : 1))
    if type == "SGD", (option("momentum")?.double ?? 0) == 0 {
      // Without momentum Keras 2 keeps a moment for each weight that it never uses, Keras 3 none.
      slots =
        target.isForKeras3
        ? []
        : trained.enumerated().map { number, shape in
          SavedArray(name: "SGD/m/\(number)", shape: shape, values: .float32([Float](repeating: 0, count: shape.count ?? 0)))
        }
    }
    // An optimiser given by its name alone has its usual rate; one with a schedule has none.
    let usual = type == "SGD" ? 0.01 : 0.001
    guard target.isForKeras3, let rate = (rate ?? .number(usual)).double else { return [step] + slots }
    let learningRate = SavedArray(name: "\(type)/learning_rate", shape: [], values: .float32([Float(rate)]))
    return [step, hasRate ? SavedArray(name: learningRate.name, shape: [], values: variables[1].values) : learningRate] + slots
  }
}
