import LSTMModel

/// A chain of layers.
final class SequentialModel: ModelLayer {
  private let input: InputLayer?
  private let builtShape: Shape?

  /// The layers without the input.
  private var chain: [KerasLayer] { parts.filter { !($0 is InputLayer) } }

  /// Reads a Sequential; the oldest files give its layers as a bare list.
  init(_ config: LayerConfig, entry: JSON, depth: Int) throws(LSTMError) {
    guard let entries = entry["config"]?.array ?? config.value("layers")?.array else {
      throw .format("\(config.title) has no list of ‘layers’")
    }
    let prefix = depth == 0 ? "" : config.path + "/"
    var parts: [KerasLayer] = []
    for entry in entries {
      parts.append(try LayerRegistry.make(entry, prefix: prefix, frozen: config.frozen, generation: config.generation, depth: depth + 1))
    }
    if case .array? = config.value("build_input_shape") { builtShape = try config.shape("build_input_shape") } else { builtShape = nil }
    input = parts.first as? InputLayer
    guard parts.contains(where: { !($0 is InputLayer) }) else { throw .format("\(config.title) has no layers") }
    try super.init(config, parts: parts)
    guard !parts.dropFirst().contains(where: { $0 is InputLayer }) else {
      throw .format("\(config.title) has an InputLayer that is not its first layer")
    }
  }

  override func apply(_ inputs: [Value], in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    var values = inputs
    for layer in chain {
      if values.count > 1, !(values == inputs && layer is ModelLayer) {
        throw .format("\(layer.config.title) follows a layer with \(values.count) outputs in a Sequential model, which needs one")
      }
      values = try builder.call(layer, LayerCall(values))
    }
    return values
  }

  override func inputs(recovered: Shape?) throws(LSTMError) -> [StatedInput] {
    guard let first = chain.first else { return [] }
    if let input, let shape = input.shape {
      return [StatedInput(name: input.config.name, dtype: input.inputType, shape: shape, layer: first)]
    }
    let name = input?.config.name ?? first.config.name + "_input"
    let stated = try first.config.shape("batch_input_shape")
    if stated == nil, let model = first as? ModelLayer { return try model.inputs(recovered: recovered) }
    guard let shape = stated ?? builtShape ?? recovered else {
      throw .unsupported("the file states no input shape for \(first.config.title), and its weights do not tell it")
    }
    return [StatedInput(name: name, dtype: input?.inputType ?? first.config.values["dtype"]?.string ?? "float32", shape: shape, layer: first)]
  }

  override var outputLayers: [KerasLayer] {
    guard let last = chain.last else { return [] }
    return (last as? ModelLayer)?.outputLayers ?? [last]
  }
}
