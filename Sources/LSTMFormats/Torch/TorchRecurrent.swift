import LSTMModel

/// A recurrent module of PyTorch in Keras' words: a layer for each of its layers, with the weights turned.
struct TorchRecurrent {
  private let module: TorchModule
  private let it: TorchModule.Recurrent

  /// The module of this name.
  init(_ module: TorchModule, _ it: TorchModule.Recurrent) {
    self.module = module
    self.it = it
  }

  /// What the module returns.
  struct Output {
    /// All steps.
    var sequence: GraphWriter.Wire
    /// The last h of each layer, forward before backward.
    var h: [GraphWriter.Wire] = []
    /// The same of c.
    var c: [GraphWriter.Wire] = []
  }

  /// What surrounds a call.
  struct Call {
    /// Initial states in PyTorch's order, if they are inputs.
    var h: [GraphWriter.Wire] = []
    var c: [GraphWriter.Wire] = []
    /// Steps that are real, if not all are.
    var mask: GraphWriter.Wire?
    /// Whether the final states are wanted.
    var returnsStates = false
    /// Whether only the last step is returned.
    var lastOnly = false
  }

  private var type: String { it.kind == "RNN" ? "SimpleRNN" : it.kind }

  /// Adds the module's layers.
  func add(_ input: GraphWriter.Wire, _ call: Call, to graph: inout GraphWriter, _ weights: inout NamedArrays, _ file: TorchTensors) throws(LSTMError)
    -> Output
  {
    var output = Output(sequence: input)
    let each = it.kind == "LSTM" ? 2 : 1
    for layer in 0..<it.layers {
      let base = it.layers > 1 ? module.label + "_l\(layer)" : module.label
      let config = configuration(call, isLast: layer == it.layers - 1)
      var named: [(String, [GraphWriter.Wire])] = []
      if let mask = call.mask { named.append(("mask", [mask])) }
      let directions = it.isBidirectional ? 2 : 1
      if !call.h.isEmpty {
        let places = layer * directions..<(layer + 1) * directions
        guard places.upperBound <= call.h.count, each == 1 || places.upperBound <= call.c.count else {
          throw .internalFault("too few initial states")
        }
        named.append(("initial_state", places.flatMap { each == 2 ? [call.h[$0], call.c[$0]] : [call.h[$0]] }))
      }
      let wire: GraphWriter.Wire
      let rank = call.lastOnly && layer == it.layers - 1 ? 2 : 3
      if it.isBidirectional {
        let options: [(String, JSON)] = [("layer", GraphWriter.inner(type, base, config)), ("merge_mode", .string("concat"))]
        wire = graph.add("Bidirectional", base, options, [output.sequence], rank: rank, named: named)
        for (direction, prefix) in ["forward_", "backward_"].enumerated() {
          try take(layer, backward: direction == 1, "\(wire.layer)/\(prefix)\(base)", &weights, file)
        }
      } else {
        wire = graph.add(type, base, config, [output.sequence], rank: rank, named: named)
        try take(layer, backward: false, wire.layer, &weights, file)
      }
      output.sequence = wire
      guard call.returnsStates else { continue }
      for direction in 0..<directions {
        output.h.append(GraphWriter.Wire(layer: wire.layer, tensor: 1 + direction * each, rank: 2))
        if each == 2 { output.c.append(GraphWriter.Wire(layer: wire.layer, tensor: 2 + direction * each, rank: 2)) }
      }
    }
    return output
  }

  private func configuration(_ call: Call, isLast: Bool) -> [(String, JSON)] {
    var config: [(String, JSON)] = [
      ("units", .integer(it.hidden)), ("activation", .string(it.kind == "RNN" ? it.nonlinearity : "tanh")), ("use_bias", .bool(it.hasBias)),
      ("return_sequences", .bool(!(call.lastOnly && isLast))), ("return_state", .bool(call.returnsStates)),
    ]
    if it.kind != "RNN" { config.append(("recurrent_activation", .string("sigmoid"))) }
    if it.kind == "GRU" { config.append(("reset_after", .bool(true))) } else if it.hasBias { config.append(("recurrent_bias", .bool(true))) }
    if let projection = it.projection { config.append(("projection", .integer(projection))) }
    if call.mask != nil { config.append(("zero_output_for_mask", .bool(true))) }
    return config
  }

  /// Keeps the weights of one direction of one layer under the names that Keras' layer gives them.
  private func take(_ layer: Int, backward: Bool, _ place: String, _ weights: inout NamedArrays, _ file: TorchTensors) throws(LSTMError) {
    let end = it.suffix(layer, backward: backward)
    let rows = TorchModule.Recurrent.gates(it.kind) * it.hidden
    let input = layer == 0 ? it.input : it.output * (it.isBidirectional ? 2 : 1)
    func tensor(_ name: String, _ shape: Shape) throws(LSTMError) -> StoredArray {
      let name = module.tensorName(name + end)
      guard let array = file.tensors[name] else { throw .format("the file has no tensor ‘\(name)’") }
      // PyTorch has the gates r, z, n of a GRU where Keras has z, r, n.
      return it.kind == "GRU" ? try array.checked(shape).reordered([1, 0, 2]) : try array.checked(shape)
    }
    weights[place + "/kernel"] = try tensor("weight_ih", [rows, input]).transposed()
    weights[place + "/recurrent_kernel"] = try tensor("weight_hh", [rows, it.output]).transposed()
    if it.hasBias { weights[place + "/bias"] = try tensor("bias_ih", [rows]).above(try tensor("bias_hh", [rows])) }
    if let projection = it.projection {
      let name = module.tensorName("weight_hr" + end)
      guard let array = file.tensors[name] else { throw .format("the file has no tensor ‘\(name)’") }
      weights[place + "/projection_kernel"] = try array.checked([projection, it.hidden]).transposed()
    }
  }
}
