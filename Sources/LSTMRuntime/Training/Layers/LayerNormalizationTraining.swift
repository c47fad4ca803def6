import LSTMModel

/// LayerNormalization in training: rows whose numbers lie side by side in whole runs.
final class LayerNormalizationTraining: GroupedTraining, @unchecked Sendable {
  private let axes: [Int]

  init(_ it: LayerNormalization, axes: [Int]) {
    self.axes = axes
    super.init(epsilon: it.epsilon, scale: it.scale, center: it.center)
  }

  /// Whether a group's numbers lie side by side.
  private func isWhole(_ shape: [Int]) -> Bool { axes == Array(shape.count - axes.count..<shape.count) }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    var sizes = super.sizes(inputs, outputs)
    sizes.scratch = [axes.reduce(1) { $0 * inputs[0][$1] }]
    return sizes
  }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let x = call.inputs[0]
    guard isWhole(x.shape) else { return try super.forward(call) }
    let (normal, factors, out, width) = (call.kept[0], call.kept[1], call.outputs[0].values, call.scratch[0].count)
    guard width > 0 else { return }
    for row in 0..<(out.count / width) {
      let from = x.values.slice(row * width, width)
      let mean = from.sum() / Scalar(width)
      factors[row] = 1 / (from.sumOfSquares(around: mean) / Scalar(width) + Scalar(epsilon)).squareRoot()
      let (made, to) = (normal.slice(row * width, width), out.slice(row * width, width))
      made.rescale(from, mean: mean, factor: factors[row], shift: 0)
      to.copy(from: made)
      if scale { to.multiply(by: call.weights[0]) }
      if center { to.add(call.weights[scale ? 1 : 0]) }
    }
  }

  override func backward(_ call: TrainingCall) {
    guard isWhole(call.inputs[0].shape) else { return super.backward(call) }
    let (dy, d) = (call.outputGradients[0], call.scratch[0])
    let width = d.count
    guard width > 0 else { return }
    for row in 0..<(dy.count / width) {
      let normal = call.kept[0].slice(row * width, width)
      d.copy(from: dy.slice(row * width, width))
      if scale { call.weightGradients[0]?.add(d, times: normal) }
      if center { call.weightGradients[scale ? 1 : 0]?.add(d) }
      guard let dx = call.inputGradients[0]?.slice(row * width, width) else { continue }
      if scale { d.multiply(by: call.weights[0]) }
      dx.addThroughNormal(
        d, normal, factor: call.kept[1][row], mean: d.sum() / Scalar(width), slope: d.dot(normal) / Scalar(width))
    }
  }

  override func groups(_ x: Tensor) -> [NormalizedGroup] {
    let members = LayerNormalizationOperator.offsets(x.shape, axes)
    guard !members.isEmpty else { return [] }
    return LayerNormalizationOperator.offsets(x.shape, x.shape.indices.filter { !axes.contains($0) }).map { start in
      NormalizedGroup(places: members.map { start + $0 }, weights: Array(members.indices))
    }
  }
}
