import LSTMModel

/// What LSTM, GRU and SimpleRNN state, as layers and as cells.
enum RecurrentCell {
  /// Reads units, activations and biases. `kind` is the class name, without `Cell`.
  static func read(_ config: LayerConfig, kind: String) throws(LSTMError) -> Recurrent {
    let units = try config.integer("units")
    let cell: Recurrent.Cell
    switch kind {
    case "LSTM": cell = .lstm
    // Files from before there were two kinds do not say which one they mean.
    case "GRU": cell = .gru(resetAfter: try config.bool("reset_after", default: false))
    case "SimpleRNN": cell = .simple
    case "CuDNNLSTM", "CuDNNGRU": return try cudnn(config, units: units)
    default: throw config.unsupported("has the cell ‘\(kind)’")
    }
    let gates = config.generation >= .keras3 || config.values["time_major"] != nil ? "sigmoid" : "hard_sigmoid"
    var recurrent = Recurrent(
      cell: cell, units: units, activation: try config.activation("activation", default: "tanh"),
      recurrentActivation: kind == "SimpleRNN" ? .linear : try config.activation("recurrent_activation", default: gates),
      useBias: try config.bool("use_bias", default: true))
    guard !recurrent.activation.isRowWise, !recurrent.recurrentActivation.isRowWise else {
      throw config.unsupported("has a softmax as an activation")
    }
    recurrent.options = try CellOptionKeys.read(config, recurrent)
    recurrent.dropout = try config.rate("dropout")
    recurrent.recurrentDropout = try config.rate("recurrent_dropout")
    config.ignore("unit_forget_bias", "implementation", "unroll", "use_cudnn")
    return recurrent
  }

  /// The layers of Keras 2 for graphics processors. Their functions are fixed; ``WeightReader`` knows their weights.
  private static func cudnn(_ config: LayerConfig, units: Int) throws(LSTMError) -> Recurrent {
    config.ignore("unit_forget_bias")
    return Recurrent(
      cell: config.type == "CuDNNLSTM" ? .lstm : .gru(resetAfter: true), units: units, activation: .tanh, recurrentActivation: .sigmoid,
      useBias: true)
  }
}
