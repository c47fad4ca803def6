import Glibc
import LSTMModel

/// The part that attention layers share: weights of steps from scores, weighted sums of values, and the gradients of both.
enum AttentionSums {
  /// `out[q] = Σ softmax(scores[q]) · value`; scores become weights, which `factors` of dropout scale for the sum.
  static func apply(
    _ scores: Floats, factors: Floats?, queries: Int, steps: Int, value: (Int) -> Floats, out: (Int) -> Floats, kernels: KernelTable
  ) {
    for query in 0..<queries {
      let row = scores.slice(query * steps, steps)
      kernels.softmax(row)
      let sum = out(query)
      sum.fill(0)
      for step in 0..<steps { sum.add(value(step), times: factors.map { row[step] * $0[query * steps + step] } ?? row[step]) }
    }
  }

  /// Draws the factors of dropout for all weights of a block, if there is dropout.
  static func draw(_ call: TrainingCall, rate: Double, into kept: Floats) {
    guard call.mode == .training, rate > 0, let rows = call.inputs[0].shape.first, rows > 0 else { return }
    DropoutFactors.fill(kept, rate: rate, call.chance, rows: rows, count: kept.count / rows, stride: kept.count / rows)
  }

  /// Adds to the values' gradients, and puts the scores' gradients into `dScores`.
  static func backward(
    _ weights: Floats, factors: Floats?, _ dScores: Floats, queries: Int, steps: Int, value: (Int) -> Floats, dValue: ((Int) -> Floats)?,
    dOut: (Int) -> Floats, kernels: KernelTable
  ) {
    for query in 0..<queries {
      let d = dOut(query)
      let row = dScores.slice(query * steps, steps)
      for step in 0..<steps {
        let from = value(step)
        let factor = factors?[query * steps + step] ?? 1
        let weight = weights[query * steps + step] * factor
        row[step] = d.dot(from) * factor
        dValue?(step).add(d, times: weight)
      }
      kernels.backward(.softmax(axis: -1), before: nil, after: weights.slice(query * steps, steps), gradient: row, width: steps)
    }
  }
}

/// Attention and AdditiveAttention in training.
final class AttentionTraining: TrainingLayer, @unchecked Sendable {
  private let it: Attention
  private let kernels: KernelTable

  init(_ it: Attention, kernels: KernelTable) {
    self.it = it
    self.kernels = kernels
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let count = inputs[0][1] * inputs[1][1]
    return TrainingSizes(kept: [inputs[0][0] * count, it.dropout > 0 ? inputs[0][0] * count : 0], scratch: [count])
  }

  /// The factors of dropout of one row; nil if there is none.
  private func factors(_ call: TrainingCall, _ row: Int, _ count: Int) -> Floats? {
    call.mode == .training && it.dropout > 0 ? call.kept[1].slice(row * count, count) : nil
  }

