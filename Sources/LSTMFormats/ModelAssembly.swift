import LSTMModel

/// Puts a model together: graph first, then the weights that it needs.
struct ModelAssembly {
  private let top: ModelLayer
  private let builder: ModelBuilder
  private let inputs: [Model.Port]
  private let outputs: [Model.Port]

  /// Builds the graph. `recovered` is the input's shape as far as the weights tell it, for files that state none.
  init(_ top: ModelLayer, generation: KerasGeneration, recovered: Shape?) throws(LSTMError) {
    self.top = top
    builder = ModelBuilder(generation: generation)
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

  /// What the model needs of a file, in the file's order.
  var saved: [SavedLayer] {
    top.parts.compactMap { part in
      let weights = part.weights.saved(builder.generation)
      return weights.isEmpty ? nil : SavedLayer(name: part.config.name, type: part.config.type, weights: weights)
    }
  }

  /// The same with names and shapes.
  var needs: [LegacyWeights.Need] {
    zip(saved, top.parts.filter { !$0.weights.saved(builder.generation).isEmpty }).map { saved, part in
      let size = part.config.values["units"]?.integer.map { " with \($0) units" } ?? ""
      return LegacyWeights.Need(
        name: saved.name, type: saved.type, size: size, weights: saved.weights.map { (builder.slots[$0].name, builder.slots[$0].shape) })
    }
  }

  /// The model with its weights.
  func model(writer: String, format: String, architecture: String, weights source: LegacyWeights) throws(LSTMError) -> Model {
    let saved = saved
    let read = try source.values(for: needs)
    var values = [Values](repeating: .float32([]), count: builder.slots.count)
    for (layer, found) in zip(saved, read) {
      for (index, one) in zip(layer.weights, found) { values[index] = one }
    }
    let weights = zip(builder.slots, values).map { slot, values in
      Weight(name: slot.name, shape: slot.shape, values: values, layer: slot.layer, trainable: slot.trainable)
    }
    let name = top.config.values["name"]?.string ?? ""
    var model = Model(
      name: name, writer: writer, format: format, generation: builder.generation, inputs: inputs, outputs: outputs, layers: builder.layers,
      weights: weights, nodes: builder.graph.nodes)
    model.saved = saved
    model.architecture = architecture
    return model
  }
}
