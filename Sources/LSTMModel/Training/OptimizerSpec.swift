/// An optimizer with its options, as Keras states them.
public struct OptimizerSpec: Sendable, Equatable {
  /// The update of a weight `w` with its gradient `g` at step t = 1, 2, …; `lr` is the learning rate of that step.
  public enum Rule: Sendable, Equatable {
    /// `m = μ·m − lr·g`, `w += m`; Nesterov: `w += μ·m − lr·g`.
    case sgd(momentum: Double, nesterov: Bool)
    /// `v = ρ·v + (1 − ρ)·g²`, step `lr·g / √(v + ε)`; centred: √(v − ḡ² + ε).
    case rmsprop(rho: Double, momentum: Double, epsilon: Double, centered: Bool)
    /// `m += (g − m)(1 − β₁)`, `v += (g² − v)(1 − β₂)`, step `lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m/(√v + ε)`; AMSGrad takes the largest v so far.
    case adam(beta1: Double, beta2: Double, epsilon: Double, amsgrad: Bool)
    /// `u = max(β₂·u, |g|)`, step `lr·m / ((1 − β₁ᵗ)(u + ε))`.
    case adamax(beta1: Double, beta2: Double, epsilon: Double)
    case nadam(beta1: Double, beta2: Double, epsilon: Double)
    /// `a += g²`, step `lr·g / √(a + ε)`.
    case adagrad(initialAccumulator: Double, epsilon: Double)
    case adadelta(rho: Double, epsilon: Double)
    /// Step `lr·sign(β₁·m + (1 − β₁)·g)`, then `m = β₂·m + (1 − β₂)·g`.
    case lion(beta1: Double, beta2: Double)
  }

  /// What is done to gradients before the update.
  public enum Clip: Sendable, Equatable {
    case none
    /// Each number to ±value.
    case value(Double)
    /// Each weight's gradient to this Euclidean norm.
    case norm(Double)
    /// All gradients together to this norm.
    case globalNorm(Double)
  }

  /// A moving average of the weights.
  public struct Average: Sendable, Equatable {
    /// The share of the old average.
    public var momentum: Double
    /// After so many steps each, the weights are set to their average; nil for never.
    public var overwriteEvery: Int?

    /// An average with this momentum.
    public init(momentum: Double, overwriteEvery: Int?) {
      self.momentum = momentum
      self.overwriteEvery = overwriteEvery
    }
  }

  /// Keras' class name: `AdamW`.
  public var type: String
  /// The optimizer's own name, which names its state in files: `adam_w`.
  public var name: String
  /// The update.
  public var rule: Rule
  /// lr at each step.
  public var learningRate: Schedule
  /// `w −= decay · lr · w` before each update.
  public var weightDecay: Double?
  /// The clipping.
  public var clip = Clip.none
  /// The moving average of the weights, if one is kept.
  public var average: Average?
  /// Gradients of so many steps are averaged for one update; nil for every step.
  public var accumulationSteps: Int?

  /// An optimizer of this rule.
  public init(type: String, name: String, rule: Rule, learningRate: Schedule) {
    self.type = type
    self.name = name
    self.rule = rule
    self.learningRate = learningRate
  }

  /// Nadam's factor of step t: `β₁ · (1 − ½ · 0.96ᵗ)`.
  public static func nadamMomentum(_ beta1: Double, _ step: Int, decay: Double = 0.96) -> Double { beta1 * (1 - 0.5 * power(decay, step)) }

  /// The product of the factors of so many steps, as it comes about one by one; a file may state any number, and after a million all are alike.
  public static func nadamProduct(_ beta1: Double, updates: Int) -> Double {
    let stepwise = min(max(updates, 0), 1 << 20)
    var product = 1.0
    for step in 0..<stepwise { product *= nadamMomentum(beta1, step + 1) }
    return product * power(beta1, max(updates, 0) - stepwise)
  }

  /// `base^exponent` by squaring: the same bits however many steps were done in one run.
  public static func power(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0
    var square = base
    var rest = exponent
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }

  /// The state kept for each weight, in the order of Keras' files: the kinds of a group alternate from weight to weight, group follows group.
  /// Names are Keras 3's: `momentum`, `velocity`.
  public func slotGroups(generation: KerasGeneration) -> [[String]] {
    var groups: [[String]] = []
    if average != nil { groups.append(["average"]) }
    if accumulationSteps != nil { groups.append(["gradient_accumulator"]) }
    switch rule {
    // Keras 2 keeps a momentum even where it is not used.
    case .sgd(let momentum, _): if momentum != 0 || generation < .keras3 { groups.append(["momentum"]) }
    case .rmsprop(_, let momentum, _, let centered):
      groups.append(["velocity"])
      if momentum > 0 { groups.append(["momentum"]) }
      if centered { groups.append(["average_gradient"]) }
    case .adam(_, _, _, let amsgrad): groups += [["momentum", "velocity"]] + (amsgrad ? [["velocity_hat"]] : [])
    case .adamax: groups.append(["momentum", "norm"])
    case .nadam: groups.append(["momentum", "velocity"])
    case .adagrad: groups.append(["accumulator"])
    case .adadelta: groups.append(["accumulated_grad", "accumulated_delta_var"])
    case .lion: groups.append(["momentum"])
    }
    return groups
  }
}
