import LSTMModel

/// A model's weights under the names and in the orientation of a PyTorch `state_dict`: `lstm.weight_ih_l0`, `head.weight`.
///
/// Each layer is a module of its name. What no module of PyTorch computes is refused: its weights would be of no use there.
struct TorchState {
  private let model: Model
  private var arrays: [SavedArray] = []
  private var modules: [JSON.Member] = []
  private var names: Set<String> = []

  /// Brings the weights into PyTorch's form.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming the layer that has no counterpart.
  init(_ model: Model) throws(LSTMError) {
    self.model = model
    for layer in model.layers.indices where !model.layers[layer].weights.isEmpty {
      // A shared layer has several nodes with the same weights.
      var seen: Set<[Int]> = []
      let nodes = model.nodes.filter { $0.layer == layer && !$0.weights.isEmpty && seen.insert($0.weights).inserted }
      try add(layer, nodes)
    }
  }

  /// The file as HDF5: flat datasets whose names contain dots.
  func hdf5() throws(LSTMError) -> [UInt8] {
    try HDF5Writer.bytes { (file) throws(LSTMError) in
      try file.attribute("architecture", of: file.root, text: JSON.object(modules).asciiText)
      try file.attribute("framework", of: file.root, text: "pytorch")
      for array in arrays.sorted(by: { $0.name < $1.name }) {
        try file.dataset(array.name, in: file.root, shape: array.shape, array.values, as: array.isInteger ? .int64 : nil)
      }
    }
  }

  /// The file as safetensors.
  func safetensors() throws(LSTMError) -> [UInt8] {
    Safetensors.bytes(arrays, metadata: [("format", "pt"), ("architecture", JSON.object(modules).asciiText)])
  }

  private func refused(_ layer: Int, _ reason: String) -> LSTMError {
    .unsupported("layer ‘\(model.layers[layer].name)’ (\(model.layers[layer].type)) \(reason), so its weights cannot be saved for PyTorch")
  }

  private mutating func add(_ layer: Int, _ nodes: [Node]) throws(LSTMError) {
    guard let first = nodes.first, let operation = first.operation else { throw refused(layer, "is never called") }
    let module = name(of: first, dropping: 1)
    switch operation {
    case .recurrent: try addRecurrent(layer, nodes)
    case .dense:
      try put(layer, module, [("weight", first.weights[0], transposed), ("bias", first.weights.dropFirst().first, same)])
      note(module, "nn.Linear", first.weights[0], ["in_features", "out_features"])
    case .embedding:
      try put(layer, module, [("weight", first.weights[0], same)])
      note(module, "nn.Embedding", first.weights[0], ["num_embeddings", "embedding_dim"])
    case .prelu:
      guard model.weights[first.weights[0]].values.count == 1 else { throw refused(layer, "has a slope for each place") }
      try put(layer, module, [("weight", first.weights[0], flat)])
      modules.append(JSON.Member(name: module, value: .object(["type": .string("nn.PReLU")])))
    case .layerNormalization(let it): try addNormalization(layer, module, first, "nn.LayerNorm", epsilon: it.epsilon)
    case .batchNormalization(let it): try addNormalization(layer, module, first, "nn.BatchNorm1d", epsilon: it.epsilon)
    case .convolution1D(let it):
      guard it.depthMultiplier == nil else { throw refused(layer, "is two convolutions in one") }
      try put(layer, module, [("weight", first.weights[0], reversedAxes), ("bias", first.weights.dropFirst().first, same)])
      modules.append(
        JSON.Member(
          name: module,
          value: .object([
            "type": .string("nn.Conv1d"), "kernel_size": .integer(it.size), "stride": .integer(it.stride), "dilation": .integer(it.dilation),
            "groups": .integer(it.groups),
          ])))
    default: throw refused(layer, "has no counterpart among PyTorch's modules with the same weights")
    }
  }

  private func name(of node: Node, dropping count: Int) -> String {
    model.weights[node.weights[0]].name.split(separator: "/").dropLast(count).joined(separator: ".")
  }

  private mutating func note(_ module: String, _ type: String, _ weight: Int, _ keys: [String]) {
    let sizes = zip(keys, model.weights[weight].shape.dimensions).map { JSON.Member(name: $0, value: .integer($1)) }
    modules.append(JSON.Member(name: module, value: .object([JSON.Member(name: "type", value: .string(type))] + sizes)))
  }

