import LSTMModel

/// The gradients of attention's products, and dropout of its weights.
extension AttentionProducts {
  /// Columns of queries and keys.
  private var features: PackedColumns { PackedColumns(keySize, lanes: lanes) }

  /// Sizes of the scratch arrays in training.
  func scratch(_ training: TrainingKernels) -> [Int] {
    let widest = max(values.width, features.width)
    return [
      queries * keys.width, max(keySize, valueSize) * keys.width, steps * widest, max(keys.width, widest), steps, queries * widest,
      steps * widest, training.outerScratch(count: steps),
    ]
  }

  /// Draws the factors of dropout for all weights of a block, if there is dropout.
  static func draw(_ call: TrainingCall, rate: Double, into kept: Floats) {
    guard call.mode == .training, rate > 0, let rows = call.inputs[0].shape.first, rows > 0 else { return }
    DropoutFactors.fill(kept, rate: rate, call.chance, rows: rows, count: kept.count / rows, stride: kept.count / rows)
  }

  /// The weights as they are multiplied by values: themselves, or in `scores` times the factors of dropout, which lie side by side.
  func dropped(_ weights: Floats, _ factors: Floats?, _ scratch: ArraySlice<Floats>) -> Floats {
    guard let factors else { return weights }
    let scores = array(.scores, scratch)
    for query in 0..<queries {
      let row = row(scores, query)
      row.copy(from: self.row(weights, query))
      row.multiply(by: factors.slice(query * steps, steps))
    }
    return scores
  }

  /// Adds to the values' gradients, and leaves the scores' gradients in `scores`, of `out[q] = Σ (weights ⊙ factors)[q] · value` with weights =
  /// softmax(scores).
  func backward(
    _ weights: Floats, factors: Floats?, value: Floats, dValue: Floats?, valueStride: Int, dOut: Floats, outStride: Int,
    _ scratch: ArraySlice<Floats>, _ kernels: KernelTable, _ training: TrainingKernels
  ) {
    if let dValue {
      addOuter(dropped(weights, factors, scratch), dOut, stride: outStride, values, to: dValue, stride: valueStride, times: 1, scratch, training)
    }
    let scores = array(.scores, scratch)
    let (packed, zeros) = (array(.keys, scratch), array(.zeros, scratch))
    keys.pack(transposed: value, stride: valueStride, count: valueSize, into: packed, training)
    zeros.fill(0)
    keys.project(dOut, stride: outStride, rows: queries, count: valueSize, packed, start: zeros, into: scores, stride: stride, kernels)
    for query in 0..<queries {
      let row = row(scores, query)
      if let factors { row.multiply(by: factors.slice(query * steps, steps)) }
      row.backThroughSoftmax(self.row(weights, query))
    }
  }

  /// Adds to the gradients of queries and keys what the scores' gradients in `scores` make of them, for scores of `scale · query · key`.
  /// Returns the gradient of the scale, if it `isLearnt`.
  func backwardScores(
    query: Floats, dQuery: Floats?, queryStride: Int, key: Floats, dKey: Floats?, keyStride: Int, scale: Scalar, isLearnt: Bool,
    _ scratch: ArraySlice<Floats>, _ kernels: KernelTable, _ training: TrainingKernels
  ) -> Scalar {
    let scores = array(.scores, scratch)
    var dScale: Scalar = 0
    if dQuery != nil || isLearnt {
      let (packed, result) = (array(.values, scratch), array(.result, scratch))
      features.pack(key, stride: keyStride, count: steps, into: packed)
      features.project(
        scores, stride: stride, rows: queries, count: steps, packed, start: array(.zeros, scratch), into: result, stride: features.width, kernels)
      for index in 0..<queries {
        let made = result.slice(index * features.width, keySize)
        if isLearnt { dScale += made.dot(query.slice(index * queryStride, keySize)) }
        dQuery?.slice(index * queryStride, keySize).add(made, times: scale)
      }
    }
    if let dKey { addOuter(scores, query, stride: queryStride, features, to: dKey, stride: keyStride, times: scale, scratch, training) }
    return dScale
  }

  /// `to[s] += factor · Σ_q weights[q, s] · rows[q]`.
  @inline(never)  // it is large
  private func addOuter(
    _ weights: Floats, _ rows: Floats, stride rowStride: Int, _ columns: PackedColumns, to gradient: Floats, stride gradientStride: Int,
    times factor: Scalar, _ scratch: ArraySlice<Floats>, _ training: TrainingKernels
  ) {
    let (count, width) = (columns.columns, columns.width)
    let padded = array(.result, scratch)
    padded.copyRows(queries, count: count, stride: width, from: rows, stride: rowStride)
    let sums = array(.sums, scratch).slice(0, steps * width)
    sums.fill(0)
    training.outer(
      weights, stride: stride, count: steps, padded, stride: width, width: width, rows: queries, into: sums, stride: width,
      scratch: array(.outer, scratch))
    for step in 0..<steps { gradient.slice(step * gradientStride, count).add(sums.slice(step * width, count), times: factor) }
  }
}
