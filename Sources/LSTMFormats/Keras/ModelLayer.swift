import LSTMModel

/// A Sequential or functional model: the whole, or one inside another, whose layers become layers of the whole.
class ModelLayer: KerasLayer {
  /// Its layers in the order of the file.
  let parts: [KerasLayer]

  /// A model of these layers, whose names are unique.
  init(_ config: LayerConfig, parts: [KerasLayer]) throws(LSTMError) {
    self.parts = parts
    var seen: Set<String> = []
    for part in parts {
      guard seen.insert(part.config.name).inserted else {
        throw .format("two layers have the name ‘\(part.config.path)’; names must be unique")
      }
    }
    super.init(config, parts: parts, isModel: true)
  }

  override var isStateful: Bool { parts.contains { $0.isStateful } }

  /// Registers the layers; the inputs of a nested model are no layers of the whole.
  override func register(in builder: ModelBuilder) {
    for part in parts where !(part is InputLayer) { part.register(in: builder) }
  }

  override func variables(at path: String, style: VariableStyle) -> [VariablePath] {
    let group = path.isEmpty ? style.group : path + "/" + style.innerGroup
    let layers = parts.filter { !($0 is MaskArithmetic) }
    return zip(layers, LayerGroupNames.names(of: layers, style: style)).flatMap { $0.variables(at: group + "/" + $1, style: style) }
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    try call.finish(config)
    if case .given(let masks) = try call.mask(config) {
      for (value, mask) in zip(call.inputs, masks) { builder.setMask(mask, of: value) }
    }
    return try apply(call.inputs, in: builder)
  }

  /// Adds the model's layers to the graph.
  func apply(_ inputs: [Value], in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    throw .internalFault("\(config.title) cannot be called")
  }

  /// The inputs of the whole model, in the file's order. `recovered` is the shape that the weights let guess.
  func inputs(recovered: Shape?) throws(LSTMError) -> [StatedInput] { [] }

  /// The outputs' names, in the file's order.
  var outputLayers: [KerasLayer] { [] }
}

/// An input of a model as its file states it.
struct StatedInput {
  /// Its name.
  var name: String
  /// The type of what goes in.
  var dtype: String
  /// Its shape, batch first.
  var shape: Shape
  /// The layer that states it.
  var layer: KerasLayer
}
