import LSTMModel

/// A layer of a Keras model: called once or several times, it adds operations to the graph, always with the same weights.
class KerasLayer {
  /// What the file says about it.
  let config: LayerConfig
  /// Its weights, in Keras' order.
  let weights: WeightGroup
  /// Its place among the model's layers.
  var index = 0

  /// A layer of this configuration, which contains others (`parts`) or not.
  init(_ config: LayerConfig, parts: [KerasLayer] = [], isModel: Bool = false) {
    self.config = config
    weights = WeightGroup(trainable: config.trainable, isModel: isModel, parts: parts.map(\.weights))
  }

  /// A layer with weights that were grouped before.
  init(_ config: LayerConfig, weights: WeightGroup) {
    self.config = config
    self.weights = weights
  }

  /// Whether it keeps a state between calls.
  var isStateful: Bool { false }

  /// Gives the layer, and layers inside it, their places in the model.
  func register(in builder: ModelBuilder) {
    index = builder.addLayer(config)
  }

  /// Where Keras keeps its variables, and those of layers inside it, in files of the newer kind; `path` is its own group.
  func variables(at path: String, style: VariableStyle) -> [VariablePath] { ownVariables(at: path) }

  /// Adds the layer's operations for one call, and returns its outputs.
  func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    throw .internalFault("\(config.title) cannot be called")
  }
}

/// A layer that is one operation.
final class OperationLayer: KerasLayer {
  private let operation: Operation

  /// A layer that is `operation`. All of its options must have been read.
  init(_ config: LayerConfig, _ operation: Operation) throws(LSTMError) {
    try config.finish()
    self.operation = operation
    super.init(config)
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    let mask = try call.mask(config)
    try call.finish(config)
    let weights = try builder.weights(for: operation, call.inputs, in: weights, config, layer: index)
    return try builder.add(operation, call.inputs, weights: weights, layer: index, mask: mask)
  }
}

/// Weights of a layer and of the layers inside it, which Keras saves in an order of their own.
final class WeightGroup {
  private let trainable: Bool
  private let isModel: Bool
  private let parts: [WeightGroup]
  /// The layer's own weights: their places in the model, and whether they are of the kind that is trained. Nil before the first call.
  var own: [(index: Int, trainable: Bool)]?

  /// Weights of a layer with others inside it.
  init(trainable: Bool, isModel: Bool, parts: [WeightGroup]) {
    self.trainable = trainable
    self.isModel = isModel
    self.parts = parts
  }

  /// All weights in the order of a file: trained ones first, then the others.
  func saved(_ generation: KerasGeneration) -> [Int] {
    if generation < .keras3 { return trained + untrained }
    let all = flat(frozen: false)
    return trainable ? (all.filter(\.trainable) + all.filter { !$0.trainable }).map(\.index) : all.map(\.index)
  }

  // Source: Keras 2, Layer.trainable_weights and non_trainable_weights, Model.non_trainable_weights.
  private var trained: [Int] {
    guard trainable else { return [] }
    return (own ?? []).filter(\.trainable).map(\.index) + parts.flatMap(\.trained)
  }

  private var untrained: [Int] {
    if isModel { return (trainable ? [] : parts.flatMap(\.trained)) + parts.flatMap(\.untrained) }
    guard trainable else { return (own ?? []).map(\.index) + parts.flatMap { $0.trained + $0.untrained } }
    return (own ?? []).filter { !$0.trainable }.map(\.index) + parts.flatMap(\.untrained)
  }

  private func flat(frozen: Bool) -> [(index: Int, trainable: Bool)] {
    let frozen = frozen || !trainable
    return (own ?? []).map { ($0.index, $0.trainable && !frozen) } + parts.flatMap { $0.flat(frozen: frozen) }
  }
}
