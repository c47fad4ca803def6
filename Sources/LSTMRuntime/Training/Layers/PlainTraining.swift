import LSTMModel

/// A layer without weights or chance in training: forward is the inference operator's, backward is given by a subclass.
class PlainTraining: TrainingLayer, @unchecked Sendable {
  private let plain: Operator

  init(_ plain: Operator) { self.plain = plain }

  override func forward(_ call: TrainingCall) throws(LSTMError) { try plain.run(call.plain) }
}

/// Copies: Reshape, Flatten, and the folding of steps into rows.
final class CopyTraining: PlainTraining, @unchecked Sendable {
  override func backward(_ call: TrainingCall) { call.inputGradients[0]?.add(call.outputGradients[0]) }
}

/// What no gradient passes: mask arithmetic, classes and intervals, and layers that nothing trained lies before.
final class FlatTraining: PlainTraining, @unchecked Sendable {}

/// Masking: nothing passes masked steps.
final class MaskingTraining: PlainTraining, @unchecked Sendable {
  private let value: Scalar

  init(_ it: Masking, _ plain: Operator) {
    value = Scalar(it.value)
    super.init(plain)
  }

  override func backward(_ call: TrainingCall) {
    guard let dx = call.inputGradients[0] else { return }
    let x = call.inputs[0]
    let width = x.last
    guard width > 0 else { return }
    for row in 0..<(dx.count / width) {
      let from = x.values.slice(row * width, width)
      if (0..<width).contains(where: { from[$0] != value }) { dx.slice(row * width, width).add(call.outputGradients[0].slice(row * width, width)) }
    }
  }
}

/// An activation as a layer.
final class ActivationTraining: PlainTraining, @unchecked Sendable {
  private let activation: Activation
  private let kernels: KernelTable

  init(_ activation: Activation, _ plain: Operator, kernels: KernelTable) {
    self.activation = activation
    self.kernels = kernels
    super.init(plain)
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let longest = inputs[0].max() ?? 0
    return TrainingSizes(scratch: [inputs[0].reduce(1, *), longest, longest])
  }

  override func backward(_ call: TrainingCall) {
    guard let dx = call.inputGradients[0] else { return }
    let x = call.inputs[0]
    let (y, dy) = (call.outputs[0].values, call.outputGradients[0])
    if call.isByArgument { return dx.add(dy) }
    guard case .softmax(let stated) = activation else {
      let d = call.scratch[0]
      d.copy(from: dy)
      kernels.backward(activation, before: x.values, after: y, gradient: d, width: x.last)
      return dx.add(d)
    }
    let axis = stated < 0 ? stated + x.shape.count : stated
    let count = x.shape[axis]
    let inner = x.count(from: axis + 1)
    let (after, d) = (call.scratch[1].slice(0, count), call.scratch[2].slice(0, count))
    for outer in 0..<x.count(before: axis) {
      for column in 0..<inner {
        let start = outer * count * inner + column
        for index in 0..<count {
          after[index] = y[start + index * inner]
          d[index] = dy[start + index * inner]
        }
        kernels.backward(activation, before: nil, after: after, gradient: d, width: count)
        for index in 0..<count { dx[start + index * inner] += d[index] }
      }
    }
  }
}

/// PReLU in training.
final class ParametricReluTraining: TrainingLayer, @unchecked Sendable {
  private let shape: [Int]

  init(alpha: Shape) { shape = alpha.dimensions }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    let reader = BroadcastReader(from: [1] + shape, to: x.shape)
    for index in 0..<out.count {
      let value = x.values[index]
      out[index] = value > 0 ? value : call.weights[0][reader.offset(index)] * value
    }
  }

  override func backward(_ call: TrainingCall) {
    let x = call.inputs[0]
    let dy = call.outputGradients[0]
    let reader = BroadcastReader(from: [1] + shape, to: x.shape)
    for index in 0..<dy.count {
      let value = x.values[index]
      let place = reader.offset(index)
      call.inputGradients[0]?[index] += value > 0 ? dy[index] : call.weights[0][place] * dy[index]
      if value <= 0 { call.weightGradients[0]?[place] += value * dy[index] }
    }
  }
}
