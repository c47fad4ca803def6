import LSTMModel

/// Multi-head attention in training.
final class MultiHeadAttentionTraining: TrainingLayer, @unchecked Sendable {
  private let it: MultiHeadAttention
  /// Query, key, value and output projections.
  private let matrices: [TrainedMatrix]
  private let outputSize: Int
  private let kernels: KernelTable
  private let training: TrainingKernels

  init(_ it: MultiHeadAttention, _ weights: [Shape], kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.kernels = kernels
    training = TrainingKernels(kernels)
    let step = it.useBias ? 2 : 1
    outputSize = weights[3 * step][2]
    matrices = [
      try TrainedMatrix(count: weights[0][0], columns: it.heads * it.keySize, kernels: kernels),
      try TrainedMatrix(count: weights[step][0], columns: it.keyValueHeads * it.keySize, kernels: kernels),
      try TrainedMatrix(count: weights[2 * step][0], columns: it.keyValueHeads * it.valueSize, kernels: kernels),
      try TrainedMatrix(count: it.heads * it.valueSize, columns: outputSize, kernels: kernels),
    ]
  }

  override func refresh(_ weights: [Floats]) {
    let step = it.useBias ? 2 : 1
    for (part, matrix) in matrices.enumerated() { matrix.refresh(weights[part * step], bias: it.useBias ? weights[part * step + 1] : nil) }
  }

  private func products(_ inputs: [[Int]]) -> AttentionProducts {
    AttentionProducts(queries: inputs[0][1], steps: inputs[1][1], keySize: it.keySize, valueSize: it.valueSize, lanes: kernels.lanes)
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let (rows, queries, steps) = (inputs[0][0], inputs[0][1], inputs[1][1])
    let heads = it.heads * it.valueSize
    let longest = max(queries, steps) * rows
    let products = products(inputs)
    return TrainingSizes(
      // projected query, key and value; weights of each head; heads' results; factors of dropout
      kept: [
        rows * queries * matrices[0].width, rows * steps * matrices[1].width, rows * steps * matrices[2].width,
        rows * it.heads * queries * products.stride, rows * queries * heads, it.dropout > 0 ? rows * it.heads * queries * steps : 0,
      ],
      // the first three's gradients; heads' gradients; products; what the products of a head need
      scratch: [
        rows * queries * matrices[0].width, rows * steps * matrices[1].width, rows * steps * matrices[2].width,
        rows * queries * heads, rows * queries * matrices[3].width,
        longest * (matrices.map(\.backwardWidth).max() ?? 0), matrices.map(\.gradientScratch).max() ?? 0,
      ] + products.scratch(training))
  }

  /// Rows and steps of query, key and value, and which inputs they are.
  private func places(_ call: TrainingCall) -> [Int] { [0, call.inputs.count > 2 ? 2 : 1, 1] }

  /// A head of one row: where its parts begin in the arrays of projected rows and of results, its weights and their factors of dropout.
  private struct Head {
    var starts: [Int]
    var result: Int
    var weights: Floats
    var factors: Floats?
  }

