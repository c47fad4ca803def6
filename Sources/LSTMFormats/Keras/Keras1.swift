import LSTMModel

/// Puts what Keras 1 wrote into the words of Keras 2. What is in those words already stays as it is.
enum Keras1 {
  private static let classes = [
    "Convolution1D": "Conv1D", "AtrousConvolution1D": "Conv1D", "Convolution2D": "Conv2D", "AtrousConvolution2D": "Conv2D",
    "TimeDistributedDense": "Dense",
  ]
  private static let names = [
    "inner_activation": "recurrent_activation", "border_mode": "padding", "nb_filter": "filters", "bias": "use_bias",
    "subsample_length": "strides", "subsample": "strides", "pool_length": "pool_size", "stride": "strides", "filter_length": "kernel_size",
    "atrous_rate": "dilation_rate", "dropout_W": "dropout", "dropout_U": "recurrent_dropout", "p": "rate", "sigma": "stddev",
    "init": "kernel_initializer", "inner_init": "recurrent_initializer", "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer", "b_regularizer": "bias_regularizer", "W_constraint": "kernel_constraint",
    "U_constraint": "recurrent_constraint", "b_constraint": "bias_constraint",
  ]
  private static let dropped: Set<String> = ["consume_less", "input_dim", "input_length", "gamma_init", "beta_init"]

  /// The whole configuration of a model, or of a layer with others inside it.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` for what Keras 2 has no words for.
  static func upgraded(_ entry: JSON) throws(LSTMError) -> JSON {
    let type = entry["class_name"]?.string ?? ""
    if type == "Sequential", let layers = entry["config"]?.array {
      if layers.first?["class_name"]?.string == "Merge", layers.first?["config"]?["layers"] != nil {
        return try Keras1Branches.functional(layers)
      }
      var upgrades: [JSON] = []
      for layer in layers { upgrades.append(try upgraded(layer)) }
      return entry.setting("config", .array(upgrades))
    }
    guard case .object(let members)? = entry["config"] else { return entry }
    if type == "Merge" { return try merge(entry) }
    var config: [JSON.Member] = []
    for member in members {
      switch member.name {
      case "layer", "backward_layer", "cell": config.append(JSON.Member(name: member.name, value: try upgraded(member.value)))
      case "layers":
        var layers: [JSON] = []
        for layer in member.value.array ?? [] { layers.append(try upgraded(layer)) }
        config.append(JSON.Member(name: "layers", value: .array(layers)))
      default: if let renamed = try option(member, of: type) { config.append(renamed) }
      }
    }
    if type.contains("2D"), let rows = entry["config"]?["nb_row"], let columns = entry["config"]?["nb_col"] {
      config.append(JSON.Member(name: "kernel_size", value: .array([rows, columns])))
    }
    return entry.setting("class_name", .string(classes[type] ?? type)).setting("config", .object(config))
  }

  /// One option under its new name; nil if it says nothing any more.
  private static func option(_ member: JSON.Member, of type: String) throws(LSTMError) -> JSON.Member? {
    let value = member.value
    switch (type, member.name) {
    case ("Embedding", "output_dim"), ("Embedding", "input_dim"): return member
    case ("Embedding", "dropout"), ("Embedding", "input_length"): return nil
    case ("Embedding", "init"): return JSON.Member(name: "embeddings_initializer", value: initializer(value))
    case ("Embedding", "W_regularizer"): return JSON.Member(name: "embeddings_regularizer", value: regularizer(value))
    case ("Embedding", "W_constraint"): return JSON.Member(name: "embeddings_constraint", value: constraint(value))
    case ("PReLU", "init"): return JSON.Member(name: "alpha_initializer", value: initializer(value))
    case (_, "output_dim"): return JSON.Member(name: "units", value: value)
    case ("UpSampling1D", "length"): return JSON.Member(name: "size", value: value)
    case ("BatchNormalization", "mode"):
      guard value == .integer(0) || value == .integer(2) else {
        throw .unsupported("a BatchNormalization has ‘mode’ = \(value.brief), which normalises by the batch and which liblstm does not support")
      }
      return nil
    case (_, "forget_bias_init"): return JSON.Member(name: "unit_forget_bias", value: .bool(value == .string("one")))
    case (_, "dim_ordering"):
      return JSON.Member(name: "data_format", value: .string(value == .string("th") ? "channels_first" : "channels_last"))
    case (_, "nb_row"), (_, "nb_col"): return nil
    default: break
    }
    if dropped.contains(member.name) { return nil }
    guard let name = names[member.name] else { return member }
    switch name {
    case "kernel_initializer", "recurrent_initializer": return JSON.Member(name: name, value: initializer(value))
    case "kernel_regularizer", "recurrent_regularizer", "bias_regularizer": return JSON.Member(name: name, value: regularizer(value))
    case "kernel_constraint", "recurrent_constraint", "bias_constraint": return JSON.Member(name: name, value: constraint(value))
    default: return JSON.Member(name: name, value: value)
    }
  }

