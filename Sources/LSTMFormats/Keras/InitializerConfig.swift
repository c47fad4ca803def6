import LSTMModel

/// Initializers as configurations state them.
struct InitializerConfig {
  /// How the numbers are drawn.
  let initializer: Initializer
  /// The initializer's own seed, if it states one.
  let seed: UInt64?

  /// Reads an initializer of Keras 1, 2 or 3.
  init(_ json: JSON, key: String, of place: String) throws(LSTMError) {
    let object = try KerasObject(json, kind: key, of: place)
    initializer = try InitializerConfig.initializer(object)
    switch object.value("seed") {
    case nil: seed = nil
    case .integer(let number): seed = UInt64(bitPattern: Int64(number))
    // A SeedGenerator of Keras 3.
    case let generator?: seed = generator["config"]?["seed"]?.integer.map { UInt64(bitPattern: Int64($0)) }
    }
    try object.finish()
  }

  /// What Keras takes if the configuration of a layer says nothing about a weight.
  static func standard(for weight: String, layerType: String) -> Initializer {
    switch weight {
    case "bias", "beta", "moving_mean", "alpha", "mean", "count": return .constant(0)
    case "gamma", "moving_variance", "concat_score_weight", "variance": return .constant(1)
    case "scale": return layerType == "AdditiveAttention" ? .glorotUniform : .constant(1)
    case "recurrent_kernel": return .orthogonal(gain: 1)
    case "embeddings": return .uniform(minimum: -0.05, maximum: 0.05)
    // Weights of options that only cells here have.
    case _ where weight.hasSuffix("_gamma"): return .constant(1)
    case _ where weight.hasSuffix("_beta") || weight.hasPrefix("initial_"): return .constant(0)
    default: return .glorotUniform
    }
  }

  private static func initializer(_ object: KerasObject) throws(LSTMError) -> Initializer {
    switch object.word {
    case "zeros", "zero", "zerosinitializer": return .constant(0)
    case "ones", "one", "onesinitializer": return .constant(1)
    case "constant", "constantinitializer":
      return .constant(try object.number("value", default: 0))
    case "randomuniform", "uniform":
      if let scale = try object.optionalNumber("scale") { return .uniform(minimum: -scale, maximum: scale) }
      return .uniform(minimum: try object.number("minval", default: -0.05), maximum: try object.number("maxval", default: 0.05))
    case "randomnormal", "normal":
      return .normal(mean: try object.number("mean", default: 0), deviation: try deviation(object))
    case "truncatednormal": return .truncatedNormal(mean: try object.number("mean", default: 0), deviation: try deviation(object))
    case "glorotuniform", "xavieruniform": return .glorotUniform
    case "glorotnormal", "xaviernormal": return .varianceScaling(scale: 1, fan: .average, .truncatedNormal)
    case "heuniform": return .varianceScaling(scale: 2, fan: .input, .uniform)
    case "henormal": return .varianceScaling(scale: 2, fan: .input, .truncatedNormal)
    case "lecununiform": return .varianceScaling(scale: 1, fan: .input, .uniform)
    case "lecunnormal": return .varianceScaling(scale: 1, fan: .input, .truncatedNormal)
    case "variancescaling": return try varianceScaling(object)
    case "orthogonal", "orthogonalinitializer": return .orthogonal(gain: try object.number("gain", default: 1))
    case "identity", "identityinitializer": return .identity(gain: try object.number("gain", default: 1))
    default: throw object.unknown
    }
  }

  private static func deviation(_ object: KerasObject) throws(LSTMError) -> Double {
    if let scale = try object.optionalNumber("scale") { return scale }
    return try object.number("stddev", default: 0.05)
  }

  private static func varianceScaling(_ object: KerasObject) throws(LSTMError) -> Initializer {
    let scale = try object.number("scale", default: 1)
    guard scale > 0 else { throw object.wrong("scale", expected: "a number above 0") }
    let fan: Initializer.Fan
    switch try object.word("mode", ["fan_in", "fan_out", "fan_avg"], default: "fan_in") {
    case "fan_in": fan = .input
    case "fan_out": fan = .output
    default: fan = .average
    }
    let words = ["truncated_normal", "normal", "untruncated_normal", "uniform"]
    switch try object.word("distribution", words, default: "truncated_normal") {
    case "uniform": return .varianceScaling(scale: scale, fan: fan, .uniform)
    case "untruncated_normal": return .varianceScaling(scale: scale, fan: fan, .normal)
    default: return .varianceScaling(scale: scale, fan: fan, .truncatedNormal)
    }
  }
}