  private mutating func addNormalization(_ layer: Int, _ module: String, _ node: Node, _ type: String, epsilon: Double) throws(LSTMError) {
    var parts: [(String, Int?, (Weight) -> SavedArray)] = []
    for weight in node.weights {
      let short = model.weights[weight].name.split(separator: "/").last.map(String.init) ?? ""
      let names = ["gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"]
      guard let name = names[short] else { throw refused(layer, "has a weight ‘\(short)’") }
      parts.append((name, weight, same))
    }
    try put(layer, module, parts)
    // PyTorch's module has both or neither.
    let held = Set(parts.map(\.0))
    if held.contains("weight") != held.contains("bias"), let one = parts.first(where: { $0.0 == "weight" || $0.0 == "bias" })?.1 {
      let (name, number) = held.contains("weight") ? ("bias", Float(0)) : ("weight", Float(1))
      arrays.append(SavedArray(name: module + "." + name, shape: model.weights[one].shape, values: model.weights[one].values.filled(number)))
    }
    if type == "nn.BatchNorm1d" {
      arrays.append(SavedArray(name: module + ".num_batches_tracked", shape: [], values: .float64([0]), isInteger: true))
    }
    modules.append(JSON.Member(name: module, value: .object(["type": .string(type), "eps": .number(epsilon)])))
  }

  private mutating func addRecurrent(_ layer: Int, _ nodes: [Node]) throws(LSTMError) {
    let isBidirectional = model.layers[layer].type == "Bidirectional"
    let module = name(of: nodes[0], dropping: nodes.count > 1 ? 2 : 1)
    var kinds: [String] = []
    for (position, node) in nodes.enumerated() {
      guard case .recurrent(let it) = node.operation else { throw refused(layer, "does more than a recurrent module") }
      let isReverse = isBidirectional && position == nodes.count / 2 && nodes.count > 1
      guard !isBidirectional || nodes.count == 2 else { throw refused(layer, "has stacked cells in two directions") }
      kinds.append(try kind(it, layer, isReverse: isReverse) + "\(it.units) \(it.useBias)")
      let suffix = "_l\(isBidirectional ? 0 : position)" + (isReverse ? "_reverse" : "")
      try addCell(it, layer, module, node, suffix)
    }
    guard Set(kinds).count == 1 else { throw refused(layer, "has cells that differ, which one module cannot hold") }
    guard case .recurrent(let it) = nodes[0].operation else { return }
    let input = model.weights[nodes[0].weights[0]].shape[0]
    var members: [JSON.Member] = [
      JSON.Member(name: "type", value: .string("nn." + (kinds[0].split(separator: " ").first.map(String.init) ?? ""))),
      JSON.Member(name: "input_size", value: .integer(input)), JSON.Member(name: "hidden_size", value: .integer(it.units)),
      JSON.Member(name: "num_layers", value: .integer(isBidirectional ? 1 : nodes.count)),
      JSON.Member(name: "bidirectional", value: .bool(isBidirectional)), JSON.Member(name: "batch_first", value: .bool(true)),
      JSON.Member(name: "bias", value: .bool(it.useBias)),
    ]
    if let projection = it.options.projection { members.append(JSON.Member(name: "proj_size", value: .integer(projection))) }
    if it.cell == .simple { members.append(JSON.Member(name: "nonlinearity", value: .string(it.activation == .tanh ? "tanh" : "relu"))) }
    modules.append(JSON.Member(name: module, value: .object(members)))
  }

  /// The module that computes what the cell does.
  private func kind(_ it: Recurrent, _ layer: Int, isReverse: Bool) throws(LSTMError) -> String {
    guard it.goBackwards == isReverse else { throw refused(layer, "runs backwards") }
    if case .simple = it.cell {
      guard it.activation == .tanh || it.activation == .plainRelu else { throw refused(layer, "has an activation other than tanh and relu") }
      return "RNN "
    }
    guard it.activation == .tanh, it.recurrentActivation == .sigmoid else {
      throw refused(layer, "has activations other than tanh and sigmoid")
    }
    if case .lstm = it.cell { return "LSTM " }
    guard it.cell == .gru(resetAfter: true) else { throw refused(layer, "resets before its recurrent product (‘reset_after’ is false)") }
    return "GRU "
  }

  private mutating func addCell(_ it: Recurrent, _ layer: Int, _ module: String, _ node: Node, _ suffix: String) throws(LSTMError) {
    var known = CellOptions()
    (known.separateBiases, known.projection) = (it.options.separateBiases, it.options.projection)
    guard it.options == known else { throw refused(layer, "has options that PyTorch's cell does not have") }
    guard node.weights.count == (it.useBias ? 3 : 2) + (it.options.projection == nil ? 0 : 1) else {
      throw refused(layer, "has more weights than PyTorch's cell")
    }
    let units = it.units
    // PyTorch has a GRU's gates in the order r, z, n; Keras has z, r, n.
    let gates = it.cell == .simple ? [0] : it.cell == .lstm ? [0, 1, 2, 3] : [1, 0, 2]
    let place = { (row: Int) in gates[row / units] * units + row % units }
    let turned = { (weight: Weight) -> SavedArray in
      let (rows, columns) = (weight.shape[0], weight.shape.last)
      let values = weight.values.rearranged { place($0 / max(rows, 1)) + $0 % max(rows, 1) * columns }
      return SavedArray(name: "", shape: [columns, rows], values: values)
    }
    try put(layer, module, [("weight_ih" + suffix, node.weights[0], turned), ("weight_hh" + suffix, node.weights[1], turned)])
    if it.options.projection != nil { try put(layer, module, [("weight_hr" + suffix, node.weights.last, transposed)]) }
    guard it.useBias else { return }
    let size = gates.count * units
    let isDouble = model.weights[node.weights[2]].values.count == 2 * size
    let half = { (second: Bool) in
      { (weight: Weight) -> SavedArray in
        // Keras has one bias where PyTorch adds two: the second is zero.
        let values = second && !isDouble ? weight.values.zeros(size) : weight.values.slice(second ? size : 0, size).rearranged(place)
        return SavedArray(name: "", shape: [size], values: values)
      }
    }
    try put(layer, module, [("bias_ih" + suffix, node.weights[2], half(false)), ("bias_hh" + suffix, node.weights[2], half(true))])
  }

