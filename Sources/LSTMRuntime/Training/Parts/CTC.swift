import LSTMModel

/// Connectionist temporal classification: −log of the probability of all paths that mean the labels. The blank is class 0.
///
/// - Source: Graves, Fernández, Gomez, Schmidhuber: Connectionist temporal classification. ICML 2006; computed with logarithms.
enum CTC {
  /// Refuses labels that are no classes.
  static func check(_ labels: Floats, classes: Int) throws(LSTMError) {
    for index in 0..<labels.count {
      let value = labels[index]
      guard value < 0 || value >= 1 && value < Scalar(classes) && value == value.rounded() else {
        throw .argument("a label of CTC is \(value); expected 1 to \(classes - 1), or a number below 0 after the last (0 is the blank)")
      }
    }
  }

  /// The loss of one sequence, and its gradient by the logits times `weight`. A label sequence that does not fit into the steps has an
  /// infinite loss and no gradient.
  ///
  /// - Shapes: `logits`, `gradient [steps, classes]`, of which the first `realSteps` count; `labels [any]`, ended by a number below 0.
  static func evaluate(
    _ logits: Floats, _ labels: Floats, steps: Int, realSteps: Int, classes: Int, weight: Scalar, gradient: Floats?
  ) -> Double {
    gradient?.fill(0)
    var extended = [0]
    for index in 0..<labels.count {
      guard labels[index] >= 0, let label = Int(exactly: labels[index]), label < classes else { break }
      extended += [label, 0]
    }
    let count = extended.count
    guard realSteps > 0, realSteps <= steps else { return count == 1 ? 0 : .infinity }
    let logs = logProbabilities(logits, realSteps, classes)
    let forward = pass(logs, extended, realSteps, classes, backwards: false)
    let last = (realSteps - 1) * count
    let total = count > 1 ? Functions.logSum(forward[last + count - 1], forward[last + count - 2]) : forward[last]
    guard let gradient, total > -.infinity else { return -total }
    let backward = pass(logs, extended, realSteps, classes, backwards: true)
    for step in 0..<realSteps {
      var byClass = [Double](repeating: -.infinity, count: classes)
      for place in 0..<count {
        // Both passes hold the step's own probability.
        let both = forward[step * count + place] + backward[step * count + place] - logs[step * classes + extended[place]]
        byClass[extended[place]] = Functions.logSum(byClass[extended[place]], both)
      }
      for label in 0..<classes {
        let probability = Functions.exp(logs[step * classes + label])
        let share = byClass[label] == -.infinity ? 0 : Functions.exp(byClass[label] - total)
        gradient[step * classes + label] = Scalar(Double(weight) * (probability - share))
      }
    }
    return -total
  }

  private static func logProbabilities(_ logits: Floats, _ steps: Int, _ classes: Int) -> [Double] {
    var logs = [Double](repeating: 0, count: steps * classes)
    for step in 0..<steps {
      var most = -Double.infinity
      for label in 0..<classes { most = max(most, Double(logits[step * classes + label])) }
      var sum = 0.0
      for label in 0..<classes { sum += Functions.exp(Double(logits[step * classes + label]) - most) }
      let total = most + Functions.log(sum)
      for label in 0..<classes { logs[step * classes + label] = Double(logits[step * classes + label]) - total }
    }
    return logs
  }

  /// log of the sum over all partial paths to (from) each place, the place's own step included.
  private static func pass(_ logs: [Double], _ extended: [Int], _ steps: Int, _ classes: Int, backwards: Bool) -> [Double] {
    let count = extended.count
    let way = backwards ? -1 : 1
    let first = backwards ? count - 1 : 0
    var table = [Double](repeating: -.infinity, count: steps * count)
    for number in 0..<steps {
      let step = backwards ? steps - 1 - number : number
      for place in 0..<count {
        var sum = -Double.infinity
        if number == 0 {
          // A path begins (ends) at the outermost blank or label.
          if place == first || place == first + way { sum = 0 }
        } else {
          let before = (step - way) * count
          sum = table[before + place]
          let one = place - way
          if extended.indices.contains(one) { sum = Functions.logSum(sum, table[before + one]) }
          let two = place - 2 * way
          if extended.indices.contains(two), extended[place] != 0, extended[place] != extended[two] {
            sum = Functions.logSum(sum, table[before + two])
          }
        }
        table[step * count + place] = sum + logs[step * classes + extended[place]]
      }
    }
    return table
  }
}
