import LSTMModel

/// BatchNormalization in training: by the averages of the batch, which the moving averages follow; by these alone if the layer is frozen.
final class BatchNormalizationTraining: TrainingLayer, @unchecked Sendable {
  private let it: BatchNormalization
  private let axis: Int
  private let isFrozen: Bool

  init(_ it: BatchNormalization, rank: Int, isFrozen: Bool) {
    self.it = it
    self.isFrozen = isFrozen
    axis = it.axis < 0 ? it.axis + rank : it.axis
  }

  override var couplesRows: Bool { !isFrozen }

  /// Where the weights lie, as Keras orders them.
  private var places: (gamma: Int?, beta: Int?, mean: Int, variance: Int) {
    let first = (it.scale ? 1 : 0) + (it.center ? 1 : 0)
    return (it.scale ? 0 : nil, it.center ? first - 1 : nil, first, first + 1)
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let channels = inputs[0][axis]
    // mean, variance, 1 / √(variance + ε); the gradients' sums, two rows
    return TrainingSizes(kept: [channels, channels, channels], scratch: [channels, channels, channels, channels])
  }

  private func usesBatch(_ call: TrainingCall) -> Bool { call.mode == .training && !isFrozen }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    let (inner, channels) = (x.count(from: axis + 1), x.shape[axis])
    let (mean, variance, factor) = (call.kept[0], call.kept[1], call.kept[2])
    let count = x.values.count / max(channels, 1)
    if usesBatch(call) && count > 0 && inner == 1 {
      measureRows(call, count)
    } else if usesBatch(call) && count > 0 {
      mean.fill(0)
      variance.fill(0)
      for index in 0..<out.count { mean[index / inner % channels] += x.values[index] }
      for channel in 0..<channels { mean[channel] /= Scalar(count) }
      for index in 0..<out.count {
        let channel = index / inner % channels
        let d = x.values[index] - mean[channel]
        variance[channel] += d * d
      }
      for channel in 0..<channels { variance[channel] /= Scalar(count) }
    } else {
      mean.copy(from: call.weights[places.mean])
      variance.copy(from: call.weights[places.variance])
    }
    for channel in 0..<channels { factor[channel] = 1 / (variance[channel] + Scalar(it.epsilon)).squareRoot() }
    let gamma = places.gamma.map { call.weights[$0] }
    let beta = places.beta.map { call.weights[$0] }
    if inner == 1 {
      for row in 0..<count {
        let to = out.slice(row * channels, channels)
        normal(call, row, into: to)
        if let gamma { to.multiply(by: gamma) }
        if let beta { to.add(beta) }
      }
      return
    }
    for index in 0..<out.count {
      let channel = index / inner % channels
      out[index] = (x.values[index] - mean[channel]) * factor[channel] * (gamma?[channel] ?? 1) + (beta?[channel] ?? 0)
    }
  }

  /// Mean and variance where channels lie side by side.
  private func measureRows(_ call: TrainingCall, _ rows: Int) {
    let (x, row, mean, variance) = (call.inputs[0].values, call.scratch[2], call.kept[0], call.kept[1])
    mean.fill(0)
    variance.fill(0)
    for index in 0..<rows { mean.add(x.slice(index * mean.count, mean.count)) }
    mean.divide(by: Scalar(rows))
    for index in 0..<rows {
      row.copy(from: x.slice(index * mean.count, mean.count))
      row.subtract(mean)
      variance.add(row, times: row)
    }
    variance.divide(by: Scalar(rows))
  }

  /// A row of channels, normalised.
  private func normal(_ call: TrainingCall, _ row: Int, into to: Floats) {
    to.copy(from: call.inputs[0].values.slice(row * to.count, to.count))
    to.subtract(call.kept[0])
    to.multiply(by: call.kept[2])
  }

  /// The way back where channels lie side by side.
  private func backwardRows(_ call: TrainingCall, _ rows: Int) {
    let (sum, product, row, d) = (call.scratch[0], call.scratch[1], call.scratch[2], call.scratch[3])
    let width = sum.count
    for index in 0..<rows {
      let dy = call.outputGradients[0].slice(index * width, width)
      normal(call, index, into: row)
      sum.add(dy)
      product.add(dy, times: row)
    }
    if let gamma = places.gamma { call.weightGradients[gamma]?.add(product) }
    if let beta = places.beta { call.weightGradients[beta]?.add(sum) }
    guard let dx = call.inputGradients[0] else { return }
    for index in 0..<rows {
      d.copy(from: call.outputGradients[0].slice(index * width, width))
      if usesBatch(call) {
        normal(call, index, into: row)
        row.multiply(by: product)
        row.add(sum)
        row.divide(by: Scalar(rows))
        d.subtract(row)
      }
      d.multiply(by: call.kept[2])
      if let gamma = places.gamma { d.multiply(by: call.weights[gamma]) }
      dx.slice(index * width, width).add(d)
    }
  }

  override func backward(_ call: TrainingCall) {
    let x = call.inputs[0]
    let dy = call.outputGradients[0]
    let (inner, channels) = (x.count(from: axis + 1), x.shape[axis])
    let (mean, factor) = (call.kept[0], call.kept[2])
    let (sum, product) = (call.scratch[0], call.scratch[1])
    sum.fill(0)
    product.fill(0)
    if inner == 1 { return backwardRows(call, dy.count / max(channels, 1)) }
    for index in 0..<dy.count {
      let channel = index / inner % channels
      sum[channel] += dy[index]
      product[channel] += dy[index] * (x.values[index] - mean[channel]) * factor[channel]
    }
    if let gamma = places.gamma { call.weightGradients[gamma]?.add(product) }
    if let beta = places.beta { call.weightGradients[beta]?.add(sum) }
    guard let dx = call.inputGradients[0] else { return }
    let gamma = places.gamma.map { call.weights[$0] }
    let count = Scalar(dy.count / max(channels, 1))
    for index in 0..<dy.count {
      let channel = index / inner % channels
      var d = dy[index]
      if usesBatch(call) {
        let normal = (x.values[index] - mean[channel]) * factor[channel]
        d -= (sum[channel] + normal * product[channel]) / count
      }
      dx[index] += d * factor[channel] * (gamma?[channel] ?? 1)
    }
  }

  override func commit(_ call: TrainingCall) {
    guard usesBatch(call), call.inputs[0].values.count > 0 else { return }
    let momentum = Scalar(it.momentum)
    for (place, batch) in [(places.mean, call.kept[0]), (places.variance, call.kept[1])] {
      let moving = call.weights[place]
      for channel in 0..<moving.count { moving[channel] = moving[channel] * momentum + batch[channel] * (1 - momentum) }
    }
  }
}
