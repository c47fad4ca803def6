import LSTMModel

/// Dimensions in another order: the gradient goes the same way back.
final class PermuteTraining: PlainTraining, @unchecked Sendable {
  private let order: [Int]

  init(_ it: Permute, _ plain: Operator) {
    order = it.order
    super.init(plain)
  }

  override func backward(_ call: TrainingCall) {
    guard let dx = call.inputGradients[0] else { return }
    let x = call.inputs[0]
    let out = call.outputs[0]
    let strides = order.map { x.count(from: $0 + 1) }
    for index in 0..<out.values.count {
      var rest = index
      var offset = 0
      for axis in out.shape.indices.reversed() {
        offset += rest % out.shape[axis] * strides[axis]
        rest /= out.shape[axis]
      }
      dx[offset] += call.outputGradients[0][index]
    }
  }
}

/// Steps taken from other steps: each gives its gradient to the step that it is a copy of.
final class StepTraining: PlainTraining, @unchecked Sendable {
  private let source: @Sendable (_ step: Int, _ steps: Int) -> Int

  init(_ plain: Operator, _ source: @escaping @Sendable (_ step: Int, _ steps: Int) -> Int) {
    self.source = source
    super.init(plain)
  }

  override func backward(_ call: TrainingCall) {
    guard let dx = call.inputGradients[0] else { return }
    let out = call.outputs[0]
    let width = out.count(from: 2)
    let steps = call.inputs[0].count(from: 1) / max(width, 1)
    for row in 0..<out.shape[0] {
      for step in 0..<out.shape[1] {
        let from = source(step, steps)
        guard from >= 0 && from < steps else { continue }
        dx.slice((row * steps + from) * width, width).add(call.outputGradients[0].slice((row * out.shape[1] + step) * width, width))
      }
    }
  }
}

/// Pooling: the first largest number of a window gets its whole gradient, or all numbers get their share.
final class PoolingTraining: PlainTraining, @unchecked Sendable {
  private let it: Pooling1D

  init(_ it: Pooling1D, _ plain: Operator) {
    self.it = it
    super.init(plain)
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes { TrainingSizes(scratch: [inputs[0][2]]) }

  override func backward(_ call: TrainingCall) {
    guard let dx = call.inputGradients[0] else { return }
    let x = call.inputs[0]
    let out = call.outputs[0]
    let (steps, width) = (x.shape[1], x.shape[2])
    let left = call.scratch[0]
    let before = it.geometry(steps: steps).before
    for row in 0..<out.shape[0] {
      for step in 0..<out.shape[1] {
        let first = step * it.stride - before
        let window = max(first, 0)..<max(max(first, 0), min(first + it.size, steps))
        let place = (row * out.shape[1] + step) * width
        left.copy(from: call.outputGradients[0].slice(place, width))
        if it.kind == .average { left.divide(by: Scalar(window.count)) }
        for time in window {
          let from = (row * steps + time) * width
          if it.kind == .average {
            dx.slice(from, width).add(left)
          } else {
            left.give(to: dx.slice(from, width), where: x.values.slice(from, width), is: out.values.slice(place, width))
          }
        }
      }
    }
  }
}

/// Pooling over all steps.
final class GlobalPoolingTraining: PlainTraining, @unchecked Sendable {
  private let kind: Pooling1D.Kind

  init(_ it: GlobalPooling1D, _ plain: Operator) {
    kind = it.kind
    super.init(plain)
  }

  override func backward(_ call: TrainingCall) {
    guard let dx = call.inputGradients[0] else { return }
    let x = call.inputs[0]
    let (steps, width) = (x.shape[1], x.shape[2])
    for row in 0..<x.shape[0] {
      if kind == .maximum {
        for channel in 0..<width {
          let place = row * width + channel
          let largest = call.outputs[0].values[place]
          // As TensorFlow's reduce_max: equal largest numbers share the gradient.
          let times = (0..<steps).filter { x.values[(row * steps + $0) * width + channel] == largest }
          for time in times { dx[(row * steps + time) * width + channel] += call.outputGradients[0][place] / Scalar(times.count) }
        }
        continue
      }
      let weights = (0..<steps).map { call.masks[0]?.values[row * steps + $0] ?? 1 }
      let count = weights.reduce(0, +)
      let dy = call.outputGradients[0].slice(row * width, width)
      for (time, weight) in weights.enumerated() where weight != 0 { dx.slice((row * steps + time) * width, width).add(dy, times: weight / count) }
    }
  }
}
