import Glibc
import LSTMModel

extension Schedule {
  /// The rate of the update that follows `step` others.
  func rate(at step: Int) -> Double {
    let step = Double(step)
    switch self {
    case .constant(let rate): return rate
    case .exponential(let initial, let steps, let rate, let staircase):
      let exponent = step / steps
      return initial * pow(rate, staircase ? exponent.rounded(.down) : exponent)
    case .piecewise(let boundaries, let values):
      let index = boundaries.firstIndex { step <= $0 } ?? boundaries.count
      return values.indices.contains(index) ? values[index] : values.last ?? 0
    case .polynomial(let initial, let steps, let end, let power, let cycle):
      let length = cycle ? steps * max(1, (step / steps).rounded(.up)) : steps
      let part = min(step, length) / length
      return (initial - end) * (power == 1 ? 1 - part : pow(1 - part, power)) + end
    case .inverseTime(let initial, let steps, let rate, let staircase):
      let part = step / steps
      return initial / (1 + rate * (staircase ? part.rounded(.down) : part))
    case .cosine(let initial, let steps, let alpha, let target, let warmupSteps):
      guard let target else { return Schedule.cosine(initial, min(step, steps) / steps, alpha) }
      if step < warmupSteps { return (target - initial) * (step / warmupSteps) + initial }
      return Schedule.cosine(target, min(step - warmupSteps, steps) / steps, alpha)
    case .cosineRestarts(let initial, let firstSteps, let stretch, let shrink, let alpha):
      var part = step / firstSteps
      var length = 1.0
      var height = 1.0
      if stretch == 1 {
        let restarts = part.rounded(.down)
        part -= restarts
        height = pow(shrink, restarts)
      } else {
        // Periods shorter than this (stretch < 1) have all ended: Keras' formula has no value there either.
        while part >= length, length > 1e-9 {
          part -= length
          length *= stretch
          height *= shrink
        }
        part /= length
      }
      return initial * ((1 - alpha) * 0.5 * height * (1 + cos(Double.pi * part)) + alpha)
    }
  }

  private static func cosine(_ from: Double, _ part: Double, _ alpha: Double) -> Double {
    from * ((1 - alpha) * 0.5 * (1 + cos(Double.pi * part)) + alpha)
  }
}
