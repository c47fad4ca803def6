import LSTMModel

/// Dimensions in another order.
final class PermuteOperator: Operator, @unchecked Sendable {
  private let order: [Int]

  init(_ it: Permute) { order = it.order }

  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0]
    let strides = order.map { x.count(from: $0 + 1) }
    let (width, step) = (out.last, strides.last ?? 1)
    guard width > 0 else { return }
    for start in stride(from: 0, to: out.values.count, by: width) {
      var rest = start
      var offset = 0
      for axis in out.shape.indices.reversed() {
        offset += rest % out.shape[axis] * strides[axis]
        rest /= out.shape[axis]
      }
      out.values.slice(start, width).gather(x.values.slice(offset, x.values.count - offset), step: step)
    }
  }
}

/// Steps taken from other steps: RepeatVector, cropping, padding, upsampling, reversal.
final class StepOperator: Operator, @unchecked Sendable {
  private let source: @Sendable (_ step: Int, _ steps: Int) -> Int

  /// `source` names for each output step the input step that it copies; one that does not exist gives zeros.
  init(_ source: @escaping @Sendable (_ step: Int, _ steps: Int) -> Int) { self.source = source }

  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0]
    let width = out.count(from: 2)
    let steps = x.count(from: 1) / max(width, 1)
    for row in 0..<out.shape[0] {
      for step in 0..<out.shape[1] {
        let to = out.values.slice((row * out.shape[1] + step) * width, width)
        let from = source(step, steps)
        if from >= 0 && from < steps {
          to.copy(from: x.values.slice((row * steps + from) * width, width))
        } else {
          to.fill(0)
        }
      }
    }
  }
}

/// The largest or the average number of each window of steps.
final class PoolingOperator: Operator, @unchecked Sendable {
  private let it: Pooling1D

  init(_ it: Pooling1D) { self.it = it }

  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0]
    let (steps, width) = (x.shape[1], x.shape[2])
    let before = it.geometry(steps: steps).before
    for row in 0..<out.shape[0] {
      for step in 0..<out.shape[1] {
        let first = step * it.stride - before
        let window = max(first, 0)..<max(max(first, 0), min(first + it.size, steps))
        let from = x.values.slice((row * steps + window.lowerBound) * width, window.count * width)
        let to = out.values.slice((row * out.shape[1] + step) * width, width)
        if it.kind == .maximum { to.maximum(ofRows: from) } else { to.average(ofRows: from) }
      }
    }
  }
}

/// The largest or the average number over all steps; an average leaves masked steps out.
final class GlobalPoolingOperator: Operator, @unchecked Sendable {
  private let kind: Pooling1D.Kind

  init(_ it: GlobalPooling1D) { kind = it.kind }

  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let (steps, width) = (x.shape[1], x.shape[2])
    let mask = kind == .average ? call.masks[0] : nil
    for row in 0..<x.shape[0] {
      let from = x.values.slice(row * steps * width, steps * width)
      let to = call.outputs[0].values.slice(row * width, width)
      if kind == .maximum { to.maximum(ofRows: from) } else { to.average(ofRows: from, mask: mask?.values.slice(row * steps, steps)) }
    }
  }
}
