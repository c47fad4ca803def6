import LSTMModel

/// JSON models of RTNeural: layers with their weights in Keras' orientation. AIDA-X adds gains in decibels and a skip connection.
enum RTNeural {
  // A signal and its knobs are a handful; an array of this size is made for a skip connection.
  private static let largestInput = 1 << 16

  /// The model of a file.
  static func model(_ json: JSON) throws(LSTMError) -> Model {
    guard let features = json["in_shape"]?.array?.last?.integer, 1...largestInput ~= features, let layers = json["layers"]?.array, !layers.isEmpty,
      layers.count <= 1024
    else { throw .format("the RTNeural file states no ‘in_shape’ that ends in a number of features, or no list of ‘layers’") }
    let isAida = ["in_skip", "in_gain", "out_gain"].contains { json[$0] != nil }
    var chain = RTNeuralChain(features: features)
    let x = chain.wire
    // The gain and the skip connection are the signal's, which is the first input; others are knobs.
    if let gain = try gain(json, "in_gain") {
      let scale: [JSON] = [.number(gain)] + Array(repeating: .number(1), count: features - 1)
      chain.wire = chain.graph.add("Rescaling", "in_gain", [("scale", features == 1 ? .number(gain) : .array(scale)), ("offset", .number(0))], [x])
    }
    let start = chain.wire
    for layer in layers { try chain.add(layer) }
    let skip = try NumberArrays.size(json["in_skip"] ?? .integer(0), "in_skip", 0...1)
    if skip == 1 { chain.wire = chain.graph.addFirst(1, of: start, features: features, to: chain.wire, &chain.weights) }
    if let gain = try gain(json, "out_gain") {
      chain.wire = chain.graph.add("Rescaling", "out_gain", [("scale", .number(gain)), ("offset", .number(0))], [chain.wire])
    }
    return try ExchangedModel(
      configuration: chain.graph.configuration(name: isAida ? "aidax" : "rtneural", inputs: [x], outputs: [chain.wire]), weights: chain.weights,
      writer: isAida ? "AIDA-X" : "RTNeural", format: isAida ? "AIDA-X model (JSON)" : "RTNeural model (JSON)", assumptions: chain.assumptions
    ).model()
  }

  /// A gain in decibels as a factor; nil if it is absent or 0.
  private static func gain(_ json: JSON, _ key: String) throws(LSTMError) -> Double? {
    guard let value = json[key], value != .null else { return nil }
    guard let decibels = value.real, -200...200 ~= decibels else { throw .format("‘\(key)’ is \(value.brief); expected a number of decibels") }
    return decibels == 0 ? nil : Decibels.factor(decibels)
  }
}

/// The layers of an RTNeural file, one after the other.
struct RTNeuralChain {
  var graph = GraphWriter()
  var weights = NamedArrays()
  var wire: GraphWriter.Wire
  var assumptions: [String] = []
  private var features: Int
  private static let functions = ["tanh": "tanh", "relu": "relu", "sigmoid": "sigmoid", "softmax": "softmax", "elu": "elu"]

  /// An input of so many features for each step.
  init(features: Int) {
    wire = graph.input("x", [nil, nil, features])
    self.features = features
  }

  /// Adds a layer.
  mutating func add(_ layer: JSON) throws(LSTMError) {
    guard let type = layer["type"]?.string else { throw .format("a layer of the RTNeural file states no ‘type’: \(layer.brief)") }
    let size = layer["shape"]?.array?.last?.integer ?? features
    guard 1...(1 << 24) ~= size else { throw .format("a layer ‘\(type)’ of the RTNeural file has the shape \(layer["shape"]?.brief ?? "none")") }
    switch type {
    case "lstm", "gru": try addRecurrent(type, size, layer)
    case "dense", "time-distributed-dense":
      wire = graph.add("Dense", "dense", [("units", .integer(size)), ("activation", .string("linear")), ("use_bias", .bool(true))], [wire])
      try take(["kernel", "bias"], [[features, size], [size]], type, layer)
      try addFunction(layer)
    case "conv1d": try addConvolution(size, layer)
    case "prelu":
      let alpha = try array(layer, 0, type)
      let count = alpha.shape.count ?? 0
      guard count == 1 || count == features else { throw .shape("the ‘prelu’ of \(features) features has \(count) slopes") }
      wire = graph.add("PReLU", "prelu", [("shared_axes", .array(count == 1 ? [.integer(1), .integer(2)] : [.integer(1)]))], [wire])
      weights[wire.layer + "/alpha"] = alpha.reshaped([1, count])
    case "batchnorm":
      let isAffine = layer["weights"]?.array?.count == 4
      wire = graph.add(
        "BatchNormalization", "batchnorm",
        [
          ("axis", .integer(-1)), ("momentum", .number(0.99)), ("epsilon", .number(layer["epsilon"]?.real ?? 1e-3)), ("center", .bool(isAffine)),
          ("scale", .bool(isAffine)),
        ], [wire])
      let names = (isAffine ? ["gamma", "beta"] : []) + ["moving_mean", "moving_variance"]
      try take(names, names.map { _ in [features] }, type, layer)
    case "activation":
      guard let name = layer["activation"]?.string, !name.isEmpty else { throw .format("an ‘activation’ of the RTNeural file names no function") }
      try addFunction(layer)
    default: throw .unsupported("the RTNeural file has a layer ‘\(type)’, which liblstm does not support")
    }
    features = size
  }

