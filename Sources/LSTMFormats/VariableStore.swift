import LSTMModel

/// Weights in the layout of `.weights.h5` and of the HDF5 file inside `.keras`: `layers/lstm/cell/vars/0`.
struct VariableStore: WeightSource {
  private let find: (String) throws(LSTMError) -> StoredArray?
  private let describe: (VariablePath) -> LSTMError
  private let styles: [VariableStyle]

  /// Whether an HDF5 file has this layout.
  static func isPresent(in root: HDF5Group) -> Bool {
    VariableStyle.all.contains { root.contains($0.group) } || holdsVariables(root, depth: 0)
  }

  /// Models of a class of their own name their parts after attributes: any group `vars` tells such a file.
  private static func holdsVariables(_ group: HDF5Group, depth: Int) -> Bool {
    if group.contains("vars") { return true }
    guard depth < 4, let names = try? group.names() else { return false }
    return names.prefix(64).contains { name in (try? group.group(name)).map { holdsVariables($0, depth: depth + 1) } ?? false }
  }

  /// The variables of an HDF5 file.
  init(_ root: HDF5Group) {
    find = { (path) throws(LSTMError) in
      guard root.holds(path) else { return nil }
      return try StoredArray(try root.dataset(path), name: path)
    }
    styles = VariableStyle.all.filter { root.contains($0.group) }
    describe = { missing in
      let found = root.holds(missing.group) ? (try? root.group(missing.group))?.count ?? 0 : nil
      guard let found else { return .format("the file has no variables ‘\(missing.group)’, which the model needs") }
      return .format("‘\(missing.path)’ is not found in the file: it has \(found) variables in ‘\(missing.group)’")
    }
  }

  /// Variables that some other container holds; `paths` are their names.
  init(paths: Set<String>, find: @escaping (String) throws(LSTMError) -> StoredArray?) {
    self.find = find
    styles = VariableStyle.all.filter { style in paths.contains { $0.hasPrefix(style.group + "/") } }
    describe = { .format("‘\($0.path)’ is not found in the file, but the model needs it") }
  }

  func arrays(for model: ModelAssembly) throws(LSTMError) -> [Int: [StoredArray]] {
    var fault: LSTMError?
    for style in styles.isEmpty ? [.current] : styles {
      do throws(LSTMError) { return try arrays(for: model, style: style) } catch { fault = fault ?? error }
    }
    throw fault ?? .format("the file has no group ‘layers’, so there are no weights in it")
  }

  private func arrays(for model: ModelAssembly, style: VariableStyle) throws(LSTMError) -> [Int: [StoredArray]] {
    var arrays: [Int: [StoredArray]] = [:]
    var counts: [String: Int] = [:]
    for variable in model.variables(style: style) {
      guard let array = try find(variable.path) else { throw describe(variable) }
      arrays[variable.slot] = [array]
      counts[variable.group] = max(counts[variable.group] ?? 0, variable.index + 1)
    }
    for (group, count) in counts.sorted(by: { $0.key < $1.key }) where try find(group + "/" + String(count)) != nil {
      throw .shape("the file has more than the \(count) variables in ‘\(group)’ that the model has")
    }
    return arrays
  }
}
