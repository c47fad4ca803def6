import LSTMModel

/// The optimiser's state in a file, kept so that it can be written again.
enum OptimizerArrays {
  private static let largestCount = 1 << 16

  /// What an HDF5 model of Keras keeps in `optimizer_weights`. A state that cannot be read is none: the model does not depend on it.
  static func legacy(in root: HDF5Group) -> [SavedArray] {
    do throws(LSTMError) {
      guard root.contains("optimizer_weights") else { return [] }
      let group = try root.group("optimizer_weights")
      let names = try group.list("weight_names") ?? []
      guard names.count <= largestCount else { return [] }
      var arrays: [SavedArray] = []
      for name in names { arrays.append(try group.dataset(name).array(named: name)) }
      return arrays
    } catch { return [] }
  }

  /// What the variables of `.keras` hold in `optimizer/vars`.
  static func variables(in root: HDF5Group) -> [SavedArray] {
    do throws(LSTMError) {
      var arrays: [SavedArray] = []
      while arrays.count < largestCount {
        let path = "optimizer/vars/\(arrays.count)"
        guard root.holds(path) else { break }
        arrays.append(try root.dataset(path).array(named: "vars/\(arrays.count)"))
      }
      return arrays
    } catch { return [] }
  }
}
