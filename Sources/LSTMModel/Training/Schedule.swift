/// The learning rate as a function of the number of updates done so far.
public enum Schedule: Sendable, Equatable {
  case constant(Double)
  /// `initial · rate^(step / steps)`; a staircase takes the whole part of the exponent.
  case exponential(initial: Double, steps: Double, rate: Double, staircase: Bool)
  /// `values[i]` up to and including step `boundaries[i]`, the last value afterwards.
  case piecewise(boundaries: [Double], values: [Double])
  /// From `initial` to `end` within `steps`; `cycle` starts over with a longer way each time.
  case polynomial(initial: Double, steps: Double, end: Double, power: Double, cycle: Bool)
  /// `initial / (1 + rate · step / steps)`.
  case inverseTime(initial: Double, steps: Double, rate: Double, staircase: Bool)
  /// Linearly from `initial` to `target` within `warmupSteps`, then by half a cosine to `alpha · target`.
  case cosine(initial: Double, steps: Double, alpha: Double, target: Double?, warmupSteps: Double)
  /// Half cosines, each `stretch` times as long as the one before and beginning `shrink` times as high.
  case cosineRestarts(initial: Double, firstSteps: Double, stretch: Double, shrink: Double, alpha: Double)
}

/// Lowers the learning rate when a quantity stops improving (Keras' ReduceLROnPlateau).
public struct Plateau: Sendable, Equatable {
  /// The quantity: `val_loss`.
  public var monitor = "val_loss"
  /// The rate is multiplied by it.
  public var factor = 0.1
  /// Epochs without improvement before that.
  public var patience = 10
  /// Changes below it are no improvement.
  public var minimumChange = 1e-4
  /// Epochs to wait after a reduction.
  public var cooldown = 0
  /// The least rate.
  public var minimumRate = 0.0
  /// Whether larger is better; nil lets the name decide (accuracy and the like grow).
  public var maximize: Bool?

  private var best: Double?
  private var wait = 0
  private var cooling = 0

  /// Keras' defaults.
  public init() {}

  /// Takes note of an epoch's value; returns the rate for the next.
  public mutating func rate(after value: Double, _ rate: Double) -> Double {
    if cooling > 0 {
      cooling -= 1
      wait = 0
    }
    if isBetter(value) {
      best = value
      wait = 0
    } else if cooling == 0 {
      wait += 1
      if wait >= patience, rate > minimumRate {
        cooling = cooldown
        wait = 0
        return max(rate * factor, minimumRate)
      }
    }
    return rate
  }

  /// What was noted so far, as numbers, for checkpoints: best (NaN for none), wait, cooling.
  public var state: [Double] {
    get { [best ?? .nan, Double(wait), Double(cooling)] }
    set {
      guard newValue.count == 3 else { return }
      best = newValue[0].isNaN ? nil : newValue[0]
      wait = Int(exactly: newValue[1]) ?? 0
      cooling = Int(exactly: newValue[2]) ?? 0
    }
  }

  private func isBetter(_ value: Double) -> Bool {
    guard let best else { return !value.isNaN }
    let grows = maximize ?? (monitor.hasSuffix("acc") || monitor.hasSuffix("accuracy") || monitor.hasSuffix("auc"))
    return grows ? value > best + minimumChange : value < best - minimumChange
  }
}