  private func head(_ call: TrainingCall, _ products: AttentionProducts, _ row: Int, _ head: Int) -> Head {
    let (queries, steps) = (products.queries, products.steps)
    let shared = head / (it.heads / it.keyValueHeads)
    let (index, count) = (row * it.heads + head, queries * products.stride)
    return Head(
      starts: [
        row * queries * matrices[0].width + head * it.keySize, row * steps * matrices[1].width + shared * it.keySize,
        row * steps * matrices[2].width + shared * it.valueSize,
      ],
      result: (row * queries * it.heads + head) * it.valueSize, weights: call.kept[3].slice(index * count, count),
      factors: call.mode == .training && it.dropout > 0 ? call.kept[5].slice(index * queries * steps, queries * steps) : nil)
  }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    for (part, place) in places(call).enumerated() {
      let x = call.inputs[place]
      matrices[part].apply(x.values, stride: x.last, rows: x.shape[0] * x.shape[1], into: call.kept[part], stride: matrices[part].width)
    }
    AttentionProducts.draw(call, rate: it.dropout, into: call.kept[5])
    let (products, scratch) = (products(call.inputs.map(\.shape)), call.scratch[7...])
    let (rows, queries, steps, heads) = (call.inputs[0].shape[0], products.queries, products.steps, it.heads * it.valueSize)
    for row in 0..<rows {
      let (queryMask, mask) = (call.masks[0]?.values.slice(row * queries, queries), call.masks[1]?.values.slice(row * steps, steps))
      for index in 0..<it.heads {
        let head = head(call, products, row, index)
        if index % (it.heads / it.keyValueHeads) == 0 {
          products.packKeys(
            call.kept[1].from(head.starts[1]), stride: matrices[1].width, scale: 1 / Scalar(it.keySize).squareRoot(), scratch, training)
          products.packValues(call.kept[2].from(head.starts[2]), stride: matrices[2].width, scratch)
        }
        products.score(call.kept[0].from(head.starts[0]), stride: matrices[0].width, into: head.weights, scratch, kernels)
        products.hide(head.weights, mask: mask, queryMask: queryMask, causal: it.causal, scratch)
        products.weigh(head.weights, kernels)
        products.apply(
          products.dropped(head.weights, head.factors, scratch), into: call.kept[4].from(head.result), stride: heads, scratch, kernels)
      }
    }
    matrices[3].apply(call.kept[4], rows: rows * queries, columns: outputSize, into: call.outputs[0].values, by: call.scratch[4])
  }

  override func backward(_ call: TrainingCall) {
    let (products, scratch) = (products(call.inputs.map(\.shape)), call.scratch[7...])
    let rows = call.inputs[0].shape[0]
    let results = rows * products.queries
    let step = it.useBias ? 2 : 1
    let heads = it.heads * it.valueSize
    let product = call.scratch[5]
    let dz = matrices[3].padded(call.outputGradients[0], rows: results, columns: outputSize, in: call.scratch[4])
    matrices[3].addGradient(
      x: call.kept[4], stride: heads, dz: dz, stride: matrices[3].width, rows: results, to: call.weightGradients[3 * step],
      bias: it.useBias ? call.weightGradients[3 * step + 1] : nil, scratch: call.scratch[6])
    let dHeads = call.scratch[3]
    dHeads.fill(0)
    matrices[3].addTransposed(dz, rows: results, to: dHeads, by: product)
    for part in 0..<3 { call.scratch[part].fill(0) }
    for row in 0..<rows {
      for index in 0..<it.heads { backward(call, products, head(call, products, row, index), dHeads, scratch) }
    }
    for (part, place) in places(call).enumerated() {
      let x = call.inputs[place]
      let count = x.shape[0] * x.shape[1]
      let matrix = matrices[part]
      matrix.addGradient(
        x: x.values, stride: x.last, dz: call.scratch[part], stride: matrix.width, rows: count, to: call.weightGradients[part * step],
        bias: it.useBias ? call.weightGradients[part * step + 1] : nil, scratch: call.scratch[6])
      if let dx = call.inputGradients[place] { matrix.addTransposed(call.scratch[part], rows: count, to: dx, by: product) }
    }
  }

  /// The way back through a head.
  private func backward(_ call: TrainingCall, _ products: AttentionProducts, _ head: Head, _ dHeads: Floats, _ scratch: ArraySlice<Floats>) {
    let values = (0..<3).map { call.kept[$0].from(head.starts[$0]) }
    let gradients = (0..<3).map { call.scratch[$0].from(head.starts[$0]) }
    products.backward(
      head.weights, factors: head.factors, value: values[2], dValue: gradients[2], valueStride: matrices[2].width,
      dOut: dHeads.from(head.result), outStride: it.heads * it.valueSize, scratch, kernels, training)
    _ = products.backwardScores(
      query: values[0], dQuery: gradients[0], queryStride: matrices[0].width, key: values[1], dKey: gradients[1], keyStride: matrices[1].width,
      scale: 1 / Scalar(it.keySize).squareRoot(), isLearnt: false, scratch, kernels, training)
  }
}