  private mutating func put(_ layer: Int, _ module: String, _ parts: [(String, Int?, (Weight) -> SavedArray)]) throws(LSTMError) {
    for (name, weight, form) in parts {
      guard let weight else { continue }
      var array = form(model.weights[weight])
      array.name = module + "." + name
      guard names.insert(array.name).inserted else { throw refused(layer, "has a weight whose name ‘\(array.name)’ another has too") }
      arrays.append(array)
    }
  }

  private func same(_ weight: Weight) -> SavedArray { SavedArray(name: "", shape: weight.shape, values: weight.values) }
  private func flat(_ weight: Weight) -> SavedArray { SavedArray(name: "", shape: [weight.values.count], values: weight.values) }

  /// `[in, out]` as `[out, in]`.
  private func transposed(_ weight: Weight) -> SavedArray {
    let (rows, columns) = (weight.shape[0], weight.shape.last)
    return SavedArray(
      name: "", shape: [columns, rows], values: weight.values.rearranged { $0 / max(rows, 1) + $0 % max(rows, 1) * columns })
  }

  /// `[size, in, out]` as `[out, in, size]`.
  private func reversedAxes(_ weight: Weight) -> SavedArray {
    let (size, input, output) = (weight.shape[0], weight.shape[1], weight.shape[2])
    return SavedArray(
      name: "", shape: [output, input, size],
      values: weight.values.rearranged { ($0 % size * input + $0 / size % input) * output + $0 / (size * input) })
  }
}

extension Values {
  /// `count` numbers from `start` on.
  func slice(_ start: Int, _ count: Int) -> Values {
    switch self {
    case .float32(let values): return .float32(Array(values[start..<start + count]))
    case .float64(let values): return .float64(Array(values[start..<start + count]))
    }
  }

  /// Zeros in the same precision.
  func zeros(_ count: Int) -> Values {
    if case .float32 = self { return .float32([Float](repeating: 0, count: count)) }
    return .float64([Double](repeating: 0, count: count))
  }

  /// As many of one number in the same precision.
  func filled(_ number: Float) -> Values {
    switch self {
    case .float32(let values): return .float32([Float](repeating: number, count: values.count))
    case .float64(let values): return .float64([Double](repeating: Double(number), count: values.count))
    }
  }
}

// Writing: the length of a JSON header in 8 bytes, the header, the numbers.
extension Safetensors {
  /// A file of these arrays.
  static func bytes(_ arrays: [SavedArray], metadata: [(String, String)]) -> [UInt8] {
    var members = [JSON.Member(name: "__metadata__", value: .object(metadata.map { JSON.Member(name: $0.0, value: .string($0.1)) }))]
    var numbers: [UInt8] = []
    for array in arrays {
      let start = numbers.count
      let type: String
      switch array.values {
      case .float64(let values) where array.isInteger:
        type = "I64"
        for value in values { append(UInt64(bitPattern: Int64(exactly: value) ?? 0), 8, &numbers) }
      case .float64(let values):
        type = "F64"
        for value in values { append(value.bitPattern, 8, &numbers) }
      case .float32(let values):
        type = "F32"
        for value in values { append(UInt64(value.bitPattern), 4, &numbers) }
      }
      members.append(
        JSON.Member(
          name: array.name,
          value: .object([
            "dtype": .string(type), "shape": .array(array.shape.dimensions.map { .integer($0) }),
            "data_offsets": .array([.integer(start), .integer(numbers.count)]),
          ])))
    }
    var header = Array(JSON.object(members).asciiText.utf8)
    // The numbers begin at a multiple of 8.
    while header.count % 8 != 0 { header.append(0x20) }
    var bytes: [UInt8] = []
    append(UInt64(header.count), 8, &bytes)
    return bytes + header + numbers
  }

  private static func append(_ value: UInt64, _ count: Int, _ bytes: inout [UInt8]) {
    for place in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * place))) }
  }
}
