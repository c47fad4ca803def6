import LSTMModel

/// Conv1D, SeparableConv1D and pooling over time.
enum ConvolutionLayers {
  /// Conv1D.
  static func convolution(_ config: LayerConfig) throws(LSTMError) -> Operation {
    .convolution1D(try read(config, depthMultiplier: nil))
  }

  /// SeparableConv1D.
  static func separable(_ config: LayerConfig) throws(LSTMError) -> Operation {
    .convolution1D(try read(config, depthMultiplier: try config.integer("depth_multiplier", default: 1)))
  }

  /// MaxPooling1D, AveragePooling1D.
  static func pooling(_ config: LayerConfig, _ kind: Pooling1D.Kind) throws(LSTMError) -> Operation {
    try config.requireChannelsLast()
    let size = try one(config, "pool_size", default: 2)
    return .pooling1D(Pooling1D(kind, size: size, stride: try one(config, "strides", default: size), padding: try padding(config, causal: false)))
  }

  /// GlobalMaxPooling1D, GlobalAveragePooling1D.
  static func globalPooling(_ config: LayerConfig, _ kind: Pooling1D.Kind) throws(LSTMError) -> Operation {
    try config.requireChannelsLast()
    return .globalPooling1D(GlobalPooling1D(kind, keepDimensions: try config.bool("keepdims", default: false)))
  }

  private static func read(_ config: LayerConfig, depthMultiplier: Int?) throws(LSTMError) -> Convolution1D {
    try config.requireChannelsLast()
    if depthMultiplier != nil { try config.require("groups", .integer(1)) }
    return Convolution1D(
      filters: try config.integer("filters"), size: try one(config, "kernel_size", default: nil),
      stride: try one(config, "strides", default: 1), dilation: try one(config, "dilation_rate", default: 1),
      groups: try config.integer("groups", default: 1), padding: try padding(config, causal: true),
      activation: try config.activation("activation"), useBias: try config.bool("use_bias", default: true), depthMultiplier: depthMultiplier)
  }

  /// A size of a single dimension, which files state as `3` or `[3]`.
  private static func one(_ config: LayerConfig, _ key: String, default absent: Int?) throws(LSTMError) -> Int {
    let sizes = try config.integers(key, in: 1...(1 << 24), count: 1...1, default: absent.map { [$0] })
    guard let size = sizes.first else { throw config.wrong(key, expected: "one whole number") }
    return size
  }

  private static func padding(_ config: LayerConfig, causal: Bool) throws(LSTMError) -> Padding {
    switch try config.word("padding", ["valid", "same"] + (causal ? ["causal"] : []), default: "valid") {
    case "same": return .same
    case "causal": return .causal
    default: return .valid
    }
  }
}
