import LSTMModel

/// A PyTorch `state_dict`: tensors by name, and what the file says about the modules that they belong to.
struct TorchTensors {
  /// The tensors, without `module.` (DataParallel) before their names.
  let tensors: [String: StoredArray]
  /// Their names in the file's order.
  let names: [String]
  /// The file's own words about its modules: JSON, or "".
  let architecture: String
  /// What wrote the file.
  let writer: String
  /// What it was read from.
  let format: String
  /// Whether the order of names is that of the modules, rather than alphabetical.
  let keepsOrder: Bool

  private static let wrapper = "module."
  private static let largestCount = 1 << 16

  /// Whether an HDF5 file, which is none of Keras', may hold a state_dict: some dataset has the name of a parameter.
  static func isPresent(in root: HDF5Group) throws(LSTMError) -> Bool {
    let (architecture, framework) = (try root.string("architecture"), try root.string("framework"))
    if architecture != nil || framework == "pytorch" { return true }
    var found: [(String, HDF5Dataset)] = []
    try collect(root, prefix: "", separator: ".", depth: 0, into: &found)
    return found.contains { TorchName(wrapped($0.0)).isRecurrent || $0.0.hasSuffix(".weight") }
  }

  /// The datasets of an HDF5 file: names with dots, or groups in groups.
  init(_ root: HDF5Group) throws(LSTMError) {
    var found: [(String, HDF5Dataset)] = []
    try TorchTensors.collect(root, prefix: "", separator: ".", depth: 0, into: &found)
    var tensors: [(String, StoredArray)] = []
    for (name, dataset) in found { tensors.append((name, try StoredArray(dataset, name: name))) }
    let version = try root.string("torch_version").map { "PyTorch " + $0 }
    try self.init(
      tensors, architecture: try root.string("architecture") ?? "", writer: try root.string("writer") ?? version ?? "PyTorch",
      format: "PyTorch state_dict (HDF5)", keepsOrder: false)
  }

  /// The tensors of a safetensors file.
  init(_ file: Safetensors) throws(LSTMError) {
    try self.init(
      file.tensors.map { ($0.name, $0) }, architecture: file.metadata["architecture"] ?? "", writer: file.metadata["writer"] ?? "PyTorch",
      format: "PyTorch state_dict (safetensors)", keepsOrder: file.metadata["order"] == "definition")
  }

  /// Tensors from elsewhere.
  init(_ found: [(String, StoredArray)], architecture: String, writer: String, format: String, keepsOrder: Bool) throws(LSTMError) {
    guard found.count <= TorchTensors.largestCount else { throw .format("the file has \(found.count) tensors, too many") }
    var tensors: [String: StoredArray] = [:]
    var names: [String] = []
    let isWrapped = !found.isEmpty && found.allSatisfy { $0.0.hasPrefix(TorchTensors.wrapper) }
    for (name, array) in found {
      let own = isWrapped ? TorchTensors.wrapped(name) : name
      guard tensors.updateValue(array, forKey: own) == nil else { throw .format("the file has two tensors of the name ‘\(own)’") }
      names.append(own)
    }
    self.tensors = tensors
    self.names = names
    self.architecture = architecture
    self.writer = writer
    self.format = format
    self.keepsOrder = keepsOrder
  }

  /// A name without the wrapper's.
  static func wrapped(_ name: String) -> String {
    name.hasPrefix(wrapper) ? String(name.dropFirst(wrapper.count)) : name
  }

  /// The datasets below a group, their names joined by `separator`.
  static func collect(
    _ group: HDF5Group, prefix: String, separator: String, depth: Int, into found: inout [(String, HDF5Dataset)]
  ) throws(LSTMError) {
    guard depth < 16 else { throw .format("‘\(prefix)’ is nested deeper than the modules of any network") }
    for name in try group.names() {
      guard found.count <= largestCount else { throw .format("the file has more than \(largestCount) datasets") }
      if let inner = try? group.group(name) {
        try collect(inner, prefix: prefix + name + separator, separator: separator, depth: depth + 1, into: &found)
      } else {
        found.append((prefix + name, try group.dataset(name)))
      }
    }
  }
}

/// The name of a parameter: its module, and which of the module's parameters it is.
struct TorchName {
  /// `encoder.rnn`; "" for a module that was saved by itself.
  let module: String
  /// `weight_ih_l0_reverse`.
  let parameter: String

  /// Splits a name at its last dot.
  init(_ name: String) {
    if let dot = name.lastIndex(of: ".") {
      module = String(name[..<dot])
      parameter = String(name[name.index(after: dot)...])
    } else {
      module = ""
      parameter = name
    }
  }

  /// Whether it is a parameter of a recurrent module or cell.
  var isRecurrent: Bool { ["weight_ih", "weight_hh", "weight_hr", "bias_ih", "bias_hh"].contains { parameter.hasPrefix($0) } }
}
