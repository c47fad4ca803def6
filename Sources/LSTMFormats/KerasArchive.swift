import LSTMModel

/// A `.keras` file, as Keras writes it since 2.12: a zip archive of `config.json`, `metadata.json` and `model.weights.h5`.
///
/// A folder of the same three files (`model.save(folder, zipped=False)`) is read in the same way.
struct KerasArchive {
  private static let config = "config.json"
  private static let metadata = "metadata.json"
  private static let weights = "model.weights.h5"
  private static let pickledWeights = "model.weights.npz"
  // No configuration of a model comes near this.
  private static let largestText = 16 << 20

  /// The configuration.
  let architecture: KerasArchitecture
  private let hdf5: [UInt8]

  /// Unpacks an archive.
  ///
  /// - Throws: ``LSTMError/format(_:)`` naming the member that is missing or damaged.
  init(_ bytes: [UInt8], maxBytes: Int) throws(LSTMError) {
    let walk = try ZipWalk(bytes)
    if walk.entries.contains(where: { $0.name.hasSuffix("/data.pkl") }) {
      throw .unsupported("this is a file of PyTorch (torch.save); `python -m liblstm convert` makes one of it that liblstm loads")
    }
    try self.init { (name, isText) throws(LSTMError) in
      try ZipMember.bytes(name, of: bytes, walk, limit: isText ? KerasArchive.largestText : maxBytes)
    }
  }

  /// Reads the folder at `path`.
  init(folder path: String, maxBytes: Int) throws(LSTMError) {
    try self.init { (name, isText) throws(LSTMError) in
      let file = path + "/" + name
      return FileBytes.exists(file) ? try FileBytes.read(file, maxBytes: isText ? KerasArchive.largestText : maxBytes) : nil
    }
  }

  private init(_ member: (String, Bool) throws(LSTMError) -> [UInt8]?) throws(LSTMError) {
    guard let text = try member(KerasArchive.config, true) else {
      throw .format("this is not an HDF5 file, nor a .keras file: it is an archive without ‘config.json’")
    }
    var version = ""
    if let metadata = try member(KerasArchive.metadata, true) {
      let values = try JSON(String(decoding: metadata, as: UTF8.self), what: "‘metadata.json’")
      version = values["keras_version"]?.string ?? ""
    }
    architecture = try KerasArchitecture(String(decoding: text, as: UTF8.self), version: version, what: "‘config.json’")
    guard let hdf5 = try member(KerasArchive.weights, false) else {
      if try member(KerasArchive.pickledWeights, false) != nil {
        throw .unsupported(
          "its weights are in ‘model.weights.npz’, which is Python objects, pickled: to read them is to run what they say, and liblstm "
            + "runs nothing of a file; open it with Keras and save it again, which makes a ‘model.weights.h5’")
      }
      throw .format("there is no ‘model.weights.h5’ in it, so there are no weights to load")
    }
    self.hdf5 = hdf5
  }

  /// The weights of an archive, for a model of the same architecture.
  static func values(for assembly: ModelAssembly, in bytes: [UInt8], maxBytes: Int) throws(LSTMError) -> [Int: Values] {
    let archive = try KerasArchive(bytes, maxBytes: maxBytes)
    return try HDF5.withFile(archive.hdf5) { (root) throws(LSTMError) in try assembly.values(from: VariableStore(root)) }
  }

  /// The whole model.
  func model() throws(LSTMError) -> Model {
    let assembly = try ModelAssembly(try architecture.topLevel(), generation: architecture.generation, recovered: nil)
    do {
      let training = architecture.config["compile_config"].flatMap { $0 == .null ? nil : $0.text } ?? ""
      var model = try HDF5.withFile(hdf5) { (root) throws(LSTMError) in
        var model = try assembly.model(
          writer: architecture.writer, format: "Keras archive (.keras)", architecture: architecture.config.text, weights: VariableStore(root))
        if !training.isEmpty { model.optimizer = OptimizerArrays.variables(in: root) }
        return model
      }
      model.training = training
      return model
    } catch { throw error.at("model.weights.h5") }
  }
}
