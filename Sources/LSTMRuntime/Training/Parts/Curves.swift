import LSTMModel

/// Areas under curves of thresholds, summed as Keras' AUC does.
enum Curves {
  /// How many thresholds a prediction exceeds, of `count`: just below 0, then equally spaced, the last just above 1.
  static func bin(_ prediction: Double, _ count: Int) -> Int {
    guard !prediction.isNaN else { return 0 }
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if prediction > threshold(middle, count) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func threshold(_ index: Int, _ count: Int) -> Double {
    index == 0 ? -LossSpec.epsilon : index == count - 1 ? 1 + LossSpec.epsilon : Double(index) / Double(count - 1)
  }

  /// The area, from the weights of true and false rows by the number of thresholds that they exceed.
  static func area(_ trues: [Double], _ falses: [Double], _ curve: MetricSpec.Curve, _ summation: MetricSpec.Summation) -> Double {
    let count = trues.count - 1
    guard count >= 2 else { return 0 }
    // What is above threshold t exceeds t + 1 thresholds or more.
    var hits = [Double](repeating: 0, count: count)
    var alarms = hits
    var (hit, alarm) = (0.0, 0.0)
    for index in stride(from: count - 1, through: 0, by: -1) {
      hit += trues[index + 1]
      alarm += falses[index + 1]
      hits[index] = hit
      alarms[index] = alarm
    }
    let positives = trues.reduce(0, +)
    let negatives = falses.reduce(0, +)
    func ratio(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }
    if curve == .pr, summation == .interpolation { return precisionRecall(hits, alarms, positives) }
    let x = curve == .roc ? alarms.map { ratio($0, negatives) } : hits.map { ratio($0, positives) }
    let y = curve == .roc ? hits.map { ratio($0, positives) } : zip(hits, alarms).map { ratio($0, $0 + $1) }
    var area = 0.0
    for index in 0..<(count - 1) {
      let height: Double
      switch summation {
      case .interpolation: height = (y[index] + y[index + 1]) / 2
      case .minoring: height = min(y[index], y[index + 1])
      case .majoring: height = max(y[index], y[index + 1])
      }
      area += (x[index] - x[index + 1]) * height
    }
    return area
  }

  /// Source: Davis & Goadrich 2006, as in Keras' AUC.interpolate_pr_auc.
  private static func precisionRecall(_ hits: [Double], _ alarms: [Double], _ positives: Double) -> Double {
    var area = 0.0
    for index in 0..<(hits.count - 1) {
      let change = hits[index] - hits[index + 1]
      let all = hits[index] + alarms[index]
      let next = hits[index + 1] + alarms[index + 1]
      let slope = all == next ? 0 : change / max(all - next, 0)
      let intercept = hits[index + 1] - slope * next
      let ratio = all > 0 && next > 0 ? all / next : 1
      area += positives > 0 ? slope * (change + intercept * Functions.log(ratio)) / max(positives, 0) : 0
    }
    return area
  }
}
