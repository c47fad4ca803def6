import LSTMModel

/// Attention and AdditiveAttention.
final class AttentionOperator: Operator, @unchecked Sendable {
  private let it: Attention
  private let scale: [Scalar]?
  private let weight: Scalar
  private let kernels: KernelTable
  private let training: TrainingKernels

  init(_ it: Attention, _ weights: [Weight], kernels: KernelTable) {
    self.it = it
    self.kernels = kernels
    training = TrainingKernels(kernels)
    scale = it.useScale ? weights[0].scalars : nil
    weight = it.score == .concat ? (weights.last?.scalars.first ?? 1) : 1
  }

  private func products(_ query: [Int], _ value: [Int]) -> AttentionProducts { AttentionProducts(it, query, value, lanes: kernels.lanes) }

  override var takesAnyPlace: Bool { true }

  override func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] { products(inputs[0], inputs[1]).scratch }

  override func run(_ call: Call) throws(LSTMError) {
    let (query, value) = (call.inputs[0], call.inputs[1])
    let key = call.inputs.count > 2 ? call.inputs[2] : value
    let (queries, steps, size, width) = (query.shape[1], value.shape[1], query.shape[2], value.shape[2])
    let products = products(query.shape, value.shape)
    let scratch = call.scratch[...]
    let scores = products.array(.scores, scratch)
    for row in 0..<query.shape[0] {
      let q = query.values.slice(row * queries * size, queries * size)
      let k = key.values.slice(row * steps * size, steps * size)
      products.packValues(value.values.slice(row * steps * width, steps * width), stride: width, scratch)
      if it.score == .dot {
        products.packKeys(k, stride: size, scale: scale?.first ?? 1, scratch, training)
        products.score(q, stride: size, into: scores, scratch, kernels)
      } else {
        products.score(it.score, q, k, size: size, scale: { scale?[$0] ?? 1 }, weight: weight, into: scores)
      }
      products.hide(scores, mask: call.masks[1]?.values.slice(row * steps, steps), queryMask: nil, causal: it.causal, scratch)
      let out = call.outputs[0].values.slice(row * queries * width, queries * width)
      products.weigh(scores, kernels)
      products.apply(scores, into: out, stride: width, scratch, kernels)
      products.clear(out, queryMask: call.masks[0]?.values.slice(row * queries, queries))
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
  private let training: TrainingKernels

  init(_ it: MultiHeadAttention, _ weights: [Weight], kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.kernels = kernels
    training = TrainingKernels(kernels)
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

  private func products(queries: Int, steps: Int) -> AttentionProducts {
    AttentionProducts(queries: queries, steps: steps, keySize: it.keySize, valueSize: it.valueSize, lanes: kernels.lanes)
  }

  override var takesAnyPlace: Bool { true }

  override func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] {
    let (queries, steps) = (inputs[0][1], inputs[1][1])
    // projected query, key, value; heads' results; the product; what the products of a head need
    return [queries * query.width, steps * key.width, steps * value.width, queries * it.heads * it.valueSize, queries * output.width]
      + products(queries: queries, steps: steps).scratch
  }

  override func run(_ call: Call) throws(LSTMError) {
    let (x, v) = (call.inputs[0], call.inputs[1])
    let k = call.inputs.count > 2 ? call.inputs[2] : v
    let (queries, steps) = (x.shape[1], v.shape[1])
    let (q, projectedKey, projectedValue, heads, product) = (
      call.scratch[0], call.scratch[1], call.scratch[2], call.scratch[3], call.scratch[4]
    )
    let (products, scratch) = (products(queries: queries, steps: steps), call.scratch[5...])
    let scores = products.array(.scores, scratch)
    let group = it.heads / it.keyValueHeads
    let (keySize, valueSize) = (it.keySize, it.valueSize)
    for row in 0..<x.shape[0] {
      project(x, row, query, into: q)
      project(k, row, key, into: projectedKey)
      project(v, row, value, into: projectedValue)
      let (queryMask, mask) = (call.masks[0]?.values.slice(row * queries, queries), call.masks[1]?.values.slice(row * steps, steps))
      for head in 0..<it.heads {
        if head % group == 0 {
          let shared = head / group
          products.packKeys(
            projectedKey.from(shared * keySize), stride: key.width, scale: 1 / Scalar(keySize).squareRoot(), scratch, training)
          products.packValues(projectedValue.from(shared * valueSize), stride: value.width, scratch)
        }
        products.score(q.from(head * keySize), stride: query.width, into: scores, scratch, kernels)
        products.hide(scores, mask: mask, queryMask: queryMask, causal: it.causal, scratch)
        products.weigh(scores, kernels)
        products.apply(scores, into: heads.from(head * valueSize), stride: it.heads * valueSize, scratch, kernels)
      }
      kernels.project(heads, stride: it.heads * valueSize, rows: queries, output, into: product, stride: output.width)
      call.outputs[0].values.slice(row * queries * outputSize, queries * outputSize)
        .copyRows(queries, count: outputSize, stride: outputSize, from: product, stride: output.width)
    }
  }

  private func project(_ x: Tensor, _ row: Int, _ matrix: PackedMatrix, into out: Floats) {
    let (steps, size) = (x.shape[1], x.shape[2])
    kernels.project(x.values.slice(row * steps * size, steps * size), stride: size, rows: steps, matrix, into: out, stride: matrix.width)
  }
}
