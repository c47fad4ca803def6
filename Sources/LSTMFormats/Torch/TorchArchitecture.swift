import LSTMModel

/// What a file says about its modules, in an attribute `architecture`: a JSON object of module names and what they are, in the order of use.
///
///     {"embedding": {"type": "nn.Embedding", "padding_idx": 0},
///      "rnn": {"type": "nn.LSTM", "batch_first": true, "num_layers": 2, "bidirectional": true, "proj_size": 3},
///      "head": ["nn.Linear(4, 3)", "nn.ReLU", "nn.Linear(3, 1)"],
///      "inputs": ["x", "h_0", "c_0", "lengths"], "outputs": ["head(rnn output)", "h_n", "c_n"]}
///
/// Sizes are those of the tensors; where the text states them too, they must agree. `inputs` and `outputs` may be absent.
struct TorchArchitecture {
  /// The modules in the order in which they follow one another.
  var modules: [TorchModule] = []
  /// What the network returns; nil if the last module's output.
  var outputs: [String]?
  /// What it takes beside the sequence: `h_0`, `c_0`, `lengths`.
  var inputs: [String] = []

  /// Reads the text, with the tensors that it speaks about.
  ///
  /// - Throws: ``LSTMError`` naming the module and what is wrong with it.
  init(_ json: JSON, _ file: TorchTensors) throws(LSTMError) {
    guard case .object(let members) = json else { throw .format("the attribute ‘architecture’ is \(json.brief), not an object of modules") }
    let known = TorchModules(file)
    for member in members {
      switch member.name {
      case "outputs": outputs = try TorchArchitecture.words(member.value, "outputs")
      case "inputs": inputs = try TorchArchitecture.words(member.value, "inputs").filter { $0 != "x" }
      default:
        let name = TorchTensors.wrapped(member.name)
        if let list = member.value.array {
          for (place, entry) in list.enumerated() { modules.append(try TorchArchitecture.listed(entry, "\(name).\(place)", known)) }
        } else if let text = member.value.string {
          modules.append(try TorchArchitecture.listed(.string(text), name, known))
        } else {
          modules.append(try TorchArchitecture.module(member.value, name, known))
        }
      }
    }
    for input in inputs where !["h_0", "c_0", "lengths"].contains(input) {
      throw .unsupported("the architecture has an input ‘\(input)’; liblstm knows x, h_0, c_0 and lengths")
    }
    guard !modules.isEmpty else { throw .format("the attribute ‘architecture’ names no module") }
  }

  private static func words(_ json: JSON, _ key: String) throws(LSTMError) -> [String] {
    let words = json.array?.compactMap(\.string) ?? []
    guard !words.isEmpty, words.count == json.array?.count, words.count <= 64 else {
      throw .format("‘\(key)’ of the architecture is \(json.brief); expected a list of 1 to 64 names")
    }
    return words
  }

  /// `{"type": "nn.LSTM", …}`.
  private static func module(_ spec: JSON, _ name: String, _ known: TorchModules) throws(LSTMError) -> TorchModule {
    guard let type = spec["type"]?.string else { throw .format("the architecture states no ‘type’ for the module ‘\(name)’") }
    let kind = type.hasPrefix("nn.") ? String(type.dropFirst(3)) : type
    var module: TorchModule
    switch kind {
    case "LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell":
      module = try known.recurrent(name, type: kind.hasSuffix("Cell") ? String(kind.dropLast(4)) : kind)
      try check(spec, &module)
    case "Linear", "Embedding", "LayerNorm", "BatchNorm1d":
      module = try stated(kind, name, known)
      switch module.kind {
      case .embedding(let count, let size, _):
        module.kind = .embedding(count: count, size: size, padding: spec["padding_idx"]?.integer)
      case .layerNorm(let size, let epsilon, let isAffine):
        module.kind = .layerNorm(size: size, epsilon: spec["eps"]?.real ?? epsilon, isAffine: isAffine)
      case .batchNorm(let size, let epsilon, let isAffine):
        module.kind = .batchNorm(size: size, epsilon: spec["eps"]?.real ?? epsilon, isAffine: isAffine)
      default: break
      }
    default: module = try listed(.string(type), name, known)
    }
    return module
  }

  /// The module of this name, which must be of the stated kind. A normalisation may have no parameters that tell its size.
  private static func stated(_ kind: String, _ name: String, _ known: TorchModules) throws(LSTMError) -> TorchModule {
    if kind == "Embedding", let shape = known.shape(name, "weight"), shape.rank == 2 {
      return TorchModule(name: name, kind: .embedding(count: shape[0], size: shape[1], padding: nil))
    }
    if kind == "LayerNorm", let shape = known.shape(name, "weight"), shape.rank == 1, known.shape(name, "bias") == nil {
      throw .unsupported("the module ‘\(name)’ is a LayerNorm without bias, which liblstm does not support")
    }
    let module = try known.module(name)
    switch (kind, module.kind) {
    case ("Linear", .linear), ("LayerNorm", .layerNorm), ("BatchNorm1d", .batchNorm): return module
    default: throw .shape("the module ‘\(name)’ is stated as an nn.\(kind), but its tensors are those of another kind")
    }
  }

  /// `nn.Linear(4, 3)`, `nn.ReLU`: one of a list.
  private static func listed(_ entry: JSON, _ name: String, _ known: TorchModules) throws(LSTMError) -> TorchModule {
    guard let text = entry.string else { return try module(entry, name, known) }
    let parts = text.split(separator: "(", maxSplits: 1)
    let type = parts.first.map(String.init) ?? ""
    let kind = type.hasPrefix("nn.") ? String(type.dropFirst(3)) : type
    let arguments = parts.count > 1 ? parts[1].split { ", )=".contains($0) }.compactMap { Double($0) } : []
    if let function = TorchModule.function(kind, arguments: arguments) { return TorchModule(name: name, kind: function) }
    guard ["Linear", "Embedding", "LayerNorm", "BatchNorm1d", "LSTM", "GRU", "RNN"].contains(kind) else {
      throw .unsupported("the module ‘\(name)’ is an ‘\(text)’, which liblstm does not support")
    }
    return try module(.object([JSON.Member(name: "type", value: .string(kind))]), name, known)
  }

  /// What the text says about a recurrent module must agree with its tensors.
  private static func check(_ spec: JSON, _ module: inout TorchModule) throws(LSTMError) {
    guard case .recurrent(var it) = module.kind else { return }
    let facts: [(String, JSON)] = [
      ("input_size", .integer(it.input)), ("hidden_size", .integer(it.hidden)), ("num_layers", .integer(it.layers)),
      ("bidirectional", .bool(it.isBidirectional)), ("bias", .bool(it.hasBias)), ("proj_size", .integer(it.projection ?? 0)),
    ]
    for (key, found) in facts {
      guard let stated = spec[key], stated != .null, stated != found else { continue }
      throw .shape("the module ‘\(module.name)’ states ‘\(key)’ as \(stated.brief), but its tensors make it \(found.text)")
    }
    if let function = spec["nonlinearity"]?.string {
      guard ["tanh", "relu"].contains(function) else { throw .unsupported("the module ‘\(module.name)’ has the nonlinearity ‘\(function)’") }
      it.nonlinearity = function
    }
    module.kind = .recurrent(it)
    module.batchFirst = it.isCell || spec["batch_first"] == .bool(true)
  }
}
