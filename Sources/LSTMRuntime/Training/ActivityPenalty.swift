import LSTMModel

/// Penalties on what layers put out, as in Keras: sums over the whole batch, divided by its first dimension.
extension TrainingCall {
  /// What the outputs add to the loss.
  var activityPenalty: Double {
    var total = 0.0
    for (rule, output) in zip(activities, outputs) {
      guard let rule else { continue }
      var sum = 0.0
      for index in 0..<output.values.count {
        let value = Double(output.values[index])
        sum += rule.l1 * value.magnitude + rule.l2 * value * value
      }
      total += sum / divisor(output)
    }
    return total
  }

  /// Adds the derivatives of ``activityPenalty`` to the gradients of the outputs.
  func addActivityGradients() {
    guard !activities.isEmpty else { return }
    for (position, rule) in activities.enumerated() {
      guard let rule, outputGradients.indices.contains(position) else { continue }
      let (y, dy) = (outputs[position].values, outputGradients[position])
      let divisor = divisor(outputs[position])
      for index in 0..<dy.count {
        let value = Double(y[index])
        dy[index] += Scalar(((value > 0 ? rule.l1 : value < 0 ? -rule.l1 : 0) + 2 * rule.l2 * value) / divisor)
      }
    }
  }

  /// The first dimension of an output, over the whole batch.
  private func divisor(_ output: Tensor) -> Double { max(Double(output.shape.first ?? 1) * share, 1) }
}
