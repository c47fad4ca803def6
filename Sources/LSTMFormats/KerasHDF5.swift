import LSTMModel

/// What Keras writes with `model.save("x.h5")`: the configuration as an attribute, the weights below `model_weights`.
struct KerasHDF5 {
  /// The configuration.
  let architecture: KerasArchitecture
  private let root: HDF5Group

  /// Whether an HDF5 file has a configuration.
  static func isPresent(in root: HDF5Group) throws(LSTMError) -> Bool { try root.string("model_config") != nil }

  /// Reads the configuration of a whole-model file.
  ///
  /// - Throws: ``LSTMError/format(_:)`` saying what the file is instead.
  init(_ root: HDF5Group) throws(LSTMError) {
    self.root = root
    guard let text = try root.string("model_config") else {
      throw .format("this is not a Keras model: the file has no attribute ‘model_config’, and there is nothing to load")
    }
    architecture = try KerasArchitecture(text, version: try root.string("keras_version") ?? "", what: "the attribute ‘model_config’")
  }

  /// The weights of the file.
  func weights() throws(LSTMError) -> LegacyWeights {
    guard root.contains("model_weights") else { throw .format("the file has no group ‘model_weights’, so there are no weights in it") }
    return try LegacyWeights(try root.group("model_weights"))
  }

  /// The whole model.
  func model() throws(LSTMError) -> Model {
    let top = try architecture.topLevel()
    let weights = try weights()
    let recovered = try? InputRecovery.shape(for: top, from: weights)
    let assembly = try ModelAssembly(top, generation: architecture.generation, recovered: recovered)
    var model = try assembly.model(writer: architecture.writer, format: "Keras HDF5 model", architecture: architecture.config.text, weights: weights)
    if weights.isTheano, assembly.slots.contains(where: \.isConvolution) {
      model.assumptions.append("Theano wrote the file, whose convolutions turn their kernels round: the kernels were turned")
    }
    model.training = try root.string("training_config") ?? ""
    if !model.training.isEmpty { model.optimizer = OptimizerArrays.legacy(in: root) }
    return model
  }
}
