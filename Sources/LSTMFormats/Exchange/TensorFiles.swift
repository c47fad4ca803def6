import LSTMModel

/// Files of tensors that are not Keras': state_dicts of PyTorch, and tensors with an architecture in Keras' words beside them.
enum TensorFiles {
  /// Whether an HDF5 file is one, and none of Keras'.
  static func isPresent(in root: HDF5Group) throws(LSTMError) -> Bool {
    if root.contains("model_weights") || VariableStore.isPresent(in: root) { return false }
    if try KerasHDF5.isPresent(in: root) { return false }
    if try LegacyWeights.isPresent(in: root) { return false }
    return try TorchTensors.isPresent(in: root)
  }

  /// The model of an HDF5 file.
  static func model(_ root: HDF5Group) throws(LSTMError) -> Model {
    let text = try root.string("architecture") ?? ""
    guard let architecture = try kerasWords(text) else {
      var network = try TorchNetwork(try TorchTensors(root))
      return try network.model().model()
    }
    var arrays: [(String, HDF5Dataset)] = []
    try TorchTensors.collect(root, prefix: "", separator: "/", depth: 0, into: &arrays)
    var weights = NamedArrays()
    for (name, dataset) in arrays { weights[name] = try StoredArray(dataset, name: name) }
    return try model(
      architecture, weights, writer: try root.string("writer") ?? "", format: "tensors with an architecture (HDF5)",
      notes: try root.string("assumptions"), version: try root.string("keras_version"))
  }

  /// The model of a safetensors file.
  static func model(_ file: Safetensors) throws(LSTMError) -> Model {
    guard let architecture = try kerasWords(file.metadata["architecture"] ?? "") else {
      var network = try TorchNetwork(try TorchTensors(file))
      return try network.model().model()
    }
    var weights = NamedArrays()
    for tensor in file.tensors { weights[tensor.name] = tensor }
    return try model(
      architecture, weights, writer: file.metadata["writer"] ?? "", format: "tensors with an architecture (safetensors)",
      notes: file.metadata["assumptions"], version: file.metadata["keras_version"])
  }

  /// The architecture, if it is in Keras' words: they state a class.
  private static func kerasWords(_ text: String) throws(LSTMError) -> JSON? {
    guard !text.isEmpty else { return nil }
    let json = try JSON(text, what: "the attribute ‘architecture’")
    return json["class_name"] == nil ? nil : json
  }

  private static func model(
    _ architecture: JSON, _ weights: NamedArrays, writer: String, format: String, notes: String?, version: String?
  ) throws(LSTMError) -> Model {
    let assumptions = notes?.split(separator: "\n").prefix(64).map(String.init) ?? []
    let generation: KerasGeneration = version?.hasPrefix("2") == true ? .keras2 : .keras3
    return try ExchangedModel(
      configuration: architecture, weights: weights, writer: writer, format: format, assumptions: assumptions, generation: generation
    ).model()
  }
}

/// Models that are JSON files: what audio programs exchange.
enum JSONModels {
  /// Whether bytes look like JSON text: an object, after white space and perhaps a byte-order mark.
  static func isPresent(in bytes: [UInt8]) -> Bool { text(bytes).first == UInt8(ascii: "{") }

  /// The model of such a file.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` saying what the object has instead of a model's keys.
  static func model(_ bytes: [UInt8]) throws(LSTMError) -> Model {
    guard let text = String(validating: text(bytes), as: UTF8.self) else { throw .format("the file is no UTF-8 text, so no JSON") }
    let json = try JSON(text, what: "the file")
    if json["state_dict"] != nil { return try GuitarML.model(json) }
    if json["architecture"] != nil, json["weights"] != nil || json["config"] != nil { return try NeuralAmpModel.model(json) }
    if json["layers"] != nil, json["in_shape"] != nil { return try RTNeural.model(json) }
    if json["class_name"] != nil {
      throw .unsupported("the file is a Keras configuration without weights; make a model of it and load weights into it")
    }
    if json["weight_map"] != nil {
      throw .format("the file is the index of weights that Keras 3 split over several files; load it as weights into a model of that architecture")
    }
    guard case .object(let members) = json else { throw .format("the file is JSON but no object") }
    let keys = members.prefix(8).map(\.name).joined(separator: ", ")
    throw .unsupported("the JSON file is no model that liblstm knows (RTNeural, AIDA-X, GuitarML, NAM); its keys are \(keys)")
  }

  private static func text(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    return bytes[start...].drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
  }
}