  private static func initializer(_ value: JSON) -> JSON {
    switch value {
    case .string("one"): return .string("ones")
    case .string("zero"): return .string("zeros")
    default: return value
    }
  }

  private static func regularizer(_ value: JSON) -> JSON {
    guard value["name"] != nil else { return value }
    let sizes = ["l1", "l2"].map { JSON.Member(name: $0, value: value[$0] ?? .number(0)) }
    return .object([JSON.Member(name: "class_name", value: .string("L1L2")), JSON.Member(name: "config", value: .object(sizes))])
  }

  private static func constraint(_ value: JSON) -> JSON {
    guard let name = value["name"]?.string else { return value }
    var config: [JSON.Member] = []
    if let most = value["m"] { config.append(JSON.Member(name: "max_value", value: most)) }
    if let axis = value["axis"] { config.append(JSON.Member(name: "axis", value: axis)) }
    return .object([JSON.Member(name: "class_name", value: .string(name)), JSON.Member(name: "config", value: .object(config))])
  }

  /// A Merge becomes the layer of its mode.
  private static func merge(_ entry: JSON) throws(LSTMError) -> JSON {
    let config = entry["config"] ?? .null
    let mode = config["mode"]?.string ?? "?"
    var members = [JSON.Member(name: "name", value: config["name"] ?? entry["name"] ?? .string("merge"))]
    let type: String
    switch mode {
    case "sum": type = "Add"
    case "mul": type = "Multiply"
    case "ave": type = "Average"
    case "max": type = "Maximum"
    case "concat":
      type = "Concatenate"
      members.append(JSON.Member(name: "axis", value: config["concat_axis"] ?? .integer(-1)))
    case "dot":
      type = "Dot"
      members.append(JSON.Member(name: "axes", value: config["dot_axes"] ?? .integer(-1)))
    default: throw .unsupported("a Merge has ‘mode’ = ‘\(mode)’, which liblstm does not support")
    }
    return entry.setting("class_name", .string(type)).setting("config", .object(members))
  }
}

/// A Sequential of Keras 1 that begins with a Merge of others, as the functional model that it is.
enum Keras1Branches {
  /// The functional model; its layers are in the order in which Keras 1 keeps their weights.
  static func functional(_ layers: [JSON]) throws(LSTMError) -> JSON {
    var graph: [JSON] = []
    var inputs: [JSON] = []
    let output = try append(layers, &graph, &inputs, depth: 0)
    return .object([
      JSON.Member(name: "class_name", value: .string("Model")),
      JSON.Member(
        name: "config",
        value: .object([
          JSON.Member(name: "name", value: .string("sequential")), JSON.Member(name: "layers", value: .array(graph)),
          JSON.Member(name: "input_layers", value: .array(inputs)), JSON.Member(name: "output_layers", value: .array([reference(output)])),
        ])),
    ])
  }

  private static func reference(_ name: String) -> JSON { .array([.string(name), .integer(0), .integer(0)]) }

  /// Adds a chain; returns the name of its last layer.
  private static func append(_ layers: [JSON], _ graph: inout [JSON], _ inputs: inout [JSON], depth: Int) throws(LSTMError) -> String {
    guard depth < LayerRegistry.maximumDepth else { throw .format("models are nested deeper than \(LayerRegistry.maximumDepth) levels") }
    var last: String?
    for layer in layers {
      let name = layer["config"]?["name"]?.string ?? layer["name"]?.string ?? "layer_\(graph.count)"
      var sources: [String] = []
      if layer["class_name"]?.string == "Merge", let branches = layer["config"]?["layers"]?.array {
        for branch in branches {
          guard let chain = branch["config"]?.array else { throw .unsupported("a Merge joins something other than Sequential models") }
          sources.append(try append(chain, &graph, &inputs, depth: depth + 1))
        }
      } else if let last {
        sources = [last]
      } else {
        let input = name + "_input"
        guard let shape = layer["config"]?["batch_input_shape"] else {
          throw .unsupported("the first layer ‘\(name)’ of a branch states no input shape")
        }
        graph.append(
          .object([
            JSON.Member(name: "class_name", value: .string("InputLayer")), JSON.Member(name: "name", value: .string(input)),
            JSON.Member(
              name: "config",
              value: .object([
                JSON.Member(name: "name", value: .string(input)), JSON.Member(name: "batch_input_shape", value: shape),
                JSON.Member(name: "dtype", value: .string("float32")),
              ])), JSON.Member(name: "inbound_nodes", value: .array([])),
          ]))
        inputs.append(reference(input))
        sources = [input]
      }
      let calls = sources.map { JSON.array([.string($0), .integer(0), .integer(0), .object([])]) }
      graph.append(try Keras1.upgraded(layer).setting("name", .string(name)).setting("inbound_nodes", .array([.array(calls)])))
      last = name
    }
    guard let last else { throw .format("a Sequential model has no layers") }
    return last
  }
}
