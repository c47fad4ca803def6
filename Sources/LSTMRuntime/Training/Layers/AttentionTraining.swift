import Glibc
import LSTMModel

/// Attention and AdditiveAttention in training.
final class AttentionTraining: TrainingLayer, @unchecked Sendable {
  private let it: Attention
  private let kernels: KernelTable
  private let training: TrainingKernels

  init(_ it: Attention, kernels: KernelTable) {
    self.it = it
    self.kernels = kernels
    training = TrainingKernels(kernels)
  }

  private func products(_ query: [Int], _ value: [Int]) -> AttentionProducts { AttentionProducts(it, query, value, lanes: kernels.lanes) }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let products = products(inputs[0], inputs[1])
    let rows = inputs[0][0]
    return TrainingSizes(
      kept: [rows * products.queries * products.stride, it.dropout > 0 ? rows * products.queries * products.steps : 0],
      scratch: products.scratch(training))
  }

  /// The factors of dropout of one row; nil if there is none.
  private func factors(_ call: TrainingCall, _ row: Int, _ count: Int) -> Floats? {
    call.mode == .training && it.dropout > 0 ? call.kept[1].slice(row * count, count) : nil
  }

  /// Query, key and value, and which input the key is.
  private func parts(_ call: TrainingCall) -> (query: Tensor, key: Tensor, value: Tensor, keyPlace: Int) {
    let keyPlace = call.inputs.count > 2 ? 2 : 1
    return (call.inputs[0], call.inputs[keyPlace], call.inputs[1], keyPlace)
  }

  /// The factor of products; the scales of other scores are one for each number.
  private func scale(_ call: TrainingCall) -> Scalar { it.useScale && it.score == .dot ? call.weights[0][0] : 1 }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let (query, key, value, _) = parts(call)
    let (queries, steps, size, width) = (query.shape[1], value.shape[1], query.shape[2], value.shape[2])
    let products = products(query.shape, value.shape)
    let scratch = call.scratch[...]
    AttentionProducts.draw(call, rate: it.dropout, into: call.kept[1])
    for row in 0..<query.shape[0] {
      let scores = call.kept[0].slice(row * queries * products.stride, queries * products.stride)
      let q = query.values.slice(row * queries * size, queries * size)
      let k = key.values.slice(row * steps * size, steps * size)
      products.packValues(value.values.slice(row * steps * width, steps * width), stride: width, scratch)
      if it.score == .dot {
        products.packKeys(k, stride: size, scale: scale(call), scratch, training)
        products.score(q, stride: size, into: scores, scratch, kernels)
      } else {
        let scales = it.useScale ? call.weights[0] : nil
        products.score(it.score, q, k, size: size, scale: { scales?[$0] ?? 1 }, weight: weight(call), into: scores)
      }
      products.hide(scores, mask: call.masks[1]?.values.slice(row * steps, steps), queryMask: nil, causal: it.causal, scratch)
      products.weigh(scores, kernels)
      let out = call.outputs[0].values.slice(row * queries * width, queries * width)
      products.apply(products.dropped(scores, factors(call, row, queries * steps), scratch), into: out, stride: width, scratch, kernels)
      products.clear(out, queryMask: call.masks[0]?.values.slice(row * queries, queries))
    }
  }

  /// The weight of a concatenation's sum.
  private func weight(_ call: TrainingCall) -> Scalar { it.score == .concat ? call.weights.last?[0] ?? 1 : 1 }

  override func backward(_ call: TrainingCall) {
    let (query, key, value, keyPlace) = parts(call)
    let (queries, steps, size, width) = (query.shape[1], value.shape[1], query.shape[2], value.shape[2])
    let products = products(query.shape, value.shape)
    let scratch = call.scratch[...]
    for row in 0..<query.shape[0] {
      let (q, k, v) = (row * queries * size, row * steps * size, row * steps * width)
      let dOut = call.outputGradients[0].slice(row * queries * width, queries * width)
      products.clear(dOut, queryMask: call.masks[0]?.values.slice(row * queries, queries))
      products.backward(
        call.kept[0].slice(row * queries * products.stride, queries * products.stride), factors: factors(call, row, queries * steps),
        value: value.values.slice(v, steps * width), dValue: call.inputGradients[1]?.slice(v, steps * width), valueStride: width,
        dOut: dOut, outStride: width, scratch, kernels, training)
      let (a, b) = (query.values.slice(q, queries * size), key.values.slice(k, steps * size))
      let (da, db) = (call.inputGradients[0]?.slice(q, queries * size), call.inputGradients[keyPlace]?.slice(k, steps * size))
      if it.score == .dot {
        let dScale = it.useScale ? call.weightGradients[0] : nil
        let sum = products.backwardScores(
          query: a, dQuery: da, queryStride: size, key: b, dKey: db, keyStride: size, scale: scale(call), isLearnt: dScale != nil, scratch,
          kernels, training)
        dScale?[0] += sum
        continue
      }
      let dScores = products.array(.scores, scratch)
      for i in 0..<queries {
        for j in 0..<steps {
          backwardScore(
            call, dScores[i * products.stride + j], a.slice(i * size, size), b.slice(j * size, size), da?.slice(i * size, size),
            db?.slice(j * size, size))
        }
      }
    }
  }

  /// Adds the gradients of a score that is no product.
  private func backwardScore(_ call: TrainingCall, _ d: Scalar, _ a: Floats, _ b: Floats, _ da: Floats?, _ db: Floats?) {
    guard d != 0 else { return }
    let scale = it.useScale ? call.weights[0] : nil
    let dScale = it.useScale ? call.weightGradients[0] : nil
    let weight = weight(call)
    let dWeight = it.score == .concat ? call.weightGradients.last ?? nil : nil
    for index in 0..<a.count {
      if it.score == .additive {
        let t = Glibc.tanh(a[index] + b[index])
        let slope = d * (scale?[index] ?? 1) * (1 - t * t)
        da?[index] += slope
        db?[index] += slope
        dScale?[index] += d * t
      } else {
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
