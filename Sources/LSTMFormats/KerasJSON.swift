import LSTMModel

/// A model's configuration as JSON, `model.to_json()` or the config.json of a .keras file: a new model, its weights freshly drawn.
enum KerasJSON {
  /// Makes the model.
  static func model(_ text: String, seed: UInt64, maxBytes: Int) throws(LSTMError) -> Model {
    let what = "the model's JSON"
    let stated = try JSON(text, what: what)
    guard stated["class_name"] != nil else { throw .format("\(what) has no ‘class_name’; expected what Keras’ model.to_json() writes") }
    let architecture = try KerasArchitecture(text, version: stated["keras_version"]?.string ?? "", what: what)
    let assembly = try ModelAssembly(
      try architecture.topLevel(), generation: architecture.generation, recovered: nil, initializes: true)
    let version = architecture.version.isEmpty ? String(architecture.generation.rawValue) : architecture.version
    let config = JSON.object(["class_name", "config"].map { JSON.Member(name: $0, value: architecture.config[$0] ?? .null) })
    var model = try assembly.newModel(
      writer: "Keras " + version, format: "Keras JSON", architecture: config.text, seed: seed, maxBytes: maxBytes)
    if let training = stated["compile_config"], training != .null { model.training = training.text }
    return model
  }
}
