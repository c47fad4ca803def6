import LSTMModel

/// One layer in the words of the target.
struct LayerTranslation {
  /// What becomes of it.
  struct Result {
    var type: String
    var config: JSON
    var module: String
  }

  private let translation: ConfigTranslation
  private let entry: JSON
  private let type: String
  private let path: String
  private var target: KerasTarget { translation.target }
  private var title: String { "layer ‘\(path)’ (\(type))" }

  /// Steps that Keras 3 writes among the layers, and where it finds them.
  static let operations: Set<String> = [
    "NotEqual", "Any", "All", "LogicalAnd", "LogicalOr", "LogicalNot", "ExpandDims", "ZerosLike", "OnesLike", "Transpose", "Flip",
  ]
  /// What other formats can say and liblstm computes, but no Keras does.
  private static let notKeras: Set<String> = ["SequenceMask"]
  private static let cellOptions: Set<String> = [
    "recurrent_bias", "stored_initial_state", "clip", "peepholes", "projection", "input_forget", "output_activation", "layer_normalization",
  ]
  private static let onlyKeras2: Set<String> = ["ThresholdedReLU"]
  private static let onlyKeras3: Set<String> = ["RMSNormalization", "GroupQueryAttention", "GroupedQueryAttention"]
  /// Options of old files that say nothing to a newer Keras, or that each Keras finds out by itself.
  private static let meaningless: Set<String> = [
    "batch_input_shape", "input_dtype", "build_config", "autocast", "dynamic", "use_cudnn", "implementation", "input_length", "ragged",
  ]
  /// Options that one of them does not know, and the value without effect under which they may be left out.
  private static let unknownToKeras3: [String: [JSON]] = [
    "time_major": [.bool(false)], "renorm": [.bool(false)], "renorm_clipping": [.object([])], "renorm_momentum": [.number(0.99)],
    "fused": [.bool(true), .bool(false)], "virtual_batch_size": [], "adjustment": [], "causal": [.bool(false)],
    "reverse_state_order": [.bool(false)], "softmax_robust_masking": [.bool(false)], "robust_masking": [.bool(false)],
  ]
  private static let unknownToKeras2: [String: [JSON]] = [
    "quantization_config": [], "lora_rank": [], "lora_alpha": [], "flash_attention": [.bool(false), .bool(true)], "use_gate": [.bool(false)],
    "sliding_window": [], "rms_scaling": [.bool(false)],
  ]

  init(_ translation: ConfigTranslation, _ entry: JSON, path: String) {
    self.translation = translation
    self.entry = entry
    self.path = path
    type = entry["class_name"]?.string ?? ""
  }

  /// The layer for the target.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming the layer and what the target does not know.
  func translated() throws(LSTMError) -> Result {
    if LayerTranslation.operations.contains(type) || type == "Transpose" { return try operation() }
    if LayerTranslation.notKeras.contains(type) { throw target.refuses("\(title) is no layer of Keras") }
    if LayerTranslation.onlyKeras2.contains(type), target.isForKeras3 { throw target.refuses("\(title) is a layer of Keras 2 alone") }
    if LayerTranslation.onlyKeras3.contains(type), target.isForKeras2 { throw target.refuses("\(title) is a layer of Keras 3 alone") }
    var members: [JSON.Member] = []
    for member in entry["config"]?.members ?? [] {
      if let member = try option(member) { members.append(member) }
    }
    // Before Keras 2.1 there was no such option, and a GRU without it was of the older kind; now one without it is of the newer.
    if type == "GRU" || type == "GRUCell", entry["config"]?["reset_after"] == nil {
      members.append(JSON.Member(name: "reset_after", value: .bool(false)))
    }
    var result = Result(type: type, config: .object(members), module: "keras.layers")
    // Keras 3 finds the class by another name than the one that its HDF5 files state.
    if type == "GroupedQueryAttention" { result.type = "GroupQueryAttention" }
    if type == "MultiHeadAttention", target.isForKeras2 {
      for key in ["query_shape", "key_shape", "value_shape"] { result.config = result.config.setting(key, .null) }
    }
    if type == "CuDNNLSTM" || type == "CuDNNGRU" {
      result.type = String(type.dropFirst(5))
      for (name, value) in plainCell { result.config = result.config.setting(name, value) }
    }
    return result
  }

