import LSTMModel

/// Multi-head attention in training.
final class MultiHeadAttentionTraining: TrainingLayer, @unchecked Sendable {
  private let it: MultiHeadAttention
  /// Query, key, value and output projections.
  private let matrices: [TrainedMatrix]
  private let outputSize: Int
  private let kernels: KernelTable

  init(_ it: MultiHeadAttention, _ weights: [Shape], kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.kernels = kernels
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

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let (rows, queries, steps) = (inputs[0][0], inputs[0][1], inputs[1][1])
    let heads = it.heads * it.valueSize
    let longest = max(queries, steps) * rows
    return TrainingSizes(
      // projected query, key and value; weights of each head; heads' results; factors of dropout
      kept: [
        rows * queries * matrices[0].width, rows * steps * matrices[1].width, rows * steps * matrices[2].width, rows * it.heads * queries * steps,
        rows * queries * heads, it.dropout > 0 ? rows * it.heads * queries * steps : 0,
      ],
      // their gradients; scores' gradients; products
      scratch: [
        rows * queries * matrices[0].width, rows * steps * matrices[1].width, rows * steps * matrices[2].width, queries * steps,
        rows * queries * max(matrices[3].backwardWidth, heads), rows * queries * matrices[3].width,
        longest * (matrices.map(\.backwardWidth).max() ?? 0), matrices.map(\.gradientScratch).max() ?? 0,
      ])
  }

