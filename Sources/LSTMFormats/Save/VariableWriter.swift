import LSTMModel

/// Writes variables as Keras 3 does, in `.weights.h5` and inside `.keras`: `layers/lstm/cell/vars/0`.
struct VariableWriter {
  private let model: Model
  private let groups: [String]
  private let paths: [(path: String, weight: Int)]
  private let optimizer: [SavedArray]

  /// The variables of a model. `training` nil: the optimiser's state is left out.
  init(_ model: Model, _ target: TargetModel, _ training: TrainingState?) {
    self.model = model
    paths = target.assembly.variables(style: .current).map { ($0.path, target.places[$0.slot]) }
    var seen: Set<String> = []
    groups = target.assembly.variables(style: .current).map(\.group).filter { seen.insert($0).inserted }
    optimizer = training?.variables ?? []
  }

  /// The variables of a model in a file of their own.
  init(_ model: Model, _ options: SaveOptions) throws(LSTMError) {
    // Weights alone are for a program that builds the model by itself, whatever a configuration could say of it.
    let config: JSON
    let generation: KerasGeneration
    do {
      config = try ConfigTranslation.translated(model, for: .keras3)
      generation = .keras3
      self.init(model, try TargetModel(config, of: model, generation, checked: false), nil)
    } catch {
      guard case .unsupported = error else { throw error }
      self.init(model, try TargetModel(try KerasArchitecture(of: model).config, of: model, model.generation, checked: false), nil)
    }
  }

  /// The file.
  func bytes() throws(LSTMError) -> [UInt8] {
    try HDF5Writer.bytes { (file) throws(LSTMError) in
      for group in groups.sorted() {
        // Since 3.6 each group says what it belongs to.
        let name = group.split(separator: "/").dropLast().last.map(String.init) ?? ""
        try file.attribute("name", of: try file.group(group, in: file.root), text: name)
      }
      if groups.isEmpty { _ = try file.group("layers", in: file.root) }
      for (path, place) in paths {
        let weight = model.weights[place]
        try file.dataset(path, in: file.root, shape: weight.shape, weight.values)
      }
      for (position, array) in optimizer.enumerated() {
        try file.dataset("optimizer/vars/\(position)", in: file.root, shape: array.shape, array.values, as: array.isInteger ? .int64 : nil)
      }
    }
  }
}

/// Writes a `.keras` file of Keras 3: a zip archive of configuration, version and variables.
struct KerasArchiveWriter {
  private let model: Model
  private let config: JSON
  private let target: TargetModel
  private let training: TrainingState?

  /// Prepares the file.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming what Keras 3 cannot express or would compute in another way.
  init(_ model: Model, _ options: SaveOptions) throws(LSTMError) {
    self.model = model
    let config = try ConfigTranslation.translated(model, for: .keras3)
    target = try TargetModel(config, of: model, .keras3)
    training = options.training ? try TrainingState(model)?.translated(for: .keras3) : nil
    let type = config["class_name"]?.string ?? ""
    var whole = JSON.object([
      "module": .string(type == "Sequential" ? "keras" : "keras.src.models.functional"), "class_name": .string(type),
      "config": config["config"] ?? .null, "registered_name": .null,
    ])
    if let training { whole = whole.setting("compile_config", training.compileConfig) }
    self.config = whole
  }

  /// The file. It states no date: the same model makes the same bytes.
  func bytes() throws(LSTMError) -> [UInt8] {
    let metadata = JSON.object(["keras_version": .string(KerasTarget.keras3.version)])
    return try ZipWriter.bytes([
      ("metadata.json", Array(metadata.asciiText.utf8)), ("config.json", Array(config.asciiText.utf8)),
      ("model.weights.h5", try VariableWriter(model, target, training).bytes()),
    ])
  }
}
