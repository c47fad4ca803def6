import LSTMModel

/// Losses of one row that are no means over its numbers.
enum RowLosses {
  /// −Σ ŷ·p̂; the inverse norms are at most 1e12, as in Keras.
  static func cosine(_ p: Floats, _ y: Floats, _ weight: Scalar, _ g: Floats?) -> Double {
    var squareP = 0.0
    var squareY = 0.0
    var dot = 0.0
    for index in 0..<p.count {
      let (a, b) = (Double(p[index]), Double(y[index]))
      squareP += a * a
      squareY += b * b
      dot += a * b
    }
    let inverseP = min(1 / squareP.squareRoot(), 1e12)
    let inverseY = min(1 / squareY.squareRoot(), 1e12)
    let similarity = dot * inverseP * inverseY
    if let g {
      // Where the inverse norm is cut off it is a constant.
      let pull = inverseP < 1e12 ? similarity * inverseP : 0
      for index in 0..<p.count {
        g[index] = Scalar(Double(weight) * inverseP * (pull * Double(p[index]) - inverseY * Double(y[index])))
      }
    }
    return -similarity
  }

  /// max(max((1 − y)·p) − Σ y·p + 1, 0); among equal largest ones TensorFlow shares the gradient.
  static func categoricalHinge(_ p: Floats, _ y: Floats, _ weight: Scalar, _ g: Floats?) -> Double {
    var positive = 0.0
    var negative = -Double.infinity
    for index in 0..<p.count {
      positive += Double(y[index]) * Double(p[index])
      negative = max(negative, (1 - Double(y[index])) * Double(p[index]))
    }
    let value = negative - positive + 1
    guard let g else { return max(value, 0) }
    guard value > 0 else {
      g.fill(value.isNaN ? .nan : 0)
      return max(value, 0)
    }
    let equal = (0..<p.count).filter { (1 - Double(y[$0])) * Double(p[$0]) == negative }.count
    for index in 0..<p.count {
      let rest = 1 - Double(y[index])
      let top = rest * Double(p[index]) == negative ? rest / Double(equal) : 0
      g[index] = Scalar(Double(weight) * (top - Double(y[index])))
    }
    return value
  }

  /// Σ y · log(y / p), both clipped to ε … 1.
  static func kullbackLeibler(_ p: Floats, _ y: Floats, _ weight: Scalar, _ g: Floats?) -> Double {
    var sum = 0.0
    for index in 0..<p.count {
      let target = min(max(Double(y[index]), LossSpec.epsilon), 1)
      let given = Double(p[index])
      let value = min(max(given, LossSpec.epsilon), 1)
      sum += target * Functions.log(target / value)
      if let g { g[index] = Scalar(value == given ? -Double(weight) * target / value : 0) }
    }
    return sum
  }

  /// Mean of max(q·e, (q − 1)·e) over targets and quantiles; predictions of one target's quantiles stand side by side.
  static func quantile(_ p: Floats, _ y: Floats, _ weight: Scalar, _ g: Floats?, _ quantiles: [Double]) -> Double {
    let share = 1 / Double(p.count)
    var sum = 0.0
    for index in 0..<p.count {
      let quantile = quantiles[index % quantiles.count]
      let error = Double(y[index / quantiles.count]) - Double(p[index])
      sum += max(quantile * error, (quantile - 1) * error)
      if let g {
        let slope = error > 0 ? -quantile : error < 0 ? 1 - quantile : error.isNaN ? error : 0.5 - quantile
        g[index] = Scalar(Double(weight) * share * slope)
      }
    }
    return sum * share
  }

  /// Mean of ½(s + (y − μ)² e⁻ˢ), s = log σ²: predictions are all μ, then all s.
  static func gaussian(_ p: Floats, _ y: Floats, _ weight: Scalar, _ g: Floats?, _ full: Bool) -> Double {
    let count = y.count
    let share = 1 / Double(max(count, 1))
    // ½ log 2π
    let constant = full ? 0.9189385332046727 : 0
    var sum = 0.0
    for index in 0..<count {
      let error = Double(p[index]) - Double(y[index])
      let logVariance = Double(p[count + index])
      let precision = Functions.exp(-logVariance)
      sum += 0.5 * (logVariance + error * error * precision) + constant
      if let g {
        g[index] = Scalar(Double(weight) * share * error * precision)
        g[count + index] = Scalar(Double(weight) * share * 0.5 * (1 - error * error * precision))
      }
    }
    return sum * share
  }
}
