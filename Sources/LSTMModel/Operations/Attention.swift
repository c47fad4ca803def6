/// Each query step looks at all value steps: Attention and AdditiveAttention.
///
/// - Shapes: query `[N, Tq, D]`, value `[N, Tv, V]`, and perhaps key `[N, Tv, D]`; output `[N, Tq, V]`.
public struct Attention: OperationRules {
  /// How a query and a key become a score.
  public enum Score: Sendable, Equatable {
    /// `q · k`, scaled by a learnt number if there is one.
    case dot
    /// `Σ scale ⊙ tanh(q + k)`, with a learnt vector if there is one.
    case additive
    /// `weight · Σ tanh(scale · (q + k))`, with learnt numbers.
    case concat
  }

  /// The score.
  public var score: Score
  /// Whether there is a learnt scale.
  public var useScale: Bool
  /// Whether a query step sees only value steps up to its own.
  public var causal: Bool
  /// The part of the weights of steps that training drops.
  public var dropout = 0.0

  /// An attention layer.
  public init(score: Score, useScale: Bool, causal: Bool) {
    self.score = score
    self.useScale = useScale
    self.causal = causal
  }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    guard let query = inputs.first else { throw .shape("attention takes a query and a value") }
    var specs: [WeightSpec] = []
    if useScale { specs.append(WeightSpec("scale", score == .additive ? [try features(query, "AdditiveAttention")] : [])) }
    if score == .concat { specs.append(WeightSpec("concat_score_weight", [])) }
    return specs
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    guard inputs.count == 2 || inputs.count == 3, inputs.allSatisfy({ $0.rank == 3 }) else {
      throw .shape("attention takes a query, a value and perhaps a key, each [batch, steps, features], not \(inputs)")
    }
    let key = inputs.count == 3 ? inputs[2] : inputs[1]
    guard key[2] < 0 || inputs[0][2] < 0 || key[2] == inputs[0][2] else {
      throw .shape("attention: query \(inputs[0]) and key \(key) differ in their last dimension")
    }
    return [[inputs[0][0], inputs[0][1], inputs[1][2]]]
  }

  public var maskRule: MaskRule { .pass }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.contains(true) ? .refused("attends to the whole sequence") : .pointwise
  }
}

/// Several attentions side by side on learnt projections.
///
/// - Shapes: query `[N, Tq, Dq]`, value `[N, Tv, Dv]`, and perhaps key `[N, Tv, Dk]`; output `[N, Tq, outputSize]`.
public struct MultiHeadAttention: OperationRules {
  /// Attentions of queries.
  public var heads: Int
  /// Attentions of keys and values; fewer than `heads` when groups of queries share them.
  public var keyValueHeads: Int
  /// Size of a projected query and key.
  public var keySize: Int
  /// Size of a projected value.
  public var valueSize: Int
  /// Size of the output; nil for the query's.
  public var outputSize: Int?
  /// Whether the projections have biases.
  public var useBias: Bool
  /// Whether a query step sees only value steps up to its own.
  public var causal: Bool
  /// The part of the weights of steps that training drops.
  public var dropout = 0.0

  /// A multi-head attention layer.
  public init(heads: Int, keyValueHeads: Int, keySize: Int, valueSize: Int, outputSize: Int?, useBias: Bool, causal: Bool) {
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.keySize = keySize
    self.valueSize = valueSize
    self.outputSize = outputSize
    self.useBias = useBias
    self.causal = causal
  }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    guard inputs.count >= 2 else { throw .shape("MultiHeadAttention takes a query and a value") }
    let name = "MultiHeadAttention"
    let query = try features(inputs[0], name)
    let value = try features(inputs[1], name)
    let key = try features(inputs.count > 2 ? inputs[2] : inputs[1], name)
    let output = outputSize ?? query
    let parts: [(String, Shape, Shape)] = [
      ("query", [query, heads, keySize], [heads, keySize]),
      ("key", [key, keyValueHeads, keySize], [keyValueHeads, keySize]),
      ("value", [value, keyValueHeads, valueSize], [keyValueHeads, valueSize]),
      ("attention_output", [heads, valueSize, output], [output]),
    ]
    return parts.flatMap { name, kernel, bias in
      [WeightSpec(name + "/kernel", kernel)] + (useBias ? [WeightSpec(name + "/bias", bias)] : [])
    }
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    guard inputs.count == 2 || inputs.count == 3, inputs.allSatisfy({ $0.rank == 3 }) else {
      throw .unsupported("MultiHeadAttention over inputs that are not [batch, steps, features]: \(inputs)")
    }
    return [inputs[0].withLast(outputSize ?? inputs[0].last)]
  }

  public var maskRule: MaskRule { .pass }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.contains(true) ? .refused("attends to the whole sequence") : .pointwise
  }
}
