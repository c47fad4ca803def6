import LSTMModel

/// A state_dict as a model: its modules one after the other, and what the architecture says of inputs and outputs.
struct TorchNetwork {
  private typealias Wire = GraphWriter.Wire
  private let file: TorchTensors
  private var graph = GraphWriter()
  private var weights = NamedArrays()
  private var assumptions: [String] = []
  private var modules: [TorchModule]
  private let architecture: TorchArchitecture?
  private var results: [String: TorchRecurrent.Output] = [:]
  private var x = Wire(layer: "", rank: 3)
  private var placed: Set<String> = []
  /// How many of the input's first features are added to the output.
  var skip = 0

  /// A network with the architecture that the file states, or with one that its tensors let guess.
  init(_ file: TorchTensors) throws(LSTMError) {
    self.file = file
    if file.architecture.isEmpty {
      architecture = nil
      modules = try TorchModules(file).chain()
      assumptions = TorchNetwork.guesses(modules)
    } else {
      let stated = try TorchArchitecture(try JSON(file.architecture, what: "the attribute ‘architecture’"), file)
      architecture = stated
      modules = stated.modules
    }
    let used = Set(modules.flatMap { module in module.parameters.map { module.tensorName($0) } })
    for name in file.names where !used.contains(name) && TorchName(name).parameter != "num_batches_tracked" {
      throw .unsupported("the file has a tensor ‘\(name)’ that belongs to none of the modules \(modules.map(\.label).joined(separator: ", "))")
    }
  }

  /// The model.
  mutating func model() throws(LSTMError) -> ExchangedModel {
    let outputs = architecture?.outputs
    let isTimeMajor = modules.contains { !$0.batchFirst }
    guard let first = modules.first else { throw .format("the file has no modules") }
    let inputs = try addInputs(first, isTimeMajor: isTimeMajor)
    var call = TorchRecurrent.Call()
    call.mask = try mask(inputs, isPacked: outputs?.contains { $0.lowercased().hasPrefix("padded") } ?? false)
    call.returnsStates = outputs?.contains { $0.contains("h_n") || $0.contains("c_n") } ?? false
    try readInitialStates(inputs, &call)

    let last = modules.lastIndex { if case .recurrent = $0.kind { return true } else { return false } }
    // With outputs stated, what comes after the last recurrent module is called where they say so.
    let backbone = outputs == nil ? modules[...] : modules.prefix((last ?? modules.count - 1) + 1)
    let cellAlone = outputs == nil && modules.count == 1 ? lone(first) : nil
    var sequence = x
    for module in backbone {
      if case .recurrent(let it) = module.kind {
        var own = call
        if let cell = cellAlone {
          (own.lastOnly, own.returnsStates) = (true, cell.kind == "LSTM")
          assumptions.append("the cell runs over a sequence; it returns \(cell.kind == "LSTM" ? "h and c" : "h") after the last step")
        }
        let result = try TorchRecurrent(module, it).add(sequence, own, to: &graph, &weights, file)
        results[module.name] = result
        placed.insert(module.name)
        sequence = result.sequence
      } else {
        sequence = try apply(module, to: sequence)
      }
    }
    if skip > 0 { sequence = skipping(sequence, from: x, features: first.input ?? 1) }
    var ends: [Wire] = []
    if let outputs {
      for text in outputs { ends.append(try value(text, sequence, isTimeMajor: isTimeMajor, depth: 0)) }
    } else {
      ends = [isTimeMajor ? turned(sequence) : sequence]
      if cellAlone?.kind == "LSTM", let c = results[first.name]?.c.first { ends.append(c) }
    }
    if let forgotten = modules.first(where: { !placed.contains($0.name) && !$0.parameters.isEmpty }) {
      throw .unsupported("the module ‘\(forgotten.name)’ is used by none of the outputs that the architecture states")
    }
    let configuration = graph.configuration(name: "network", inputs: inputs.map(\.1), outputs: ends)
    return ExchangedModel(configuration: configuration, weights: weights, writer: file.writer, format: file.format, assumptions: assumptions)
  }

  private mutating func skipping(_ output: Wire, from input: Wire, features: Int) -> Wire {
    graph.addFirst(skip, of: input, features: features, to: output, &weights)
  }

  private func lone(_ module: TorchModule) -> TorchModule.Recurrent? {
    if case .recurrent(let it) = module.kind, it.isCell { return it }
    return nil
  }

  /// What nobody can see in tensors.
  private static func guesses(_ modules: [TorchModule]) -> [String] {
    var guesses = ["the modules follow one another in the order \(modules.map(\.label).joined(separator: ", ")), with no function between them"]
    var kinds: Set<String> = []
    for module in modules { if case .recurrent(let it) = module.kind { kinds.insert(it.kind) } }
    if !kinds.isEmpty { guesses.append("the batch is the first dimension (batch_first=True), states begin with zeros, and all steps are returned") }
    if kinds.contains("RNN") { guesses.append("the nn.RNN has the nonlinearity tanh") }
    for module in modules {
      if case .embedding = module.kind { guesses.append("‘\(module.name)’ is an embedding, and none of its tokens stands for padding") }
      if case .layerNorm = module.kind { guesses.append("‘\(module.name)’ is a LayerNorm with the epsilon 1e-5") }
      if case .batchNorm = module.kind {
        guesses.append("‘\(module.name)’ is a BatchNorm1d with the epsilon 1e-5 over the last dimension")
      }
    }
    return guesses
  }

