import LSTMModel

/// `.nam` files of Neural Amp Modeler: JSON with all weights in one list.
///
/// Of an LSTM they are, layer by layer: `[4·H, I + H]` row by row with the gates i, f, g, o, the bias `[4·H]`, then h and c that a sequence
/// begins with; at the end the head, `[outputs, H]`, and its bias.
enum NeuralAmpModel {
  private static let limit = 1 << 20

  /// The model of a file.
  static func model(_ json: JSON) throws(LSTMError) -> Model {
    let architecture = json["architecture"]?.string ?? ""
    guard architecture == "LSTM" else {
      throw .unsupported("the NAM file holds a \(architecture.isEmpty ? "model without a name" : architecture); liblstm supports its LSTM")
    }
    guard let config = json["config"], let list = json["weights"] else { throw .format("the NAM file lacks ‘config’ or ‘weights’") }
    let hidden = try NumberArrays.size(config["hidden_size"], "hidden_size", 1...limit)
    let layers = try NumberArrays.size(config["num_layers"], "num_layers", 1...1024)
    let channels = try NumberArrays.size(config["in_channels"] ?? .integer(1), "in_channels", 1...limit)
    let input = try NumberArrays.size(config["input_size"] ?? .integer(channels), "input_size", 1...limit)
    let outputs = try NumberArrays.size(config["out_channels"] ?? .integer(1), "out_channels", 1...limit)
    let numbers = try NumberArrays.array(list, "weights")
    var needed = (hidden + 1) * outputs
    for layer in 0..<layers { needed += 4 * hidden * ((layer == 0 ? input : hidden) + hidden + 1) + 2 * hidden }
    guard numbers.shape == [needed] else {
      throw .shape("the NAM file has weights of the shape \(numbers.shape); an LSTM of \(layers) layers of \(hidden) units needs [\(needed)]")
    }

    var graph = GraphWriter()
    var weights = NamedArrays()
    var next = 0
    func take(_ shape: Shape, _ name: String, _ source: @escaping (Int) -> Int) {
      let start = next
      weights[name] = StoredArray(name: "weights", shape: shape) { () throws(LSTMError) in
        try numbers.values().selected(shape.count ?? 0) { start + source($0) }
      }
    }
    let x = graph.input("x", [nil, nil, input])
    var wire = x
    for layer in 0..<layers {
      let size = layer == 0 ? input : hidden
      let width = size + hidden
      wire = graph.add(
        "LSTM", layers > 1 ? "lstm_l\(layer)" : "lstm",
        [
          ("units", .integer(hidden)), ("activation", .string("tanh")), ("recurrent_activation", .string("sigmoid")), ("use_bias", .bool(true)),
          ("return_sequences", .bool(true)), ("stored_initial_state", .bool(true)),
        ], [wire])
      let rows = 4 * hidden
      take([size, rows], wire.layer + "/kernel") { place in place % rows * width + place / rows }
      take([hidden, rows], wire.layer + "/recurrent_kernel") { place in place % rows * width + size + place / rows }
      next += rows * width
      for (name, count) in [("bias", rows), ("initial_h", hidden), ("initial_c", hidden)] {
        take([count], wire.layer + "/" + name) { $0 }
        next += count
      }
    }
    wire = graph.add("Dense", "head", [("units", .integer(outputs)), ("activation", .string("linear")), ("use_bias", .bool(true))], [wire])
    take([hidden, outputs], wire.layer + "/kernel") { place in place % outputs * hidden + place / outputs }
    next += hidden * outputs
    take([outputs], wire.layer + "/bias") { $0 }
    let name = json["metadata"]?["name"]?.string ?? "nam"
    let version = json["version"]?.string.map { "Neural Amp Modeler, file version " + $0 } ?? "Neural Amp Modeler"
    return try ExchangedModel(
      configuration: graph.configuration(name: name, inputs: [x], outputs: [wire]), weights: weights, writer: version, format: "NAM model (JSON)"
    ).model()
  }
}

extension Values {
  /// `count` of the numbers: place `p` gets the number from place `source(p)`.
  fileprivate func selected(_ count: Int, _ source: (Int) -> Int) -> Values {
    switch self {
    case .float32(let values): return .float32((0..<count).map { values[source($0)] })
    case .float64(let values): return .float64((0..<count).map { values[source($0)] })
    }
  }
}