  /// What cuDNN's layers do without saying it.
  private var plainCell: [(String, JSON)] {
    let cell: [(String, JSON)] = [("activation", .string("tanh")), ("recurrent_activation", .string("sigmoid")), ("use_bias", .bool(true))]
    return type == "CuDNNGRU" ? cell + [("reset_after", .bool(true))] : cell
  }

  private func operation() throws(LSTMError) -> Result {
    guard target == .keras3 else { throw target.refuses("\(title) is a step that Keras 3 computes with") }
    return Result(type: type, config: (entry["config"] ?? .object([])).removing(["build_config"]), module: "keras.src.ops.numpy")
  }

  /// An option under the target's name; nil if it need not be said.
  private func option(_ member: JSON.Member) throws(LSTMError) -> JSON.Member? {
    let (name, value) = (member.name, LayerTranslation.plain(member.value))
    if LayerTranslation.meaningless.contains(name) || name == "layer_normalization_epsilon" { return nil }
    if LayerTranslation.cellOptions.contains(name) { return try without(name, value, [.bool(false)]) }
    if target.isForKeras3, let neutral = LayerTranslation.unknownToKeras3[name] { return try without(name, value, neutral) }
    if target.isForKeras2, let neutral = LayerTranslation.unknownToKeras2[name] { return try without(name, value, neutral) }
    switch name {
    case "layer", "backward_layer":
      guard value != .null else { return nil }
      return JSON.Member(name: name, value: try translation.layer(member.value, path: path + "/"))
    case "cell": return JSON.Member(name: name, value: try cell(member.value))
    case "cells":
      var cells: [JSON] = []
      for cell in member.value.array ?? [] { cells.append(try translation.layer(cell, path: path + "/")) }
      return JSON.Member(name: name, value: .array(cells))
    case "dtype":
      // A type of tokens is not one that an embedding could compute in.
      guard let policy = LayerTranslation.policy(value) else { return nil }
      return JSON.Member(name: name, value: .string(policy.hasPrefix("int") ? "float32" : policy == "half" ? "float16" : policy))
    case "return_sequences", "return_state", "stateful", "go_backwards":
      return type == "Bidirectional" ? nil : JSON.Member(name: name, value: value)
    case "zero_output_for_mask":
      if type == "Bidirectional" || value != .bool(true) { return nil }
    case "seed": if target != .keras3 && type != "Dropout" || value.integer == nil { return nil }
    case "alpha" where type == "LeakyReLU", "negative_slope" where type == "LeakyReLU":
      guard value != .null else { return nil }
      return JSON.Member(name: target == .keras3 ? "negative_slope" : "alpha", value: value)
    case "axis" where ["BatchNormalization", "Softmax"].contains(type):
      if value.array?.count == 1, let one = value.array?.first { return JSON.Member(name: name, value: one) }
    case "groups" where type == "SeparableConv1D", "score_mode" where type == "AdditiveAttention",
      "sparse" where type == "Embedding", "data_format" where type == "ZeroPadding1D":
      if target.isForKeras3 || type == "ZeroPadding1D" || type == "AdditiveAttention" { return nil }
    case "query_shape", "key_shape", "value_shape":
      // Keras 2 asks for them, and finds them out if they are null.
      if type == "MultiHeadAttention" { return nil }
    // Keras 3 has no more to say of it than its rate.
    case "trainable" where type.hasPrefix("SpatialDropout") || type == "Discretization", "noise_shape" where type.hasPrefix("SpatialDropout"):
      if target.isForKeras3 { return nil }
    case "kernel_initializer" where type == "SeparableConv1D", "kernel_regularizer" where type == "SeparableConv1D",
      "kernel_constraint" where type == "SeparableConv1D":
      return nil
    case "activation", "recurrent_activation": return JSON.Member(name: name, value: try activation(name, value))
    default: break
    }
    if name.hasSuffix("_initializer") { return Initializers.translated(value, translation).map { JSON.Member(name: name, value: $0) } }
    if name.hasSuffix("_regularizer") || name.hasSuffix("_constraint") {
      return JSON.Member(name: name, value: try Initializers.penalty(value, name, title, translation))
    }
    return JSON.Member(name: name, value: value)
  }

