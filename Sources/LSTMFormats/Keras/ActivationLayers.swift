import LSTMModel

/// Activations as layers of their own.
enum ActivationLayers {
  /// Activation, ReLU, LeakyReLU, ELU, Softmax, ThresholdedReLU.
  static func activate(_ config: LayerConfig) throws(LSTMError) -> Operation {
    .activation(Activate(try function(config)))
  }

  /// PReLU.
  static func prelu(_ config: LayerConfig) throws(LSTMError) -> Operation {
    .prelu(ParametricRelu(sharedAxes: try config.integers("shared_axes", in: 1...8, count: 0...8, default: [])))
  }

  private static func function(_ config: LayerConfig) throws(LSTMError) -> Activation {
    switch config.type {
    case "ReLU":
      return .relu(
        maximum: try config.optionalNumber("max_value"), slope: try config.number("negative_slope", default: 0),
        threshold: try config.number("threshold", default: 0))
    case "LeakyReLU":
      if let slope = try config.optionalNumber("negative_slope") { return .leakyRelu(slope: slope) }
      return .leakyRelu(slope: try config.number("alpha", default: 0.3))
    case "ELU": return .elu(alpha: try config.number("alpha", default: 1))
    case "ThresholdedReLU": return .thresholdedRelu(theta: try config.number("theta", default: 1))
    case "Softmax":
      let axes = try config.integers("axis", in: -8...8, count: 1...8, default: [-1])
      guard axes.count == 1, let axis = axes.first else { throw config.unsupported("has several axes") }
      return .softmax(axis: axis)
    default: return try config.activation("activation")
    }
  }
}
