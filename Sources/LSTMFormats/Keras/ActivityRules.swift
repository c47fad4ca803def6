import LSTMModel

/// The penalty on a layer's output that its configuration states: `activity_regularizer`, or the layer ActivityRegularization itself.
enum ActivityRules {
  /// Classes that hand the option on to parts of theirs, whose outputs are nowhere to be seen.
  private static let inner: Set<String> = ["MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention"]

  /// The rule of a layer; nil if it has none.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` or ``LSTMError/format(_:)`` naming the layer, for whoever trains it.
  static func rule(_ config: LayerConfig) throws(LSTMError) -> ActivityRule? {
    if config.type == "ActivityRegularization" {
      let (l1, l2) = (try config.number("l1", default: 0), try config.number("l2", default: 0))
      return ActivityRule(l1: l1, l2: l2)
    }
    guard let json = config.values["activity_regularizer"], json != .null else { return nil }
    guard !inner.contains(config.type), case .sums(let l1, let l2) = try WeightRulesConfig.regularizer(json, "activity_regularizer", config.title)
    else { throw config.unsupported("has ‘activity_regularizer’ = \(json.brief)") }
    return ActivityRule(l1: l1, l2: l2)
  }
}

extension ModelBuilder {
  /// Takes note of what a layer's outputs add to the loss in training, or of why that cannot be followed.
  func addActivity(_ config: LayerConfig, _ outputs: [Value], layer: Int) {
    do throws(LSTMError) {
      guard let rule = try ActivityRules.rule(config) else { return }
      for output in outputs { graph.addActivity(rule, of: output) }
    } catch { setTrainingFault(error, of: layer) }
  }
}
