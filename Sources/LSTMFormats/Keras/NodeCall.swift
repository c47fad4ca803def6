import LSTMModel

/// An output of some call of a layer, as a functional configuration refers to it: `["lstm", 0, 1]`.
struct OutputReference: Hashable {
  /// The layer's name.
  var layer: String
  /// Which of its calls.
  var node: Int
  /// Which output of that call.
  var tensor: Int

  /// Reads `[name, node, tensor, …]`; nil if it is none.
  init?(_ json: JSON?) {
    guard let entries = json?.array, entries.count >= 3, let layer = entries[0].string, let node = entries[1].integer,
      let tensor = entries[2].integer
    else { return nil }
    self.layer = layer
    self.node = node
    self.tensor = tensor
  }

  /// Reads `input_layers` or `output_layers`: one reference, a list of them, or an object whose members are some.
  static func list(_ json: JSON?, depth: Int = 0) -> [OutputReference]? {
    guard let json, depth < 8 else { return nil }
    if let reference = OutputReference(json) { return [reference] }
    var entries = json.array
    if case .object(let members) = json { entries = members.map(\.value) }
    guard let entries else { return nil }
    var references: [OutputReference] = []
    for entry in entries {
      guard let more = list(entry, depth: depth + 1) else { return nil }
      references += more
    }
    return references
  }
}

/// One entry of `inbound_nodes`: a call of a layer, with references in place of values.
struct NodeCall {
  /// An argument before the values are known.
  indirect enum Argument {
    case reference(OutputReference)
    case list([Argument])
    case constant(JSON)
  }

  /// What is given by position.
  var positional: [Argument] = []
  /// What is given by name.
  var named: [(String, Argument)] = []

  /// Reads an entry of Keras 3, an object, or of Keras 2, a list. `names` are the model's layers.
  init(_ json: JSON, _ config: LayerConfig, names: Set<String>) throws(LSTMError) {
    if let arguments = json["args"]?.array {
      for argument in arguments { positional.append(try NodeCall.argument(argument, config, depth: 0)) }
      if case .object(let members)? = json["kwargs"] {
        for member in members { named.append((member.name, try NodeCall.argument(member.value, config, depth: 0))) }
      }
      return
    }
    guard var entries = json.array else { throw .format("\(config.title) has a call in ‘inbound_nodes’ that is \(json.brief)") }
    if entries.first?.string != nil { entries = [json] }
    for entry in entries {
      guard let reference = OutputReference(entry) else { throw config.unsupported("is called with \(entry.brief), no output of a layer") }
      positional.append(.reference(reference))
      guard let parts = entry.array, parts.count > 3, case .object(let members) = parts[3] else { continue }
      for member in members where !named.contains(where: { $0.0 == member.name }) {
        named.append((member.name, NodeCall.keyword(member.value, names, depth: 0)))
      }
    }
  }

  /// All references in it.
  var references: [OutputReference] {
    positional.flatMap(NodeCall.references) + named.flatMap { NodeCall.references($0.1) }
  }

  static func references(_ argument: Argument) -> [OutputReference] {
    switch argument {
    case .reference(let reference): return [reference]
    case .list(let arguments): return arguments.flatMap(references)
    case .constant: return []
    }
  }

  /// Keras 3: a value of the graph is an object of the class `__keras_tensor__`.
  private static func argument(_ json: JSON, _ config: LayerConfig, depth: Int) throws(LSTMError) -> Argument {
    guard depth < 8 else { throw .format("\(config.title) has arguments nested too deeply") }
    if json["class_name"]?.string == "__keras_tensor__" {
      guard let reference = OutputReference(json["config"]?["keras_history"]) else {
        throw .format("\(config.title) is called with a tensor without history: \(json.brief)")
      }
      return .reference(reference)
    }
    guard let entries = json.array else {
      if json.text.contains("__keras_tensor__") { throw config.unsupported("is called with an object of tensors") }
      return .constant(json)
    }
    var list: [Argument] = []
    for entry in entries { list.append(try argument(entry, config, depth: depth + 1)) }
    return .list(list)
  }

  /// Keras 2: a value by name is a list that begins with the name of a layer.
  private static func keyword(_ json: JSON, _ names: Set<String>, depth: Int) -> Argument {
    if let reference = OutputReference(json), names.contains(reference.layer) { return .reference(reference) }
    guard depth < 8, let entries = json.array, entries.contains(where: { $0.array != nil }) else { return .constant(json) }
    return .list(entries.map { keyword($0, names, depth: depth + 1) })
  }
}
