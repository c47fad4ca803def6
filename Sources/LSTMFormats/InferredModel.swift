import LSTMModel

/// Models made of a file of weights alone.
enum InferredModel {
  /// The model of an HDF5 file that holds weights by order, or by class and place.
  static func model(_ root: HDF5Group) throws(LSTMError) -> Model {
    if try LegacyWeights.isPresent(in: root) { return try legacy(root) }
    return try variables(root)
  }

  private static func legacy(_ root: HDF5Group) throws(LSTMError) -> Model {
    let weights = try LegacyWeights(root)
    let version = try root.string("keras_version") ?? ""
    var groups: [ArchitectureGuess.Group] = []
    var isOld = version.hasPrefix("1") || weights.hasNamesOfKeras1
    for layer in weights.layers {
      var shapes: [Shape] = []
      for position in layer.weights.indices { shapes.append(try layer.dataset(position).shape()) }
      let names = layer.weights.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
      // Keras 1 kept each gate by itself.
      if [9, 12, 18, 24].contains(shapes.count) { isOld = true }
      // Keras of several backends named no cell; there the gates' usual function was hard_sigmoid.
      if names.contains(where: { $0.hasPrefix("recurrent_kernel:") }), !layer.weights.contains(where: { $0.contains("_cell") }) { isOld = true }
      groups.append(ArchitectureGuess.Group(name: layer.name, names: names, shapes: shapes))
    }
    let guess = try ArchitectureGuess(groups, gates: isOld ? "hard_sigmoid" : "sigmoid")
    let generation: KerasGeneration = version.hasPrefix("3") ? .keras3 : .keras2
    return try assembled(guess, generation, writer: version.isEmpty ? "Keras" : "Keras " + version, format: "Keras weights (HDF5)", weights)
  }

  private static func variables(_ root: HDF5Group) throws(LSTMError) -> Model {
    guard root.contains("layers") else {
      throw .unsupported("the file names its layers after the attributes of a class; their order cannot be guessed, give the architecture too")
    }
    let layers = try root.group("layers")
    // Classes in the order of their names; within a class, layers are counted.
    var classes: [String: [(Int, ArchitectureGuess.Group)]] = [:]
    for name in try layers.names() {
      let place = try layers.group(name)
      var arrays: [(String, Shape)] = []
      try collect(place, prefix: "", depth: 0, into: &arrays)
      guard !arrays.isEmpty else { continue }
      let parts = name.split(separator: "_")
      let number = parts.last.flatMap { Int($0) }
      let base = number == nil ? name : parts.dropLast().joined(separator: "_")
      let group = ArchitectureGuess.Group(name: name, names: arrays.map(\.0), shapes: arrays.map(\.1))
      classes[base, default: []].append((number ?? 0, group))
    }
    let ordered = classes.sorted { $0.key < $1.key }.map { $0.value.sorted { $0.0 < $1.0 }.map(\.1) }
    let guess = try ArchitectureGuess(try ArchitectureGuess.chained(ordered), gates: "sigmoid")
    return try assembled(guess, .keras3, writer: "Keras", format: "Keras weights (.weights.h5)", VariableStore(root))
  }

  /// The arrays below a layer, the forward part of a Bidirectional before the backward part.
  private static func collect(_ group: HDF5Group, prefix: String, depth: Int, into arrays: inout [(String, Shape)]) throws(LSTMError) {
    guard depth < 8 else { return }
    for name in try group.names().sorted(by: order) {
      if let dataset = try? group.dataset(name) {
        arrays.append((prefix + name, try dataset.shape()))
      } else if let inner = try? group.group(name) {
        try collect(inner, prefix: prefix + name + "/", depth: depth + 1, into: &arrays)
      }
    }
  }

  private static func order(_ a: String, _ b: String) -> Bool {
    if let x = Int(a), let y = Int(b) { return x < y }
    // forward_layer stands before backward_layer.
    return a > b
  }

  private static func assembled(
    _ guess: ArchitectureGuess, _ generation: KerasGeneration, writer: String, format: String, _ source: any WeightSource
  ) throws(LSTMError) -> Model {
    let architecture = try KerasArchitecture(guess.config, generation: generation)
    var model = try ModelAssembly(try architecture.topLevel(), generation: generation, recovered: nil)
      .model(writer: writer, format: format, architecture: guess.config.text, weights: source)
    model.assumptions = guess.assumptions
    return model
  }
}
