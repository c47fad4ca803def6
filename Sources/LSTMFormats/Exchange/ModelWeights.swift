import LSTMModel

/// The weights of a model of another format, for an architecture that the caller has: layer by layer, in the order of the layers.
struct ModelWeights {
  private let model: Model
  private let byName: Bool

  /// The weights of a model; `byName`: they belong to layers of the same name.
  init(_ model: Model, byName: Bool) {
    self.model = model
    self.byName = byName
  }

  /// The numbers for the weights of an architecture. Two biases are added where it has one.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` naming the layer that does not fit.
  func values(for assembly: ModelAssembly) throws(LSTMError) -> [Int: Values] {
    let needs = assembly.saved
    var pairs: [(SavedLayer, SavedLayer)] = []
    if byName {
      for need in needs { if let found = model.saved.first(where: { $0.name == need.name }) { pairs.append((found, need)) } }
      guard !pairs.isEmpty else { throw .shape("no layer of the model has a name that is in the file") }
    } else {
      guard model.saved.count == needs.count else {
        let names = model.saved.map(\.name).joined(separator: ", ")
        throw .shape("the model has \(needs.count) layers with weights; the file has \(model.saved.count): \(names)")
      }
      pairs = Array(zip(model.saved, needs))
    }
    var result: [Int: Values] = [:]
    for (found, need) in pairs {
      guard found.weights.count == need.weights.count else {
        throw .shape("layer ‘\(need.name)’ (\(need.type)) has \(need.weights.count) weights; the file has \(found.weights.count) in ‘\(found.name)’")
      }
      for (from, to) in zip(found.weights, need.weights) {
        let (weight, slot) = (model.weights[from], assembly.slots[to])
        if weight.shape == slot.shape {
          result[to] = weight.values
        } else if slot.shape.rank == 1, weight.shape == [2, slot.shape[0]] {
          result[to] = weight.values.addedHalves
        } else {
          throw .shape("‘\(weight.name)’ in the file is \(weight.shape); ‘\(slot.name)’ of layer ‘\(need.name)’ (\(need.type)) needs \(slot.shape)")
        }
      }
    }
    return result
  }
}
