import LSTMModel

/// Gathers a metric over batches: sums now, the value when asked. Rows have weights; without sample weights they are 1, or the mask.
final class Metric {
  /// What is measured.
  let spec: MetricSpec
  private let kind: MetricSpec.Kind
  private let width: Int
  private let targetWidth: Int
  private let loss: LossFunction?
  private var total = 0.0
  private var count = 0.0
  private var confusion = [0.0, 0.0, 0.0, 0.0]
  /// For the area under a curve: weights of the true and the false by the highest threshold that their prediction exceeds.
  private var histogram: (true: [Double], false: [Double]) = ([], [])
  /// For the coefficient of determination: Σw, and for each number Σwy, Σwy², Σw(y − p)².
  private var moments: [[Double]] = []

  /// A metric for predictions of `width` numbers in a row and targets of `targetWidth`.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` if they do not fit.
  init(_ spec: MetricSpec, width: Int, targetWidth: Int, generation: KerasGeneration) throws(LSTMError) {
    self.spec = spec
    self.width = width
    self.targetWidth = targetWidth
    kind = Metric.resolved(spec.kind, width, targetWidth)
    switch kind {
    case .loss(let loss), .negativeLoss(let loss): self.loss = try LossFunction(loss, width: width, generation: generation)
    default: loss = nil
    }
    let needed: Int
    switch kind {
    case .categoricalAccuracy(true), .topK(_, true): needed = 1
    default: needed = loss?.targetWidth ?? width
    }
    guard needed == targetWidth else {
      throw .shape("the metric ‘\(spec.name)’ needs targets whose last dimension is \(needed); it is \(targetWidth)")
    }
    if case .confusion(_, _, let index?) = kind, index >= width {
      throw .shape("the metric ‘\(spec.name)’ is of class \(index); the predictions have \(width) classes")
    }
    reset()
  }

  /// Starts anew.
  func reset() {
    total = 0
    count = 0
    confusion = [0, 0, 0, 0]
    moments = [[0], [Double](repeating: 0, count: width), [Double](repeating: 0, count: width), [Double](repeating: 0, count: width)]
    if case .areaUnderCurve(let thresholds, _, _, _) = kind {
      histogram = ([Double](repeating: 0, count: thresholds + 1), [Double](repeating: 0, count: thresholds + 1))
    }
  }

  /// Takes note of rows. `weights [rows]`; nil for ones.
  func update(_ prediction: Floats, _ target: Floats, rows: Int, weights: Floats?) {
    let binary = loss?.hasBinaryLabels(target, rows: rows) ?? false
    for row in 0..<rows {
      let weight = weight(weights, row)
      guard weight != 0 else { continue }
      update(prediction.slice(row * width, width), target.slice(row * targetWidth, targetWidth), weight, binary)
    }
  }

  /// The value over all rows so far; 0 without any.
  var value: Double {
    let mean = count == 0 ? 0 : total / count
    switch kind {
    case .rootMeanSquaredError: return mean.squareRoot()
    case .negativeLoss: return -mean
    case .confusion(let what, _, _): return Metric.value(what, confusion)
    case .areaUnderCurve(_, let curve, let summation, _): return Curves.area(histogram.true, histogram.false, curve, summation)
    case .determination: return determination
    default: return mean
    }
  }

