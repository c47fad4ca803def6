import LSTMModel

/// LSTM, GRU, SimpleRNN, and RNN around one of their cells or around several that are stacked.
final class RecurrentLayer: KerasLayer {
  /// A cell with its weights.
  private struct Cell {
    let config: LayerConfig
    let operation: Recurrent
    let weights: WeightGroup
    /// Put before the names of its gates if there are several cells.
    let prefix: String
  }

  private let cells: [Cell]
  private let group: [KerasLayer]
  /// Whether all steps are returned.
  let returnsSequences: Bool
  /// Whether axes 0 and 1 of the sequence are the other way round: `[steps, batch, features]`.
  let isTimeMajor: Bool
  private let returnsState: Bool
  private let goesBackwards: Bool
  private let keepsState: Bool
  private let zeroOutputForMask: Bool

  override var isStateful: Bool { keepsState }

  /// States that it has, and takes as initial states: h and perhaps c of each cell.
  var stateCount: Int { cells.reduce(0) { $0 + $1.operation.stateCount } }

  /// Reads LSTM, GRU, SimpleRNN or RNN; `reversed` turns the direction round, for the backward part of a Bidirectional.
  init(_ config: LayerConfig, reversed: Bool = false) throws(LSTMError) {
    returnsSequences = try config.bool("return_sequences", default: false)
    returnsState = try config.bool("return_state", default: false)
    goesBackwards = try config.bool("go_backwards", default: false) != reversed
    keepsState = try config.bool("stateful", default: false)
    zeroOutputForMask = try config.bool("zero_output_for_mask", default: false)
    isTimeMajor = try config.bool("time_major", default: false)
    if config.type == "RNN" {
      let parts = try RecurrentLayer.cells(of: config)
      group = parts.map { KerasLayer($0.0) }
      cells = zip(parts, group).map { part, layer in
        Cell(config: part.0, operation: part.1, weights: layer.weights, prefix: parts.count > 1 ? part.0.name + "/" : "")
      }
      config.ignore("unroll")
      try config.finish()
      super.init(config, parts: group)
    } else {
      let operation = try RecurrentCell.read(config, kind: config.type)
      try config.finish()
      group = []
      let weights = WeightGroup(trainable: config.trainable, isModel: false, parts: [])
      cells = [Cell(config: config, operation: operation, weights: weights, prefix: "")]
      super.init(config, weights: weights)
    }
  }

  override func variables(at path: String, style: VariableStyle) -> [VariablePath] {
    switch group.count {
    case 0: return ownVariables(at: path + "/cell")
    case 1: return group[0].variables(at: path + "/cell", style: style)
    default:
      return zip(group, LayerGroupNames.names(of: group, style: style)).flatMap { $0.variables(at: path + "/cell/cells/" + $1, style: style) }
    }
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    let call = call.understanding("initial_state")
    try call.finish(config)
    let (sequence, states) = try initialStates(call, config, builder)
    let mask = SequenceMask(call: try call.mask(config), sequence, hasInitialState: states != nil, builder)
    guard isTimeMajor else {
      return try run(sequence, states, mask, in: builder, layer: index, prefix: "")
    }
    let turned = try builder.addOne(.permute(Permute(order: [1, 0, 2])), [sequence], layer: index)
    var outputs = try run(turned, states, try mask.turned(builder, layer: index), in: builder, layer: index, prefix: "")
    if returnsSequences, let first = outputs.first {
      outputs[0] = try builder.addOne(.permute(Permute(order: [1, 0, 2])), [first], layer: index)
      builder.setMask(mask.carried, of: outputs[0])
    }
    return outputs
  }

