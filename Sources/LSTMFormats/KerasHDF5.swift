import LSTMModel

/// What Keras writes with `model.save("x.h5")`: the configuration as an attribute, the weights below `model_weights`.
struct KerasHDF5 {
  /// The version that the file states, or "".
  let version: String
  /// The generation of Keras that decides how names are meant.
  let generation: KerasGeneration
  /// The configuration.
  let config: JSON
  private let root: HDF5Group

  /// Reads the configuration of a whole-model file.
  ///
  /// - Throws: ``LSTMError/format(_:)`` saying what the file is instead.
  init(_ root: HDF5Group) throws(LSTMError) {
    self.root = root
    guard let text = try root.string("model_config") else { throw try KerasHDF5.withoutConfig(root) }
    config = try JSON(text, what: "the attribute ‘model_config’")
    guard case .object = config else { throw .format("the attribute ‘model_config’ is \(config.brief), not a JSON object") }
    let stated = try root.string("keras_version") ?? ""
    version = stated
    generation = KerasHDF5.generation(version: stated, config: config)
  }

  /// What wrote the file: `Keras 2.15.0`.
  var writer: String { version.isEmpty ? "Keras" : "Keras " + version }

  /// The model that the configuration describes, without its weights.
  func topLevel() throws(LSTMError) -> ModelLayer {
    try KerasHDF5.topLevel(config, generation: generation, writer: writer)
  }

  /// The model that a configuration describes, without weights.
  static func topLevel(_ config: JSON, generation: KerasGeneration, writer: String) throws(LSTMError) -> ModelLayer {
    guard generation > .keras1 else {
      throw .unsupported("the file was written by \(writer): files of Keras 1 are not supported yet")
    }
    let type = config["class_name"]?.string ?? ""
    guard ["Sequential", "Functional", "Model"].contains(type) else {
      throw .unsupported("the model is a ‘\(type)’; liblstm supports Sequential and functional models")
    }
    let layer = try LayerRegistry.make(config, prefix: "", frozen: false, generation: generation, depth: 0)
    guard let model = layer as? ModelLayer else { throw .internalFault("a \(type) is no model") }
    return model
  }

  /// The weights of the file.
  func weights() throws(LSTMError) -> LegacyWeights {
    guard root.contains("model_weights") else { throw .format("the file has no group ‘model_weights’, so there are no weights in it") }
    return try LegacyWeights(try root.group("model_weights"))
  }

  /// The whole model.
  func model() throws(LSTMError) -> Model {
    let top = try topLevel()
    let weights = try weights()
    var model = try ModelAssembly(top, generation: generation, recovered: try? InputRecovery.shape(for: top, from: weights))
      .model(writer: writer, format: "Keras HDF5 model", architecture: config.text, weights: weights)
    model.training = try root.string("training_config") ?? ""
    return model
  }

  /// The generation from the version; without one, from the style of the configuration.
  static func generation(version: String, config: JSON) -> KerasGeneration {
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

  private static func withoutConfig(_ root: HDF5Group) throws(LSTMError) -> LSTMError {
    if try LegacyWeights.isPresent(in: root) {
      return .format("the file holds weights only: it has ‘layer_names’ but no ‘model_config’; load them into a model of that architecture")
    }
    if root.contains("layers") || root.contains("_layer_checkpoint_dependencies") {
      return .format("the file holds weights only, as Keras 3 writes them to .weights.h5; it has no ‘model_config’")
    }
    return .format("this is not a Keras model: the file has no attribute ‘model_config’, and there is nothing to load")
  }
}
