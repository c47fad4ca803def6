import LSTMModel

/// How far a fit has come: all that going on with it depends on besides weights and optimizer.
struct FitState {
  /// Epochs that are complete, and batches of the present one.
  var epoch = 0
  var batch = 0
  /// Rows of the present epoch so far, and the values' sums over them.
  var rows = 0.0
  var sums: [Double] = []
  /// One row for each complete epoch.
  var history: [[Double]] = []
  /// The best value so far, epochs since then, and the weights of that epoch.
  var best: Double?
  var wait = 0
  var bestWeights: [Values]?

  /// The values' means over the present epoch so far.
  var means: [Double] { sums.map { rows > 0 ? $0 / rows : $0 } }

  /// Takes note of a batch.
  mutating func add(_ values: [Double], rows count: Int) {
    if sums.isEmpty { sums = values.map { _ in 0 } }
    for (index, value) in values.enumerated() where index < sums.count { sums[index] += value * Double(count) }
    rows += Double(count)
    batch += 1
  }

  /// Closes the epoch.
  mutating func close(_ row: [Double]) {
    history.append(row)
    epoch += 1
    batch = 0
    rows = 0
    sums = []
  }
}