  private func parts(_ call: TrainingCall) -> (query: Tensor, key: Tensor, value: Tensor, keyPlace: Int) {
    let keyPlace = call.inputs.count > 2 ? 2 : 1
    return (call.inputs[0], call.inputs[keyPlace], call.inputs[1], keyPlace)
  }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let (query, key, value, _) = parts(call)
    let (queries, steps, size, width) = (query.shape[1], value.shape[1], query.shape[2], value.shape[2])
    let out = call.outputs[0].values
    AttentionSums.draw(call, rate: it.dropout, into: call.kept[1])
    for row in 0..<query.shape[0] {
      let scores = call.kept[0].slice(row * queries * steps, queries * steps)
      for q in 0..<queries {
        let a = query.values.slice((row * queries + q) * size, size)
        for s in 0..<steps {
          var score = self.score(call, a, key.values.slice((row * steps + s) * size, size))
          if call.masks[1].map({ $0.values[row * steps + s] == 0 }) == true || (it.causal && s > q) { score -= AttentionWeights.penalty }
          scores[q * steps + s] = score
        }
      }
      AttentionSums.apply(
        scores, factors: factors(call, row, queries * steps), queries: queries, steps: steps,
        value: { value.values.slice((row * steps + $0) * width, width) }, out: { out.slice((row * queries + $0) * width, width) }, kernels: kernels)
      guard let mask = call.masks[0] else { continue }
      for q in 0..<queries where mask.values[row * queries + q] == 0 { out.slice((row * queries + q) * width, width).fill(0) }
    }
  }

  private func score(_ call: TrainingCall, _ a: Floats, _ b: Floats) -> Scalar {
    let scale = it.useScale ? call.weights[0] : nil
    var sum: Scalar = 0
    switch it.score {
    case .dot:
      return a.dot(b) * (scale?[0] ?? 1)
    case .additive:
      for index in 0..<a.count { sum += (scale?[index] ?? 1) * Glibc.tanh(a[index] + b[index]) }
      return sum
    case .concat:
      let factor = scale?[0] ?? 1
      for index in 0..<a.count { sum += Glibc.tanh(factor * (a[index] + b[index])) }
      return (call.weights.last?[0] ?? 1) * sum
    }
  }

  override func backward(_ call: TrainingCall) {
    let (query, key, value, keyPlace) = parts(call)
    let (queries, steps, size, width) = (query.shape[1], value.shape[1], query.shape[2], value.shape[2])
    let dOut = call.outputGradients[0]
    for row in 0..<query.shape[0] {
      let weights = call.kept[0].slice(row * queries * steps, queries * steps)
      if let mask = call.masks[0] {
        // The output of a masked query is zero whatever it saw.
        for q in 0..<queries where mask.values[row * queries + q] == 0 { dOut.slice((row * queries + q) * width, width).fill(0) }
      }
      let dValue = call.inputGradients[1]
      AttentionSums.backward(
        weights, factors: factors(call, row, queries * steps), call.scratch[0], queries: queries, steps: steps,
        value: { value.values.slice((row * steps + $0) * width, width) },
        dValue: dValue.map { all in { all.slice((row * steps + $0) * width, width) } },
        dOut: { dOut.slice((row * queries + $0) * width, width) }, kernels: kernels)
      for q in 0..<queries {
        let a = (row * queries + q) * size
        for s in 0..<steps {
          let b = (row * steps + s) * size
          backwardScore(
            call, call.scratch[0][q * steps + s], query.values.slice(a, size), key.values.slice(b, size),
            call.inputGradients[0]?.slice(a, size), call.inputGradients[keyPlace]?.slice(b, size))
        }
      }
    }
  }

  private func backwardScore(_ call: TrainingCall, _ d: Scalar, _ a: Floats, _ b: Floats, _ da: Floats?, _ db: Floats?) {
    guard d != 0 else { return }
    let scale = it.useScale ? call.weights[0] : nil
    let dScale = it.useScale ? call.weightGradients[0] : nil
    let weight = it.score == .concat ? call.weights.last?[0] ?? 1 : 1
    let dWeight = it.score == .concat ? call.weightGradients.last ?? nil : nil
    if it.score == .dot {
      let factor = scale?[0] ?? 1
      da?.add(b, times: d * factor)
      db?.add(a, times: d * factor)
      dScale?[0] += d * a.dot(b)
      return
    }
    for index in 0..<a.count {
      switch it.score {
      case .dot: continue
      case .additive:
        let t = Glibc.tanh(a[index] + b[index])
        let slope = d * (scale?[index] ?? 1) * (1 - t * t)
        da?[index] += slope
        db?[index] += slope
        dScale?[index] += d * t
      case .concat:
        let factor = scale?[0] ?? 1
        let t = Glibc.tanh(factor * (a[index] + b[index]))
        let slope = d * weight * (1 - t * t)
        da?[index] += slope * factor
        db?[index] += slope * factor
        dScale?[0] += slope * (a[index] + b[index])
        dWeight?[0] += d * t
      }
    }
  }
}
