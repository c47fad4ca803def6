import LSTMModel

/// A model's configuration as JSON, `model.to_json()` or the config.json of a .keras file: a new model, its weights freshly drawn.
enum KerasJSON {
  /// Makes the model.
  static func model(_ text: String, seed: UInt64, maxBytes: Int) throws(LSTMError) -> Model {
    let what = "the model's JSON"
    let config = try JSON(text, what: what)
    guard case .object = config else { throw .format("\(what) is \(config.brief), not an object") }
    guard config["class_name"] != nil else { throw .format("\(what) has no ‘class_name’; expected what Keras’ model.to_json() writes") }
    let version = config["keras_version"]?.string ?? ""
    let generation = KerasHDF5.generation(version: version, config: config)
    let writer = version.isEmpty ? "Keras \(generation.rawValue)" : "Keras " + version
    let top = try KerasHDF5.topLevel(config, generation: generation, writer: writer)
    let assembly = try ModelAssembly(top, generation: generation, recovered: nil, initializes: true)
    let architecture = JSON.object([
      JSON.Member(name: "class_name", value: config["class_name"] ?? .null), JSON.Member(name: "config", value: config["config"] ?? .null),
    ])
    var model = try assembly.newModel(
      writer: writer, format: "Keras JSON", architecture: architecture.text, seed: seed, maxBytes: maxBytes)
    if let training = config["compile_config"], training != .null { model.training = training.text }
    return model
  }
}
