import LSTMModel

/// Modules as the tensors alone tell them: kinds and sizes from names and shapes.
struct TorchModules {
  private let file: TorchTensors

  /// The modules of a state_dict.
  init(_ file: TorchTensors) { self.file = file }

  /// Names of the modules with parameters, in the file's order.
  var names: [String] {
    var seen: Set<String> = []
    return file.names.map { TorchName($0).module }.filter { seen.insert($0).inserted }
  }

  /// The shape of a parameter, if the module has it.
  func shape(_ module: String, _ parameter: String) -> Shape? {
    file.tensors[module.isEmpty ? parameter : module + "." + parameter]?.shape
  }

  /// The module of this name, its kind being guessed from its parameters.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming the module if its parameters are those of no known kind.
  func module(_ name: String) throws(LSTMError) -> TorchModule {
    if shape(name, "weight_ih_l0") != nil || shape(name, "weight_ih") != nil { return try recurrent(name, type: nil) }
    let weight = shape(name, "weight")
    if let mean = shape(name, "running_mean"), mean.rank == 1 {
      return TorchModule(name: name, kind: .batchNorm(size: mean[0], epsilon: 1e-5, isAffine: weight != nil))
    }
    if let weight, weight.rank == 1, shape(name, "bias") == weight {
      return TorchModule(name: name, kind: .layerNorm(size: weight[0], epsilon: 1e-5, isAffine: true))
    }
    if let weight, weight.rank == 2 {
      let hasBias = shape(name, "bias") != nil
      if !hasBias, name.lowercased().contains("emb") {
        return TorchModule(name: name, kind: .embedding(count: weight[0], size: weight[1], padding: nil))
      }
      return TorchModule(name: name, kind: .linear(input: weight[1], output: weight[0], hasBias: hasBias))
    }
    let found = file.names.filter { TorchName($0).module == name }.prefix(4).joined(separator: ", ")
    let known = "RNN, GRU, LSTM, their cells, Linear, Embedding, LayerNorm, BatchNorm1d"
    throw .unsupported("the module ‘\(name)’ with the tensors \(found) is of no kind that liblstm knows: \(known)")
  }

  /// A recurrent module; `type` is its class if the file tells it, without `nn.`.
  func recurrent(_ name: String, type: String?) throws(LSTMError) -> TorchModule {
    let isCell = shape(name, "weight_ih") != nil
    let end = isCell ? "" : "_l0"
    guard let input = shape(name, "weight_ih" + end), let state = shape(name, "weight_hh" + end), input.rank == 2, state.rank == 2,
      input[0] == state[0], input[0] > 0, state[1] > 0
    else { throw .shape("the module ‘\(name)’ has no ‘weight_ih\(end)’ and ‘weight_hh\(end)’ of two dimensions that fit") }
    for size in input.dimensions + state.dimensions where size > LayerConfig.largestSize {
      throw .shape("the module ‘\(name)’ has a dimension of \(size), more than any network")
    }
    let projection = shape(name, "weight_hr" + end)
    let hidden = projection?[1] ?? state[1]
    guard hidden > 0, input[0] % hidden == 0 else {
      throw .shape("‘weight_ih\(end)’ of the module ‘\(name)’ is \(input), which is no multiple of \(hidden) units")
    }
    let kind: String
    switch input[0] / hidden {
    case 4: kind = "LSTM"
    case 3: kind = "GRU"
    case 1: kind = "RNN"
    default: throw .shape("‘weight_ih\(end)’ of the module ‘\(name)’ is \(input): \(input[0] / hidden) gates of \(hidden) units are no known cell")
    }
    if let type, type != kind {
      throw .shape("the module ‘\(name)’ is stated as an \(type), but its ‘weight_ih\(end)’ of \(input) is that of an \(kind)")
    }
    var it = TorchModule.Recurrent(kind: kind, isCell: isCell, hidden: hidden, input: input[1], projection: projection?[0])
    it.hasBias = shape(name, "bias_ih" + end) != nil
    it.isBidirectional = !isCell && shape(name, "weight_ih_l0_reverse") != nil
    while !isCell, shape(name, "weight_ih_l\(it.layers)") != nil { it.layers += 1 }
    return TorchModule(name: name, kind: .recurrent(it))
  }

  /// All modules in an order in which each fits the one before it.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` if there is none, so that nobody can tell what is computed.
  func chain() throws(LSTMError) -> [TorchModule] {
    var modules: [TorchModule] = []
    for name in names { modules.append(try module(name)) }
    guard !modules.isEmpty else { throw .format("the file has no tensors of a PyTorch network") }
    if file.keepsOrder, TorchModules.fits(modules) { return modules }
    let keys = modules.enumerated().map { (TorchModules.rank($0.element), TorchModules.key($0.element.name), $0.offset) }
    let ranked = keys.sorted { $0 < $1 }.map { modules[$0.2] }
    var tries = 100_000
    guard let order = TorchModules.order(ranked, &tries) else {
      let names = ranked.prefix(8).map(\.label).joined(separator: ", ")
      throw .unsupported(
        "the modules \(names) do not form a chain by their sizes; the file must say in an attribute ‘architecture’ how they are connected")
    }
    return order
  }

  private static func fits(_ modules: [TorchModule]) -> Bool {
    var features: Int?
    for (position, module) in modules.enumerated() {
      if case .embedding = module.kind, position > 0 { return false }
      if let input = module.input, let features, input != features { return false }
      features = module.output(features ?? module.input ?? 0)
    }
    return true
  }

  /// What usually comes first.
  private static func rank(_ module: TorchModule) -> Int {
    switch module.kind {
    case .embedding: return 0
    case .recurrent: return 1
    case .layerNorm, .batchNorm: return 2
    default: return 3
    }
  }

  /// A name with its numbers padded, so that `fc10` comes after `fc2`.
  private static func key(_ name: String) -> String {
    var result = ""
    var digits = ""
    for letter in name + " " {
      if letter.isNumber {
        digits.append(letter)
      } else {
        if !digits.isEmpty { result += String(repeating: "0", count: max(0, 12 - digits.count)) + digits }
        digits = ""
        result.append(letter)
      }
    }
    return result
  }

  /// The first order, as near as possible to the given one, in which sizes fit. Depth-first, at most `tries` steps.
  private static func order(_ modules: [TorchModule], _ tries: inout Int) -> [TorchModule]? {
    guard modules.count <= 256 else { return nil }
    var used = [Bool](repeating: false, count: modules.count)
    // At each place the candidate that is tried now, and the features that reach it.
    var path: [Int] = []
    var features: [Int?] = [nil]
    var candidate = 0
    while path.count < modules.count {
      tries -= 1
      guard tries > 0 else { return nil }
      if candidate < modules.count {
        let module = modules[candidate]
        let isFirst = path.isEmpty
        var mayCome = !used[candidate]
        if case .embedding = module.kind, !isFirst { mayCome = false }
        if let reached = features.last ?? nil, let input = module.input, input != reached { mayCome = false }
        guard mayCome else {
          candidate += 1
          continue
        }
        used[candidate] = true
        features.append(module.output((features.last ?? nil) ?? module.input ?? 0))
        path.append(candidate)
        candidate = 0
      } else {
        guard let last = path.popLast() else { return nil }
        used[last] = false
        features.removeLast()
        candidate = last + 1
      }
    }
    return path.map { modules[$0] }
  }
}
