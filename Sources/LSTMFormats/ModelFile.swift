import LSTMModel

/// How to load.
public struct LoadOptions: Sendable {
  /// Larger files are refused.
  public var maxBytes: Int = 4 << 30
  /// Whether weights belong to the layers of the same name, instead of to those at the same place; other layers keep theirs.
  public var byName = false

  /// Whether a file of weights alone becomes a model: a plain stack, inferred from names and shapes.
  public var infersArchitecture = false
  /// Whether libhdf5 may see an HDF5 file without the check of its structure, for files of the caller's own making.
  public var isTrusted = false

  /// The defaults.
  public init() {}
}

/// Files that hold a model or its weights.
public enum ModelFile {
  private static let weightsHint = "load them into a model of that architecture (load_weights), or ask for it to be inferred (LSTM_LOAD_INFER, infer=True)"

  /// Loads a whole-model file, or a folder that Keras saved without zipping it.
  ///
  /// - Throws: ``LSTMError`` with a sentence that names the layer, option or weight at fault.
  public static func load(path: String, options: LoadOptions) throws(LSTMError) -> Model {
    if FileBytes.isFolder(path), FileBytes.exists(path + "/config.json") {
      return try KerasArchive(folder: path, maxBytes: options.maxBytes).model()
    }
    return try load(bytes: try FileBytes.read(path, maxBytes: options.maxBytes), options: options)
  }

  /// Loads the bytes of a whole-model file. What it is, its bytes tell, not its name.
  public static func load(bytes: [UInt8], options: LoadOptions) throws(LSTMError) -> Model {
    guard bytes.count <= options.maxBytes else { throw .io("the file has \(bytes.count) bytes; the limit is \(options.maxBytes)") }
    if ZipWalk.isZip(bytes) { return try KerasArchive(bytes, maxBytes: options.maxBytes).model() }
    if let model = try otherModel(bytes) { return model }
    return try HDF5.withFile(bytes, trusted: options.isTrusted) { (root) throws(LSTMError) in
      if try !KerasHDF5.isPresent(in: root) {
        if options.infersArchitecture, try LegacyWeights.isPresent(in: root) || VariableStore.isPresent(in: root) {
          return try InferredModel.model(root)
        }
        if let reason = try weightsOnly(root) { throw reason }
        if try TensorFiles.isPresent(in: root) { return try TensorFiles.model(root) }
      }
      return try KerasHDF5(root).model()
    }
  }

  /// Why a file of Keras that holds weights alone is no model; nil for any other file.
  static func weightsOnly(_ root: HDF5Group) throws(LSTMError) -> LSTMError? {
    if try LegacyWeights.isPresent(in: root) {
      return .format("the file holds weights only: it has ‘layer_names’ but no ‘model_config’; \(weightsHint)")
    }
    if VariableStore.isPresent(in: root) {
      return .format("the file holds weights only, as Keras 3 writes them to .weights.h5; it has no ‘model_config’; \(weightsHint)")
    }
    return nil
  }

  /// The model of a file that is neither HDF5 nor an archive; nil if it is none that is known.
  static func otherModel(_ bytes: [UInt8]) throws(LSTMError) -> Model? {
    if Safetensors.isPresent(in: bytes) { return try TensorFiles.model(try Safetensors(bytes)) }
    if JSONModels.isPresent(in: bytes) { return try JSONModels.model(bytes) }
    return nil
  }

  /// Makes a new model from Keras' configuration JSON, its weights drawn by the layers' initializers.
  public static func fromJSON(_ text: String, seed: UInt64, maxBytes: Int) throws(LSTMError) -> Model {
    try KerasJSON.model(text, seed: seed, maxBytes: maxBytes)
  }

  /// Loads weights for a model of the same architecture, from a file of weights or from a whole model of any kind. Either all weights
  /// change or none.
  public static func loadWeights(path: String, into model: inout Model, options: LoadOptions) throws(LSTMError) {
    let assembly = try ModelAssembly(of: model)
    let values: [Int: Values]
    if path.hasSuffix(".json") {
      values = try ShardedWeights.values(for: assembly, index: path, maxBytes: options.maxBytes)
    } else {
      values = try self.values(for: assembly, in: try FileBytes.read(path, maxBytes: options.maxBytes), options)
    }
    for (slot, one) in values { model.weights[slot].values = one }
  }

  /// What a file holds, layer by layer, what is understood and what is not; and whether it loads.
  ///
  /// - Throws: ``LSTMError/io(_:)`` or ``LSTMError/memory(_:)`` if the file cannot be read at all. What is wrong inside is a finding.
  public static func report(path: String, options: LoadOptions) throws(LSTMError) -> (text: String, loads: Bool) {
    if FileBytes.isFolder(path), FileBytes.exists(path + "/config.json") {
      let report = KerasReport(folder: path, maxBytes: options.maxBytes)
      return ("\(path), a folder\n" + report.text, report.loads)
    }
    let bytes = try FileBytes.read(path, maxBytes: options.maxBytes)
    let report = KerasReport(bytes)
    return ("\(path), \(bytes.count) bytes\n" + report.text, report.loads)
  }

  private static func values(for assembly: ModelAssembly, in bytes: [UInt8], _ options: LoadOptions) throws(LSTMError) -> [Int: Values] {
    if ZipWalk.isZip(bytes) { return try KerasArchive.values(for: assembly, in: bytes, maxBytes: options.maxBytes) }
    if let other = try otherModel(bytes) { return try ModelWeights(other, byName: options.byName).values(for: assembly) }
    return try HDF5.withFile(bytes, trusted: options.isTrusted) { (root) throws(LSTMError) in
      if try TensorFiles.isPresent(in: root) {
        return try ModelWeights(try TensorFiles.model(root), byName: options.byName).values(for: assembly)
      }
      return try assembly.values(from: try weights(in: root, byName: options.byName))
    }
  }

  private static func weights(in root: HDF5Group, byName: Bool) throws(LSTMError) -> any WeightSource {
    var legacy: LegacyWeights?
    if root.contains("model_weights") {
      legacy = try LegacyWeights(try root.group("model_weights"))
    } else if try LegacyWeights.isPresent(in: root) {
      legacy = try LegacyWeights(root)
    }
    if var legacy {
      legacy.byName = byName
      return legacy
    }
    guard !byName else { throw .unsupported("the file keeps weights by class and place (‘layers/lstm/…’); they cannot be matched by name") }
    if VariableStore.isPresent(in: root) { return VariableStore(root) }
    throw .format("the file holds no weights of Keras: it has neither ‘layer_names’ nor ‘model_weights’ nor ‘layers’")
  }
}
