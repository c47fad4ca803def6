import LSTMModel

/// Weights in the layout of Keras' `save_weights("x.h5")` and of whole-model HDF5 files: `layer_names`, and for each layer `weight_names`.
///
/// They belong to the layers of a model by order: layers without weights are left out on both sides, the rest is paired.
struct LegacyWeights: WeightSource {
  /// A layer that has weights in the file.
  struct SavedGroup {
    /// The layer's name in the file.
    let name: String
    /// Names of its weights.
    let weights: [String]
    private let group: HDF5Group

    fileprivate init(name: String, weights: [String], group: HDF5Group) {
      self.name = name
      self.weights = weights
      self.group = group
    }

    /// One of its weights.
    func dataset(_ position: Int) throws(LSTMError) -> HDF5Dataset {
      let name = weights.indices.contains(position) ? weights[position] : ""
      guard !name.isEmpty else { throw .format("layer ‘\(self.name)’ has an empty name among its ‘weight_names’") }
      do { return try group.dataset(name) } catch { throw error.at("weight ‘\(name)’ of layer ‘\(self.name)’") }
    }
  }

  /// The layers with weights, in the file's order.
  let layers: [SavedGroup]

  /// Whether the names are those of Keras 1 (lstm_1_W_i, dense_1_b), which ended with the symbol of the equation.
  let hasNamesOfKeras1: Bool
  /// Whether Theano computed with them.
  let isTheano: Bool

  /// Whether layers belong together by name instead; those that the file does not have are left alone.
  var byName = false

  /// Whether the group has such a list of layers.
  static func isPresent(in group: HDF5Group) throws(LSTMError) -> Bool { try group.list("layer_names") != nil }

  /// Reads the lists of names; the data are left alone.
  init(_ group: HDF5Group) throws(LSTMError) {
    let place = group.path.isEmpty ? "the file" : "‘\(group.path)’"
    guard let names = try group.list("layer_names") else { throw .format("\(place) has no attribute ‘layer_names’") }
    guard names.count <= 1 << 16 else { throw .format("\(place) lists \(names.count) layers in ‘layer_names’") }
    var layers: [SavedGroup] = []
    for name in names {
      guard !name.isEmpty else { throw .format("\(place) has an empty name among its ‘layer_names’") }
      let layer: HDF5Group
      do { layer = try group.group(name) } catch { throw error.at("layer ‘\(name)’") }
      guard let weights = try layer.list("weight_names") else { throw .format("layer ‘\(name)’ has no attribute ‘weight_names’ in the file") }
      if !weights.isEmpty { layers.append(SavedGroup(name: name, weights: weights, group: layer)) }
    }
    self.layers = layers
    let all = layers.flatMap(\.weights)
    hasNamesOfKeras1 = all.contains { name in
      let name = name.hasSuffix(":0") ? name.dropLast(2) : Substring(name)
      return ["_W", "_b", "_U", "_W_i", "_W_z"].contains { name.hasSuffix($0) }
    }
    // Keras 1 does not say on what it ran, but only TensorFlow ends its names with `:0`.
    isTheano = try group.string("backend").map { $0 == "theano" } ?? (hasNamesOfKeras1 && !all.contains { $0.hasSuffix(":0") })
  }

  /// The layers of the file beside those of a model, by order or by name.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` if there are more or fewer layers, or arrays in a layer, than the model has.
  func arrays(for model: ModelAssembly) throws(LSTMError) -> [Int: [StoredArray]] {
    let needs = model.saved
    var pairs: [(SavedGroup, SavedLayer)] = []
    if byName {
      for need in needs { if let saved = layers.first(where: { $0.name == need.name }) { pairs.append((saved, need)) } }
      guard !pairs.isEmpty else { throw .shape("no layer of the model has a name that is in the file") }
    } else {
      guard layers.count == needs.count else {
        throw .shape("the model has \(needs.count) layer\(needs.count == 1 ? "" : "s") with weights; the file has weights of \(layers.count)")
      }
      pairs = Array(zip(layers, needs))
    }
    var arrays: [Int: [StoredArray]] = [:]
    for (saved, need) in pairs {
      for (slot, positions) in try places(in: saved, for: need, model.slots) {
        var stored: [StoredArray] = []
        for position in positions {
          var array = try StoredArray(try saved.dataset(position), name: saved.weights[position])
          array.isTheano = isTheano
          stored.append(array)
        }
        arrays[slot] = stored
      }
    }
    return arrays
  }

  /// Which arrays of a layer make each of its weights: one, or, in files of Keras 1, one for each gate.
  private func places(in saved: SavedGroup, for need: SavedLayer, _ slots: [ModelBuilder.Slot]) throws(LSTMError) -> [(Int, [Int])] {
    if saved.weights.count == need.weights.count { return need.weights.enumerated().map { ($0.element, [$0.offset]) } }
    var result: [(Int, [Int])] = []
    var next = 0
    for slot in need.weights {
      guard let cell = slots[slot].cell, let order = LegacyWeights.gateOrder(cell.kind) else {
        result.append((slot, [next]))
        next += 1
        continue
      }
      // The arrays of a cell: input kernel, recurrent kernel and bias of the first gate, then those of the next.
      let part = slot == cell.first ? 0 : slot == cell.bias ? 2 : 1
      if part == 0 { next += 3 * order.count }
      result.append((slot, order.map { next - 3 * order.count + 3 * $0 + part }))
    }
    guard next == saved.weights.count else {
      throw .shape(
        "layer ‘\(need.name)’ (\(need.type)) has \(need.weights.count) weights; the file has \(saved.weights.count) for it, under the name ‘\(saved.name)’"
      )
    }
    return result
  }

  /// Where Keras 1 keeps the gates: an LSTM's i, f, g, o in the order i, g, f, o.
  private static func gateOrder(_ kind: Recurrent.Cell) -> [Int]? {
    switch kind {
    case .lstm: return [0, 2, 1, 3]
    case .gru: return [0, 1, 2]
    case .simple: return nil
    }
  }
}
