import LSTMModel

/// Add, Subtract, Multiply, Average, Maximum, Minimum.
final class MergeTraining: PlainTraining, @unchecked Sendable {
  private let kind: Merge.Kind

  init(_ it: Merge, _ plain: Operator) {
    kind = it.kind
    super.init(plain)
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    TrainingSizes(scratch: kind == .multiply || kind == .maximum || kind == .minimum ? [outputs[0].reduce(1, *)] : [])
  }

  override func backward(_ call: TrainingCall) {
    let out = call.outputs[0]
    let dy = call.outputGradients[0]
    let readers = call.inputs.map { BroadcastReader(from: $0.shape, to: out.shape) }
    let count = Scalar(call.inputs.count)
    for (position, reader) in readers.enumerated() {
      guard let dx = call.inputGradients[position] else { continue }
      switch kind {
      case .add: for index in 0..<dy.count { dx[reader.offset(index)] += dy[index] }
      case .average: for index in 0..<dy.count { dx[reader.offset(index)] += dy[index] / count }
      case .subtract: for index in 0..<dy.count { dx[reader.offset(index)] += position == 0 ? dy[index] : -dy[index] }
      case .multiply:
        let others = call.scratch[0]
        others.copy(from: dy)
        for (other, from) in readers.enumerated() where other != position {
          for index in 0..<dy.count { others[index] *= call.inputs[other].values[from.offset(index)] }
        }
        for index in 0..<dy.count { dx[reader.offset(index)] += others[index] }
      case .maximum, .minimum: addChosen(dx, call, position, readers)
      }
    }
  }

  /// The inputs are joined two by two from the first on; of two equal numbers, each gets half, as in TensorFlow.
  private func addChosen(_ dx: Floats, _ call: TrainingCall, _ position: Int, _ readers: [BroadcastReader]) {
    let dy = call.outputGradients[0]
    let best = call.scratch[0]
    for index in 0..<dy.count {
      best[index] = call.inputs[0].values[readers[0].offset(index)]
      var share: Scalar = position == 0 ? 1 : 0
      for other in 1..<max(1, call.inputs.count) {
        let value = call.inputs[other].values[readers[other].offset(index)]
        let wins = kind == .maximum ? value > best[index] : value < best[index]
        if value == best[index] {
          share = other == position ? 0.5 : share / 2
        } else if wins {
          share = other == position ? 1 : 0
        }
        if wins { best[index] = value }
      }
      if share != 0 { dx[readers[position].offset(index)] += share * dy[index] }
    }
  }
}

/// Arrays side by side along an axis: each gets its part.
final class ConcatenateTraining: PlainTraining, @unchecked Sendable {
  private let axis: Int

  init(_ it: Concatenate, _ plain: Operator) {
    axis = it.axis
    super.init(plain)
  }

  override func backward(_ call: TrainingCall) {
    let out = call.outputs[0]
    let index = axis < 0 ? axis + out.shape.count : axis
    let outer = out.count(before: index)
    let width = out.count(from: index)
    let dy = call.outputGradients[0]
    var start = 0
    for (position, input) in call.inputs.enumerated() {
      let count = input.count(from: index)
      call.inputGradients[position]?.addRows(outer, count: count, stride: count, from: dy.slice(start, dy.count - start), stride: width)
      start += count
    }
  }
}

/// Sums of products along an axis of each of two arrays.
final class DotTraining: PlainTraining, @unchecked Sendable {
  private let it: Dot

  init(_ it: Dot, _ plain: Operator) {
    self.it = it
    super.init(plain)
  }

  override func backward(_ call: TrainingCall) {
    let (a, b) = (call.inputs[0], call.inputs[1])
    let axisA = it.axes.0 < 0 ? it.axes.0 + a.shape.count : it.axes.0
    let axisB = it.axes.1 < 0 ? it.axes.1 + b.shape.count : it.axes.1
    let left = DotOperator.lines(a, axisA)
    let right = DotOperator.lines(b, axisB)
    let count = a.shape[axisA]
    var place = 0
    for batch in 0..<a.shape[0] {
      for startA in left.starts {
        let p = Line(batch * a.count(from: 1) + startA, left.stride)
        for startB in right.starts {
          let q = Line(batch * b.count(from: 1) + startB, right.stride)
          add(call, p, q, count, call.outputGradients[0][place])
          place += 1
        }
      }
    }
  }

  /// Numbers at even distances.
  private struct Line {
    let start: Int
    let stride: Int

    init(_ start: Int, _ stride: Int) {
      self.start = start
      self.stride = stride
    }

    func place(_ index: Int) -> Int { start + index * stride }
  }

  private func add(_ call: TrainingCall, _ p: Line, _ q: Line, _ count: Int, _ dy: Scalar) {
    let (a, b) = (call.inputs[0].values, call.inputs[1].values)
    var (lengthA, lengthB, product): (Scalar, Scalar, Scalar) = (0, 0, 0)
    for k in 0..<count {
      let (x, y) = (a[p.place(k)], b[q.place(k)])
      lengthA += x * x
      lengthB += y * y
      product += x * y
    }
    // Too short a vector is divided by a constant instead of its length.
    let factorA = it.normalize ? 1 / max(lengthA, 1e-12).squareRoot() : 1
    let factorB = it.normalize ? 1 / max(lengthB, 1e-12).squareRoot() : 1
    let ownA = it.normalize && lengthA > 1e-12 ? product * factorA * factorA : 0
    let ownB = it.normalize && lengthB > 1e-12 ? product * factorB * factorB : 0
    let d = dy * factorA * factorB
    for k in 0..<count {
      let (x, y) = (a[p.place(k)], b[q.place(k)])
      call.inputGradients[0]?[p.place(k)] += d * (y - x * ownA)
      call.inputGradients[1]?[q.place(k)] += d * (x - y * ownB)
    }
  }
}
