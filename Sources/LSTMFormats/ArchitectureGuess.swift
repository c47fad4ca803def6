import LSTMModel

/// A plain stack of layers, inferred from the names and shapes of weights that come without a configuration.
///
/// Activations, padding and what a layer returns leave no trace in weights: what had to be assumed is said, one sentence for each layer.
struct ArchitectureGuess {
  /// Arrays that belong to one layer: its name in the file, and theirs.
  struct Group {
    /// The layer.
    var name: String
    /// Names of its arrays without the path.
    var names: [String]
    /// Their shapes.
    var shapes: [Shape]
  }

  /// What a group can be.
  private struct Candidate {
    var type: String
    var units: Int
    var inputSize: Int?
    var outputSize: Int?
    var config: [JSON.Member]
    var isBidirectional = false
    var returnsSequences = false
    /// The bias has cuDNN's layout, and cuDNN has no other gates than sigmoid.
    var isCuDNN = false

    var isRecurrent: Bool { ["LSTM", "GRU", "SimpleRNN"].contains(type) }
  }

  /// The configuration, in Keras' words.
  let config: JSON
  /// What was assumed.
  let assumptions: [String]

  /// Guesses from groups in the order of the layers. `gates` is the gates' function where nothing states it.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming the layer that cannot be guessed or does not fit the one before it.
  init(_ groups: [Group], gates: String) throws(LSTMError) {
    var layers: [Candidate] = []
    for (position, group) in groups.enumerated() {
      guard let candidate = ArchitectureGuess.candidate(group, isFirst: position == 0) else {
        let shapes = group.shapes.map(\.description).joined(separator: ", ")
        throw .unsupported("layer ‘\(group.name)’ with weights of \(shapes) cannot be guessed; give the architecture too")
      }
      if let before = layers.last(where: { $0.outputSize != nil })?.outputSize, let size = candidate.inputSize, before != size {
        throw .unsupported("layer ‘\(group.name)’ takes \(size) features, but the one before it gives \(before): this is no plain stack")
      }
      layers.append(candidate)
    }
    for position in layers.indices where layers[position].isRecurrent {
      let later = position + 1
      layers[position].returnsSequences =
        layers[later...].contains(where: \.isRecurrent) || groups[later...].contains { $0.name.filter { $0 != "_" }.contains("timedistributed") }
    }
    guard let first = layers.first else { throw .format("the file has no weights, so there is nothing to guess a model from") }
    var notes: [String] = []
    var entries: [JSON] = []
    for (group, layer) in zip(groups, layers) {
      let gates = layer.isCuDNN ? "sigmoid" : gates
      entries.append(ArchitectureGuess.entry(group.name, layer, gates: gates, isFirst: entries.isEmpty, first.type))
      if layer.isRecurrent {
        let article = layer.isBidirectional ? "a bidirectional" : layer.type == "LSTM" ? "an" : "a"
        let functions = "tanh" + (layer.type == "SimpleRNN" ? "" : " and " + gates) + (layer.isCuDNN ? " (its bias has cuDNN's layout)" : "")
        let returned = layer.returnsSequences ? "all steps" : "the last step"
        notes.append("layer ‘\(group.name)’ is \(article) \(layer.type) with \(functions), and returns \(returned)")
      } else if layer.type == "Dense" {
        notes.append("layer ‘\(group.name)’ is a Dense without an activation")
      } else if layer.type == "Embedding" {
        notes.append("layer ‘\(group.name)’ is an Embedding that masks nothing")
      } else {
        notes.append("layer ‘\(group.name)’ is a \(layer.type) with Keras' usual epsilon")
      }
    }
    config = .object([
      JSON.Member(name: "class_name", value: .string("Sequential")),
      JSON.Member(
        name: "config", value: .object([JSON.Member(name: "name", value: .string("inferred")), JSON.Member(name: "layers", value: .array(entries))])),
    ])
    assumptions = notes
  }

