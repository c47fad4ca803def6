import LSTMModel

/// BatchNormalization and LayerNormalization.
enum NormalizationLayers {
  /// BatchNormalization with the averages that training left behind.
  static func batch(_ config: LayerConfig) throws(LSTMError) -> Operation {
    try config.require("renorm", .bool(false))
    config.ignore("synchronized", "renorm_clipping", "renorm_momentum", "fused", "virtual_batch_size")
    guard let axis = try config.integers("axis", in: -8...8, count: 1...1, default: [-1]).first else {
      throw config.wrong("axis", expected: "an axis")
    }
    var it = BatchNormalization(
      axis: axis, epsilon: try config.number("epsilon", default: 1e-3), center: try config.bool("center", default: true),
      scale: try config.bool("scale", default: true))
    it.momentum = try config.number("momentum", default: 0.99)
    return .batchNormalization(it)
  }

  /// LayerNormalization.
  static func layer(_ config: LayerConfig) throws(LSTMError) -> Operation {
    try config.require("rms_scaling", .bool(false))
    return .layerNormalization(
      LayerNormalization(
        axes: try config.integers("axis", in: -8...8, count: 1...7, default: [-1]), epsilon: try config.number("epsilon", default: 1e-3),
        center: try config.bool("center", default: true), scale: try config.bool("scale", default: true)))
  }

  /// GroupNormalization over the last axis.
  static func group(_ config: LayerConfig) throws(LSTMError) -> Operation {
    try config.require("axis", .integer(-1), .array([.integer(-1)]))
    return .groupNormalization(
      GroupNormalization(
        groups: try config.integer("groups", in: -1...(1 << 20), default: 32), epsilon: try config.number("epsilon", default: 1e-3),
        center: try config.bool("center", default: true), scale: try config.bool("scale", default: true)))
  }

  /// UnitNormalization.
  static func unit(_ config: LayerConfig) throws(LSTMError) -> Operation {
    .lengthNormalization(
      LengthNormalization(axes: try config.integers("axis", in: -8...8, count: 1...7, default: [-1]), isMean: false, epsilon: 0))
  }

  /// RMSNormalization.
  static func rms(_ config: LayerConfig) throws(LSTMError) -> Operation {
    .lengthNormalization(
      LengthNormalization(
        axes: try config.integers("axis", in: -8...8, count: 1...7, default: [-1]), isMean: true,
        epsilon: try config.number("epsilon", default: 1e-6)))
  }
}
