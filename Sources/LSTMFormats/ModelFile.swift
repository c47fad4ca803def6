import LSTMModel

/// How to load.
public struct LoadOptions: Sendable {
  /// Larger files are refused.
  public var maxBytes: Int = 4 << 30

  /// The defaults.
  public init() {}
}

/// Files that hold a model or its weights.
public enum ModelFile {
  /// Loads a whole-model file.
  ///
  /// - Throws: ``LSTMError`` with a sentence that names the layer, option or weight at fault.
  public static func load(path: String, options: LoadOptions) throws(LSTMError) -> Model {
    try load(bytes: try FileBytes.read(path, maxBytes: options.maxBytes), options: options)
  }

  /// Loads the bytes of a whole-model file.
  public static func load(bytes: [UInt8], options: LoadOptions) throws(LSTMError) -> Model {
    guard bytes.count <= options.maxBytes else { throw .io("the file has \(bytes.count) bytes; the limit is \(options.maxBytes)") }
    return try HDF5.withFile(bytes) { (root) throws(LSTMError) in try KerasHDF5(root).model() }
  }

  /// Makes a new model from Keras' configuration JSON, its weights drawn by the layers' initializers.
  public static func fromJSON(_ text: String, seed: UInt64, maxBytes: Int) throws(LSTMError) -> Model {
    try KerasJSON.model(text, seed: seed, maxBytes: maxBytes)
  }

  /// Loads weights for a model of the same architecture, matched by order as Keras does: from a whole-model file, or from one that
  /// `save_weights("x.h5")` wrote. Either all weights change or none.
  public static func loadWeights(path: String, into model: inout Model, options: LoadOptions) throws(LSTMError) {
    let bytes = try FileBytes.read(path, maxBytes: options.maxBytes)
    let saved = model.saved
    let needs = saved.map { layer in
      LegacyWeights.Need(
        name: layer.name, type: layer.type, size: "", weights: layer.weights.map { (model.weights[$0].name, model.weights[$0].shape) })
    }
    let read = try HDF5.withFile(bytes) { (root) throws(LSTMError) in try weights(in: root).values(for: needs) }
    for (layer, found) in zip(saved, read) {
      for (index, values) in zip(layer.weights, found) { model.weights[index].values = values }
    }
  }

  /// What a file holds, layer by layer, what is understood and what is not; and whether it loads.
  ///
  /// - Throws: ``LSTMError/io(_:)`` or ``LSTMError/memory(_:)`` if the file cannot be read at all. What is wrong inside is a finding.
  public static func report(path: String, options: LoadOptions) throws(LSTMError) -> (text: String, loads: Bool) {
    let bytes = try FileBytes.read(path, maxBytes: options.maxBytes)
    let report = KerasReport(bytes)
    return ("\(path), \(bytes.count) bytes\n" + report.text, report.loads)
  }

  private static func weights(in root: HDF5Group) throws(LSTMError) -> LegacyWeights {
    if root.contains("model_weights") { return try LegacyWeights(try root.group("model_weights")) }
    if try LegacyWeights.isPresent(in: root) { return try LegacyWeights(root) }
    if root.contains("layers") || root.contains("_layer_checkpoint_dependencies") {
      throw .unsupported("the file holds weights as Keras 3 writes them to .weights.h5 (‘layers/lstm/…’), which is not supported yet")
    }
    throw .format("the file holds no weights of Keras: it has neither ‘layer_names’ nor ‘model_weights’")
  }
}