  /// An order of groups in which each takes what the one before it gives; `classes` are in order among themselves.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` if there is none, or several.
  static func chained(_ classes: [[Group]]) throws(LSTMError) -> [Group] {
    let total = classes.reduce(0) { $0 + $1.count }
    guard total <= 64 else { throw .unsupported("the file has \(total) layers, too many to guess their order; give the architecture too") }
    var found: [[Group]] = []
    var tried = 0
    func extend(_ chain: [Group], _ size: Int?, _ next: [Int]) {
      tried += 1
      guard found.count < 2, tried < 100_000 else { return }
      if chain.count == total { return found.append(chain) }
      for index in classes.indices where next[index] < classes[index].count {
        let group = classes[index][next[index]]
        guard let candidate = candidate(group, isFirst: chain.isEmpty) else { continue }
        if let size, candidate.inputSize == nil || candidate.inputSize != size { continue }
        var after = next
        after[index] += 1
        extend(chain + [group], candidate.outputSize ?? size, after)
      }
    }
    extend([], nil, classes.map { _ in 0 })
    guard found.count == 1 else {
      let reason = found.isEmpty ? "do not fit one another in any order" : "fit one another in several orders"
      throw .unsupported("the layers of the file \(reason), so they cannot be guessed; give the architecture too")
    }
    return found[0]
  }

  private static func candidate(_ group: Group, isFirst: Bool) -> Candidate? {
    let shapes = group.shapes
    let last = group.names.last ?? ""
    switch shapes.count {
    case 12, 9: return gateByGate(shapes)
    case 24, 18: return bidirectional(shapes, gateByGate)
    case 4 where shapes.allSatisfy({ $0.rank == 1 && $0 == shapes[0] }):
      return Candidate(type: "BatchNormalization", units: 0, inputSize: shapes[0][0], outputSize: shapes[0][0], config: [])
    case 2 where shapes.allSatisfy({ $0.rank == 1 && $0 == shapes[0] }):
      return Candidate(type: "LayerNormalization", units: 0, inputSize: shapes[0][0], outputSize: shapes[0][0], config: [])
    case 2 where shapes[0].rank == 2 && shapes[1] == [shapes[0][1]]: return dense(shapes, bias: true)
    case 1 where shapes[0].rank == 2 && !group.names[0].hasPrefix("cell/"):
      guard last.contains("embedding") || group.name.contains("embedding") || isFirst && !group.name.contains("dense") else {
        return dense(shapes, bias: false)
      }
      return Candidate(
        type: "Embedding", units: shapes[0][1], inputSize: nil, outputSize: shapes[0][1],
        config: [JSON.Member(name: "input_dim", value: .integer(shapes[0][0])), JSON.Member(name: "output_dim", value: .integer(shapes[0][1]))])
    case 4, 6: return bidirectional(shapes, cell)
    case 2, 3: return cell(shapes)
    default: return nil
    }
  }

  /// Two cells of the same shapes, one after the other.
  private static func bidirectional(_ shapes: [Shape], _ cell: ([Shape]) -> Candidate?) -> Candidate? {
    let half = shapes.count / 2
    guard shapes[..<half].elementsEqual(shapes[half...]), var both = cell(Array(shapes[..<half])) else { return nil }
    both.isBidirectional = true
    both.outputSize = both.outputSize.map { $0 * 2 }
    return both
  }

  /// A cell of Keras 1, which kept a kernel, a recurrent kernel and a bias for each of an LSTM's four gates or a GRU's three.
  private static func gateByGate(_ shapes: [Shape]) -> Candidate? {
    for start in stride(from: 0, to: shapes.count - 2, by: 3) where !shapes[start...start + 2].elementsEqual(shapes[0...2]) { return nil }
    return recurrent(shapes.count == 12 ? "LSTM" : "GRU", shapes, kernel: 0, recurrent: 1, gates: 1, bias: true)
  }

