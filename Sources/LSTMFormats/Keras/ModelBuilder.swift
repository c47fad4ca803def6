import LSTMModel

/// Collects graph, layers and the weights that are needed, while a model's layers are called one after the other.
final class ModelBuilder {
  /// A weight that the file must provide.
  struct Slot {
    /// `lstm/kernel`.
    var name: String
    /// The only shape that fits.
    var shape: Shape
    /// Its layer.
    var layer: Int
    /// Whether training may change it.
    var trainable: Bool
    /// What its layer computes in.
    var dtype: String
    /// What its layer asks of it in training.
    var rules: WeightRules
    /// How it begins in a new model.
    var initializer: WeightInitializer?
    /// The recurrent cell that it belongs to.
    var cell: CellSlots?
    /// Whether it is the kernel of a convolution, `[…, channels, filters]`.
    var isConvolution: Bool
  }

  /// The weights of a recurrent cell: kernel, recurrent kernel and bias, which some files keep in forms of their own.
  struct CellSlots {
    /// Which cell.
    var kind: Recurrent.Cell
    /// The place of its kernel; the recurrent kernel follows.
    var first: Int
    /// The place of its bias.
    var bias: Int?
  }

  /// The generation of Keras that wrote the model.
  let generation: KerasGeneration
  /// The graph so far.
  var graph: GraphBuilder
  /// The layers so far.
  private(set) var layers: [Layer] = []
  /// The weights needed so far.
  private(set) var slots: [Slot] = []
  /// How deep in TimeDistributed layers the present call is: there, gates cannot be shown step by step.
  var foldedDepth = 0

  /// Whether the weights are drawn anew, so that initializers matter.
  private let initializes: Bool

  /// An empty model.
  init(generation: KerasGeneration, initializes: Bool = false) {
    self.generation = generation
    self.initializes = initializes
    graph = GraphBuilder(generation: generation)
  }

  /// A new layer; returns its place.
  func addLayer(_ config: LayerConfig) -> Int {
    layers.append(Layer(name: config.path, type: config.type, options: config.values.text, trainable: !config.frozen))
    return layers.count - 1
  }

  /// An input of the model.
  func addInput(_ shape: Shape, layer: Int) -> Value {
    if layers.indices.contains(layer), layers[layer].type == "InputLayer" { note(shape, of: layer) }
    return graph.addInput(shape, layer: layer)
  }

  /// The weights of an operation on these inputs: made at the layer's first call, the same ones ever after.
  func weights(
    for operation: Operation, _ inputs: [Value], in group: WeightGroup, _ config: LayerConfig, layer: Int
  ) throws(LSTMError) -> [Int] {
    let specs: [WeightSpec]
    do { specs = try operation.rules.weightSpecs(for: inputs.map { graph.shape(of: $0) }) } catch { throw error.at(config.title) }
    if let own = group.own {
      let same = own.count == specs.count && zip(own, specs).allSatisfy { slots[$0.index].shape == $1.shape }
      guard same else { throw .shape("\(config.title) is shared by inputs of different sizes") }
      return own.map(\.index)
    }
    let first = slots.count
    var cell: CellSlots?
    if case .recurrent(let recurrent) = operation {
      cell = CellSlots(kind: recurrent.cell, first: first, bias: recurrent.useBias ? first + 2 : nil)
    }
    for spec in specs {
      let trainable = spec.trainable && !config.frozen
      let rules = WeightRulesConfig.rules(for: spec.name, config)
      let initializer = initializes ? try WeightInitializer(spec.name, config, of: operation) : nil
      slots.append(
        Slot(
          name: config.path + "/" + spec.name, shape: spec.shape, layer: layer, trainable: trainable, dtype: config.dtype, rules: rules,
          initializer: initializer, cell: cell, isConvolution: operation.slidesKernels && spec.name.hasSuffix("kernel")))
      layers[layer].weights.append(slots.count - 1)
    }
    group.own = specs.indices.map { (first + $0, specs[$0].trainable) }
    return specs.indices.map { first + $0 }
  }

  /// Adds an operation of a layer to the graph.
  func add(
    _ operation: Operation, _ inputs: [Value], weights: [Int] = [], layer: Int, mask: GraphBuilder.CallMask = .carried
  ) throws(LSTMError) -> [Value] {
    let outputs: [Value]
    do {
      outputs = try graph.add(operation, inputs, weights: weights, layer: layer, mask: mask)
    } catch {
      throw error.at("layer ‘\(layers[layer].name)’ (\(layers[layer].type))")
    }
    return outputs
  }

  /// The same for an operation with one output.
  func addOne(_ operation: Operation, _ inputs: [Value], layer: Int, mask: GraphBuilder.CallMask = .none) throws(LSTMError) -> Value {
    guard let value = try add(operation, inputs, layer: layer, mask: mask).first else { throw .internalFault("an operation without output") }
    return value
  }

  /// Gives a value a mask, or takes it away.
  func setMask(_ mask: Value?, of value: Value) { graph.setMask(mask, of: value) }

  /// Keeps the shape of a layer's first output.
  func note(_ shape: Shape, of layer: Int) {
    if layers.indices.contains(layer), layers[layer].output.rank == 0 { layers[layer].output = shape }
  }

  /// Says why a layer cannot be trained as it is configured.
  func setTrainingFault(_ fault: LSTMError, of layer: Int) {
    if layers.indices.contains(layer) { layers[layer].trainingFault = fault }
  }

  /// Makes a recurrent node's gates visible.
  func makeTraceable(_ value: Value, prefix: String, layer: Int) {
    guard foldedDepth == 0, !layers[layer].traceable.contains(where: { $0.prefix == prefix }) else { return }
    layers[layer].traceable.append(Layer.Traceable(prefix: prefix, node: value.node))
  }

  /// Calls a layer, and keeps what it makes for the table of layers.
  func call(_ layer: KerasLayer, _ call: LayerCall) throws(LSTMError) -> [Value] {
    let outputs = try layer.call(call, in: self)
    addActivity(layer.config, outputs, layer: layer.index)
    if let first = outputs.first, !(layer is ModelLayer) { note(graph.shape(of: first), of: layer.index) }
    return outputs
  }
}

extension Operation {
  /// Whether its kernels slide over the input, so that it matters in which direction they lie.
  fileprivate var slidesKernels: Bool {
    switch self {
    case .convolution1D(let convolution): return convolution.depthMultiplier == nil
    case .spatialConvolution, .convolutionalLSTM: return true
    default: return false
    }
  }
}
