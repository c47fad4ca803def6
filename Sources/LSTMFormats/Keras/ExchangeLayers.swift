import LSTMModel

/// Keras 3's `Transpose` as a step of the graph, batch included: how models of other frameworks turn `[steps, batch, …]` round.
final class TransposeLayer: KerasLayer {
  private let order: [Int]

  /// Reads the order of the axes.
  init(_ config: LayerConfig) throws(LSTMError) {
    order = try config.integers("axes", in: 0...7, count: 1...8)
    guard order.sorted() == Array(order.indices) else { throw config.wrong("axes", expected: "each axis once") }
    try config.finish()
    super.init(config)
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    try call.finish(config)
    guard call.inputs.count == 1, let input = call.inputs.first else { throw config.unsupported("is called with \(call.inputs.count) inputs") }
    return [try builder.addOne(.permute(Permute(order: order)), [input], layer: index)]
  }
}

/// Keras 3's `Flip` over time as a step of the graph: what runs backwards in other frameworks returns its steps in their own order.
final class FlipLayer: KerasLayer {
  /// Reads the axis, which must be time.
  init(_ config: LayerConfig) throws(LSTMError) {
    let axes = try config.integers("axis", in: -8...8, count: 1...1)
    guard axes == [1] else { throw config.unsupported("flips another axis than the second") }
    try config.finish()
    super.init(config)
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    try call.finish(config)
    guard call.inputs.count == 1, let input = call.inputs.first else { throw config.unsupported("is called with \(call.inputs.count) inputs") }
    return [try builder.addOne(.reverseTime(ReverseTime()), [input], layer: index)]
  }
}

/// A mask from lengths: called with a sequence and with the length of each row, it makes what a recurrent layer takes as `mask`.
final class SequenceMaskLayer: KerasLayer {
  /// A layer without options.
  init(_ config: LayerConfig) throws(LSTMError) {
    try config.finish()
    super.init(config)
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    try call.finish(config)
    guard call.inputs.count == 2 else { throw config.unsupported("is called with \(call.inputs.count) inputs; it takes a sequence and lengths") }
    return [try builder.addOne(.logic(Logic(.withinLength)), call.inputs, layer: index)]
  }
}