  /// Rows and steps of query, key and value, and which inputs they are.
  private func places(_ call: TrainingCall) -> [Int] { [0, call.inputs.count > 2 ? 2 : 1, 1] }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let (rows, queries, steps) = (call.inputs[0].shape[0], call.inputs[0].shape[1], call.inputs[1].shape[1])
    for (part, place) in places(call).enumerated() {
      let x = call.inputs[place]
      matrices[part].apply(x.values, stride: x.last, rows: x.shape[0] * x.shape[1], into: call.kept[part], stride: matrices[part].width)
    }
    AttentionSums.draw(call, rate: it.dropout, into: call.kept[5])
    let group = it.heads / it.keyValueHeads
    let scale = 1 / Scalar(it.keySize).squareRoot()
    for row in 0..<rows {
      for head in 0..<it.heads {
        let shared = head / group
        let scores = weights(call, row, head, queries, steps)
        for a in 0..<queries {
          let left = self.row(call.kept, 0, row * queries + a, head, it.keySize)
          for b in 0..<steps {
            let right = self.row(call.kept, 1, row * steps + b, shared, it.keySize)
            var sum = left.dot(right) * scale
            if hidden(call, row, a, b, queries, steps) { sum -= AttentionWeights.penalty }
            scores[a * steps + b] = sum
          }
        }
        AttentionSums.apply(
          scores, factors: factors(call, row, head, queries, steps), queries: queries, steps: steps,
          value: { self.row(call.kept, 2, row * steps + $0, shared, self.it.valueSize) },
          out: { self.result(call.kept[4], row * queries + $0, head) }, kernels: kernels)
      }
    }
    let product = call.scratch[5]
    matrices[3].apply(call.kept[4], stride: it.heads * it.valueSize, rows: rows * queries, into: product, stride: matrices[3].width)
    call.outputs[0].values.copyRows(rows * queries, count: outputSize, stride: outputSize, from: product, stride: matrices[3].width)
  }

  override func backward(_ call: TrainingCall) {
    let (rows, queries, steps) = (call.inputs[0].shape[0], call.inputs[0].shape[1], call.inputs[1].shape[1])
    let step = it.useBias ? 2 : 1
    let width = matrices[3].width
    let heads = it.heads * it.valueSize
    let (dz, product) = (call.scratch[5], call.scratch[6])
    dz.fill(0)
    dz.copyRows(rows * queries, count: outputSize, stride: width, from: call.outputGradients[0], stride: outputSize)
    matrices[3].addGradient(
      x: call.kept[4], stride: heads, dz: dz, stride: width, rows: rows * queries, to: call.weightGradients[3 * step],
      bias: it.useBias ? call.weightGradients[3 * step + 1] : nil, scratch: call.scratch[7])
    matrices[3].applyTransposed(dz, stride: width, rows: rows * queries, into: product)
    let dHeads = call.scratch[4]
    dHeads.copyRows(rows * queries, count: heads, stride: heads, from: product, stride: matrices[3].backwardWidth)
    for part in 0..<3 { call.scratch[part].fill(0) }
    for row in 0..<rows {
      for head in 0..<it.heads { backwardHead(call, dHeads, row, head, queries, steps) }
    }
    for (part, place) in places(call).enumerated() {
      let x = call.inputs[place]
      let count = x.shape[0] * x.shape[1]
      let matrix = matrices[part]
      matrix.addGradient(
        x: x.values, stride: x.last, dz: call.scratch[part], stride: matrix.width, rows: count, to: call.weightGradients[part * step],
        bias: it.useBias ? call.weightGradients[part * step + 1] : nil, scratch: call.scratch[7])
      guard let dx = call.inputGradients[place] else { continue }
      matrix.applyTransposed(call.scratch[part], stride: matrix.width, rows: count, into: product)
      dx.addRows(count, count: x.last, stride: x.last, from: product, stride: matrix.backwardWidth)
    }
  }

  private func backwardHead(_ call: TrainingCall, _ dHeads: Floats, _ row: Int, _ head: Int, _ queries: Int, _ steps: Int) {
    let shared = head / (it.heads / it.keyValueHeads)
    let scale = 1 / Scalar(it.keySize).squareRoot()
    let dScores = call.scratch[3]
    AttentionSums.backward(
      weights(call, row, head, queries, steps), factors: factors(call, row, head, queries, steps), dScores, queries: queries, steps: steps,
      value: { self.row(call.kept, 2, row * steps + $0, shared, self.it.valueSize) },
      dValue: { self.row(call.scratch, 2, row * steps + $0, shared, self.it.valueSize) },
      dOut: { self.result(dHeads, row * queries + $0, head) }, kernels: kernels)
    for a in 0..<queries {
      let (left, dLeft) = (
        self.row(call.kept, 0, row * queries + a, head, it.keySize), self.row(call.scratch, 0, row * queries + a, head, it.keySize)
      )
      for b in 0..<steps {
        let d = dScores[a * steps + b] * scale
        guard d != 0 else { continue }
        let right = self.row(call.kept, 1, row * steps + b, shared, it.keySize)
        let dRight = self.row(call.scratch, 1, row * steps + b, shared, it.keySize)
        dLeft.add(right, times: d)
        dRight.add(left, times: d)
      }
    }
  }

  /// A head's part of a projected row.
  private func row(_ arrays: [Floats], _ part: Int, _ index: Int, _ head: Int, _ size: Int) -> Floats {
    arrays[part].slice(index * matrices[part].width + head * size, size)
  }

  /// A head's part of a row of results.
  private func result(_ array: Floats, _ index: Int, _ head: Int) -> Floats { array.slice((index * it.heads + head) * it.valueSize, it.valueSize) }

  /// A head's scores, and then weights.
  private func weights(_ call: TrainingCall, _ row: Int, _ head: Int, _ queries: Int, _ steps: Int) -> Floats {
    call.kept[3].slice((row * it.heads + head) * queries * steps, queries * steps)
  }

  /// The factors of dropout of a head; nil if there is none.
  private func factors(_ call: TrainingCall, _ row: Int, _ head: Int, _ queries: Int, _ steps: Int) -> Floats? {
    guard call.mode == .training, it.dropout > 0 else { return nil }
    return call.kept[5].slice((row * it.heads + head) * queries * steps, queries * steps)
  }

  private func hidden(_ call: TrainingCall, _ row: Int, _ query: Int, _ step: Int, _ queries: Int, _ steps: Int) -> Bool {
    call.masks[0].map { $0.values[row * queries + query] == 0 } == true || call.masks[1].map { $0.values[row * steps + step] == 0 } == true
      || (it.causal && step > query)
  }
}
