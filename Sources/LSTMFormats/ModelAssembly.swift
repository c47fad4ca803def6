import LSTMModel

/// Puts a model together: graph first, then the weights that it needs.
struct ModelAssembly {
  private let top: ModelLayer
  private let builder: ModelBuilder
  /// What goes in.
  let inputs: [Model.Port]
  /// What comes out.
  let outputs: [Model.Port]

  /// Builds the graph. `recovered` is the input's shape as far as the weights tell it, for files that state none;
  /// `initializes` says that the weights will be drawn anew.
  init(_ top: ModelLayer, generation: KerasGeneration, recovered: Shape?, initializes: Bool = false) throws(LSTMError) {
    self.top = top
    builder = ModelBuilder(generation: generation, initializes: initializes)
    for part in top.parts where top is FunctionalModel || !(part is InputLayer) { part.register(in: builder) }
    var inputs: [Model.Port] = []
    for stated in try top.inputs(recovered: recovered) {
      var shape = stated.shape
      // A fixed batch binds only a model that keeps a state for each row.
      if !top.isStateful, shape.rank > 0 { shape.dimensions[0] = Shape.unknown }
      inputs.append(Model.Port(name: stated.name, dtype: stated.dtype, value: builder.addInput(shape, layer: stated.layer.index)))
    }
    self.inputs = inputs
    let values = try top.apply(inputs.map(\.value), in: builder)
    let layers = top.outputLayers
    var names: Set<String> = []
    var outputs: [Model.Port] = []
    for (position, value) in values.enumerated() {
      let layer = position < layers.count ? layers[position] : layers.last
      let base = layer?.config.name ?? "output"
      var name = base
      var number = 0
      while !names.insert(name).inserted {
        number += 1
        name = base + "_\(number)"
      }
      var port = Model.Port(name: name, dtype: layer?.config.dtype ?? "float32", value: value)
      port.mask = builder.graph.mask(of: value)
      outputs.append(port)
    }
    self.outputs = outputs
  }

  /// The parts of a model that was read before, from its architecture.
  init(of model: Model) throws(LSTMError) {
    let input = model.inputs.first.map { model.shape(of: $0.value) }
    try self.init(try KerasArchitecture(of: model).topLevel(), generation: model.generation, recovered: input)
    let same = slots.count == model.weights.count && zip(slots, model.weights).allSatisfy { $0.shape == $1.shape }
    guard same else { throw .internalFault("the model's architecture does not describe it") }
  }

  /// What the model needs of a file, in the file's order.
  var saved: [SavedLayer] { saved(as: builder.generation) }

  /// The same as another generation of Keras would order it.
  func saved(as generation: KerasGeneration) -> [SavedLayer] {
    top.parts.compactMap { part in
      let weights = part.weights.saved(generation)
      return weights.isEmpty ? nil : SavedLayer(name: part.config.name, type: part.config.type, weights: weights)
    }
  }

  /// The graph.
  var nodes: [Node] { builder.graph.nodes }

  /// All weights that it needs.
  var slots: [ModelBuilder.Slot] { builder.slots }

  /// Where files of the newer kind keep each of them.
  func variables(style: VariableStyle) -> [VariablePath] { top.variables(at: "", style: style) }

  /// The model with the weights of a file.
  func model(writer: String, format: String, architecture: String, weights source: any WeightSource) throws(LSTMError) -> Model {
    let values = try values(from: source)
    guard values.count == slots.count else { throw .internalFault("\(slots.count - values.count) weights were not read") }
    return model(writer: writer, format: format, architecture: architecture, slots.indices.map { values[$0] ?? .float32([]) })
  }

  /// The model with new weights, a function of `seed` and the architecture.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` if the weights would take more than `maxBytes`.
  func newModel(writer: String, format: String, architecture: String, seed: UInt64, maxBytes: Int) throws(LSTMError) -> Model {
    var total = 0
    for slot in builder.slots {
      let (bytes, overflow) = (slot.shape.count ?? Int.max).multipliedReportingOverflow(by: slot.dtype == "float64" ? 8 : 4)
      guard !overflow, bytes <= maxBytes - total else {
        throw .shape("\(slot.name) has the shape \(slot.shape): the weights would take more than the limit of \(maxBytes) bytes")
      }
      total += bytes
    }
    try FileBytes.probe(total * 3, for: "the weights")
    var values: [Values] = []
    for (stream, slot) in builder.slots.enumerated() {
      guard let initializer = slot.initializer else { throw .internalFault("\(slot.name) has no initializer") }
      values.append(try initializer.values(for: slot, seed: seed, stream: stream))
    }
    return model(writer: writer, format: format, architecture: architecture, values)
  }

  private func model(writer: String, format: String, architecture: String, _ values: [Values]) -> Model {
    let weights = zip(builder.slots, values).map { slot, values in
      var weight = Weight(name: slot.name, shape: slot.shape, values: values, layer: slot.layer, trainable: slot.trainable)
      weight.rules = slot.rules
      return weight
    }
    let name = top.config.values["name"]?.string ?? ""
    var model = Model(
      name: name, writer: writer, format: format, generation: builder.generation, inputs: inputs, outputs: outputs, layers: builder.layers,
      weights: weights, nodes: builder.graph.nodes)
    model.saved = saved
    model.architecture = architecture
    return model
  }

  /// The numbers of the weights that a file holds, each under the weight's place.
  func values(from source: any WeightSource) throws(LSTMError) -> [Int: Values] {
    try WeightReader(builder.slots, try source.arrays(for: self), owner: owner).values()
  }

  /// The layer of a weight, for messages: `layer ‘lstm’ (LSTM with 8 units)`.
  private func owner(_ slot: Int) -> String {
    let layer = builder.layers[builder.slots[slot].layer]
    let size = top.parts.first { $0.config.path == layer.name }?.config.values["units"]?.integer.map { " with \($0) units" } ?? ""
    return "layer ‘\(layer.name)’ (\(layer.type)\(size))"
  }
}
