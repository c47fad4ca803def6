import LSTMModel
import Testing

@testable import LSTMFormats
@testable import LSTMRuntime64

@Suite struct `Losses` {
  /// Rows of targets and predictions in the range that a loss is made for.
  enum Range: Sendable { case any, positive, probability, distribution, classes, labels }

  /// A loss, its targets and its predictions.
  struct Case: Sendable, CustomStringConvertible {
    var text: String
    var target: Range
    var prediction: Range
    var generation = KerasGeneration.keras3

    var description: String { "\(text) \(generation)" }

    init(_ text: String, _ target: Range, _ prediction: Range, _ generation: KerasGeneration = .keras3) {
      (self.text, self.target, self.prediction, self.generation) = (text, target, prediction, generation)
    }
  }

  static func object(_ type: String, _ config: String) -> String { #"{"class_name": "\#(type)", "config": {\#(config)}}"# }

  static let cases: [Case] = [
    Case("mse", .any, .any), Case("mae", .any, .any), Case("mape", .any, .any), Case("msle", .positive, .positive),
    Case("huber", .any, .any), Case(object("Huber", #""delta": 0.3"#), .any, .any), Case("log_cosh", .any, .any),
    Case("poisson", .positive, .positive), Case("KLDivergence", .distribution, .distribution), Case("cosine_similarity", .any, .any),
    Case("hinge", .labels, .any), Case("squared_hinge", .labels, .any), Case("categorical_hinge", .distribution, .any),
    Case("binary_crossentropy", .labels, .probability), Case("binary_crossentropy", .labels, .probability, .keras2),
    Case(object("BinaryCrossentropy", #""from_logits": true, "label_smoothing": 0.2"#), .labels, .any),
    Case("categorical_crossentropy", .distribution, .probability),
    Case(object("CategoricalCrossentropy", #""from_logits": true, "label_smoothing": 0.1"#), .distribution, .any),
    Case("sparse_categorical_crossentropy", .classes, .probability),
    Case(object("SparseCategoricalCrossentropy", #""from_logits": true"#), .classes, .any),
    Case(object("BinaryFocalCrossentropy", #""gamma": 1.5, "apply_class_balancing": true"#), .labels, .probability),
    Case(object("BinaryFocalCrossentropy", #""from_logits": true"#), .labels, .any),
    Case(object("Quantile", #""quantile": 0.9"#), .any, .any), Case(object("Quantile", #""quantiles": [0.1, 0.5]"#), .any, .any),
    Case(object("GaussianNLL", #""full": true"#), .any, .any),
  ]

  static let width = 6
  static let rows = 5

  static func numbers(_ range: Range, _ width: Int, _ random: inout CounterRandom) -> [Double] {
    var result: [Double] = []
    for _ in 0..<rows {
      var row = (0..<width).map { _ in random.uniform() }
      switch range {
      case .any: row = row.map { 4 * $0 - 2 }
      case .positive: row = row.map { 3 * $0 + 0.1 }
      case .probability: row = row.map { 0.9 * $0 + 0.05 }
      case .distribution:
        let sum = row.reduce(0, +)
        row = row.map { $0 / sum }
      case .classes: row = row.map { ($0 * Double(Losses.width)).rounded(.down) }
      case .labels: row = row.map { $0.rounded() }
      }
      result += row
    }
    return result
  }

  @Test(arguments: cases) func `gradients agree with central differences, sign included`(_ test: Case) throws {
    var random = CounterRandom(seed: 11, stream: 0)
    let function = try LossFunction(try TrainingConfig.loss(test.text), width: Losses.width, generation: test.generation)
    let target = try Numbers(Losses.numbers(test.target, function.targetWidth, &random))
    let prediction = try Numbers(Losses.numbers(test.prediction, Losses.width, &random))
    let weights = try Numbers([0.3, 0, 1.7, 0.9, 2])
    let gradient = try Numbers(prediction.floats.array)
    let value = function.evaluate(prediction.floats, target.floats, weights.floats, rows: Losses.rows, gradient: gradient.floats)
    func changed(_ index: Int, _ change: Double) -> Double {
      let old = prediction.floats[index]
      defer { prediction.floats[index] = old }
      prediction.floats[index] = old + change
      return function.evaluate(prediction.floats, target.floats, weights.floats, rows: Losses.rows, gradient: nil)
    }
    #expect(value.isFinite && value == self.value(function, prediction, target, weights))
    // The fourth-order difference has an error of about 1e-12 for these functions.
    let step = 1e-4
    for index in 0..<prediction.floats.count {
      let numeric = (8 * (changed(index, step) - changed(index, -step)) - changed(index, 2 * step) + changed(index, -2 * step)) / (12 * step)
      let scale = max(1, gradient.floats[index].magnitude)
      #expect((gradient.floats[index] - numeric).magnitude <= 2e-9 * scale, "at \(index): \(gradient.floats[index]) and \(numeric)")
    }
  }

  private func value(_ function: LossFunction, _ prediction: Numbers, _ target: Numbers, _ weights: Numbers) -> Double {
    function.evaluate(prediction.floats, target.floats, weights.floats, rows: Losses.rows, gradient: nil)
  }

  @Test(arguments: ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"])
  func `through an activation the gradient is that of the logits`(_ name: String) throws {
    var random = CounterRandom(seed: 12, stream: 0)
    let probabilities = try LossFunction(try TrainingConfig.loss(name), width: Losses.width, generation: .keras3)
    let type = try #require(
      ["binary_crossentropy": "BinaryCrossentropy", "categorical_crossentropy": "CategoricalCrossentropy"][name] ?? "SparseCategoricalCrossentropy")
    let logitsLoss = try LossFunction(
      try TrainingConfig.loss(Losses.object(type, #""from_logits": true"#)), width: Losses.width, generation: .keras3)
    let range: Range = name == "binary_crossentropy" ? .labels : name == "categorical_crossentropy" ? .distribution : .classes
    let target = try Numbers(Losses.numbers(range, probabilities.targetWidth, &random))
    let logits = try Numbers(Losses.numbers(.any, Losses.width, &random))
    let weights = try Numbers([1, 1, 1, 1, 1])
    var outputs = logits.floats.array.map { Functions.exp($0) }
    for row in 0..<Losses.rows {
      let places = row * Losses.width..<(row + 1) * Losses.width
      let sum = outputs[places].reduce(0, +)
      for place in places { outputs[place] = name == "binary_crossentropy" ? outputs[place] / (1 + outputs[place]) : outputs[place] / sum }
    }
    let prediction = try Numbers(outputs)
    let one = try Numbers(outputs)
    let two = try Numbers(outputs)
    let a = probabilities.evaluate(
      prediction.floats, target.floats, weights.floats, rows: Losses.rows, gradient: one.floats, throughActivation: true)
    let b = logitsLoss.evaluate(logits.floats, target.floats, weights.floats, rows: Losses.rows, gradient: two.floats)
    #expect(abs(a - b) < 1e-12)
    #expect(zip(one.floats.array, two.floats.array).allSatisfy { abs($0 - $1) < 1e-14 })
  }

  @Test func `probabilities beyond Keras' clipping have its value and no gradient`() throws {
    let function = try LossFunction(try TrainingConfig.loss("binary_crossentropy"), width: 1, generation: .keras3)
    let gradient = try Numbers([9])
    let value = function.evaluate(
      try Numbers([0]).floats, try Numbers([1]).floats, try Numbers([1]).floats, rows: 1, gradient: gradient.floats)
    #expect(abs(value - 16.118095650958319) < 1e-12 && gradient.floats[0] == 0)
  }

  @Test func `masks and sample weights weigh rows as in Keras`() throws {
    let weights = try Numbers([0, 0, 0, 0, 0, 0])
    RowWeights.fill(weights.floats, batch: 2, steps: 3, samples: nil, mask: try Numbers([1, 1, 0, 1, 0, 0]).floats, .mean)
    // Σ over real rows divided by their number.
    #expect(zip(weights.floats.array, [1, 1, 0, 1, 0, 0]).allSatisfy { abs($0 - $1 / 3) < 1e-7 })
    RowWeights.fill(weights.floats, batch: 2, steps: 3, samples: try Numbers([2, 0.5]).floats, mask: nil, .mean)
    #expect(zip(weights.floats.array, [2, 2, 2, 0.5, 0.5, 0.5]).allSatisfy { abs($0 - $1 / 6) < 1e-15 })
    RowWeights.fill(weights.floats, batch: 2, steps: 3, samples: try Numbers([1, 2, 3, 4, 5, 6]).floats, mask: nil, .weightedMean)
    #expect(zip(weights.floats.array, [1, 2, 3, 4, 5, 6]).allSatisfy { abs($0 - $1 / 21) < 1e-15 })
    RowWeights.fill(weights.floats, batch: 2, steps: 3, samples: nil, mask: try Numbers([0, 0, 0, 0, 0, 0]).floats, .mean)
    #expect(weights.floats.array.allSatisfy { $0 == 0 })
  }

  @Test func `a class that does not exist is refused`() throws {
    let function = try LossFunction(try TrainingConfig.loss("sparse_categorical_crossentropy"), width: 3, generation: .keras3)
    #expect(throws: Never.self) { try function.check(try Numbers([0, 2]).floats, rows: 2) }
    for wrong in [3, -1, 0.5, .nan, .infinity] {
      #expect(throws: LSTMError.self) { try function.check(try Numbers([0, wrong]).floats, rows: 2) }
    }
  }

  @Test(arguments: [
    "mean_of_means", object("Huber", #""delta": -1"#), object("MeanSquaredError", #""shift": 1"#),
    object("CategoricalCrossentropy", #""axis": 0"#), object("MeanSquaredError", #""reduction": "none""#),
  ])
  func `what is unknown is refused by name`(_ text: String) { #expect(throws: LSTMError.self) { try TrainingConfig.loss(text) } }
}