  /// Adds the cells for a sequence with the batch first; returns the output and, if so configured, the states.
  func run(
    _ sequence: Value, _ states: [Value]?, _ mask: SequenceMask, in builder: ModelBuilder, layer: Int, prefix: String
  ) throws(LSTMError) -> [Value] {
    if let states, states.count != stateCount {
      throw .shape("\(config.title) gets \(states.count) initial states; expected \(stateCount)")
    }
    var value = sequence
    var remaining = states ?? []
    var finals: [Value] = []
    var consumed = mask.consumed
    for (position, cell) in cells.enumerated() {
      var operation = cell.operation
      let isLast = position == cells.count - 1
      operation.returnSequences = returnsSequences || !isLast
      operation.returnState = returnsState
      operation.goBackwards = goesBackwards && position == 0
      operation.stateful = keepsState
      operation.zeroOutputForMask = zeroOutputForMask && isLast
      operation.takesInitialState = states != nil
      if goesBackwards, position == 1, let steps = consumed {
        // What the first cell returns is in reversed order; so must be the mask of those after it.
        consumed = try builder.addOne(.reverseTime(ReverseTime()), [steps], layer: layer)
      }
      let inputs = [value] + remaining.prefix(states == nil ? 0 : operation.stateCount)
      remaining.removeFirst(inputs.count - 1)
      let weights = try builder.weights(for: .recurrent(operation), inputs, in: cell.weights, cell.config, layer: layer)
      let outputs = try builder.add(.recurrent(operation), inputs, weights: weights, layer: layer, mask: .given([consumed]))
      guard let first = outputs.first else { throw .internalFault("a recurrent layer without output") }
      builder.makeTraceable(first, prefix: prefix + cell.prefix, layer: layer)
      builder.setMask(nil, of: first)
      value = first
      finals += outputs.dropFirst()
    }
    builder.setMask(returnsSequences ? mask.carried : nil, of: value)
    return [value] + finals
  }

  /// The cells of an RNN: one, a list, or a StackedRNNCells.
  private static func cells(of config: LayerConfig) throws(LSTMError) -> [(LayerConfig, Recurrent)] {
    guard let cell = config.value("cell") else { throw config.wrong("cell", expected: "a cell") }
    var entries = cell.array ?? [cell]
    if cell["class_name"]?.string == "StackedRNNCells" {
      let stack = try LayerConfig(cell, prefix: config.path + "/", frozen: config.frozen, generation: config.generation)
      guard let listed = stack.value("cells")?.array else { throw stack.wrong("cells", expected: "a list of cells") }
      try stack.require("reverse_state_order", .bool(false))
      try stack.finish()
      entries = listed
    }
    guard !entries.isEmpty, entries.count <= 1024 else { throw config.wrong("cell", expected: "1 to 1024 cells") }
    // One cell is the layer itself; several have names of their own.
    let prefix = entries.count > 1 ? config.path + "/" : ""
    var cells: [(LayerConfig, Recurrent)] = []
    for entry in entries {
      let cell = try LayerConfig(
        entry, prefix: prefix, frozen: config.frozen, generation: config.generation, insteadOf: entries.count > 1 ? nil : config)
      guard cell.type.hasSuffix("Cell") else { throw config.unsupported("has the cell ‘\(cell.type)’") }
      cells.append((cell, try RecurrentCell.read(cell, kind: String(cell.type.dropLast(4)))))
      try cell.finish()
    }
    return cells
  }
}

extension KerasLayer {
  /// Splits what a recurrent layer is called with: the sequence, and initial states, given by name or as further inputs.
  func initialStates(_ call: LayerCall, _ config: LayerConfig, _ builder: ModelBuilder) throws(LSTMError) -> (Value, [Value]?) {
    guard let sequence = call.inputs.first else { throw .format("\(config.title) is called without an input") }
    if let states = call.values("initial_state") {
      guard call.inputs.count == 1 else { throw .format("\(config.title) is given its initial state twice") }
      return (sequence, states)
    }
    return (sequence, call.inputs.count > 1 ? Array(call.inputs.dropFirst()) : nil)
  }
}

/// The mask of a recurrent layer's call: what it works with, and what its output carries.
struct SequenceMask {
  /// The mask that decides which steps are skipped.
  var consumed: Value?
  /// The mask that the output carries if it is a sequence.
  var carried: Value?

  /// The masks of a call. Keras 3 looks for no mask when a call has several tensors, as one with an initial state does.
  init(call mask: GraphBuilder.CallMask, _ sequence: Value, hasInitialState: Bool, _ builder: ModelBuilder) {
    carried = builder.graph.mask(of: sequence)
    consumed = hasInitialState && builder.generation >= .keras3 ? nil : carried
    if case .given(let given) = mask {
      carried = given.first ?? nil
      consumed = carried
    }
  }

  /// The same for a sequence whose batch and time axes were exchanged.
  func turned(_ builder: ModelBuilder, layer: Int) throws(LSTMError) -> SequenceMask {
    var result = self
    if let consumed { result.consumed = try builder.addOne(.permute(Permute(order: [1, 0])), [consumed], layer: layer) }
    result.carried = nil
    return result
  }
}
