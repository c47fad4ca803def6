import LSTMModel

/// Regularizers and constraints as configurations state them.
enum WeightRulesConfig {
  /// What the options for a weight begin with: `recurrent` for `recurrent_kernel`, `kernel` for `query/kernel`.
  static func stem(_ weight: String) -> String {
    switch weight {
    case "recurrent_kernel": return "recurrent"
    case "depthwise_kernel": return "depthwise"
    case "pointwise_kernel": return "pointwise"
    default: return weight.split(separator: "/").last.map(String.init) ?? weight
    }
  }

  /// The rules of one weight of a layer; what cannot be followed becomes a fault, for whoever trains the weight.
  static func rules(for weight: String, _ config: LayerConfig) -> WeightRules {
    var rules = WeightRules()
    let stem = stem(weight)
    do throws(LSTMError) {
      if let json = config.values[stem + "_regularizer"], json != .null {
        rules.regularizer = try regularizer(json, stem + "_regularizer", config.title)
      }
      if let json = config.values[stem + "_constraint"], json != .null {
        rules.constraint = try constraint(json, stem + "_constraint", config.title)
      }
    } catch { rules.fault = error }
    return rules
  }

  /// A penalty: `L1`, `L2`, `L1L2`, `OrthogonalRegularizer`.
  static func regularizer(_ json: JSON, _ key: String, _ place: String) throws(LSTMError) -> Regularizer {
    let object = try KerasObject(json, kind: key, of: place)
    let result: Regularizer
    switch object.word {
    case "l1": result = .sums(l1: try object.number("l1", "l", default: 0.01), l2: 0)
    case "l2": result = .sums(l1: 0, l2: try object.number("l2", "l", default: 0.01))
    case "l1l2":
      // By its name alone it is l1_l2(0.01, 0.01); the class has zeros.
      let absent = object.name == "l1_l2" ? 0.01 : 0
      result = .sums(l1: try object.number("l1", default: absent), l2: try object.number("l2", default: absent))
    case "orthogonalregularizer":
      let rows = try object.word("mode", ["rows", "columns"], default: "rows") == "rows"
      result = .orthogonal(factor: try object.number("factor", default: 0.01), rows: rows)
    default: throw object.unknown
    }
    try object.finish()
    return result
  }

  /// A projection: `MaxNorm`, `NonNeg`, `UnitNorm`, `MinMaxNorm`.
  static func constraint(_ json: JSON, _ key: String, _ place: String) throws(LSTMError) -> Constraint {
    let object = try KerasObject(json, kind: key, of: place)
    let result: Constraint
    switch object.word {
    case "maxnorm":
      // Keras 1 said m.
      let limit = try object.number("max_value", "m", default: 2)
      result = .maximumNorm(limit, axes: try object.axes("axis", default: [0]))
    case "nonneg", "nonnegative": result = .nonNegative
    case "unitnorm": result = .unitNorm(axes: try object.axes("axis", default: [0]))
    case "minmaxnorm":
      result = .boundedNorm(
        minimum: try object.number("min_value", default: 0), maximum: try object.number("max_value", default: 1),
        rate: try object.number("rate", default: 1), axes: try object.axes("axis", default: [0]))
    default: throw object.unknown
    }
    try object.finish()
    return result
  }
}
