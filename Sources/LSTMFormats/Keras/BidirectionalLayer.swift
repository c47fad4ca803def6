import LSTMModel

/// Two recurrent layers, one from the first step to the last and one from the last to the first, and their outputs joined.
final class BidirectionalLayer: KerasLayer {
  private let forward: RecurrentLayer
  private let backward: RecurrentLayer
  private let mode: String?

  override var isStateful: Bool { forward.isStateful || backward.isStateful }

  /// Reads a Bidirectional with the layer that it wraps, or with the two.
  init(_ config: LayerConfig) throws(LSTMError) {
    mode = config.values["merge_mode"] == .null ? nil : try config.word("merge_mode", ["concat", "sum", "mul", "ave"], default: "concat")
    _ = config.value("merge_mode")
    guard let entry = config.value("layer") else { throw config.wrong("layer", expected: "a recurrent layer") }
    let other = config.value("backward_layer")
    config.ignore("return_sequences", "return_state", "stateful", "go_backwards", "zero_output_for_mask")
    try config.finish()
    forward = try BidirectionalLayer.part(entry, "forward_", config, reversed: false)
    backward = try BidirectionalLayer.part(other ?? entry, "backward_", config, reversed: other == nil)
    guard forward.returnsSequences == backward.returnsSequences, forward.isTimeMajor == backward.isTimeMajor else {
      throw config.unsupported("has parts that return different kinds of output")
    }
    super.init(config, parts: [forward, backward])
  }

  override func variables(at path: String, style: VariableStyle) -> [VariablePath] {
    forward.variables(at: path + "/forward_layer", style: style) + backward.variables(at: path + "/backward_layer", style: style)
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    let call = call.understanding("initial_state")
    try call.finish(config)
    let (sequence, states) = try initialStates(call, config, builder)
    if let states, states.count != forward.stateCount + backward.stateCount {
      throw .shape("\(config.title) gets \(states.count) initial states; expected \(forward.stateCount + backward.stateCount)")
    }
    let mask = SequenceMask(call: try call.mask(config), sequence, hasInitialState: states != nil, builder)
    let given = (states.map { Array($0.prefix(forward.stateCount)) }, states.map { Array($0.dropFirst(forward.stateCount)) })
    guard forward.isTimeMajor else { return try joined(sequence, given, mask, builder) }

    let turn = Operation.permute(Permute(order: [1, 0, 2]))
    var outputs = try joined(try builder.addOne(turn, [sequence], layer: index), given, try mask.turned(builder, layer: index), builder)
    if forward.returnsSequences {
      for position in 0..<min(mode == nil ? 2 : 1, outputs.count) {
        outputs[position] = try builder.addOne(turn, [outputs[position]], layer: index)
        builder.setMask(mask.carried, of: outputs[position])
      }
    }
    return outputs
  }

  private func joined(
    _ sequence: Value, _ states: ([Value]?, [Value]?), _ mask: SequenceMask, _ builder: ModelBuilder
  ) throws(LSTMError) -> [Value] {
    let ahead = try forward.run(sequence, states.0, mask, in: builder, layer: index, prefix: "forward/")
    var back = try backward.run(sequence, states.1, mask, in: builder, layer: index, prefix: "backward/")
    guard let first = ahead.first, let second = back.first else { throw .internalFault("a recurrent layer without output") }
    builder.addActivity(forward.config, ahead, layer: index)
    builder.addActivity(backward.config, back, layer: index)
    if backward.returnsSequences { back[0] = try builder.addOne(.reverseTime(ReverseTime()), [second], layer: index) }
    let outputs: [Value]
    switch mode {
    case nil: outputs = [first, back[0]]
    case "sum": outputs = [try builder.addOne(.merge(Merge(.add)), [first, back[0]], layer: index)]
    case "mul": outputs = [try builder.addOne(.merge(Merge(.multiply)), [first, back[0]], layer: index)]
    case "ave": outputs = [try builder.addOne(.merge(Merge(.average)), [first, back[0]], layer: index)]
    default: outputs = [try builder.addOne(.concatenate(Concatenate(axis: -1)), [first, back[0]], layer: index)]
    }
    for output in outputs { builder.setMask(forward.returnsSequences ? mask.carried : nil, of: output) }
    return outputs + ahead.dropFirst() + back.dropFirst()
  }

  private static func part(_ entry: JSON, _ prefix: String, _ config: LayerConfig, reversed: Bool) throws(LSTMError) -> RecurrentLayer {
    var name = entry["config"]?["name"]?.string ?? entry["class_name"]?.string ?? "layer"
    if !name.hasPrefix(prefix) { name = prefix + name }
    let part = try LayerConfig(entry, prefix: config.path + "/", frozen: config.frozen, generation: config.generation, name: name)
    guard ["LSTM", "GRU", "SimpleRNN", "RNN", "CuDNNLSTM", "CuDNNGRU"].contains(part.type) else { throw config.unsupported("wraps a \(part.type)") }
    return try RecurrentLayer(part, reversed: reversed)
  }
}
