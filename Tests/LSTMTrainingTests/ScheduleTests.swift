import LSTMModel
import Testing

@testable import LSTMFormats
@testable import LSTMRuntime64

@Suite struct `Schedules and rules` {
  /// A schedule, and its rate at some steps by plain formulas.
  static let rates: [(String, [(Int, Double)])] = [
    (
      #"{"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.25}}"#,
      [(0, 0.1), (5, 0.05), (10, 0.025), (20, 0.00625)]
    ),
    (
      #"{"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": true}}"#,
      [(9, 0.1), (10, 0.05), (29, 0.025)]
    ),
    (
      #"{"class_name": "PiecewiseConstantDecay", "config": {"boundaries": [3, 6], "values": [1.0, 0.5, 0.1], "name": null}}"#,
      [(0, 1), (3, 1), (4, 0.5), (6, 0.5), (7, 0.1), (100, 0.1)]
    ),
    (
      #"{"class_name": "PolynomialDecay", "config": {"initial_learning_rate": 1.0, "decay_steps": 10, "end_learning_rate": 0.0, "power": 2.0}}"#,
      [(0, 1), (5, 0.25), (10, 0), (15, 0)]
    ),
    (
      #"{"class_name": "PolynomialDecay", "config": {"initial_learning_rate": 1.0, "decay_steps": 10, "end_learning_rate": 0.0, "cycle": true}}"#,
      [(0, 1), (5, 0.5), (15, 0.25)]
    ),
    (
      #"{"class_name": "InverseTimeDecay", "config": {"initial_learning_rate": 1.0, "decay_steps": 2, "decay_rate": 0.5}}"#,
      [(0, 1), (4, 0.5), (5, 1 / 2.25)]
    ),
    (
      #"{"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.0, "decay_steps": 10, "warmup_target": 1.0, "warmup_steps": 4, "alpha": 0.1}}"#,
      [(0, 0), (2, 0.5), (4, 1), (9, 0.55), (14, 0.1), (99, 0.1)]
    ),
    (#"{"class_name": "CosineDecay", "config": {"initial_learning_rate": 2.0, "decay_steps": 4}}"#, [(0, 2), (2, 1), (4, 0)]),
    (
      #"{"class_name": "CosineDecayRestarts", "config": {"initial_learning_rate": 1.0, "first_decay_steps": 4, "t_mul": 2.0, "m_mul": 0.5}}"#,
      [(0, 1), (2, 0.5), (4, 0.5), (8, 0.25), (12, 0.25), (20, 0.125)]
    ),
    (
      #"{"class_name": "CosineDecayRestarts", "config": {"initial_learning_rate": 1.0, "first_decay_steps": 4, "t_mul": 1.0}}"#,
      [(2, 0.5), (4, 1), (6, 0.5)]
    ),
  ]

  @Test(arguments: rates) func `rates are those of the formulas`(_ text: String, _ points: [(Int, Double)]) throws {
    let spec = try TrainingConfig.optimizer(#"{"class_name": "SGD", "config": {"learning_rate": \#(text)}}"#)
    for (step, rate) in points { #expect(abs(spec.learningRate.rate(at: step) - rate) < 1e-15, "step \(step)") }
  }

  @Test func `the rate falls when a loss stays on a plateau`() throws {
    var plateau = try TrainingConfig.plateau(
      #"{"class_name": "ReduceLROnPlateau", "config": {"factor": 0.5, "patience": 2, "cooldown": 1, "min_lr": 0.3}}"#)
    var rate = 1.0
    var rates: [Double] = []
    for loss in [1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1] {
      rate = plateau.rate(after: loss, rate)
      rates.append(rate)
    }
    #expect(rates == [1, 1, 1, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3])
    var copy = Plateau()
    copy.state = plateau.state
    #expect(copy.state == plateau.state)
  }

  @Test(arguments: [
    "L1", "l2", "l1_l2", #"{"class_name": "OrthogonalRegularizer", "config": {"factor": 0.3}}"#,
    #"{"class_name": "OrthogonalRegularizer", "config": {"factor": 0.3, "mode": "columns"}}"#,
  ])
  func `penalties have the gradients of their values`(_ text: String) throws {
    let json = text.hasPrefix("{") ? try JSON(text, what: "a test") : .string(text)
    let rule = try WeightRulesConfig.regularizer(json, "kernel_regularizer", "a test")
    var random = CounterRandom(seed: 2, stream: 0)
    let w = try Numbers((0..<12).map { _ in random.normal() })
    let gradient = try Numbers([Double](repeating: 0, count: 12))
    let value = rule.add(w.floats, [3, 4], to: gradient.floats)
    #expect(value > 0)
    for index in 0..<12 {
      let old = w.floats[index]
      w.floats[index] = old + 1e-5
      let above = rule.add(w.floats, [3, 4], to: nil)
      w.floats[index] = old - 1e-5
      let below = rule.add(w.floats, [3, 4], to: nil)
      w.floats[index] = old
      #expect(abs((above - below) / 2e-5 - gradient.floats[index]) < 1e-8)
    }
  }

  @Test func `constraints project along their axes`() throws {
    func projected(_ text: String, _ numbers: [Double], _ shape: Shape) throws -> [Double] {
      let json = text.hasPrefix("{") ? try JSON(text, what: "a test") : .string(text)
      let weight = try Numbers(numbers)
      try WeightRulesConfig.constraint(json, "kernel_constraint", "a test").apply(to: weight.floats, shape)
      return weight.floats.array
    }
    func near(_ a: [Double], _ b: [Double]) -> Bool { zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 } }
    #expect(try projected("non_neg", [1, -2, 3], [3]) == [1, 0, 3])
    #expect(try near(projected("unit_norm", [3, 1, 4, 0], [2, 2]), [0.6, 1, 0.8, 0]))
    #expect(
      try near(projected(#"{"class_name": "MaxNorm", "config": {"max_value": 1, "axis": 1}}"#, [3, 4, 0.3, 0.4], [2, 2]), [0.6, 0.8, 0.3, 0.4]))
    #expect(
      try near(
        projected(
          #"{"class_name": "MinMaxNorm", "config": {"min_value": 1.0, "max_value": 2.0, "rate": 0.5, "axis": 0}}"#, [3, 0.3, 4, 0.4], [2, 2]),
        [3 * 0.7, 0.45, 4 * 0.7, 0.6]))
  }
}
