import LSTMModel

/// A graph of layers in the words of the target: who calls whom.
struct FunctionalTranslation {
  private let translation: ConfigTranslation
  private let entry: JSON
  private let path: String
  private let entries: [JSON]
  /// The classes of the layers, by name.
  private let types: [String: String]
  /// Steps among the layers with which Keras 3 computes masks.
  private let maskSteps: Set<String>
  private var target: KerasTarget { translation.target }

  init(_ translation: ConfigTranslation, _ entry: JSON, path: String) {
    self.translation = translation
    self.entry = entry
    self.path = path
    entries = entry["config"]?["layers"]?.array ?? []
    types = Dictionary(
      entries.map { (FunctionalTranslation.name(of: $0), $0["class_name"]?.string ?? "") }, uniquingKeysWith: { first, _ in first })
    maskSteps = FunctionalTranslation.maskSteps(entries)
  }

  /// Steps of a kind that no layer has, and those that put their results side by side.
  private static func maskSteps(_ entries: [JSON]) -> Set<String> {
    var steps = Set(entries.filter { LayerTranslation.operations.contains($0["class_name"]?.string ?? "") }.map(name))
    guard !steps.isEmpty else { return [] }
    for entry in entries where entry["class_name"]?.string == "Concatenate" {
      let sources = FunctionalTranslation.sources(entry["inbound_nodes"] ?? .null)
      if !sources.isEmpty, sources.isSubset(of: steps) { steps.insert(name(of: entry)) }
    }
    return steps
  }

  /// The layers that a call of Keras 3 refers to.
  private static func sources(_ json: JSON) -> Set<String> {
    if let name = json["keras_history"]?.array?.first?.string { return [name] }
    let parts = json.array ?? json.members.map(\.value)
    return parts.reduce(into: []) { $0.formUnion(sources($1)) }
  }

  private static func name(of entry: JSON) -> String { entry["config"]?["name"]?.string ?? entry["name"]?.string ?? "" }

  /// The configuration of the model.
  func config() throws(LSTMError) -> JSON {
    let source = entry["config"] ?? .null
    var layers: [JSON] = []
    for entry in entries {
      // Keras computes masks by itself; the steps in which Keras 3 writes that down are its own.
      let name = FunctionalTranslation.name(of: entry)
      if target != .keras3, maskSteps.contains(name) { continue }
      let layer = try translation.layer(entry, path: path)
      layers.append(layer.setting("name", .string(name)).setting("inbound_nodes", .array(try calls(of: entry, name))))
    }
    var members = [
      JSON.Member(name: "name", value: source["name"] ?? entry["name"] ?? .string("model")),
      JSON.Member(name: "trainable", value: source["trainable"] ?? .bool(true)), JSON.Member(name: "layers", value: .array(layers)),
    ]
    for key in ["input_layers", "output_layers"] {
      var references: [JSON] = []
      for reference in OutputReference.list(source[key]) ?? [] { references.append(try end(reference)) }
      let single = references.count == 1 && target != .keras2
      members.append(JSON.Member(name: key, value: single ? references[0] : .array(references)))
    }
    return .object(members)
  }

  private func isModel(_ layer: String) -> Bool { ConfigTranslation.models.contains(types[layer] ?? "") }
  private func isGraph(_ layer: String) -> Bool { isModel(layer) && types[layer] != "Sequential" }

  /// An input or output of the model.
  private func end(_ reference: OutputReference) throws(LSTMError) -> JSON {
    // Before Keras 3 a model's own graph counts as its first call; in Keras 3 it counts here, and for functional models alone.
    var call = reference.node
    if translation.generation < .keras3 ? isModel(reference.layer) : isGraph(reference.layer), call > 0 { call -= 1 }
    if target == .both, isModel(reference.layer), !isGraph(reference.layer) {
      throw target.refuses("the output of the model ‘\(path)\(reference.layer)’ inside the model is an output of the whole")
    }
    let shift = target == .keras3 ? isGraph(reference.layer) : isModel(reference.layer)
    return .array([.string(reference.layer), .integer(call + (shift ? 1 : 0)), .integer(reference.tensor)])
  }

  private func calls(of entry: JSON, _ name: String) throws(LSTMError) -> [JSON] {
    let nodes = entry["inbound_nodes"]?.array ?? []
    let isSame = target == .keras3 ? translation.generation >= .keras3 : target == .keras2 && translation.generation < .keras3
    if isSame { return nodes.map(LayerTranslation.withoutIdentities) }
    let config = try LayerConfig(entry, prefix: path, frozen: false, generation: translation.generation)
    var calls: [JSON] = []
    for node in nodes {
      let call = try NodeCall(node, config, names: Set(types.keys))
      calls.append(target == .keras3 ? try modern(call, config) : try older(call, config))
    }
    return calls
  }

