import LSTMModel

/// Add, Subtract, Multiply, Average, Maximum, Minimum.
final class MergeOperator: Operator, @unchecked Sendable {
  private let kind: Merge.Kind

  init(_ it: Merge) { kind = it.kind }

  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let out = call.outputs[0]
    for (position, input) in call.inputs.enumerated() {
      if input.shape == out.shape {
        join(out.values, input.values, first: position == 0)
      } else {
        joinBroadcast(out, input, first: position == 0)
      }
    }
    if kind == .average { out.values.divide(by: Scalar(call.inputs.count)) }
  }

  /// All numbers of an array that is broadcast.
  private func joinBroadcast(_ out: Tensor, _ input: Tensor, first: Bool) {
    let reader = BroadcastReader(from: input.shape, to: out.shape)
    let width = out.last
    guard width > 0 else { return }
    for start in stride(from: 0, to: out.values.count, by: width) {
      let from = reader.offset(start)
      if reader.repeatsLast {
        for index in start..<start + width { join(out.values, index, input.values[from], first: first) }
      } else {
        join(out.values.slice(start, width), input.values.slice(from, width), first: first)
      }
    }
  }

  /// All numbers of an array of the same shape.
  private func join(_ out: Floats, _ input: Floats, first: Bool) {
    if first { return out.copy(from: input) }
    switch kind {
    case .add, .average: out.add(input)
    case .subtract: out.subtract(input)
    case .multiply: out.multiply(by: input)
    case .maximum: out.raise(to: input)
    case .minimum: out.lower(to: input)
    }
  }

  private func join(_ out: Floats, _ index: Int, _ value: Scalar, first: Bool) {
    if first {
      out[index] = value
      return
    }
    switch kind {
    case .add, .average: out[index] += value
    case .subtract: out[index] -= value
    case .multiply: out[index] *= value
    case .maximum: out[index] = max(out[index], value)
    case .minimum: out[index] = min(out[index], value)
    }
  }
}

/// Arrays side by side along an axis.
final class ConcatenateOperator: Operator, @unchecked Sendable {
  private let axis: Int

  init(_ it: Concatenate) { axis = it.axis }

  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let out = call.outputs[0]
    let index = axis < 0 ? axis + out.shape.count : axis
    let outer = out.count(before: index)
    let width = out.count(from: index)
    var start = 0
    for input in call.inputs {
      let count = input.count(from: index)
      out.values.slice(start, out.values.count - start).copyRows(outer, count: count, stride: width, from: input.values, stride: count)
      start += count
    }
  }
}

/// Sums of products along an axis of each of two arrays.
final class DotOperator: Operator, @unchecked Sendable {
  private let it: Dot

  init(_ it: Dot) { self.it = it }

  override func run(_ call: Call) throws(LSTMError) {
    let (a, b) = (call.inputs[0], call.inputs[1])
    let axisA = it.axes.0 < 0 ? it.axes.0 + a.shape.count : it.axes.0
    let axisB = it.axes.1 < 0 ? it.axes.1 + b.shape.count : it.axes.1
    let left = DotOperator.lines(a, axisA)
    let right = DotOperator.lines(b, axisB)
    let count = a.shape[axisA]
    let out = call.outputs[0].values
    var place = 0
    for batch in 0..<a.shape[0] {
      for startA in left.starts {
        let p = a.values.slice(batch * a.count(from: 1) + startA, count == 0 ? 0 : (count - 1) * left.stride + 1)
        for startB in right.starts {
          let q = b.values.slice(batch * b.count(from: 1) + startB, count == 0 ? 0 : (count - 1) * right.stride + 1)
          var sum: Scalar = 0
          for k in 0..<count { sum += p[k * left.stride] * q[k * right.stride] }
          if it.normalize { sum *= inverseLength(p, count, left.stride) * inverseLength(q, count, right.stride) }
          out[place] = sum
          place += 1
        }
      }
    }
  }

  private func inverseLength(_ line: Floats, _ count: Int, _ stride: Int) -> Scalar {
    var sum: Scalar = 0
    for k in 0..<count { sum += line[k * stride] * line[k * stride] }
    return 1 / max(sum, 1e-12).squareRoot()
  }

  /// Where in a row of the batch the lines along an axis start, and how far their elements are apart.
  static func lines(_ x: Tensor, _ axis: Int) -> (starts: [Int], stride: Int) {
    let inner = x.count(from: axis + 1)
    let outer = x.shape[1..<axis].reduce(1, *)
    return ((0..<outer).flatMap { o in (0..<inner).map { o * x.shape[axis] * inner + $0 } }, inner)
  }
}
