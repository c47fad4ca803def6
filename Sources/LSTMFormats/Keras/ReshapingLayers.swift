import LSTMModel

/// Flatten, Reshape, Permute, Cropping1D, ZeroPadding1D.
enum ReshapingLayers {
  /// Flatten.
  static func flatten(_ config: LayerConfig) throws(LSTMError) -> Operation {
    try config.requireChannelsLast()
    return .reshape(.flatten)
  }

  /// Reshape, with at most one size left open as -1.
  static func reshape(_ config: LayerConfig) throws(LSTMError) -> Operation {
    let target = try config.integers("target_shape", in: -1...(1 << 40), count: 0...7)
    guard !target.contains(0) else { throw config.wrong("target_shape", expected: "sizes of at least 1, or one -1") }
    return .reshape(Reshape(target: target))
  }

  /// Permute; the file counts axes from 1, without the batch.
  static func permute(_ config: LayerConfig) throws(LSTMError) -> Operation {
    .permute(Permute(order: [0] + (try config.integers("dims", in: 1...7, count: 1...7))))
  }

  /// Steps cut off (`sign` -1) or added (1) before and after.
  static func window(_ config: LayerConfig, _ key: String, sign: Int) throws(LSTMError) -> Operation {
    try config.requireChannelsLast()
    let steps = try config.integers(key, in: 0...LayerConfig.largestSize, count: 1...2, default: [1])
    guard let before = steps.first, let after = steps.last else { throw config.wrong(key, expected: "one or two numbers") }
    return .window(TimeWindow(before: sign * before, after: sign * after))
  }
}
