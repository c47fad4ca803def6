import LSTMModel

/// A layer or a model applied to each step by itself: the steps become rows of the batch, and a sequence again afterwards.
final class TimeDistributedLayer: KerasLayer {
  private let inner: KerasLayer

  /// Reads a TimeDistributed with what it wraps.
  init(_ config: LayerConfig, depth: Int) throws(LSTMError) {
    guard let entry = config.value("layer") else { throw config.wrong("layer", expected: "a layer") }
    try config.finish()
    inner = try LayerRegistry.make(entry, prefix: config.path + "/", frozen: config.frozen, generation: config.generation, depth: depth + 1)
    guard !inner.isStateful else { throw config.unsupported("wraps a layer that keeps its state") }
    super.init(config, parts: [inner])
  }

  override func register(in builder: ModelBuilder) {
    super.register(in: builder)
    if inner is ModelLayer { inner.register(in: builder) } else { inner.index = index }
    (inner as? TimeDistributedLayer)?.shareIndex()
  }

  private func shareIndex() {
    inner.index = index
    (inner as? TimeDistributedLayer)?.shareIndex()
  }

  override func variables(at path: String, style: VariableStyle) -> [VariablePath] {
    inner.variables(at: path + "/layer", style: style)
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    try call.finish(config)
    guard let sequence = call.inputs.first else { throw .format("\(config.title) is called without an input") }
    var mask = builder.graph.mask(of: sequence)
    if case .given(let given) = try call.mask(config) { mask = given.first ?? nil }

    var folded: [Value] = []
    for input in call.inputs { folded.append(try builder.addOne(.foldTime(FoldTime()), [input], layer: index)) }
    // A mask of whole steps says nothing to a layer that sees one step; a mask of what is inside the steps does.
    if let mask, builder.graph.shape(of: mask).rank > 2, let first = folded.first {
      builder.setMask(try builder.addOne(.foldTime(FoldTime()), [mask], layer: index), of: first)
    }
    builder.foldedDepth += 1
    defer { builder.foldedDepth -= 1 }
    let outputs = try inner.call(LayerCall(folded), in: builder)
    guard outputs.count == 1, let output = outputs.first else { throw config.unsupported("wraps a layer with \(outputs.count) outputs") }
    // Keras 3 calls the inner layer in a way that leaves its penalty out.
    if builder.generation < .keras3, !(inner is ModelLayer) { builder.addActivity(inner.config, [output], layer: index) }
    let result = try builder.addOne(.unfoldTime(UnfoldTime()), [output, sequence], layer: index)
    builder.setMask(try outputMask(mask, inner: builder.graph.mask(of: output), sequence, builder), of: result)
    return [result]
  }

  /// Keras 3 hands its mask on; Keras 2 asks the inner layer first, and else reduces its own to one for whole steps.
  private func outputMask(_ mask: Value?, inner: Value?, _ sequence: Value, _ builder: ModelBuilder) throws(LSTMError) -> Value? {
    if builder.generation >= .keras3 { return mask }
    if let inner { return try builder.addOne(.unfoldTime(UnfoldTime()), [inner, sequence], layer: index) }
    guard var mask else { return nil }
    while builder.graph.shape(of: mask).rank > 2 { mask = try builder.addOne(.logic(Logic(.any(axis: -1))), [mask], layer: index) }
    return mask
  }
}
