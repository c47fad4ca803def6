import LSTMModel

/// A graph of layers.
final class FunctionalModel: ModelLayer {
  private let inputReferences: [OutputReference]
  private let outputReferences: [OutputReference]
  private let calls: [String: [NodeCall]]
  private let byName: [String: KerasLayer]

  /// Reads a functional model.
  init(_ config: LayerConfig, depth: Int) throws(LSTMError) {
    guard let entries = config.value("layers")?.array, !entries.isEmpty else { throw .format("\(config.title) has no list of ‘layers’") }
    guard let inputs = OutputReference.list(config.value("input_layers")), let outputs = OutputReference.list(config.value("output_layers")),
      !inputs.isEmpty, !outputs.isEmpty
    else { throw .format("\(config.title) does not state its ‘input_layers’ and ‘output_layers’") }
    inputReferences = inputs
    outputReferences = outputs
    let prefix = depth == 0 ? "" : config.path + "/"
    var parts: [KerasLayer] = []
    for entry in entries {
      parts.append(try LayerRegistry.make(entry, prefix: prefix, frozen: config.frozen, generation: config.generation, depth: depth + 1))
    }
    byName = Dictionary(parts.map { ($0.config.name, $0) }, uniquingKeysWith: { first, _ in first })
    let names = Set(byName.keys)
    var calls: [String: [NodeCall]] = [:]
    for (entry, part) in zip(entries, parts) {
      var nodes: [NodeCall] = []
      for node in entry["inbound_nodes"]?.array ?? [] { nodes.append(try NodeCall(node, part.config, names: names)) }
      calls[part.config.name] = nodes
    }
    self.calls = calls
    try super.init(config, parts: parts)
  }

  override func inputs(recovered: Shape?) throws(LSTMError) -> [StatedInput] {
    var inputs: [StatedInput] = []
    for reference in inputReferences {
      guard let layer = byName[reference.layer] as? InputLayer, reference.node == 0, reference.tensor == 0 else {
        throw .format("‘input_layers’ names ‘\(reference.layer)’, which is no input of the model")
      }
      guard let shape = layer.shape else { throw layer.config.wrong("batch_shape", expected: "a shape") }
      inputs.append(StatedInput(name: layer.config.name, dtype: layer.inputType, shape: shape, layer: layer))
    }
    return inputs
  }

  override var outputLayers: [KerasLayer] { outputReferences.compactMap { byName[$0.layer] } }

  override func apply(_ inputs: [Value], in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    guard inputs.count == inputReferences.count else {
      throw .format("\(config.title) is called with \(inputs.count) inputs; it has \(inputReferences.count)")
    }
    var walk = GraphWalk(self)
    for (reference, value) in zip(inputReferences, inputs) { walk.set(reference, value) }
    var outputs: [Value] = []
    for reference in outputReferences { outputs.append(try walk.value(reference, builder)) }
    return outputs
  }

  /// The layer and the call that a reference means.
  fileprivate func resolve(_ reference: OutputReference) throws(LSTMError) -> (KerasLayer, NodeCall) {
    guard let layer = byName[reference.layer] else { throw .format("the graph refers to a layer ‘\(reference.layer)’ that does not exist") }
    guard !(layer is InputLayer) || reference.node == 0 else {
      throw .format("the graph refers to node \(reference.node) of the input ‘\(reference.layer)’, which has only node 0")
    }
    guard !(layer is InputLayer) else { throw .format("‘input_layers’ does not list the input ‘\(reference.layer)’") }
    // Before Keras 3, a nested model's own graph counts as its first call.
    let offset = config.generation < .keras3 && layer is ModelLayer ? 1 : 0
    let nodes = calls[reference.layer] ?? []
    let (node, overflow) = reference.node.subtractingReportingOverflow(offset)
    guard !overflow, nodes.indices.contains(node) else {
      throw .format("the graph refers to node \(reference.node) of layer ‘\(reference.layer)’, which has \(nodes.count) calls")
    }
    return (layer, nodes[node])
  }
}

/// Calls the layers of a graph in such an order that each has its inputs; without recursion, so that a long graph cannot exhaust the stack.
private struct GraphWalk {
  private struct Key: Hashable {
    var layer: String
    var node: Int
  }

  private struct Visit {
    let key: Key
    let layer: KerasLayer
    let call: NodeCall
    var waiting: [OutputReference]
  }

  private let model: FunctionalModel
  private var done: [Key: [Value]] = [:]

  init(_ model: FunctionalModel) { self.model = model }

  mutating func set(_ reference: OutputReference, _ value: Value) {
    done[Key(layer: reference.layer, node: reference.node)] = [value]
  }

  /// The value of a reference, after all calls that it needs.
  mutating func value(_ reference: OutputReference, _ builder: ModelBuilder) throws(LSTMError) -> Value {
    var open: Set<Key> = []
    var stack: [Visit] = []
    if let visit = try visit(reference, &open) { stack.append(visit) }
    while var top = stack.popLast() {
      if let next = top.waiting.popLast() {
        stack.append(top)
        if let visit = try visit(next, &open) { stack.append(visit) }
        continue
      }
      var positional: [LayerCall.Argument] = []
      for argument in top.call.positional { positional.append(try resolved(argument)) }
      var named: [String: LayerCall.Argument] = [:]
      for (name, argument) in top.call.named { named[name] = try resolved(argument) }
      done[top.key] = try builder.call(top.layer, LayerCall(positional: positional, named: named))
      open.remove(top.key)
    }
    return try value(reference)
  }

  private func visit(_ reference: OutputReference, _ open: inout Set<Key>) throws(LSTMError) -> Visit? {
    let key = Key(layer: reference.layer, node: reference.node)
    guard done[key] == nil else { return nil }
    guard open.insert(key).inserted else {
      throw .format("the graph has a cycle through layer ‘\(reference.layer)’, so it cannot be resolved")
    }
    let (layer, call) = try model.resolve(reference)
    return Visit(key: key, layer: layer, call: call, waiting: call.references.reversed())
  }

  private func value(_ reference: OutputReference) throws(LSTMError) -> Value {
    let outputs = done[Key(layer: reference.layer, node: reference.node)] ?? []
    guard outputs.indices.contains(reference.tensor) else {
      throw .format("the graph refers to the tensor of index \(reference.tensor) of layer ‘\(reference.layer)’, which has \(outputs.count)")
    }
    return outputs[reference.tensor]
  }

  private func resolved(_ argument: NodeCall.Argument) throws(LSTMError) -> LayerCall.Argument {
    switch argument {
    case .reference(let reference): return .value(try value(reference))
    case .constant(let json): return .constant(json)
    case .list(let arguments):
      var list: [LayerCall.Argument] = []
      for argument in arguments { list.append(try resolved(argument)) }
      return .list(list)
    }
  }
}
