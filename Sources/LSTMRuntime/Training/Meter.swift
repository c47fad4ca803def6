import LSTMModel

/// The metrics of one output, gathered over batches.
final class Meter {
  /// Names in the history.
  let names: [String]
  private let metrics: [Metric]
  private let weighted: [Metric]
  private var arena: Arena?
  private var weights: Floats?

  /// The metrics that a specification states for output `index`.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` if one does not fit, ``LSTMError/unsupported(_:)`` for an output without a loss of rows.
  init(_ spec: TrainingSpec, output index: Int, of model: Model) throws(LSTMError) {
    let port = model.outputs[index]
    let width = model.shape(of: port.value).last
    let stated = (spec.metrics[index], spec.weightedMetrics[index])
    let prefix = model.outputs.count > 1 ? port.name + "_" : ""
    names = (stated.0 + stated.1).map { prefix + $0.name }
    guard !names.isEmpty else {
      (metrics, weighted) = ([], [])
      return
    }
    guard let loss = spec.losses[index], loss.kind != .ctc else {
      throw .unsupported("output ‘\(port.name)’ has metrics, and no loss that tells what its targets are")
    }
    var made: [[Metric]] = [[], []]
    do throws(LSTMError) {
      for (place, list) in [stated.0, stated.1].enumerated() {
        for one in list {
          made[place].append(try Metric(one, width: width, targetWidth: try loss.targetWidth(for: width), generation: model.generation))
        }
      }
    } catch {
      throw error.at("output ‘\(port.name)’")
    }
    (metrics, weighted) = (made[0], made[1])
  }

  /// Forgets all batches.
  func reset() { for metric in metrics + weighted { metric.reset() } }

  /// What the metrics are over all batches since the reset.
  var values: [Double] { (metrics + weighted).map(\.value) }

  /// The sums behind the values, for checkpoints.
  var state: [[Double]] {
    get { (metrics + weighted).map(\.state) }
    set { for (metric, state) in zip(metrics + weighted, newValue) { metric.state = state } }
  }

  /// Takes note of a batch.
  func update(_ output: Tensor, _ target: Tensor, samples: Tensor?, mask: Tensor?) throws(LSTMError) {
    guard !names.isEmpty, output.values.count > 0 else { return }
    let rows = output.values.count / output.last
    update(metrics, output, target, rows, try rowWeights(rows, output.shape[0], nil, mask))
    update(weighted, output, target, rows, try rowWeights(rows, output.shape[0], samples, mask))
  }

  private func update(_ list: [Metric], _ output: Tensor, _ target: Tensor, _ rows: Int, _ weights: Floats?) {
    for metric in list { metric.update(output.values, target.values, rows: rows, weights: weights) }
  }

  /// Sample weights times mask; nil for ones.
  private func rowWeights(_ rows: Int, _ batch: Int, _ samples: Tensor?, _ mask: Tensor?) throws(LSTMError) -> Floats? {
    guard samples != nil || mask != nil else { return nil }
    if weights.map({ $0.count != rows }) ?? true {
      let arena = try Arena(capacity: rows, for: "weights of samples")
      self.arena = arena
      weights = arena.floats(at: 0, rows)
    }
    guard let weights else { return nil }
    let steps = max(rows / max(batch, 1), 1)
    for row in 0..<rows {
      var weight = mask.map { $0.values.count == rows ? $0.values[row] : 1 } ?? 1
      if let samples { weight *= samples.values[samples.values.count == rows ? row : row / steps] }
      weights[row] = weight
    }
    return weights
  }
}