  /// The inputs, and the sequence with the batch first.
  private mutating func addInputs(_ first: TorchModule, isTimeMajor: Bool) throws(LSTMError) -> [(String, Wire)] {
    var isTokens = false
    if case .embedding = first.kind { isTokens = true }
    guard isTokens || first.input != nil else { throw .unsupported("the first module ‘\(first.name)’ does not tell what goes into it") }
    let hasTime = modules.contains { if case .recurrent = $0.kind { return true } else { return false } }
    let shape: [Int?] = isTokens ? [nil, nil] : hasTime ? [nil, nil, first.input] : [nil, first.input]
    let input = graph.input("x", shape, dtype: isTokens ? "int32" : "float32")
    var inputs = [("x", input)]
    x = isTimeMajor ? turned(input) : input
    for name in architecture?.inputs ?? [] {
      if name == "lengths" {
        inputs.append((name, graph.input(name, [nil, 1], dtype: "int32")))
      } else {
        let recurrent = modules.compactMap { module -> TorchModule.Recurrent? in
          if case .recurrent(let it) = module.kind { return it } else { return nil }
        }
        guard recurrent.count == 1, let it = recurrent.first else {
          throw .unsupported("‘\(name)’ is an input of a network with \(recurrent.count) recurrent modules")
        }
        guard name == "h_0" || it.kind == "LSTM" else { throw .format("the architecture has an input c_0, but an \(it.kind) has no cell state") }
        let size = name == "h_0" ? it.output : it.hidden
        inputs.append((name, graph.input(name, it.isCell ? [nil, size] : [nil, nil, size])))
      }
    }
    return inputs
  }

  private mutating func turned(_ wire: Wire) -> Wire {
    let axes: [JSON] = (wire.rank == 2 ? [1, 0] : [1, 0, 2]).map { .integer($0) }
    return graph.add("Transpose", "turn", [("axes", .array(axes))], [wire])
  }

  /// The mask of packed sequences: from lengths, if they are an input; else from the token that stands for padding.
  private mutating func mask(_ inputs: [(String, Wire)], isPacked: Bool) throws(LSTMError) -> Wire? {
    if let lengths = inputs.first(where: { $0.0 == "lengths" }) { return graph.add("SequenceMask", "mask", [], [x, lengths.1], rank: 2) }
    guard isPacked else { return nil }
    guard case .embedding(_, _, let padding)? = modules.first?.kind, let padding else {
      throw .unsupported("the outputs are those of packed sequences, but neither lengths are an input nor a token is the ‘padding_idx’")
    }
    assumptions.append("steps whose token is the padding_idx \(padding) lie beyond the end of their sequence")
    return graph.add("NotEqual", "mask", [], [x], rank: 2, constant: .integer(padding))
  }

  /// h_0 and c_0, `[layers · directions, N, H]`, as the initial states of each layer.
  private mutating func readInitialStates(_ inputs: [(String, Wire)], _ call: inout TorchRecurrent.Call) throws(LSTMError) {
    guard let h = inputs.first(where: { $0.0 == "h_0" }) else {
      guard !inputs.contains(where: { $0.0 == "c_0" }) else { throw .format("the architecture has an input c_0 but none h_0") }
      return
    }
    call.h = split(h.1)
    guard let c = inputs.first(where: { $0.0 == "c_0" }) else {
      guard !modules.contains(where: { if case .recurrent(let it) = $0.kind { return it.kind == "LSTM" } else { return false } }) else {
        throw .format("the architecture has an input h_0 but none c_0, which an LSTM needs too")
      }
      return
    }
    call.c = split(c.1)
  }

  private mutating func split(_ states: Wire) -> [Wire] {
    guard states.rank == 3 else { return [states] }
    var count = 1
    for module in modules { if case .recurrent(let it) = module.kind { count = it.layers * (it.isBidirectional ? 2 : 1) } }
    let rows = turned(states)
    return (0..<count).map { place in
      let one = graph.add("Cropping1D", "state", [("cropping", .array([.integer(place), .integer(count - 1 - place)]))], [rows])
      return graph.add("Flatten", "state", [], [one], rank: 2)
    }
  }