  /// The number of the call that a reference means, counted from 0.
  private func index(_ reference: OutputReference) -> Int {
    translation.generation < .keras3 && isModel(reference.layer) ? max(reference.node - 1, 0) : reference.node
  }

  private static let recurrent: Set<String> = ["LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "CuDNNLSTM", "CuDNNGRU"]

  /// A call as Keras 2 writes it: a list of `[layer, call, tensor, {…}]`; what is given by name is said with each.
  private func older(_ call: NodeCall, _ config: LayerConfig) throws(LSTMError) -> JSON {
    var references = call.positional.flatMap(NodeCall.references)
    var named: [JSON.Member] = []
    let isRecurrent = FunctionalTranslation.recurrent.contains(config.type)
    for (name, argument) in call.named {
      let values = NodeCall.references(argument)
      if case .constant(let value) = argument, value == .null || name == "training" && value == .bool(false) { continue }
      if name == "mask", values.allSatisfy({ maskSteps.contains($0.layer) }) { continue }
      if name == "initial_state", isRecurrent {
        references += values
      } else {
        named.append(JSON.Member(name: name, value: try keyword(argument, config)))
      }
    }
    if config.type == "MultiHeadAttention", references.count > 1 {
      for (name, reference) in zip(["value", "key"], references.dropFirst()) {
        named.append(JSON.Member(name: name, value: try older(reference, config)))
      }
      references = Array(references.prefix(1))
    }
    if target == .both {
      if isRecurrent, references.count > 1 { throw target.refuses("\(config.title) is called with an initial state") }
      if let first = named.first { throw target.refuses("\(config.title) is called with ‘\(first.name)’ by name") }
    }
    var list: [JSON] = []
    for reference in references { list.append(.array((try older(reference, config).array ?? []) + [.object(named)])) }
    return .array(list)
  }

  private func older(_ reference: OutputReference, _ config: LayerConfig) throws(LSTMError) -> JSON {
    guard !maskSteps.contains(reference.layer) else { throw target.refuses("\(config.title) computes with the mask of ‘\(reference.layer)’") }
    let inner = isModel(reference.layer)
    if target == .both, inner { throw target.refuses("\(config.title) follows the model ‘\(path)\(reference.layer)’ inside the model") }
    return .array([.string(reference.layer), .integer(index(reference) + (inner ? 1 : 0)), .integer(reference.tensor)])
  }

  private func keyword(_ argument: NodeCall.Argument, _ config: LayerConfig) throws(LSTMError) -> JSON {
    switch argument {
    case .reference(let reference): return try older(reference, config)
    case .constant(let value): return value
    case .list(let arguments):
      var list: [JSON] = []
      for argument in arguments { list.append(try keyword(argument, config)) }
      return .array(list)
    }
  }

  /// A call as Keras 3 writes it: arguments by position and by name, in which a value is an object.
  private func modern(_ call: NodeCall, _ config: LayerConfig) throws(LSTMError) -> JSON {
    var values = call.positional.flatMap(NodeCall.references).map(tensor)
    var named: [JSON.Member] = []
    if FunctionalTranslation.recurrent.contains(config.type), values.count > 1 {
      named.append(JSON.Member(name: "initial_state", value: .array(Array(values.dropFirst()))))
      values = Array(values.prefix(1))
    }
    for (name, argument) in call.named {
      if case .constant(let value) = argument, value == .null || name == "training" && value == .bool(false) { continue }
      named.append(JSON.Member(name: name, value: value(argument)))
    }
    return .object(["args": .array(values.count == 1 ? values : [.array(values)]), "kwargs": .object(named)])
  }

  private func value(_ argument: NodeCall.Argument) -> JSON {
    switch argument {
    case .reference(let reference): return tensor(reference)
    case .constant(let value): return value
    case .list(let arguments): return .array(arguments.map(value))
    }
  }

  /// Keras 3 replaces it by the value that it names, whatever shape is stated.
  private func tensor(_ reference: OutputReference) -> JSON {
    .object([
      "class_name": .string("__keras_tensor__"),
      "config": .object([
        "shape": .array([.null]), "dtype": .string("float32"),
        "keras_history": .array([.string(reference.layer), .integer(index(reference)), .integer(reference.tensor)]),
      ]),
    ])
  }
}
