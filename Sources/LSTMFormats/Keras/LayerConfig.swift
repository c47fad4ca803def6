import LSTMModel

/// The configuration of one layer, read key by key.
///
/// Each key is either read by its layer or known not to change what a trained layer computes; any other makes the layer unsupported, by
/// name. So no option of a file is ever ignored in silence.
final class LayerConfig {
  /// Keras' class name.
  let type: String
  /// The layer's own name.
  let name: String
  /// Its name in the model: `outer/inner` inside a nested model.
  let path: String
  /// The generation of Keras that wrote it.
  let generation: KerasGeneration
  /// Whether the layer itself is to be trained.
  let trainable: Bool
  /// Whether the layer or one around it is not to be trained.
  let frozen: Bool
  /// What the file states.
  let values: JSON
  private var known: Set<String>

  /// Keys of every layer that do not change the result of a trained model. (`dtype` is checked apart.)
  private static let harmless: Set<String> = [
    "name", "trainable", "dtype", "batch_input_shape", "input_dtype", "input_length", "seed", "build_config", "dynamic", "autocast",
  ]
  private static let harmlessEndings = ["_initializer", "_regularizer", "_constraint"]

  /// Reads the entry of a layer: `{"class_name": …, "config": {…}}`.
  ///
  /// - Throws: ``LSTMError/format(_:)`` if it is none, ``LSTMError/unsupported(_:)`` if it is a program's own class.
  init(
    _ entry: JSON, prefix: String, frozen: Bool, generation: KerasGeneration, name given: String? = nil, insteadOf layer: LayerConfig? = nil
  ) throws(LSTMError) {
    guard case .object = entry else { throw .format("an entry of ‘layers’ is \(entry.brief), not an object") }
    guard let type = entry["class_name"]?.string else { throw .format("an entry of ‘layers’ has no ‘class_name’: \(entry.brief)") }
    values = entry["config"] ?? .null
    // The cell of an RNN goes by the name of the layer.
    name = layer?.name ?? given ?? values["name"]?.string ?? entry["name"]?.string ?? type
    path = layer?.path ?? prefix + name
    self.type = type
    self.generation = generation
    if case .bool(false)? = values["trainable"] { trainable = false } else { trainable = true }
    self.frozen = frozen || !trainable
    known = LayerConfig.harmless
    try refuseCustomClass(entry)
    try checkPolicy()
  }

  /// The layer, for messages: `layer ‘lstm’ (LSTM)`.
  var title: String { "layer ‘\(path)’ (\(type))" }

  /// Says that this layer or an option of it is not supported.
  func unsupported(_ reason: String) -> LSTMError { .unsupported("\(title) \(reason), which liblstm does not support") }

  /// Says that the value of a key makes no sense.
  func wrong(_ key: String, expected: String) -> LSTMError {
    guard let value = values[key] else { return .format("\(title) states no ‘\(key)’; expected \(expected)") }
    return .format("\(title) states ‘\(key)’ as \(value.brief); expected \(expected)")
  }

  /// The value of a key; nil if it is absent or null.
  func value(_ key: String) -> JSON? {
    known.insert(key)
    if let value = values[key], value != .null { return value }
    return nil
  }

  /// Takes note of keys that do not change what a trained layer computes.
  func ignore(_ keys: String...) { known.formUnion(keys) }

  /// Refuses a key unless it is absent, null or one of these values.
  func require(_ key: String, _ allowed: JSON...) throws(LSTMError) {
    guard let value = value(key), !allowed.contains(value) else { return }
    throw unsupported("has ‘\(key)’ = \(value.brief)")
  }

  /// Refuses the layer if a key was neither read nor known to be harmless. A null says that an option is not used.
  func finish() throws(LSTMError) {
    guard case .object(let members) = values else { throw .format("\(title) has no ‘config’") }
    for member in members where member.value != .null && !known.contains(member.name) {
      if LayerConfig.harmlessEndings.contains(where: { member.name.hasSuffix($0) }) { continue }
      throw .unsupported("\(title) has an option ‘\(member.name)’ (\(member.value.brief)) that liblstm does not know")
    }
  }

  /// The layer's compute type: `float64`, or `float32` for all narrower ones, which are computed in float32.
  var dtype: String { LayerConfig.policy(values["dtype"]) == "float64" ? "float64" : "float32" }

  private static func policy(_ dtype: JSON?) -> String? {
    switch dtype {
    case .string(let name): return name
    case .object: return dtype?["config"]?["name"]?.string ?? dtype?["config"]?["source_name"]?.string ?? "unknown"
    default: return nil
    }
  }

  private func checkPolicy() throws(LSTMError) {
    let supported = ["float32", "float64", "float16", "bfloat16", "half", "mixed_float16", "mixed_bfloat16"]
    guard !LayerRegistry.withoutPolicy.contains(type), let policy = LayerConfig.policy(values["dtype"]), !supported.contains(policy) else { return }
    if policy.hasPrefix("int") && !policy.contains("_from_") { return }  // Keras 2 gives an Embedding the type of its tokens at times
    throw unsupported("has the dtype ‘\(policy)’")
  }

  /// A program's own class may have the name of one of Keras': its module or registered name tells.
  private func refuseCustomClass(_ entry: JSON) throws(LSTMError) {
    let module = entry["module"]?.string ?? "keras"
    let root = module.split(separator: ".").first.map(String.init) ?? ""
    let registered = entry["registered_name"]?.string ?? ""
    guard ["keras", "tf_keras", "keras_core", "tensorflow"].contains(root), !registered.contains(">") || registered.hasPrefix("keras") else {
      throw .unsupported(
        "layer ‘\(path)’ is a \(registered.isEmpty ? module + "." + type : registered), a class of its author's own, which liblstm does not support")
    }
  }
}
