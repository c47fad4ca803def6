import LSTMModel

/// What to learn and how, in the words of Keras' `compile`: a file's `training_config` or `compile_config`, or an object of the caller's
/// with the keys `optimizer`, `loss`, `loss_weights`, `metrics`, `weighted_metrics`.
public enum TrainingConfig {
  /// Reads a configuration for a model with these outputs.
  ///
  /// - Throws: ``LSTMError/format(_:)`` or ``LSTMError/unsupported(_:)`` naming the option.
  public static func read(_ text: String, outputs: [String]) throws(LSTMError) -> TrainingSpec {
    let json = try JSON(text, what: "the training configuration")
    guard case .object(let members) = json else { throw .format("the training configuration is \(json.brief), not an object") }
    let known: Set = [
      "optimizer", "optimizer_config", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution",
      "jit_compile", "auto_scale_loss", "sample_weight_mode", "loss_config",
    ]
    for member in members where member.value != .null && !known.contains(member.name) {
      throw .unsupported("the training configuration has an option ‘\(member.name)’ (\(member.value.brief)) that liblstm does not know")
    }
    let optimizer = json["optimizer"] ?? json["optimizer_config"] ?? .null
    var spec = TrainingSpec(
      optimizer: optimizer == .null ? try OptimizerConfig.optimizer(.string("rmsprop")) : try OptimizerConfig.optimizer(optimizer), losses: [])
    let losses = try perOutput(json["loss"] ?? .null, outputs, "loss", one: outputs.count == 1)
    spec.losses = []
    for loss in losses { spec.losses.append(loss == .null ? nil : try LossConfig.loss(loss)) }
    spec.lossWeights = []
    for weight in try perOutput(json["loss_weights"] ?? .null, outputs, "loss_weights", one: true) {
      switch weight {
      case .null: spec.lossWeights.append(1)
      case .integer(let value): spec.lossWeights.append(Double(value))
      case .number(let value): spec.lossWeights.append(value)
      default: throw .format("‘loss_weights’ has \(weight.brief); expected numbers")
      }
    }
    spec.metrics = try metrics(json["metrics"] ?? .null, outputs, "metrics")
    spec.weightedMetrics = try metrics(json["weighted_metrics"] ?? .null, outputs, "weighted_metrics")
    return spec
  }

  /// One optimizer: a name such as `adam`, or the JSON of an object of Keras.
  public static func optimizer(_ text: String) throws(LSTMError) -> OptimizerSpec { try OptimizerConfig.optimizer(try word(text, "optimizer")) }

  /// One loss: a name such as `mse`, or the JSON of an object of Keras.
  public static func loss(_ text: String) throws(LSTMError) -> LossSpec { try LossConfig.loss(try word(text, "loss")) }

  /// One metric.
  public static func metric(_ text: String) throws(LSTMError) -> MetricSpec { try MetricConfig.metric(try word(text, "metric")) }

  /// A ReduceLROnPlateau.
  public static func plateau(_ text: String) throws(LSTMError) -> Plateau { try ScheduleConfig.plateau(try word(text, "callback")) }

  /// A bare word stands for itself; anything else is JSON.
  private static func word(_ text: String, _ what: String) throws(LSTMError) -> JSON {
    if text.utf8.first == UInt8(ascii: "{") || text.utf8.first == UInt8(ascii: "\"") { return try JSON(text, what: "the \(what)") }
    return .string(text)
  }

  /// A setting for each output: one for all, a list, or an object by the outputs' names.
  private static func perOutput(_ json: JSON, _ outputs: [String], _ key: String, one: Bool) throws(LSTMError) -> [JSON] {
    if case .object(let members) = json, json["class_name"] == nil {
      for member in members where !outputs.contains(member.name) {
        throw .argument("‘\(key)’ names an output ‘\(member.name)’; the model has \(outputs.map { "‘\($0)’" }.joined(separator: ", "))")
      }
      return outputs.map { json[$0] ?? .null }
    }
    if let entries = json.array {
      guard entries.count == outputs.count else { throw .argument("‘\(key)’ has \(entries.count) entries; the model has \(outputs.count) outputs") }
      return entries
    }
    return outputs.map { _ in json }
  }

  /// Metrics: a list for the only output, a list of lists, or an object by name. A list for several outputs without lists in it has one
  /// entry for each.
  private static func metrics(_ json: JSON, _ outputs: [String], _ key: String) throws(LSTMError) -> [[MetricSpec]] {
    var entries: [JSON]
    if let list = json.array {
      let nested = list.contains { $0.array != nil }
      entries = outputs.count == 1 && !nested ? [json] : list.isEmpty ? outputs.map { _ in .null } : list
    } else {
      entries = try perOutput(json, outputs, key, one: false)
    }
    // Keras 3.x writes a list of one for the only output.
    guard entries.count == outputs.count else { throw .argument("‘\(key)’ has \(entries.count) entries; the model has \(outputs.count) outputs") }
    var result: [[MetricSpec]] = []
    for entry in entries {
      var metrics: [MetricSpec] = []
      for one in entry == .null ? [] : entry.array ?? [entry] where one != .null { metrics.append(try MetricConfig.metric(one)) }
      result.append(metrics)
    }
    return result
  }
}
