import LSTMModel

/// Weights that Keras 3 split over several files: `x.weights.json` says which of `x_00000.weights.h5`, `x_00001.weights.h5`, … holds what.
enum ShardedWeights {
  // Keras starts a new shard every few gigabytes.
  private static let largestCount = 4096

  /// The numbers of a model's weights.
  ///
  /// - Throws: ``LSTMError`` naming the shard at fault. A shard lies beside its index; no other path is opened.
  static func values(for assembly: ModelAssembly, index path: String, maxBytes: Int) throws(LSTMError) -> [Int: Values] {
    let text = String(decoding: try FileBytes.read(path, maxBytes: 16 << 20), as: UTF8.self)
    let index = try JSON(text, what: "the index of the shards")
    guard case .object(let members)? = index["weight_map"] else { throw .format("the JSON file has no ‘weight_map’, so it is no index of shards") }
    var names: [String] = []
    for member in members {
      for name in (member.value.array ?? [member.value]).map(\.string) {
        guard let name, name.hasSuffix(".weights.h5"), !name.contains("/"), !name.contains("\\"), !name.hasPrefix(".") else {
          throw .format("the index of the shards names \(name.map { "‘\($0)’" } ?? "no file"), which is no shard beside it")
        }
        if !names.contains(name) { names.append(name) }
      }
    }
    guard 1...largestCount ~= names.count else { throw .format("the index of the shards names \(names.count) files") }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    var values: [Int: Values] = [:]
    for name in names {
      let bytes = try FileBytes.read(folder + name, maxBytes: maxBytes)
      do {
        let found = try HDF5.withFile(bytes) { (root) throws(LSTMError) in try assembly.values(from: PartialStore(root)) }
        values.merge(found) { first, _ in first }
      } catch { throw error.at("shard ‘\(name)’") }
    }
    if let missing = assembly.slots.indices.first(where: { values[$0] == nil }) {
      throw .format("no shard holds ‘\(assembly.slots[missing].name)’, which the model needs")
    }
    return values
  }
}

/// The variables that one of several files holds.
private struct PartialStore: WeightSource {
  private let root: HDF5Group

  init(_ root: HDF5Group) { self.root = root }

  func arrays(for model: ModelAssembly) throws(LSTMError) -> [Int: [StoredArray]] {
    var arrays: [Int: [StoredArray]] = [:]
    for variable in model.variables(style: .current) where root.holds(variable.path) {
      arrays[variable.slot] = [try StoredArray(try root.dataset(variable.path), name: variable.path)]
    }
    return arrays
  }
}
