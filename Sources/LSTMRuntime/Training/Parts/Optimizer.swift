import LSTMModel

/// Updates weights from their gradients, as Keras' optimizers do, and keeps the state that they need.
///
/// For each step: clipping, weight decay, the rule's update, constraints, the moving average. Sums are taken in a fixed order, so the result
/// does not depend on threads.
final class Optimizer {
  /// A part of the state: one kind of numbers for one weight.
  struct Slot {
    /// `momentum`, `velocity`, …
    let kind: String
    /// The weight that it belongs to, by its place among the weights that are trained.
    let weight: Int
    /// The numbers.
    let values: Floats
  }

  /// The rule and its options.
  let spec: OptimizerSpec
  /// Steps done so far.
  private(set) var iteration = 0
  /// A rate that was set by hand (reduce on plateau); nil follows the schedule.
  var fixedRate: Double?
  /// The state in the order of Keras' files.
  let slots: [Slot]

  private let shapes: [Shape]
  private let rules: [WeightRules]
  private let arena: Arena
  private var byKind: [String: [Floats]] = [:]
  /// Nadam's product of momenta so far.
  private var momentumProduct = 1.0

  /// An optimizer for weights of these shapes, in this order, with what their layers ask of them.
  ///
  /// - Throws: ``LSTMError/memory(_:)``; ``WeightRules/fault`` of a weight; ``LSTMError/shape(_:)`` if a constraint does not fit.
  init(_ spec: OptimizerSpec, shapes: [Shape], rules: [WeightRules], generation: KerasGeneration) throws(LSTMError) {
    self.spec = spec
    self.shapes = shapes
    self.rules = rules
    var sizes: [Int] = []
    for (shape, rule) in zip(shapes, rules) {
      if let fault = rule.fault { throw fault }
      guard let count = shape.count else { throw .shape("a weight of the shape \(shape) cannot be trained") }
      try rule.constraint?.check(shape)
      sizes.append(count)
    }
    let groups = spec.slotGroups(generation: generation)
    let kinds = groups.reduce(0) { $0 + $1.count }
    let total = sizes.reduce(0) { $0 + Arena.rounded($1) }
    let (capacity, overflow) = total.multipliedReportingOverflow(by: kinds)
    guard !overflow else { throw .outOfMemory(bytes: Int.max, for: "the optimizer") }
    arena = try Arena(capacity: capacity, for: "the optimizer")
    var slots: [Slot] = []
    for group in groups {
      for (weight, size) in sizes.enumerated() {
        for kind in group {
          let values = arena.floats(size)
          if kind == "accumulator", case .adagrad(let initial, _) = spec.rule {
            values.fill(generation < .keras3 ? Scalar(initial) : Scalar(Float(initial)))
          }
          slots.append(Slot(kind: kind, weight: weight, values: values))
          byKind[kind, default: []].append(values)
        }
      }
    }
    self.slots = slots
  }

  /// The rate of the next step.
  var learningRate: Double { fixedRate ?? spec.learningRate.rate(at: iteration) }

  /// Continues after so many steps: their state must be put into ``slots``.
  func resume(at iteration: Int) {
    self.iteration = max(iteration, 0)
    if case .nadam(let beta1, _, _) = spec.rule { momentumProduct = OptimizerSpec.nadamProduct(beta1, updates: updates) }
  }

  /// One step. Gradients are changed by clipping.
  ///
  /// - Returns: the norm of all gradients together before clipping.
  @discardableResult func update(_ weights: [Floats], _ gradients: [Floats]) -> Double {
    precondition(weights.count == shapes.count && gradients.count == shapes.count, "as many weights and gradients as the optimizer was made for")
    let rate = learningRate
    let squares = gradients.map { Loops.sumOfSquares($0) }
    let norm = squares.reduce(0, +).squareRoot()
    defer { iteration += 1 }
    if let steps = spec.accumulationSteps, let sums = byKind["gradient_accumulator"] {
      if (iteration + 1) % steps == 0 {
        for (sum, gradient) in zip(sums, gradients) {
          Loops.add(sum, to: gradient)
          Loops.scale(gradient, 1 / Scalar(steps))
          sum.fill(0)
        }
        step(weights, gradients, gradients.map { Loops.sumOfSquares($0) }, rate)
      } else {
        for (sum, gradient) in zip(sums, gradients) { Loops.add(gradient, to: sum) }
      }
    } else {
      step(weights, gradients, squares, rate)
    }
    average(weights)
    for (weight, (shape, rule)) in zip(weights, zip(shapes, rules)) { rule.constraint?.apply(to: weight, shape) }
    return norm
  }

  /// Sets the weights to their moving average, as Keras does when training ends.
  func finish(_ weights: [Floats]) {
    for (weight, average) in zip(weights, byKind["average"] ?? []) { weight.copy(from: average) }
  }

