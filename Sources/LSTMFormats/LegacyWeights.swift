import LSTMModel

/// Weights in the layout of Keras' `save_weights("x.h5")` and of whole-model HDF5 files: `layer_names`, and for each layer `weight_names`.
///
/// They belong to the layers of a model by order, not by name: layers without weights are left out on both sides, the rest is paired.
struct LegacyWeights {
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
  }

  /// A need for weights: what a layer of the model has.
  struct Need {
    /// The layer.
    var name: String
    /// Its class.
    var type: String
    /// Said of its size where a shape does not fit: ` with 8 units`.
    var size: String
    /// Its weights, in the order of a file.
    var weights: [(name: String, shape: Shape)]
  }

  /// The values for `needs`, in their order, each as many as its shape says. Every count and shape is checked before any data is read.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` naming layer and weight with what was expected and found.
  func values(for needs: [Need]) throws(LSTMError) -> [[Values]] {
    guard layers.count == needs.count else {
      throw .shape("the model has \(needs.count) layer\(needs.count == 1 ? "" : "s") with weights; the file has weights of \(layers.count)")
    }
    for (saved, need) in zip(layers, needs) where saved.weights.count != need.weights.count {
      throw .shape(
        "layer ‘\(need.name)’ (\(need.type)) has \(need.weights.count) weights; the file has \(saved.weights.count) for it, under the name ‘\(saved.name)’"
      )
    }
    for (saved, need) in zip(layers, needs) {
      for (position, weight) in need.weights.enumerated() {
        let found = try saved.dataset(position).shape()
        guard found == weight.shape else { throw LegacyWeights.mismatch(need, weight, saved.weights[position], found) }
      }
    }
    var all: [[Values]] = []
    for (saved, need) in zip(layers, needs) {
      var values: [Values] = []
      for position in need.weights.indices {
        let read = try saved.dataset(position).values()
        guard read.count == need.weights[position].shape.count else {
          throw .format("weight ‘\(saved.weights[position])’ of layer ‘\(saved.name)’ changed while it was read")
        }
        values.append(read)
      }
      all.append(values)
    }
    return all
  }

  private static func mismatch(_ need: Need, _ weight: (name: String, shape: Shape), _ stored: String, _ found: Shape) -> LSTMError {
    .shape(
      "\(weight.name) of layer ‘\(need.name)’ (\(need.type)\(need.size)) has the shape \(found) in the file, where it is ‘\(stored)’; expected \(weight.shape)"
    )
  }
}
