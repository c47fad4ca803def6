import LSTMModel

/// A model whose cells have one bias where PyTorch's have two, which are added: what Keras has room for.
enum SingleBias {
  private static let key = "recurrent_bias"

  /// The same model with the sums of its double biases; itself if it has none.
  static func model(_ model: Model) throws(LSTMError) -> Model {
    guard model.architecture.contains("\"\(key)\"") else { return model }
    let config = without(try KerasArchitecture(of: model).config)
    let input = model.inputs.first.map { model.shape(of: $0.value) }
    let assembly = try ModelAssembly(
      try KerasArchitecture(config, generation: model.generation).topLevel(), generation: model.generation, recovered: input)
    var result = try assembly.model(writer: model.writer, format: model.format, architecture: config.text, weights: Sums(model))
    result.training = model.training
    return result
  }

  private static func without(_ json: JSON) -> JSON {
    switch json {
    case .array(let elements): return .array(elements.map(without))
    case .object(let members):
      return .object(members.filter { $0.name != key }.map { JSON.Member(name: $0.name, value: without($0.value)) })
    default: return json
    }
  }

  /// The weights of a model by name, for one that wants fewer biases.
  private struct Sums: WeightSource {
    let model: Model

    init(_ model: Model) { self.model = model }

    func arrays(for assembly: ModelAssembly) throws(LSTMError) -> [Int: [StoredArray]] {
      let byName = Dictionary(model.weights.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
      var arrays: [Int: [StoredArray]] = [:]
      for (place, slot) in assembly.slots.enumerated() {
        guard let weight = byName[slot.name] else { throw .internalFault("the model has no weight ‘\(slot.name)’") }
        let isDouble = slot.shape.rank == 1 && weight.shape == [2, slot.shape.last]
        let values = isDouble ? weight.values.addedHalves : weight.values
        arrays[place] = [StoredArray(name: slot.name, shape: isDouble ? slot.shape : weight.shape) { () throws(LSTMError) in values }]
      }
      return arrays
    }
  }
}
