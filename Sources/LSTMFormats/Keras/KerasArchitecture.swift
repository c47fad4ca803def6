import LSTMModel

/// What Keras says about a model without its weights: the configuration, and which generation's rules it follows.
struct KerasArchitecture {
  /// The version that wrote it, or "".
  let version: String
  /// The generation of Keras that decides how names are meant.
  let generation: KerasGeneration
  /// The configuration, `{"class_name": …, "config": …}`; one of Keras 1 is already in the words of Keras 2.
  let config: JSON

  /// Reads the text of a configuration; `what` names its place in messages.
  init(_ text: String, version: String, what: String) throws(LSTMError) {
    let config = try JSON(text, what: what)
    guard case .object = config else { throw .format("\(what) is \(config.brief), not a JSON object") }
    self.version = version
    generation = KerasArchitecture.generation(version: version, config: config)
    self.config = generation == .keras1 ? try Keras1.upgraded(config) : config
  }

  /// A configuration to be understood by the rules of a generation.
  init(_ config: JSON, generation: KerasGeneration) {
    version = ""
    self.generation = generation
    self.config = config
  }

  /// The architecture of a model that was read before.
  init(of model: Model) throws(LSTMError) {
    version = ""
    generation = model.generation
    config = try JSON(model.architecture, what: "the model's architecture")
  }

  /// What wrote it: `Keras 2.15.0`.
  var writer: String { version.isEmpty ? "Keras" : "Keras " + version }

  /// The model that the configuration describes, without its weights.
  func topLevel() throws(LSTMError) -> ModelLayer {
    let type = config["class_name"]?.string ?? ""
    guard ["Sequential", "Functional", "Model"].contains(type) else {
      let module = config["module"]?.string.map { " of the module ‘\($0)’" } ?? ""
      throw .unsupported("the model is a ‘\(type)’\(module), an unknown class; liblstm supports Sequential and functional models")
    }
    let layer = try LayerRegistry.make(config, prefix: "", frozen: false, generation: generation, depth: 0)
    guard let model = layer as? ModelLayer else { throw .internalFault("a \(type) is no model") }
    return model
  }

  /// The generation from the version; without one, from the style of the configuration.
  private static func generation(version: String, config: JSON) -> KerasGeneration {
    switch version.prefix(while: { $0.isNumber }) {
    case "1", "0": return .keras1
    case "2": return .keras2
    case "": break
    default: return .keras3
    }
    let text = config.text
    if text.contains("\"batch_input_shape\"") || text.contains("\"time_major\"") {
      return text.contains("\"inner_activation\"") || text.contains("\"output_dim\"") && text.contains("\"init\"") ? .keras1 : .keras2
    }
    return text.contains("\"DTypePolicy\"") || text.contains("\"batch_shape\"") || text.contains("\"keras_history\"") ? .keras3 : .keras2
  }
}
