import LSTMModel

/// What each row of a loss is multiplied by: sample weights, the mask and the reduction together, as Keras joins them.
enum RowWeights {
  /// Fills `weights [batch · steps]`.
  ///
  /// - Parameters:
  ///   - samples: `[batch]` or `[batch · steps]`; nil for ones.
  ///   - mask: `[batch · steps]` of 0 and 1; nil where all steps are real.
  static func fill(_ weights: Floats, batch: Int, steps: Int, samples: Floats?, mask: Floats?, _ reduction: LossSpec.Reduction) {
    let rows = batch * steps
    precondition(weights.count == rows, "a weight for each row")
    var scale = 1.0
    if let mask, reduction == .mean {
      // Source: Keras, losses/loss.py, apply_mask: rows that count weigh total / valid.
      let valid = (0..<rows).reduce(0.0) { $0 + Double(mask[$1]) }
      scale = Double(rows) / (valid + LossSpec.epsilon)
    }
    var sum = 0.0
    for row in 0..<rows {
      var weight = mask.map { Double($0[row]) * scale } ?? 1
      if let samples { weight *= Double(samples[samples.count == rows ? row : row / steps]) }
      sum += weight
      weights[row] = Scalar(weight)
    }
    let divisor: Double
    switch reduction {
    case .mean: divisor = Double(rows)
    case .sum: divisor = 1
    case .weightedMean: divisor = samples == nil && mask == nil ? Double(rows) : sum
    }
    guard divisor != 0 else { return weights.fill(0) }
    for row in 0..<rows { weights[row] = Scalar(Double(weights[row]) / divisor) }
  }
}
