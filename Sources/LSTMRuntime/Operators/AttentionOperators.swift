import Glibc
import LSTMModel

/// Scores of queries against keys, turned into weights, applied to values. Shared by the attention layers.
struct AttentionWeights {
  /// Subtracted from the score of a step that may not be seen, as Keras does.
  static let penalty: Scalar = 1e9

  /// `out[q] = Σ softmax(scores[q]) · value`, over rows of `scores [queries, steps]`.
  static func apply(_ scores: Floats, steps: Int, _ value: (Int) -> Floats, queries: Int, into out: (Int) -> Floats, kernels: KernelTable) {
    for query in 0..<queries {
      let row = scores.slice(query * steps, steps)
      kernels.softmax(row)
      let result = out(query)
      result.fill(0)
      for step in 0..<steps {
        let from = value(step)
        for index in 0..<result.count { result[index] += row[step] * from[index] }
      }
    }
  }
}

/// Attention and AdditiveAttention.
final class AttentionOperator: Operator, @unchecked Sendable {
  private let it: Attention
  private let scale: [Scalar]?
  private let weight: Scalar
  private let kernels: KernelTable

  init(_ it: Attention, _ weights: [Weight], kernels: KernelTable) {
    self.it = it
    self.kernels = kernels
    scale = it.useScale ? weights[0].scalars : nil
    weight = it.score == .concat ? (weights.last?.scalars.first ?? 1) : 1
  }

  override func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] { [inputs[0][1] * inputs[1][1]] }

  override func run(_ call: Call) throws(LSTMError) {
    let (query, value) = (call.inputs[0], call.inputs[1])
    let key = call.inputs.count > 2 ? call.inputs[2] : value
    let (queries, steps, size, width) = (query.shape[1], value.shape[1], query.shape[2], value.shape[2])
    let scores = call.scratch[0]
    for row in 0..<query.shape[0] {
      for q in 0..<queries {
        let a = query.values.slice((row * queries + q) * size, size)
        for s in 0..<steps {
          var score = self.score(a, key.values.slice((row * steps + s) * size, size))
          let hidden = call.masks[1].map { $0.values[row * steps + s] == 0 } == true || (it.causal && s > q)
          if hidden { score -= AttentionWeights.penalty }
          scores[q * steps + s] = score
        }
      }
      let out = call.outputs[0].values
      AttentionWeights.apply(
        scores, steps: steps, { value.values.slice((row * steps + $0) * width, width) }, queries: queries,
        into: { out.slice((row * queries + $0) * width, width) }, kernels: kernels)
      guard let mask = call.masks[0] else { continue }
      for q in 0..<queries where mask.values[row * queries + q] == 0 { out.slice((row * queries + q) * width, width).fill(0) }
    }
  }

  private func score(_ a: Floats, _ b: Floats) -> Scalar {
    var sum: Scalar = 0
    switch it.score {
    case .dot:
      for index in 0..<a.count { sum += a[index] * b[index] }
      return sum * (scale?.first ?? 1)
    case .additive:
      for index in 0..<a.count { sum += (scale?[index] ?? 1) * Glibc.tanh(a[index] + b[index]) }
      return sum
    case .concat:
      let factor = scale?.first ?? 1
      for index in 0..<a.count { sum += Glibc.tanh(factor * (a[index] + b[index])) }
      return weight * sum
    }
  }
}

/// Several attentions side by side on learnt projections.
final class MultiHeadAttentionOperator: Operator, @unchecked Sendable {
  private let it: MultiHeadAttention
  private let query: PackedMatrix
  private let key: PackedMatrix
  private let value: PackedMatrix
  private let output: PackedMatrix
  private let outputSize: Int
  private let kernels: KernelTable

  init(_ it: MultiHeadAttention, _ weights: [Weight], kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.kernels = kernels
    let step = it.useBias ? 2 : 1
    func pack(_ part: Int, count: Int, columns: Int) throws(LSTMError) -> PackedMatrix {
      try PackedMatrix(
        weights[part * step].scalars, count: count, columns: columns, bias: it.useBias ? weights[part * step + 1].scalars : nil,
        lanes: kernels.lanes)
    }
    query = try pack(0, count: weights[0].shape[0], columns: it.heads * it.keySize)
    key = try pack(1, count: weights[step].shape[0], columns: it.keyValueHeads * it.keySize)
    value = try pack(2, count: weights[2 * step].shape[0], columns: it.keyValueHeads * it.valueSize)
    outputSize = weights[3 * step].shape[2]
    output = try pack(3, count: it.heads * it.valueSize, columns: outputSize)
  }

  override func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] {
    let (queries, steps) = (inputs[0][1], inputs[1][1])
    // projected query, key, value; scores of a head; heads' results; the product
    return [
      queries * query.width, steps * key.width, steps * value.width, queries * steps, queries * it.heads * it.valueSize, queries * output.width,
    ]
  }

  override func run(_ call: Call) throws(LSTMError) {
    let (x, v) = (call.inputs[0], call.inputs[1])
    let k = call.inputs.count > 2 ? call.inputs[2] : v
    let (queries, steps) = (x.shape[1], v.shape[1])
    let (q, projectedKey, projectedValue, scores, heads, product) = (
      call.scratch[0], call.scratch[1], call.scratch[2], call.scratch[3], call.scratch[4], call.scratch[5]
    )
    let group = it.heads / it.keyValueHeads
    for row in 0..<x.shape[0] {
      project(x, row, query, into: q)
      project(k, row, key, into: projectedKey)
      project(v, row, value, into: projectedValue)
      for head in 0..<it.heads {
        let shared = head / group
        for a in 0..<queries {
          let left = q.slice(a * query.width + head * it.keySize, it.keySize)
          for b in 0..<steps {
            let right = projectedKey.slice(b * key.width + shared * it.keySize, it.keySize)
            var sum: Scalar = 0
            for index in 0..<it.keySize { sum += left[index] * right[index] }
            sum /= Scalar(it.keySize).squareRoot()
            if hidden(call, row, a, b, queries, steps) { sum -= AttentionWeights.penalty }
            scores[a * steps + b] = sum
          }
        }
        AttentionWeights.apply(
          scores, steps: steps, { projectedValue.slice($0 * self.value.width + shared * self.it.valueSize, self.it.valueSize) }, queries: queries,
          into: { heads.slice(($0 * self.it.heads + head) * self.it.valueSize, self.it.valueSize) }, kernels: kernels)
      }
      kernels.project(heads, stride: it.heads * it.valueSize, rows: queries, output, into: product, stride: output.width)
      call.outputs[0].values.slice(row * queries * outputSize, queries * outputSize)
        .copyRows(queries, count: outputSize, stride: outputSize, from: product, stride: output.width)
    }
  }

  private func project(_ x: Tensor, _ row: Int, _ matrix: PackedMatrix, into out: Floats) {
    let (steps, size) = (x.shape[1], x.shape[2])
    kernels.project(x.values.slice(row * steps * size, steps * size), stride: size, rows: steps, matrix, into: out, stride: matrix.width)
  }

  private func hidden(_ call: Call, _ row: Int, _ query: Int, _ step: Int, _ queries: Int, _ steps: Int) -> Bool {
    call.masks[0].map { $0.values[row * queries + query] == 0 } == true || call.masks[1].map { $0.values[row * steps + step] == 0 } == true
      || (it.causal && step > query)
  }
}