  /// A cell's kernel `[I, n·H]`, recurrent kernel `[H, n·H]` and bias, where n tells the kind.
  private static func cell(_ shapes: [Shape]) -> Candidate? {
    guard shapes[0].rank == 2, shapes[1].rank == 2, shapes[0][1] == shapes[1][1], shapes[1][0] > 0, shapes[0][1] % shapes[1][0] == 0 else {
      return nil
    }
    let bias = shapes.count == 3
    switch shapes[0][1] / shapes[1][0] {
    case 1: return recurrent("SimpleRNN", shapes, kernel: 0, recurrent: 1, gates: 1, bias: bias)
    case 3:
      var gru = recurrent("GRU", shapes, kernel: 0, recurrent: 1, gates: 3, bias: bias)
      let isCuDNN = bias && shapes[2] == [2 * shapes[0][1]]
      gru?.config.append(JSON.Member(name: "reset_after", value: .bool(!bias || shapes[2].rank == 2 || isCuDNN)))
      gru?.isCuDNN = isCuDNN
      return gru
    case 4:
      var lstm = recurrent("LSTM", shapes, kernel: 0, recurrent: 1, gates: 4, bias: bias)
      lstm?.isCuDNN = bias && shapes[2] == [2 * shapes[0][1]]
      return lstm
    default: return nil
    }
  }

  private static func recurrent(_ type: String, _ shapes: [Shape], kernel: Int, recurrent: Int, gates: Int, bias: Bool) -> Candidate? {
    guard shapes[kernel].rank == 2, shapes[recurrent].rank == 2, shapes[kernel][1] == shapes[recurrent][1] else { return nil }
    let units = shapes[recurrent][1] / gates
    return Candidate(
      type: type, units: units, inputSize: shapes[kernel][0], outputSize: units, config: [JSON.Member(name: "use_bias", value: .bool(bias))])
  }

  private static func dense(_ shapes: [Shape], bias: Bool) -> Candidate {
    Candidate(
      type: "Dense", units: shapes[0][1], inputSize: shapes[0][0], outputSize: shapes[0][1],
      config: [JSON.Member(name: "use_bias", value: .bool(bias)), JSON.Member(name: "activation", value: .string("linear"))])
  }

  private static func entry(_ name: String, _ layer: Candidate, gates: String, isFirst: Bool, _ firstType: String) -> JSON {
    var config = [JSON.Member(name: "name", value: .string(name))] + layer.config
    if ["LSTM", "GRU", "SimpleRNN", "Dense"].contains(layer.type) { config.append(JSON.Member(name: "units", value: .integer(layer.units))) }
    if layer.isRecurrent {
      config.append(JSON.Member(name: "activation", value: .string("tanh")))
      if layer.type != "SimpleRNN" { config.append(JSON.Member(name: "recurrent_activation", value: .string(gates))) }
      config.append(JSON.Member(name: "return_sequences", value: .bool(layer.returnsSequences)))
    }
    var entry = JSON.object([JSON.Member(name: "class_name", value: .string(layer.type)), JSON.Member(name: "config", value: .object(config))])
    if layer.isBidirectional {
      let inner = entry.setting("config", .object(config).setting("name", .string(name + "_inner")))
      entry = .object([
        JSON.Member(name: "class_name", value: .string("Bidirectional")),
        JSON.Member(
          name: "config",
          value: .object([
            JSON.Member(name: "name", value: .string(name)), JSON.Member(name: "layer", value: inner),
            JSON.Member(name: "merge_mode", value: .string("concat")),
          ])),
      ])
    }
    guard isFirst else { return entry }
    var shape: [JSON] = [.null, .null]
    if let size = layer.inputSize { shape = layer.type == "Dense" ? [.null, .integer(size)] : [.null, .null, .integer(size)] }
    return entry.setting("config", (entry["config"] ?? .null).setting("batch_input_shape", .array(shape)))
  }
}
