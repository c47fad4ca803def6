import LSTMModel

/// The cross-entropies of one row. Values and gradients are those of Keras on TensorFlow, its clipping at ε = 1e-7 included.
enum CrossEntropy {
  /// −Σ y · log p over classes. Probabilities are divided by their sum, then clipped to ε … 1 − ε; a clipped one has no gradient.
  static func categorical(
    _ p: Floats, _ y: Floats, _ weight: Scalar, _ g: Floats?, _ fromLogits: Bool, _ smoothing: Double, _ throughActivation: Bool
  ) -> Double {
    let count = p.count
    let scale = Double(weight)
    let target = { (index: Int) in Double(y[index]) * (1 - smoothing) + smoothing / Double(count) }
    if fromLogits {
      let (most, total) = logits(p)
      let logTotal = Functions.log(total)
      var mass = 0.0
      var sum = 0.0
      for index in 0..<count {
        mass += target(index)
        sum -= target(index) * (Double(p[index]) - most - logTotal)
      }
      if let g {
        for index in 0..<count {
          let probability = Functions.exp(Double(p[index]) - most) / total
          g[index] = Scalar(scale * (probability * mass - target(index)))
        }
      }
      return sum
    }
    let total = (0..<count).reduce(0.0) { $0 + Double(p[$1]) }
    var sum = 0.0
    var mass = 0.0
    // Σ yᵢ of those that are not clipped, which the division by the total passes on to all.
    var moving = 0.0
    for index in 0..<count {
      let part = Double(p[index]) / total
      let clipped = clip(part)
      sum -= target(index) * Functions.log(clipped)
      mass += target(index)
      if clipped == part { moving += target(index) }
    }
    guard let g else { return sum }
    for index in 0..<count {
      let part = Double(p[index]) / total
      if throughActivation {
        g[index] = Scalar(scale * (part * mass - target(index)))
      } else {
        let own = clip(part) == part ? target(index) / part : 0
        g[index] = Scalar(scale * (moving - own) / total)
      }
    }
    return sum
  }

  /// −log of the class's probability. Probabilities are clipped to ε … 1 − ε, then divided by their sum.
  static func sparse(
    _ p: Floats, _ target: Scalar, _ weight: Scalar, _ g: Floats?, _ fromLogits: Bool, _ ignored: Int?, _ throughActivation: Bool
  ) -> Double {
    let scale = Double(weight)
    let count = p.count
    guard let label = Int(exactly: target), label != ignored, 0..<count ~= label else {
      g?.fill(0)
      return 0
    }
    if fromLogits {
      let (most, total) = logits(p)
      if let g {
        for index in 0..<count {
          g[index] = Scalar(scale * (Functions.exp(Double(p[index]) - most) / total - (index == label ? 1 : 0)))
        }
      }
      return Functions.log(total) - (Double(p[label]) - most)
    }
    let total = (0..<count).reduce(0.0) { $0 + clip(Double(p[$1])) }
    let own = clip(Double(p[label]))
    if let g {
      for index in 0..<count {
        let probability = Double(p[index])
        let hit: Double = index == label ? 1 : 0
        if throughActivation {
          g[index] = Scalar(scale * (probability - hit))
        } else {
          g[index] = Scalar(clip(probability) == probability ? scale * (1 / total - hit / probability) : 0)
        }
      }
    }
    return Functions.log(total) - Functions.log(own)
  }

  /// Mean of −y · log p − (1 − y) · log(1 − p). Before Keras 3, ε was added inside the logarithms too, unless logits were at hand.
  static func binary(
    _ p: Floats, _ y: Floats, _ weight: Scalar, _ g: Floats?, _ fromLogits: Bool, _ smoothing: Double, _ throughActivation: Bool,
    insideLog: Bool
  ) -> Double {
    let share = 1 / Double(p.count)
    let scale = Double(weight) * share
    let inside = insideLog && !throughActivation ? LossSpec.epsilon : 0
    var sum = 0.0
    for index in 0..<p.count {
      let target = Double(y[index]) * (1 - smoothing) + 0.5 * smoothing
      let value = Double(p[index])
      if fromLogits {
        sum += max(value, 0) - value * target + Functions.softplus(-value.magnitude)
        if let g { g[index] = Scalar(scale * (Functions.sigmoid(value) - target)) }
        continue
      }
      let clipped = clip(value)
      sum -= target * Functions.log(clipped + inside) + (1 - target) * Functions.log(1 - clipped + inside)
      guard let g else { continue }
      if throughActivation {
        g[index] = Scalar(scale * (value - target))
      } else {
        g[index] = Scalar(clipped == value ? scale * ((1 - target) / (1 - value + inside) - target / (value + inside)) : 0)
      }
    }
    return sum * share
  }

  /// The options of a focal cross-entropy.
  struct Focal {
    var gamma: Double
    var alpha: Double?
    var fromLogits: Bool
    var smoothing: Double
  }

  /// Mean of (1 − pₜ)^γ times the binary cross-entropy, where pₜ is the probability of what is true.
  static func focal(_ p: Floats, _ y: Floats, _ weight: Scalar, _ g: Floats?, _ options: Focal) -> Double {
    let share = 1 / Double(p.count)
    let gamma = options.gamma
    var sum = 0.0
    for index in 0..<p.count {
      let target = Double(y[index]) * (1 - options.smoothing) + 0.5 * options.smoothing
      let given = Double(p[index])
      let value = options.fromLogits ? Functions.sigmoid(given) : given
      let clipped = clip(value)
      let entropy = -target * Functions.log(clipped) - (1 - target) * Functions.log(1 - clipped)
      let miss = 1 - (target * value + (1 - target) * (1 - value))
      let factor = Functions.pow(miss, gamma)
      let balance = options.alpha.map { target * $0 + (1 - target) * (1 - $0) } ?? 1
      sum += balance * factor * entropy
      guard let g else { continue }
      let entropySlope = clipped == value ? (1 - target) / (1 - value) - target / value : 0
      let factorSlope = gamma == 0 ? 0 : gamma * Functions.pow(miss, gamma - 1) * (1 - 2 * target)
      var slope = balance * (factor * entropySlope + factorSlope * entropy)
      if options.fromLogits { slope *= value * (1 - value) }
      g[index] = Scalar(Double(weight) * share * slope)
    }
    return sum * share
  }

  /// The largest logit, and Σ exp(logit − largest).
  private static func logits(_ p: Floats) -> (Double, Double) {
    var most = -Double.infinity
    for index in 0..<p.count { most = max(most, Double(p[index])) }
    var total = 0.0
    for index in 0..<p.count { total += Functions.exp(Double(p[index]) - most) }
    return (most, total)
  }

  private static func clip(_ x: Double) -> Double {
    x < LossSpec.epsilon ? LossSpec.epsilon : x > 1 - LossSpec.epsilon ? 1 - LossSpec.epsilon : x
  }
}
