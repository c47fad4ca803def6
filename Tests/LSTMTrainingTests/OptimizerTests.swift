import LSTMModel
import Testing

@testable import LSTMFormats
@testable import LSTMRuntime64

@Suite struct `Optimizers` {
  @Test func `the manifest lists the series that these tests follow`() { #expect(TrainingFixtures.series.count > 30) }

  @Test(arguments: TrainingFixtures.series) func `steps are those of Keras`(_ series: TrainingFixtures.Series) throws {
    let content = try TrainingFixtures.content(series)
    let config = try JSON(content.config, what: "the configuration")
    let object = JSON.object([
      .init(name: "class_name", value: config["class_name"] ?? .null), .init(name: "config", value: config["full"] ?? .null),
    ])
    let spec = try TrainingConfig.optimizer(object.text)
    let optimizer = try Optimizer(
      spec, shapes: content.shapes, rules: content.shapes.map { _ in WeightRules() },
      generation: series.file.contains(".k2.") ? .keras2 : .keras3)
    let weights = try Numbers(content.initial)
    let gradients = try Numbers(content.initial)
    var steps = content.steps[...]
    for (number, gradient) in zip(1..., content.gradients) {
      gradients.floats.copy(from: gradient)
      optimizer.update(weights.parts(content.shapes), gradients.parts(content.shapes))
      guard let step = steps.first, step.number == number else { continue }
      steps.removeFirst()
      let worst = zip(weights.floats.array, step.weights).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(worst <= TrainingFixtures.Series.tolerance, "step \(number): \(worst)")
    }
    #expect(steps.isEmpty)
  }

  /// Every rule, with options away from their defaults.
  static let rules: [String] = [
    #"{"class_name": "SGD", "config": {"learning_rate": 0.1, "momentum": 0.7, "nesterov": true, "weight_decay": 0.01}}"#,
    #"{"class_name": "RMSprop", "config": {"momentum": 0.3, "centered": true, "clipnorm": 0.5}}"#,
    #"{"class_name": "Adam", "config": {"amsgrad": true, "global_clipnorm": 0.5, "use_ema": true, "ema_overwrite_frequency": 3}}"#,
    #"{"class_name": "Custom>AdamW", "config": {"gradient_accumulation_steps": 2}}"#, "adamax", "nadam", "adagrad", "adadelta", "Lion",
  ]

  @Test(arguments: rules) func `a run that is interrupted goes on as if it were not`(_ text: String) throws {
    let spec = try TrainingConfig.optimizer(text)
    let shapes: [Shape] = [[3, 4], [5]]
    func make() throws -> Optimizer {
      try Optimizer(spec, shapes: shapes, rules: shapes.map { _ in WeightRules() }, generation: .keras3)
    }
    func gradient(_ step: Int) -> [Double] { (0..<17).map { Double(($0 * 7 + step * 5) % 11) / 5 - 1 } }
    let whole = try make()
    let one = try Numbers(gradient(99))
    let two = try Numbers(gradient(99))
    let given = try Numbers(gradient(0))
    for step in 0..<7 {
      given.floats.copy(from: gradient(step))
      whole.update(one.parts(shapes), given.parts(shapes))
    }
    var current = try make()
    for step in 0..<7 {
      if step == 4 {
        let resumed = try make()
        resumed.resume(at: current.iteration)
        for (to, from) in zip(resumed.slots, current.slots) { to.values.copy(from: from.values) }
        current = resumed
      }
      given.floats.copy(from: gradient(step))
      current.update(two.parts(shapes), given.parts(shapes))
    }
    #expect(one.floats.array == two.floats.array)
    #expect(one.floats.array != gradient(99))
  }

  @Test func `state is listed in the order of Keras' files`() throws {
    func kinds(_ text: String, _ generation: KerasGeneration) throws -> [String] {
      let optimizer = try Optimizer(
        try TrainingConfig.optimizer(text), shapes: [[2], [3]], rules: [WeightRules(), WeightRules()], generation: generation)
      return optimizer.slots.map { "\($0.kind) \($0.weight)" }
    }
    #expect(try kinds("adam", .keras3) == ["momentum 0", "velocity 0", "momentum 1", "velocity 1"])
    #expect(
      try kinds(#"{"class_name": "AdamW", "config": {"amsgrad": true, "use_ema": true}}"#, .keras3) == [
        "average 0", "average 1", "momentum 0", "velocity 0", "momentum 1", "velocity 1", "velocity_hat 0", "velocity_hat 1",
      ])
    #expect(
      try kinds(#"{"class_name": "RMSprop", "config": {"momentum": 0.5, "centered": true}}"#, .keras3) == [
        "velocity 0", "velocity 1", "momentum 0", "momentum 1", "average_gradient 0", "average_gradient 1",
      ])
    #expect(try kinds("sgd", .keras3) == [] && kinds("sgd", .keras2) == ["momentum 0", "momentum 1"])
  }

  @Test func `clipping follows Keras' three ways`() throws {
    func clipped(_ option: String, _ numbers: [Double]) throws -> [Double] {
      let spec = try TrainingConfig.optimizer(#"{"class_name": "SGD", "config": {"learning_rate": 1.0, "\#(option)": 1.0}}"#)
      let shapes: [Shape] = [[2], [1]]
      let optimizer = try Optimizer(spec, shapes: shapes, rules: shapes.map { _ in WeightRules() }, generation: .keras3)
      let weights = try Numbers([0, 0, 0])
      #expect(optimizer.update(weights.parts(shapes), try Numbers(numbers).parts(shapes)) == 13)
      return weights.floats.array.map { -$0 }
    }
    #expect(try clipped("clipvalue", [3, -4, 12]) == [1, -1, 1])
    #expect(try zip(clipped("clipnorm", [3, -4, 12]), [0.6, -0.8, 1]).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(try zip(clipped("global_clipnorm", [3, -4, 12]), [3 / 13, -4 / 13, 12 / 13]).allSatisfy { abs($0 - $1) < 1e-15 })
  }

  @Test(arguments: [
    "speedy", #"{"class_name": "Adam", "config": {"beta_3": 0.5}}"#, #"{"class_name": "SGD", "config": {"clipnorm": 1.0, "clipvalue": 1.0}}"#,
    #"{"class_name": "Adam", "config": {"beta_1": 1.5}}"#, #"{"class_name": "Adam", "config": {"learning_rate": "fast"}}"#,
    #"{"class_name": "SGD", "config": {"learning_rate": {"class_name": "CosineDecay", "config": {"initial_learning_rate": 1.0, "decay_steps": 0}}}}"#,
    #"{"class_name": "Adam", "module": "mine", "config": {}}"#,
  ]) func `what makes no sense is refused by name`(_ text: String) { #expect(throws: LSTMError.self) { try TrainingConfig.optimizer(text) } }
}