  /// A module without time.
  private mutating func apply(_ module: TorchModule, to input: Wire) throws(LSTMError) -> Wire {
    guard placed.insert(module.name).inserted || module.parameters.isEmpty else {
      throw .unsupported("the module ‘\(module.name)’ is used twice, which liblstm does not support in files of PyTorch")
    }
    func tensor(_ name: String) throws(LSTMError) -> StoredArray {
      let name = module.tensorName(name)
      guard let array = file.tensors[name] else { throw .format("the file has no tensor ‘\(name)’") }
      return array
    }
    switch module.kind {
    case .recurrent: throw .unsupported("the recurrent module ‘\(module.name)’ is used by an output, which liblstm does not support")
    case .linear(_, let output, let hasBias):
      let wire = graph.add(
        "Dense", module.label, [("units", .integer(output)), ("activation", .string("linear")), ("use_bias", .bool(hasBias))], [input])
      weights[wire.layer + "/kernel"] = try tensor("weight").transposed()
      if hasBias { weights[wire.layer + "/bias"] = try tensor("bias") }
      return wire
    case .embedding(let count, let size, _):
      let wire = graph.add(
        "Embedding", module.label, [("input_dim", .integer(count)), ("output_dim", .integer(size)), ("mask_zero", .bool(false))], [input],
        rank: input.rank + 1)
      weights[wire.layer + "/embeddings"] = try tensor("weight")
      return wire
    case .layerNorm(_, let epsilon, let isAffine):
      let wire = graph.add(
        "LayerNormalization", module.label,
        [("axis", .integer(-1)), ("epsilon", .number(epsilon)), ("center", .bool(isAffine)), ("scale", .bool(isAffine))], [input])
      if isAffine {
        weights[wire.layer + "/gamma"] = try tensor("weight")
        weights[wire.layer + "/beta"] = try tensor("bias")
      }
      return wire
    case .batchNorm(_, let epsilon, let isAffine):
      let wire = graph.add(
        "BatchNormalization", module.label,
        [("axis", .integer(-1)), ("momentum", .number(0.9)), ("epsilon", .number(epsilon)), ("center", .bool(isAffine)), ("scale", .bool(isAffine))],
        [input])
      if isAffine {
        weights[wire.layer + "/gamma"] = try tensor("weight")
        weights[wire.layer + "/beta"] = try tensor("bias")
      }
      weights[wire.layer + "/moving_mean"] = try tensor("running_mean")
      weights[wire.layer + "/moving_variance"] = try tensor("running_var")
      return wire
    case .function(let type, let options): return graph.add(type, module.label, options, [input])
    case .nothing: return input
    }
  }
}

extension TorchNetwork {
  /// What a text of the architecture's `outputs` stands for: `fc(rnn output)`, `h_n`, `softmax(fc(concat of h_n over directions))`.
  private mutating func value(_ text: String, _ sequence: Wire, isTimeMajor: Bool, depth: Int) throws(LSTMError) -> Wire {
    let text = String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    let wire = try value(within: text, sequence, depth: depth)
    // Sequences leave as they came; vectors have no time.
    return isTimeMajor && wire.rank == 3 && !["h_n", "c_n"].contains(text) ? turned(wire) : wire
  }

  private mutating func value(within text: String, _ sequence: Wire, depth: Int) throws(LSTMError) -> Wire {
    let refusal = LSTMError.unsupported("the architecture has an output ‘\(text)’, which liblstm does not understand")
    guard depth < 16, let result = results.values.first, results.count == 1 || !text.contains("_n") else { throw refusal }
    let words = text.lowercased()
    if words == "h_n" || words == "c_n" {
      let states = words == "h_n" ? result.h : result.c
      guard !states.isEmpty else { throw refusal }
      return stacked(states)
    }
    if ["concat of h_n over directions", "last h_n", "h_n[-1]"].contains(words) {
      let directions = words.hasPrefix("concat") && isBidirectional ? 2 : 1
      let last = Array(result.h.suffix(directions))
      guard !last.isEmpty else { throw refusal }
      return last.count == 1 ? last[0] : graph.add("Concatenate", "last", [("axis", .integer(-1))], last)
    }
    if words.hasPrefix("padded ") || words == "output" || words == "rnn output" { return sequence }
    if words.hasSuffix(" output"), let named = results[String(text.dropLast(7))] { return named.sequence }
    guard let open = text.firstIndex(of: "("), text.last == ")" else { throw refusal }
    let function = String(text[..<open])
    let inner = try value(within: String(text[text.index(after: open)...].dropLast()), sequence, depth: depth + 1)
    let called = modules.filter { $0.name == function || $0.name.hasPrefix(function + ".") }
    if !called.isEmpty {
      var wire = inner
      for module in called { wire = try apply(module, to: wire) }
      return wire
    }
    let functions = ["softmax": "Softmax", "log_softmax": "LogSoftmax", "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "ReLU"]
    guard let name = functions[function.lowercased()], case .function(let type, let options)? = TorchModule.function(name) else { throw refusal }
    return graph.add(type, function.lowercased(), options, [inner])
  }

  private var isBidirectional: Bool {
    modules.contains { if case .recurrent(let it) = $0.kind { return it.isBidirectional } else { return false } }
  }

  /// States of all layers and directions as one array `[layers · directions, N, H]`.
  private mutating func stacked(_ states: [Wire]) -> Wire {
    var rows: [Wire] = []
    for state in states { rows.append(graph.add("RepeatVector", "state", [("n", .integer(1))], [state], rank: 3)) }
    let all = rows.count == 1 ? rows[0] : graph.add("Concatenate", "states", [("axis", .integer(1))], rows)
    return turned(all)
  }
}
