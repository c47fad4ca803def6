import LSTMModel
import Testing

@testable import LSTMRuntime64

@Suite struct CTCTests {
  static let steps = 5
  static let classes = 4

  static let labels: [[Double]] = [[], [1], [1, 2], [2, 2], [1, 2, 1], [3, 3, 3], [1, 2, 3, 1, 2], [1, 1, -1, 2], [2, 2, 2, 2]]

  /// The sum over all paths, one by one.
  private func enumerated(_ logits: [Double], _ labels: [Double], _ steps: Int) -> Double {
    var wanted: [Int] = []
    for label in labels {
      if label < 0 { break }
      wanted.append(Int(label))
    }
    var total = 0.0
    let count = (0..<steps).reduce(1) { product, _ in product * CTCTests.classes }
    for number in 0..<count {
      var rest = number
      var meaning: [Int] = []
      var last = 0
      var probability = 1.0
      for step in 0..<steps {
        let label = rest % CTCTests.classes
        rest /= CTCTests.classes
        if label != 0, label != last { meaning.append(label) }
        last = label
        let row = logits[step * CTCTests.classes..<(step + 1) * CTCTests.classes].map { Functions.exp($0) }
        probability *= row[label] / row.reduce(0, +)
      }
      if meaning == wanted { total += probability }
    }
    return -Functions.log(total)
  }

  @Test(arguments: labels, [5, 3]) func `the loss is the sum over all paths, the gradient its derivative`(_ labels: [Double], _ real: Int) throws {
    var random = CounterRandom(seed: 3, stream: 0)
    let logits = try Numbers((0..<CTCTests.steps * CTCTests.classes).map { _ in 3 * random.normal() })
    let target = try Numbers(labels)
    let gradient = try Numbers(logits.floats.array)
    func loss(_ gradient: Floats?) -> Double {
      LSTMRuntime64.CTC.evaluate(
        logits.floats, target.floats.slice(0, labels.count), steps: CTCTests.steps, realSteps: real, classes: CTCTests.classes, weight: 1.5,
        gradient: gradient)
    }
    let value = loss(gradient.floats)
    let expected = enumerated(logits.floats.array, labels, real)
    guard expected.isFinite else {
      #expect(value == .infinity && gradient.floats.array.allSatisfy { $0 == 0 })
      return
    }
    #expect(abs(value - expected) < 1e-10)
    for index in 0..<logits.floats.count {
      let old = logits.floats[index]
      logits.floats[index] = old + 1e-4
      let above = loss(nil)
      logits.floats[index] = old - 1e-4
      let below = loss(nil)
      logits.floats[index] = old
      #expect(abs(1.5 * (above - below) / 2e-4 - gradient.floats[index]) < 1e-7)
    }
  }
}
