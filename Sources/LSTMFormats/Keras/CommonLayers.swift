import LSTMModel

/// Dense, Embedding, Masking and Dot.
enum CommonLayers {
  /// Dense.
  static func dense(_ config: LayerConfig) throws(LSTMError) -> Operation {
    .dense(
      Dense(
        units: try config.integer("units"), activation: try config.activation("activation"),
        useBias: try config.bool("use_bias", default: true)))
  }

  /// Embedding.
  static func embedding(_ config: LayerConfig) throws(LSTMError) -> Operation {
    config.ignore("input_length", "sparse")
    return .embedding(
      Embedding(
        inputSize: try config.integer("input_dim", in: 1...(1 << 40)), outputSize: try config.integer("output_dim"),
        maskZero: try config.bool("mask_zero", default: false)))
  }

  /// Masking.
  static func masking(_ config: LayerConfig) throws(LSTMError) -> Operation {
    if config.values["mask_value"] == .null { throw config.wrong("mask_value", expected: "a number") }
    return .masking(Masking(value: try config.number("mask_value", default: 0)))
  }

  /// Dot.
  static func dot(_ config: LayerConfig) throws(LSTMError) -> Operation {
    let axes = try config.integers("axes", in: -8...8, count: 1...2)
    guard let first = axes.first, let last = axes.last else { throw config.wrong("axes", expected: "one or two axes") }
    return .dot(Dot(axes: (first, last), normalize: try config.bool("normalize", default: false)))
  }
}
