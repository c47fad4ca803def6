import LSTMModel

/// The one place where a configuration of one Keras is put into the words of another.
///
/// What is written is read again under the rules of each generation that is to open it, and must make the same graph
/// (``TargetModel``); so a word that is missed here is found there.
struct ConfigTranslation {
  let target: KerasTarget
  /// The generation that the configuration comes from.
  let generation: KerasGeneration
  /// Whether some layer keeps its state, so that a fixed batch is binding.
  let isStateful: Bool

  static let models: Set<String> = ["Sequential", "Functional", "Model"]

  /// The configuration of a whole model, `{"class_name": …, "config": …}`.
  static func translated(_ model: Model, for target: KerasTarget) throws(LSTMError) -> JSON {
    let source = try KerasArchitecture(of: model).config
    let translation = ConfigTranslation(target: target, generation: model.generation, isStateful: model.isStateful)
    var input: JSON?
    if let port = model.inputs.first {
      let shape = model.shape(of: port.value).dimensions.map { $0 < 0 ? JSON.null : .integer($0) }
      input = try translation.input(name: port.name, shape: .array(shape), dtype: .string(port.dtype))
    }
    let (type, config) = try translation.model(source, path: "", input: input)
    return .object(["class_name": .string(type), "config": config])
  }

  /// The class and the configuration of a model. `input` is what a Sequential begins with that does not say it itself.
  func model(_ entry: JSON, path: String, input: JSON?) throws(LSTMError) -> (type: String, config: JSON) {
    if entry["class_name"]?.string == "Sequential" { return ("Sequential", try sequential(entry, path: path, input: input)) }
    return ("Functional", try FunctionalTranslation(self, entry, path: path).config())
  }

  private func sequential(_ entry: JSON, path: String, input: JSON?) throws(LSTMError) -> JSON {
    let config = entry["config"] ?? .null
    let entries = config.array ?? config["layers"]?.array ?? []
    var layers: [JSON] = []
    if let first = entries.first, first["class_name"]?.string != "InputLayer" {
      if let input {
        layers.append(input)
      } else if let shape = first["config"]?["batch_input_shape"], shape != .null {
        let name = (first["config"]?["name"]?.string ?? "layer") + "_input"
        layers.append(try self.input(name: name, shape: shape, dtype: first["config"]?["dtype"] ?? .null))
      }
    }
    for entry in entries { layers.append(try layer(entry, path: path)) }
    var members = [JSON.Member(name: "name", value: config["name"] ?? entry["name"] ?? .string("sequential"))]
    if target == .keras3, let trainable = config["trainable"] { members.append(JSON.Member(name: "trainable", value: trainable)) }
    members.append(JSON.Member(name: "layers", value: .array(layers)))
    return .object(members)
  }

  /// An entry of a list of layers, with the layers inside it.
  func layer(_ entry: JSON, path: String) throws(LSTMError) -> JSON {
    let type = entry["class_name"]?.string ?? ""
    let name = path + (entry["config"]?["name"]?.string ?? entry["name"]?.string ?? type)
    try checkName(entry["config"]?["name"]?.string ?? entry["name"]?.string ?? type, of: name, type)
    if ConfigTranslation.models.contains(type) {
      let (type, config) = try model(entry, path: name + "/", input: nil)
      return wrapped(type, config, module: type == "Sequential" ? "keras" : "keras.src.models.functional")
    }
    if type == "InputLayer" {
      let config = entry["config"] ?? .null
      return try input(
        name: config["name"]?.string ?? entry["name"]?.string ?? "input", shape: config["batch_shape"] ?? config["batch_input_shape"] ?? .null,
        dtype: config["dtype"] ?? .null)
    }
    let translated = try LayerTranslation(self, entry, path: name).translated()
    return wrapped(translated.type, translated.config, module: translated.module)
  }

  /// Refuses a name that the target does not take for a layer.
  private func checkName(_ name: String, of path: String, _ type: String) throws(LSTMError) {
    if target.isForKeras3, name.contains("/") { throw target.refuses("the name ‘\(path)’ of a layer contains a slash") }
    guard target.isForKeras2, generation >= .keras3, type != "InputLayer" else { return }
    // Source: TensorFlow's pattern for names of scopes.
    let isPlain = { (letter: Unicode.Scalar) in
      letter.isASCII && (letter.properties.isAlphabetic || letter.properties.numericType != nil) || letter == "."
    }
    let isFit = name.unicodeScalars.first.map(isPlain) ?? false
    guard isFit, name.unicodeScalars.allSatisfy({ isPlain($0) || "_\\/>-".unicodeScalars.contains($0) }) else {
      throw target.refuses("the name ‘\(path)’ of a layer has other signs than letters, digits and ‘_’")
    }
  }

  /// An input under the name that each generation gives its shape.
  func input(name: String, shape: JSON, dtype: JSON) throws(LSTMError) -> JSON {
    var dimensions = shape.array ?? []
    if !isStateful, !dimensions.isEmpty { dimensions[0] = .null }
    var type = dtype.string ?? "float32"
    if dtype.string == nil, dtype != .null { type = LayerTranslation.policy(dtype) ?? "float32" }
    if type.hasPrefix("mixed_") { type = "float32" }
    let config = JSON.object([
      target == .keras3 ? "batch_shape" : "batch_input_shape": .array(dimensions), "dtype": .string(type), "sparse": .bool(false),
      "name": .string(name),
    ])
    // Without a module, Keras 3 takes the entry for one of an older file, and knows the older name of the shape.
    if target == .both { return .object(["class_name": .string("InputLayer"), "config": config]) }
    return wrapped("InputLayer", config, module: "keras.layers")
  }

  /// Keras 3 wants to be told where a class is; Keras 2 looks at its name alone.
  func wrapped(_ type: String, _ config: JSON, module: String) -> JSON {
    guard target.isForKeras3 else { return .object(["class_name": .string(type), "config": config]) }
    return .object(["module": .string(module), "class_name": .string(type), "config": config, "registered_name": .null])
  }
}
