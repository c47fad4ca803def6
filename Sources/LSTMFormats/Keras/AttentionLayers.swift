import LSTMModel

/// Attention and AdditiveAttention.
final class AttentionLayer: KerasLayer {
  private var attention: Attention

  /// Reads the options.
  init(_ config: LayerConfig) throws(LSTMError) {
    let additive = config.type == "AdditiveAttention"
    let score = additive ? "dot" : try config.word("score_mode", ["dot", "concat"], default: "dot")
    attention = Attention(
      score: additive ? .additive : score == "concat" ? .concat : .dot, useScale: try config.bool("use_scale", default: additive),
      causal: try config.bool("causal", default: false))
    attention.dropout = try config.rate("dropout")
    try config.finish()
    super.init(config)
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    let call = call.understanding("value", "key", "use_causal_mask")
    try call.finish(config)
    let inputs = call.inputs + (call.values("value") ?? []) + (call.values("key") ?? [])
    var operation = attention
    operation.causal = operation.causal || call.flag("use_causal_mask")
    let weights = try builder.weights(for: .attention(operation), inputs, in: weights, config, layer: index)
    return try builder.add(.attention(operation), inputs, weights: weights, layer: index, mask: try call.mask(config))
  }
}

/// MultiHeadAttention: called with a query, a value and perhaps a key, by position or by name.
final class MultiHeadAttentionLayer: KerasLayer {
  private var attention: MultiHeadAttention

  /// Reads the options.
  init(_ config: LayerConfig) throws(LSTMError) {
    let isGrouped = config.type != "MultiHeadAttention"
    let heads = try config.integer(isGrouped ? "num_query_heads" : "num_heads", in: 1...(1 << 16))
    let keyValueHeads = isGrouped ? try config.integer("num_key_value_heads", in: 1...(1 << 16)) : heads
    guard heads % keyValueHeads == 0 else {
      throw .shape("\(config.title) has \(heads) heads of queries, which \(keyValueHeads) heads of keys do not divide")
    }
    let keySize = try config.integer(isGrouped ? "head_dim" : "key_dim", in: 1...(1 << 24))
    let valueSize = try config.integer("value_dim", in: 1...(1 << 24), default: keySize)
    let output = try config.integers("output_shape", in: 1...LayerConfig.largestSize, count: 1...1, default: [])
    try config.require("attention_axes", .integer(1), .array([.integer(1)]))
    for key in ["use_gate", "softmax_robust_masking"] { try config.require(key, .bool(false)) }
    attention = MultiHeadAttention(
      heads: heads, keyValueHeads: keyValueHeads, keySize: keySize, valueSize: valueSize, outputSize: output.first,
      useBias: try config.bool("use_bias", default: true), causal: false)
    attention.dropout = try config.rate("dropout")
    config.ignore("query_shape", "key_shape", "value_shape", "flash_attention")
    try config.finish()
    super.init(config)
  }

  override func variables(at path: String, style: VariableStyle) -> [VariablePath] {
    let own = weights.own ?? []
    let each = attention.useBias ? 2 : 1
    return own.enumerated().map { position, weight in
      let parts = ["query_dense", "key_dense", "value_dense", "output_dense"]
      // Its grouped kin keeps them under names with an underscore.
      let mark = config.type == "MultiHeadAttention" ? "/" : "/_"
      return VariablePath(group: path + mark + parts[min(position / each, 3)] + "/vars", index: position % each, slot: weight.index)
    }
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    let call = call.understanding("query", "value", "key", "query_mask", "value_mask", "key_mask", "use_causal_mask")
    try call.finish(config)
    let inputs = (call.values("query") ?? []) + call.inputs + (call.values("value") ?? []) + (call.values("key") ?? [])
    var masks: [Value?] = inputs.map { builder.graph.mask(of: $0) }
    for (position, name) in ["query_mask", "value_mask", "key_mask"].enumerated() where position < masks.count {
      if let mask = call.values(name)?.first { masks[position] = mask }
    }
    guard call.named["mask"]?.isNothing ?? true else { throw config.unsupported("is called with ‘mask’") }
    var operation = attention
    operation.causal = call.flag("use_causal_mask")
    let weights = try builder.weights(for: .multiHeadAttention(operation), inputs, in: weights, config, layer: index)
    return try builder.add(.multiHeadAttention(operation), inputs, weights: weights, layer: index, mask: .given(masks))
  }
}
