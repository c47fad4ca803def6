import LSTMModel

/// Writes what Keras writes with `model.save("x.h5")`: the configuration as an attribute, the weights below `model_weights`.
struct KerasHDF5Writer {
  private let model: Model
  private let target: KerasTarget
  private let config: JSON
  private let saved: [SavedLayer]
  private let training: TrainingState?

  /// Prepares a file for one generation of Keras or for both.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming what the target cannot express or would compute in another way.
  init(_ model: Model, for target: KerasTarget, _ options: SaveOptions) throws(LSTMError) {
    self.model = model
    self.target = target
    config = try ConfigTranslation.translated(model, for: target)
    var saved: [SavedLayer]?
    for generation in target.generations {
      let order = try TargetModel(config, of: model, generation).saved
      guard saved == nil || saved == order else {
        throw target.refuses("Keras 2 and Keras 3 keep the weights of frozen layers inside the model in different orders")
      }
      saved = order
    }
    self.saved = saved ?? []
    training = options.training ? try TrainingState(model) : nil
    if let layer = self.saved.first(where: { $0.name == "top_level_model_weights" }) {
      throw target.refuses("the name ‘\(layer.name)’ of a layer is one that Keras uses itself")
    }
  }

  /// The file.
  func bytes() throws(LSTMError) -> [UInt8] {
    let training = try training?.translated(for: target)
    return try HDF5Writer.bytes { (file) throws(LSTMError) in
      try file.attribute("backend", of: file.root, text: "tensorflow")
      try file.attribute("keras_version", of: file.root, text: target.version)
      try file.attribute("model_config", of: file.root, text: config.asciiText)
      if let training { try file.attribute("training_config", of: file.root, text: training.hdf5Config(for: target).asciiText) }
      let group = try file.group("model_weights", in: file.root)
      try LegacyWeightsWriter.write(saved, of: model, version: target.version, to: group, file)
      try LegacyWeightsWriter.group("top_level_model_weights", in: group, [], file)
      if let variables = training?.variables, !variables.isEmpty {
        try LegacyWeightsWriter.group("optimizer_weights", in: file.root, variables, file)
      }
    }
  }
}

/// Writes weights as Keras 2's `save_weights("x.h5")` does: `layer_names`, and for each layer `weight_names`.
enum LegacyWeightsWriter {
  /// A file of weights, in the order in which Keras 2 has them.
  static func bytes(of model: Model) throws(LSTMError) -> [UInt8] {
    let assembly = try ModelAssembly(of: model)
    let saved = assembly.saved(as: .keras2)
    return try HDF5Writer.bytes { (file) throws(LSTMError) in
      try write(saved, of: model, version: KerasTarget.keras2.version, to: file.root, file)
      try group("top_level_model_weights", in: file.root, [], file)
    }
  }

  /// Writes layers with their weights to a group.
  static func write(
    _ layers: [SavedLayer], of model: Model, version: String, to group: HDF5Writer.Group, _ file: HDF5Writer
  ) throws(LSTMError) {
    try file.attribute("backend", of: group, text: "tensorflow")
    try file.attribute("keras_version", of: group, text: version)
    try file.attribute("layer_names", of: group, list: layers.map(\.name))
    // A name may begin with another: the group of the longer one then lies in that of the shorter.
    for layer in layers {
      try self.group(layer.name, in: group, layer.weights.map { place in
        let weight = model.weights[place]
        return SavedArray(name: weight.name + ":0", shape: weight.shape, values: weight.values)
      }, file)
    }
  }

  /// Writes arrays with the list of their names.
  static func group(_ name: String, in parent: HDF5Writer.Group, _ arrays: [SavedArray], _ file: HDF5Writer) throws(LSTMError) {
    let group = try file.group(name, in: parent)
    try file.attribute("weight_names", of: group, list: arrays.map(\.name))
    for array in arrays {
      try file.dataset(array.name, in: group, shape: array.shape, array.values, as: array.isInteger ? .int64 : nil)
    }
  }
}
