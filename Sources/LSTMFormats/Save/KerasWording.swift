import LSTMModel

/// A model without what only other formats have, as far as Keras' words can say the same.
enum KerasWording {
  private static let beyond = [
    "peepholes", "projection", "input_forget", "clip", "output_activation", "layer_normalization", "stored_initial_state", "zoneout_h",
    "zoneout_c",
  ]

  /// The same model, its two biases of a recurrent layer added to the one that Keras has.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming the layer and the option that no layer of Keras has.
  static func of(_ model: Model, keepsTraining: Bool) throws(LSTMError) -> Model {
    guard needsChange(model) else { return model }
    let configuration = try plain(try KerasArchitecture(of: model).config, path: "")
    var weights = NamedArrays()
    var sums: Set<Int> = []
    for node in model.nodes {
      if case .recurrent(let it) = node.operation, it.options.separateBiases, it.cell != .gru(resetAfter: true) { sums.insert(node.weights[2]) }
    }
    for (place, weight) in model.weights.enumerated() {
      let values = sums.contains(place) ? weight.values.addedHalves : weight.values
      let shape: Shape = sums.contains(place) ? [weight.shape.last] : weight.shape
      weights[weight.name] = StoredArray(name: weight.name, shape: shape) { () throws(LSTMError) in values }
    }
    let assembly = try ModelAssembly(
      try KerasArchitecture(configuration, generation: model.generation).topLevel(), generation: model.generation,
      recovered: model.inputs.first.map { model.shape(of: $0.value) })
    var result = try assembly.model(writer: model.writer, format: model.format, architecture: configuration.text, weights: weights)
    result.training = model.training
    result.optimizer = model.optimizer
    if !sums.isEmpty, model.optimizer.count > 2, keepsTraining {
      throw .unsupported(
        "‘\(model.weights[sums.min() ?? 0].name)’ has two rows, for each of which the optimizer keeps a state, where Keras has one; "
          + "the model can be saved without its training state")
    }
    return result
  }

  private static func needsChange(_ model: Model) -> Bool {
    // An option that is off must go too: Keras knows no such key.
    model.architecture.contains("\"zoneout_")
      || model.nodes.contains { node in
        switch node.operation {
        case .recurrent(let it): return it.options != CellOptions()
        case .logic(let it): return it.kind == .withinLength
        case .step: return true
        default: return false
        }
      }
  }

  private static func plain(_ json: JSON, path: String) throws(LSTMError) -> JSON {
    switch json {
    case .array(let elements):
      var result: [JSON] = []
      for element in elements { result.append(try plain(element, path: path)) }
      return .array(result)
    case .object(let members):
      let name = json["name"]?.string ?? path
      if let type = json["class_name"]?.string, ["SequenceMask", "SelectStep"].contains(type) {
        throw .unsupported("layer ‘\(json["config"]?["name"]?.string ?? name)’ is a \(type), which Keras does not have")
      }
      var result: [JSON.Member] = []
      for member in members where member.name != "recurrent_bias" && member.name != "layer_normalization_epsilon" {
        if beyond.contains(member.name), json["units"] != nil, member.value != .null, member.value != .bool(false), member.value.double != 0 {
          throw .unsupported("layer ‘\(name)’ has ‘\(member.name)’ = \(member.value.brief), which no layer of Keras has")
        }
        if member.name.hasPrefix("zoneout_"), json["units"] != nil { continue }
        result.append(JSON.Member(name: member.name, value: try plain(member.value, path: name)))
      }
      return .object(result)
    default: return json
    }
  }
}