  /// The sums behind the value, for checkpoints. Only what this metric gave itself may be set.
  var state: [Double] {
    get { [total, count] + confusion + histogram.true + histogram.false + moments.flatMap { $0 } }
    set {
      guard newValue.count == state.count else { return }
      var rest = newValue[...]
      func take(_ count: Int) -> [Double] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
      }
      (total, count) = (take(1)[0], take(1)[0])
      confusion = take(4)
      histogram = (take(histogram.true.count), take(histogram.false.count))
      moments = moments.map { take($0.count) }
    }
  }

  private func weight(_ weights: Floats?, _ row: Int) -> Double { weights.map { Double($0[row]) } ?? 1 }

  private func update(_ p: Floats, _ y: Floats, _ weight: Double, _ binaryLabels: Bool) {
    switch kind {
    case .loss, .negativeLoss:
      add(loss?.value(p, y, binaryLabels: binaryLabels) ?? 0, weight)
    case .binaryAccuracy(let threshold):
      let hits = (0..<width).reduce(0.0) { $0 + ((Double(p[$1]) > threshold) == (y[$1] != 0) ? 1 : 0) }
      add(hits / Double(width), weight)
    case .categoricalAccuracy(let sparse): add(Metric.largest(p) == (sparse ? Int(exactly: y[0]) : Metric.largest(y)) ? 1 : 0, weight)
    case .topK(let k, let sparse):
      let label = sparse ? Int(exactly: y[0]) ?? -1 : Metric.largest(y)
      guard 0..<width ~= label, p[label].isFinite else { return add(0, weight) }
      add((0..<width).filter { p[$0] > p[label] }.count < k ? 1 : 0, weight)
    case .equality:
      let hits = (0..<width).reduce(0.0) { $0 + (p[$1] == y[$1] ? 1 : 0) }
      add(hits / Double(width), weight)
    case .rootMeanSquaredError:
      for index in 0..<width {
        let error = Double(p[index]) - Double(y[index])
        add(error * error, weight)
      }
    case .determination:
      moments[0][0] += weight
      for index in 0..<width {
        let (a, b) = (Double(y[index]), Double(p[index]))
        moments[1][index] += weight * a
        moments[2][index] += weight * a * a
        moments[3][index] += weight * (a - b) * (a - b)
      }
    case .confusion(_, let threshold, let index):
      for place in index.map({ $0...$0 }) ?? 0...(width - 1) {
        let positive = Double(p[place]) > threshold
        confusion[y[place] != 0 ? (positive ? 0 : 3) : (positive ? 2 : 1)] += weight
      }
    case .areaUnderCurve(let thresholds, _, _, let fromLogits):
      for place in 0..<width {
        let given = Double(p[place])
        let bin = Curves.bin(fromLogits ? Functions.sigmoid(given) : given, thresholds)
        if y[place] != 0 { histogram.true[bin] += weight } else { histogram.false[bin] += weight }
      }
    // Resolved to others before.
    case .accuracy, .crossentropy: break
    }
  }

  private func add(_ value: Double, _ weight: Double) {
    total += value * weight
    count += weight
  }

  private var determination: Double {
    let weight = moments[0][0]
    guard weight > 0 else { return 0 }
    let scores = (0..<width).map { index -> Double in
      let spread = moments[2][index] - moments[1][index] * moments[1][index] / weight
      return spread == 0 ? 0 : 1 - moments[3][index] / spread
    }
    return scores.reduce(0, +) / Double(width)
  }

  private static func value(_ what: MetricSpec.Confusion, _ counts: [Double]) -> Double {
    let (hit, rest, false_, missed) = (counts[0], counts[1], counts[2], counts[3])
    func ratio(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }
    switch what {
    case .truePositives: return hit
    case .trueNegatives: return rest
    case .falsePositives: return false_
    case .falseNegatives: return missed
    case .precision: return ratio(hit, hit + false_)
    case .recall: return ratio(hit, hit + missed)
    case .f1: return ratio(2 * hit, 2 * hit + false_ + missed)
    }
  }

  /// The first of the largest numbers.
  private static func largest(_ x: Floats) -> Int {
    var best = 0
    for index in 0..<x.count where x[index] > x[best] { best = index }
    return best
  }

  /// What `accuracy` and `crossentropy` mean for these shapes, as in Keras.
  private static func resolved(_ kind: MetricSpec.Kind, _ width: Int, _ targetWidth: Int) -> MetricSpec.Kind {
    let isBinary = width == 1
    let isSparse = targetWidth == 1 && !isBinary
    switch kind {
    case .accuracy: return isBinary ? .binaryAccuracy(threshold: 0.5) : .categoricalAccuracy(sparse: isSparse)
    case .crossentropy:
      let loss: LossSpec.Kind =
        isBinary
        ? .binaryCrossentropy(fromLogits: false, labelSmoothing: 0)
        : isSparse
          ? .sparseCategoricalCrossentropy(fromLogits: false, ignored: nil) : .categoricalCrossentropy(fromLogits: false, labelSmoothing: 0)
      return .loss(LossSpec(loss, name: "crossentropy"))
    default: return kind
    }
  }
}
