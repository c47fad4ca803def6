import LSTMModel

/// The layers that do nothing once training is over: dropout, noise and regularisation.
enum NoiseLayers {
  /// Dropout, SpatialDropout1D to 3D, GaussianNoise, GaussianDropout, AlphaDropout, ActivityRegularization, Identity.
  static func identity(_ config: LayerConfig) throws(LSTMError) -> Operation {
    config.ignore("rate", "p", "noise_shape", "stddev", "l1", "l2", "data_format")
    let rate = try config.rate(config.values["rate"] == nil ? "p" : "rate")
    switch config.type {
    case "Identity", "ActivityRegularization": return .identity(Identity())
    case "SpatialDropout2D": return .identity(Identity(.dropout(rate: rate, shape: [-1, 1, 1, -1])))
    case "SpatialDropout3D": return .identity(Identity(.dropout(rate: rate, shape: [-1, 1, 1, 1, -1])))
    case "SpatialDropout1D": return .identity(Identity(.dropout(rate: rate, shape: [-1, 1, -1])))
    case "GaussianNoise": return .identity(Identity(.gaussian(deviation: try config.number("stddev", default: 0))))
    case "GaussianDropout": return .identity(Identity(.gaussianDropout(rate: rate)))
    case "AlphaDropout": return .identity(Identity(.alphaDropout(rate: rate, shape: try shape(config))))
    default: return .identity(Identity(.dropout(rate: rate, shape: try shape(config))))
    }
  }

  /// Along which axes all numbers share their fate: those of size 1. Null stands for the input's size.
  private static func shape(_ config: LayerConfig) throws(LSTMError) -> [Int]? {
    guard let stated = config.value("noise_shape") else { return nil }
    guard let entries = stated.array, entries.count <= Shape.maximumRank else { throw config.wrong("noise_shape", expected: "a list of sizes") }
    return entries.map { $0.integer ?? -1 }
  }
}
