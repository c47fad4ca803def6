import LSTMModel

/// The factors of dropout: 0 for a part of the numbers, and for the others what keeps the average.
enum DropoutFactors {
  /// Fills `count` factors for each row.
  static func fill(_ factors: Floats, rate: Double, _ chance: Chance, rows: Int, count: Int, stride: Int) {
    let scale = Scalar(rate < 1 ? 1 / (1 - rate) : 0)
    for row in 0..<rows {
      let start = (chance.firstRow + row) * count
      for index in 0..<count { factors[row * stride + index] = chance.uniform(start + index) >= rate ? scale : 0 }
    }
  }
}

/// Dropout and noise: factors and summands that only training knows.
final class NoiseTraining: TrainingLayer, @unchecked Sendable {
  private let noise: Identity.Noise

  init(_ it: Identity) { noise = it.noise }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    switch noise {
    case .none, .gaussian: return TrainingSizes()
    default: return TrainingSizes(kept: [inputs[0].reduce(1, *)])
    }
  }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let out = call.outputs[0].values
    let x = call.inputs[0]
    out.copy(from: x.values)
    guard call.mode == .training, let rows = x.shape.first, rows > 0 else { return }
    let start = call.chance.firstRow * (out.count / rows)
    switch noise {
    case .none: return
    case .gaussian(let deviation):
      for index in 0..<out.count { out[index] += Scalar(deviation * call.chance.normal(start + index)) }
    case .gaussianDropout(let rate):
      let deviation = rate < 1 ? (rate / (1 - rate)).squareRoot() : 0
      for index in 0..<out.count { call.kept[0][index] = Scalar(1 + deviation * call.chance.normal(start + index)) }
      for index in 0..<out.count { out[index] *= call.kept[0][index] }
    case .dropout(let rate, let shape):
      fill(call, rate: rate, shape: shape, kept: Scalar(rate < 1 ? 1 / (1 - rate) : 0))
      for index in 0..<out.count { out[index] *= call.kept[0][index] }
    case .alphaDropout(let rate, let shape):
      // Source: Klambauer et al. 2017, as in Keras: dropped numbers become −λα, then average and spread are restored.
      let saturation = -Activation.seluAlpha * Activation.seluScale
      let a = ((1 - rate) * (1 + rate * saturation * saturation)).squareRoot()
      let b = -saturation * rate / a
      fill(call, rate: rate, shape: shape, kept: 1)
      for index in 0..<out.count {
        let value = call.kept[0][index] == 0 ? Scalar(saturation) : out[index]
        out[index] = value * Scalar(1 / a) + Scalar(b)
      }
      for index in 0..<out.count { call.kept[0][index] *= Scalar(1 / a) }
    }
  }

  /// One draw for each number, or for all numbers along the axes that `shape` states as 1.
  private func fill(_ call: TrainingCall, rate: Double, shape: [Int]?, kept: Scalar) {
    let x = call.inputs[0]
    let factors = call.kept[0]
    let rows = x.shape[0]
    guard let shape, shape.count == x.shape.count else {
      let start = call.chance.firstRow * (factors.count / rows)
      for index in 0..<factors.count { factors[index] = call.chance.uniform(start + index) >= rate ? kept : 0 }
      return
    }
    let drawn = zip(x.shape, shape).map { $1 == 1 ? 1 : $0 }
    let reader = BroadcastReader(from: drawn, to: x.shape)
    let start = shape[0] == 1 ? 0 : call.chance.firstRow * drawn[1...].reduce(1, *)
    for index in 0..<factors.count { factors[index] = call.chance.uniform(start + reader.offset(index)) >= rate ? kept : 0 }
  }

  override func backward(_ call: TrainingCall) {
    guard let dx = call.inputGradients[0] else { return }
    let dy = call.outputGradients[0]
    guard call.mode == .training, let factors = call.kept.first else { return dx.add(dy) }
    for index in 0..<dx.count { dx[index] += dy[index] * factors[index] }
  }
}
