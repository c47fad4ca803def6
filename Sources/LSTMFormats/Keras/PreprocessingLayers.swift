import LSTMModel

/// Rescaling, Normalization, CategoryEncoding and Discretization, where they hold their constants themselves.
enum PreprocessingLayers {
  /// Rescaling.
  static func rescaling(_ config: LayerConfig) throws(LSTMError) -> Operation {
    .rescale(
      Rescale(.stated(scale: try numbers(config, "scale", default: nil), offset: try numbers(config, "offset", default: [0]))))
  }

  /// Normalization: with averages that the file states, or that it keeps as weights.
  static func normalization(_ config: LayerConfig) throws(LSTMError) -> Operation {
    let invert = try config.bool("invert", default: false)
    let axis = config.value("axis")
    let perFeature: Bool
    switch axis {
    case nil, .array([])?: perFeature = config.values["axis"] == nil
    case .integer?, .array?:
      try config.require("axis", .integer(-1), .array([.integer(-1)]), .integer(2), .array([.integer(2)]))
      perFeature = true
    default: throw config.wrong("axis", expected: "an axis")
    }
    config.ignore("dtype")
    guard config.value("mean") != nil || config.value("variance") != nil else {
      return .rescale(Rescale(.adapted(invert: invert, perFeature: perFeature)))
    }
    let mean = try numbers(config, "mean", default: nil)
    let spread = try numbers(config, "variance", default: nil).map { max($0.squareRoot(), Rescale.smallestSpread) }
    let count = max(mean.count, spread.count)
    let (means, spreads) = (stretched(mean, count), stretched(spread, count))
    if invert { return .rescale(Rescale(.stated(scale: spreads, offset: means))) }
    return .rescale(Rescale(.stated(scale: spreads.map { 1 / $0 }, offset: zip(means, spreads).map { -$0 / $1 })))
  }

  /// CategoryEncoding.
  static func category(_ config: LayerConfig) throws(LSTMError) -> Operation {
    try config.require("sparse", .bool(false))
    return .categoryEncoding(
      CategoryEncoding(classes: try config.integer("num_tokens"), mode: mode(try config.word("output_mode", modes, default: "multi_hot"))))
  }

  /// The boundaries of a Discretization.
  static func boundaries(_ config: LayerConfig) throws(LSTMError) -> [Double] {
    let boundaries = try numbers(config, "bin_boundaries", default: nil)
    guard boundaries == boundaries.sorted() else { throw config.wrong("bin_boundaries", expected: "ascending numbers") }
    return boundaries
  }

  private static let modes = ["one_hot", "multi_hot", "count"]

  /// What a mode's name stands for.
  static func mode(_ name: String) -> CategoryEncoding.Mode {
    switch name {
    case "one_hot": return .oneHot
    case "count": return .count
    default: return .multiHot
    }
  }

  private static func stretched(_ list: [Double], _ count: Int) -> [Double] {
    list.count == 1 ? Array(repeating: list[0], count: count) : list
  }

  /// A number, or numbers in lists, however deep.
  private static func numbers(_ config: LayerConfig, _ key: String, default absent: [Double]?) throws(LSTMError) -> [Double] {
    guard let value = config.value(key) else {
      guard let absent else { throw config.unsupported("states no ‘\(key)’: it was adapted to data or reads a file") }
      return absent
    }
    var flat: [Double] = []
    try flatten(value, into: &flat, config, key)
    guard 1...(1 << 20) ~= flat.count, flat.allSatisfy(\.isFinite) else { throw config.wrong(key, expected: "numbers") }
    return flat
  }

  private static func flatten(_ value: JSON, into flat: inout [Double], _ config: LayerConfig, _ key: String) throws(LSTMError) {
    if let number = value.real {
      flat.append(number)
    } else if let list = value.array {
      for element in list { try flatten(element, into: &flat, config, key) }
    } else {
      throw config.wrong(key, expected: "numbers")
    }
  }
}

/// Discretization: intervals as numbers, or as vectors.
final class DiscretizationLayer: KerasLayer {
  private let discretize: Discretize
  private let encoding: CategoryEncoding?

  /// Reads a Discretization.
  init(_ config: LayerConfig) throws(LSTMError) {
    discretize = Discretize(boundaries: try PreprocessingLayers.boundaries(config))
    let mode = try config.word("output_mode", ["int", "one_hot", "multi_hot", "count"], default: "int")
    encoding = mode == "int" ? nil : CategoryEncoding(classes: discretize.boundaries.count + 1, mode: PreprocessingLayers.mode(mode))
    try config.require("sparse", .bool(false))
    config.ignore("num_bins", "epsilon")
    try config.finish()
    super.init(config)
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    try call.finish(config)
    let intervals = try builder.add(.discretize(discretize), call.inputs, layer: index)
    guard let encoding else { return intervals }
    return try builder.add(.categoryEncoding(encoding), intervals, layer: index)
  }
}
