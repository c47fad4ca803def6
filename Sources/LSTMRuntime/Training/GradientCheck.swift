import LSTMCaller
import LSTMModel

extension Trainer {
  /// Compares the gradients of a batch with central differences of the loss, for at most `samples` numbers of each weight (0: all).
  ///
  /// The differences are of fourth order: `(8 (L(w + h) − L(w − h)) − (L(w + 2h) − L(w − 2h))) / 12h`. Chance is the same in every pass.
  public func checkGradients(_ batch: CallerBatch, samples: Int) throws(LSTMError) -> GradientReport {
    var report = GradientReport()
    _ = try computeGradients(batch)
    let parameters = plan.parameters
    for index in parameters.trained {
      guard let gradient = parameters.part(of: engine.gradient, index)?.array, !gradient.isEmpty else { continue }
      let weight = parameters.weights[index]
      let count = samples > 0 ? min(samples, gradient.count) : gradient.count
      let places = (0..<count).map { $0 * gradient.count / count }
      var numeric: [Double] = []
      for place in places { numeric.append(try derivative(weight, place, near: Double(gradient[place]))) }
      plan.refresh()
      let largest = max(numeric.map { abs($0) }.max() ?? 0, gradient.map { abs(Double($0)) }.max() ?? 0, GradientCheck.smallest)
      for (place, number) in zip(places, numeric) {
        let difference = abs(Double(gradient[place]) - number) / largest
        report.checked += 1
        // A NaN counts as the worst of all.
        if !(difference <= report.worst) || report.checked == 1 {
          report.worst = difference
          report.weight = index
          report.element = place
          report.analytic = Double(gradient[place])
          report.numeric = number
        }
      }
    }
    return report
  }

  /// The derivative of the loss by one number. If it is far from `near`, smaller steps may do better: there may be a kink.
  private func derivative(_ weight: Floats, _ place: Int, near: Double) throws(LSTMError) -> Double {
    var best = Double.infinity
    for step in GradientCheck.steps {
      let found = try difference(weight, place, step)
      if !(abs(found - near) >= abs(best - near)) { best = found }
      if abs(best - near) <= 1e-9 * max(abs(near), 1e-3) { break }
    }
    return best
  }

  private func difference(_ weight: Floats, _ place: Int, _ step: Double) throws(LSTMError) -> Double {
    let own = weight[place]
    defer { weight[place] = own }
    var losses: [Double] = []
    for distance in [1.0, -1, 2, -2] {
      weight[place] = own + Scalar(distance * step)
      plan.refresh()
      losses.append(try forward(staged, .training, engine, [])[0])
    }
    return (8 * (losses[0] - losses[1]) - (losses[2] - losses[3])) / (12 * step)
  }
}

/// Constants of the gradient check.
private enum GradientCheck {
  /// Distances of the differences: errors of fourth order against errors of rounding, both near 1e-12 in Float64.
  static let steps = [1e-3, 2e-4, 2e-5]
  /// Gradients below this are compared absolutely: rounding in the loss hides them.
  static let smallest = 1e-5
}