  private func step(_ weights: [Floats], _ gradients: [Floats], _ squares: [Double], _ rate: Double) {
    clip(gradients, squares)
    if let decay = spec.weightDecay {
      for weight in weights { Loops.decay(weight, rounded(decay), Scalar(rate)) }
    }
    apply(weights, gradients, rate)
  }

  /// Updates done before this one: with accumulated gradients fewer than steps.
  private var updates: Int { iteration / (spec.accumulationSteps ?? 1) }

  private func clip(_ gradients: [Floats], _ squares: [Double]) {
    switch spec.clip {
    case .none: break
    case .value(let limit):
      for gradient in gradients { Loops.clamp(gradient, Scalar(limit)) }
    case .norm(let limit):
      for (gradient, square) in zip(gradients, squares) where square.squareRoot() > limit {
        Loops.scale(gradient, Scalar(limit / square.squareRoot()))
      }
    case .globalNorm(let limit):
      let norm = squares.reduce(0, +).squareRoot()
      guard norm > limit || norm.isNaN else { break }
      for gradient in gradients { Loops.scale(gradient, Scalar(limit / norm)) }
    }
  }

  private func average(_ weights: [Floats]) {
    guard let average = spec.average, let averages = byKind["average"] else { return }
    let momentum = updates == 0 ? 0 : average.momentum
    for (weight, values) in zip(weights, averages) { Loops.blend(values, weight, Scalar(momentum)) }
    if let every = average.overwriteEvery, (updates + 1) % every == 0 {
      for (weight, values) in zip(weights, averages) { weight.copy(from: values) }
    }
  }

  private func apply(_ weights: [Floats], _ gradients: [Floats], _ rate: Double) {
    let step = updates + 1
    let lr = Scalar(rate)
    func slot(_ kind: String, _ index: Int) -> Floats { byKind[kind]?[index] ?? weights[index].slice(0, 0) }
    if case .nadam(let beta1, _, _) = spec.rule { momentumProduct *= OptimizerSpec.nadamMomentum(beta1, step) }  // here Keras casts nothing
    for (index, (w, g)) in zip(weights, gradients).enumerated() {
      switch spec.rule {
      case .sgd(let momentum, let nesterov):
        if momentum == 0 {
          Loops.sgd(w, g, lr)
        } else {
          Loops.momentum(w, g, slot("momentum", index), lr, rounded(momentum), nesterov)
        }
      case .rmsprop(let rho, let momentum, let epsilon, let centered):
        let m = momentum > 0 ? slot("momentum", index) : nil
        let mean = centered ? slot("average_gradient", index) : nil
        Loops.rmsprop(w, g, slot("velocity", index), m, mean, lr, Scalar(rho), Scalar(momentum), Scalar(epsilon))
      case .adam(let beta1, let beta2, let epsilon, let amsgrad):
        let scale = rate * (1 - OptimizerSpec.power(single(beta2), step)).squareRoot() / (1 - OptimizerSpec.power(single(beta1), step))
        let largest = amsgrad ? slot("velocity_hat", index) : nil
        Loops.adam(
          w, g, slot("momentum", index), slot("velocity", index), largest, Scalar(scale), Scalar(1 - beta1), Scalar(1 - beta2), Scalar(epsilon))
      case .adamax(let beta1, let beta2, let epsilon):
        let scale = rate / (1 - OptimizerSpec.power(single(beta1), step))
        Loops.adamax(w, g, slot("momentum", index), slot("norm", index), Scalar(scale), Scalar(1 - beta1), Scalar(beta2), Scalar(epsilon))
      case .nadam(let stated1, let stated2, let epsilon):
        let (beta1, beta2) = (single(stated1), single(stated2))
        let now = OptimizerSpec.nadamMomentum(beta1, step, decay: single(0.96))
        let next = OptimizerSpec.nadamMomentum(beta1, step + 1, decay: single(0.96))
        Loops.nadam(
          w, g, slot("momentum", index), slot("velocity", index), lr, Scalar(1 - beta1), Scalar(1 - beta2),
          Scalar(next / (1 - momentumProduct * next)), Scalar((1 - now) / (1 - momentumProduct)),
          Scalar(1 / (1 - OptimizerSpec.power(beta2, step))), Scalar(epsilon))
      case .adagrad(_, let epsilon): Loops.adagrad(w, g, slot("accumulator", index), lr, Scalar(epsilon))
      case .adadelta(let rho, let epsilon):
        Loops.adadelta(w, g, slot("accumulated_grad", index), slot("accumulated_delta_var", index), lr, Scalar(rho), Scalar(epsilon))
      case .lion(let beta1, let beta2): Loops.lion(w, g, slot("momentum", index), lr, rounded(beta1), rounded(beta2))
      }
    }
  }

  /// A constant as Keras casts it, which rounds it to single precision whatever the weights have. Constants that Keras does not cast
  /// (1 − β of the averages, ρ) are exact.
  private func single(_ constant: Double) -> Double { Double(Float(constant)) }

  private func rounded(_ constant: Double) -> Scalar { Scalar(Float(constant)) }
}
