import LSTMModel

/// The input's shape of a Sequential model whose file states none: Keras 2.2 forgot it if the model began with an InputLayer.
enum InputRecovery {
  /// The shape that the first layer's kernel tells; steps and batch stay unknown. Nil if it tells nothing.
  static func shape(for model: ModelLayer, from weights: LegacyWeights) throws(LSTMError) -> Shape? {
    guard model is SequentialModel, let first = model.parts.first(where: { !passesShapes($0) }), let saved = weights.layers.first else {
      return nil
    }
    let kernel = try saved.dataset(0).shape()
    switch first.config.type {
    case "LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "CuDNNLSTM", "CuDNNGRU":
      return kernel.rank == 2 ? [Shape.unknown, Shape.unknown, kernel[0]] : nil
    case "Dense": return kernel.rank == 2 ? [Shape.unknown, kernel[0]] : nil
    case "Conv1D": return kernel.rank == 3 ? [Shape.unknown, Shape.unknown, kernel[1]] : nil
    case "Embedding": return [Shape.unknown, Shape.unknown]
    case "TimeDistributed":
      guard first.config.values["layer"]?["class_name"]?.string == "Dense", kernel.rank == 2 else { return nil }
      return [Shape.unknown, Shape.unknown, kernel[0]]
    default: return nil
    }
  }

  private static func passesShapes(_ layer: KerasLayer) -> Bool {
    ["InputLayer", "Masking", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout"].contains(layer.config.type)
  }
}