  private mutating func addRecurrent(_ type: String, _ units: Int, _ layer: JSON) throws(LSTMError) {
    var config: [(String, JSON)] = [
      ("units", .integer(units)), ("activation", .string("tanh")), ("recurrent_activation", .string("sigmoid")), ("use_bias", .bool(true)),
      ("return_sequences", .bool(true)),
    ]
    if type == "gru" { config.append(("reset_after", .bool(true))) }
    if let stated = layer["activation"]?.string, !["", "tanh"].contains(stated) {
      assumptions.append("the \(type) uses tanh, as RTNeural does, although the file states ‘\(stated)’")
    }
    wire = graph.add(type.uppercased(), type, config, [wire])
    let width = (type == "lstm" ? 4 : 3) * units
    try take(["kernel", "recurrent_kernel", "bias"], [[features, width], [units, width], type == "lstm" ? [width] : [2, width]], type, layer)
  }

  private mutating func addConvolution(_ filters: Int, _ layer: JSON) throws(LSTMError) {
    let size = try NumberArrays.size(layer["kernel_size"]?.array?.last ?? layer["kernel_size"], "kernel_size", 1...(1 << 20))
    let dilation = try NumberArrays.size(layer["dilation"]?.array?.last ?? layer["dilation"] ?? .integer(1), "dilation", 1...(1 << 20))
    let groups = try NumberArrays.size(layer["groups"] ?? .integer(1), "groups", 1...features)
    // RTNeural runs convolutions over the past, zeros before the first step.
    wire = graph.add(
      "Conv1D", "conv1d",
      [
        ("filters", .integer(filters)), ("kernel_size", .array([.integer(size)])), ("strides", .array([.integer(1)])), ("padding", .string("causal")),
        ("dilation_rate", .array([.integer(dilation)])), ("groups", .integer(groups)), ("activation", .string("linear")), ("use_bias", .bool(true)),
      ], [wire])
    try take(["kernel", "bias"], [[size, features / groups, filters], [filters]], "conv1d", layer)
    try addFunction(layer)
  }

  private mutating func addFunction(_ layer: JSON) throws(LSTMError) {
    guard let name = layer["activation"]?.string, !["", "linear"].contains(name) else { return }
    guard let function = RTNeuralChain.functions[name] else {
      throw .unsupported("the RTNeural file has the activation ‘\(name)’, which liblstm does not support")
    }
    wire = graph.add("Activation", name, [("activation", .string(function))], [wire])
  }

  private func array(_ layer: JSON, _ place: Int, _ type: String) throws(LSTMError) -> StoredArray {
    let list = layer["weights"]?.array ?? []
    guard list.indices.contains(place) else { throw .format("a ‘\(type)’ of the RTNeural file has \(list.count) arrays of weights; it needs more") }
    return try NumberArrays.array(list[place], "\(type) weights \(place)")
  }

  private mutating func take(_ names: [String], _ shapes: [Shape], _ type: String, _ layer: JSON) throws(LSTMError) {
    let count = layer["weights"]?.array?.count ?? 0
    guard count == names.count else { throw .format("a ‘\(type)’ of the RTNeural file has \(count) arrays of weights; expected \(names.count)") }
    for (place, name) in names.enumerated() { weights[wire.layer + "/" + name] = try array(layer, place, type).checked(shapes[place]) }
  }
}