  private func without(_ name: String, _ value: JSON, _ neutral: [JSON]) throws(LSTMError) -> JSON.Member? {
    guard value == .null || neutral.contains(value) else { throw target.refuses("\(title) has ‘\(name)’ = \(value.brief)") }
    return nil
  }

  /// The cell of an RNN; a list of them as the stack that it means.
  private func cell(_ value: JSON) throws(LSTMError) -> JSON {
    guard let cells = value.array else { return try translation.layer(value, path: path + "/") }
    return try translation.layer(
      .object(["class_name": .string("StackedRNNCells"), "config": .object(["name": .string("stacked_rnn_cells"), "cells": .array(cells)])]),
      path: path + "/")
  }

  private func activation(_ key: String, _ value: JSON) throws(LSTMError) -> JSON {
    guard var name = value.string ?? value["config"]?.string else { return LayerTranslation.withoutIdentities(value) }
    if name == "hard_sigmoid", target == .keras3, translation.generation < .keras3 { return HardSigmoid.keras2 }
    if name == "silu", target.isForKeras2 { name = "swish" }
    if target.isForKeras2, !LayerTranslation.keras2Activations.contains(name) {
      throw target.refuses("\(title) has the \(key) ‘\(name)’ of Keras 3")
    }
    return .string(name)
  }

  private static let keras2Activations: Set<String> = [
    "linear", "sigmoid", "tanh", "relu", "hard_sigmoid", "softmax", "elu", "selu", "exponential", "softplus", "softsign", "gelu", "swish", "mish",
  ]

  /// The same without the numbers by which Python knew its objects.
  static func withoutIdentities(_ json: JSON) -> JSON {
    switch json {
    case .array(let elements): return .array(elements.map(withoutIdentities))
    case .object(let members):
      return .object(members.filter { $0.name != "shared_object_id" }.map { JSON.Member(name: $0.name, value: withoutIdentities($0.value)) })
    default: return json
    }
  }

  /// The name of a type or policy.
  static func policy(_ dtype: JSON) -> String? {
    dtype.string ?? dtype["config"]?["name"]?.string ?? dtype["config"]?["source_name"]?.string
  }

  /// Numbers and lists that some versions wrote as objects.
  private static func plain(_ value: JSON) -> JSON {
    if value["type"]?.string == "ndarray", let number = value["value"] { return number }
    if value["class_name"]?.string == "__tuple__", let items = value["items"] { return items }
    return value
  }
}

/// Initialisers, regularisers and constraints. None of them changes what a trained model computes; the latter two change its training.
enum Initializers {
  private static let options: Set<String> = ["seed", "minval", "maxval", "mean", "stddev", "scale", "mode", "distribution", "gain", "value"]
  private static let known: Set<String> = [
    "Zeros", "Ones", "Constant", "RandomUniform", "RandomNormal", "TruncatedNormal", "VarianceScaling", "Orthogonal", "Identity",
    "GlorotUniform", "GlorotNormal", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform",
  ]
  private static let penalties = ["maxnorm": "MaxNorm", "nonneg": "NonNeg", "unitnorm": "UnitNorm"]

  /// An initialiser; nil, which means the layer's usual one, if the target has none of that name: its weights are given anyway.
  static func translated(_ value: JSON, _ translation: ConfigTranslation) -> JSON? {
    if case .string = value { return value }
    guard let type = value["class_name"]?.string, known.contains(type) else { return value == .null ? value : nil }
    let members = (value["config"]?.members ?? []).filter { options.contains($0.name) }
      .map { JSON.Member(name: $0.name, value: $0.name == "seed" && $0.value.integer == nil ? .null : $0.value) }
    return translation.wrapped(type, .object(members), module: "keras.initializers")
  }

  /// A regulariser or constraint.
  static func penalty(_ value: JSON, _ key: String, _ title: String, _ translation: ConfigTranslation) throws(LSTMError) -> JSON {
    guard case .object = value else { return value }
    let found = value["class_name"]?.string ?? "?"
    let type = penalties[found] ?? found
    guard ["L1", "L2", "L1L2", "OrthogonalRegularizer", "MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"].contains(type) else {
      throw translation.target.refuses("\(title) has the \(key) ‘\(found)’ of its author's own")
    }
    let module = key.hasSuffix("_constraint") ? "keras.constraints" : "keras.regularizers"
    return translation.wrapped(type, value["config"] ?? .object([]), module: module)
  }
}
