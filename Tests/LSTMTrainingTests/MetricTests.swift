import LSTMModel
import Testing

@testable import LSTMFormats
@testable import LSTMRuntime64

@Suite struct `Metrics` {
  /// The value of a metric over two batches of rows.
  private func value(
    _ text: String, _ prediction: [[Double]], _ target: [[Double]], weights: [Double]? = nil
  ) throws -> Double {
    let metric = try Metric(
      try TrainingConfig.metric(text), width: prediction[0].count, targetWidth: target[0].count, generation: .keras3)
    let cut = prediction.count / 2
    for range in [0..<cut, cut..<prediction.count] {
      metric.update(
        try Numbers(prediction[range].flatMap { $0 }).floats, try Numbers(target[range].flatMap { $0 }).floats, rows: range.count,
        weights: try weights.map { try Numbers(Array($0[range])).floats })
    }
    let result = metric.value
    metric.reset()
    #expect(metric.value == 0)
    return result
  }

  private func column(_ numbers: [Double]) -> [[Double]] { numbers.map { [$0] } }

  @Test func `accuracy means what shapes say`() throws {
    #expect(try value("accuracy", column([0.9, 0.4, 0.6, 0.5]), column([1, 0, 0, 0])) == 0.75)
    let classes = [[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.5, 0.3, 0.2]]
    #expect(try value("accuracy", classes, column([0, 2, 0, 1])) == 0.5)
    #expect(try value("acc", classes, [[1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]]) == 0.5)
    #expect(try value("sparse_categorical_accuracy", classes, column([0, 2, 0, 1]), weights: [1, 1, 0, 2]) == 0.5)
    #expect(try value(#"{"class_name": "SparseTopKCategoricalAccuracy", "config": {"k": 2}}"#, classes, column([0, 0, 0, 1])) == 0.75)
    #expect(
      try value(#"{"class_name": "BinaryAccuracy", "config": {"threshold": 0.3}}"#, column([0.9, 0.4, 0.6, 0.2]), column([1, 0, 0, 0])) == 0.5)
  }

  @Test func `errors are means over all rows`() throws {
    let p = [[1.0, 2], [3, 4], [0, 0], [1, 1]]
    let y = [[0.0, 2], [3, 1], [2, 0], [1, 1]]
    #expect(try value("mse", p, y) == 14.0 / 8)
    #expect(try value("mae", p, y, weights: [1, 2, 0, 1]) == 0.875)
    #expect(try abs(value("RootMeanSquaredError", p, y) - (14.0 / 8).squareRoot()) < 1e-15)
    #expect(try abs(value("R2Score", column([1, 2, 3, 5]), column([1, 2, 3, 4])) - 0.8) < 1e-15)
    #expect(try abs(value("cosine_similarity", [[3, 4], [1, 0]], [[3, 4], [0, 1]]) - 0.5) < 1e-15)
    #expect(try value("hinge", column([0.5, 2, 0, 0]), column([1, 1, 0, 0])) == 0.625)
  }

  @Test func `decisions are counted`() throws {
    let p = column([0.9, 0.8, 0.3, 0.6, 0.1, 0.7])
    let y = column([1, 0, 1, 1, 0, 1])
    #expect(try value("Precision", p, y) == 0.75 && value("Recall", p, y) == 0.75 && value("f1_score", p, y) == 0.75)
    #expect(try value("FalsePositives", p, y) == 1 && value("TrueNegatives", p, y) == 1)
    #expect(try value(#"{"class_name": "Recall", "config": {"thresholds": 0.65}}"#, p, y) == 0.5)
    #expect(try value(#"{"class_name": "Precision", "config": {"class_id": 1}}"#, [[0.9, 0.6], [0.9, 0.7]], [[1, 1], [0, 0]]) == 0.5)
  }

  @Test func `the area under the curve is the chance of the right order`() throws {
    let p = [0.9, 0.8, 0.3, 0.6, 0.1, 0.7, 0.35]
    let y = [1.0, 0, 1, 1, 0, 1, 0]
    var right = 0.0
    var pairs = 0.0
    for (a, one) in zip(p, y) where one == 1 {
      for (b, zero) in zip(p, y) where zero == 0 {
        pairs += 1
        right += a > b ? 1 : a == b ? 0.5 : 0
      }
    }
    #expect(try abs(value("AUC", column(p), column(y)) - right / pairs) < 1e-12)
    #expect(try abs(value(#"{"class_name": "AUC", "config": {"curve": "PR"}}"#, column([0.9, 0.8, 0.2, 0.1]), column([1, 1, 0, 0])) - 1) < 1e-6)
    // Keras' documentation: AUC(num_thresholds=3) of these four is 0.75.
    #expect(
      try abs(value(#"{"class_name": "AUC", "config": {"num_thresholds": 3}}"#, column([0, 0.5, 0.3, 0.9]), column([0, 0, 1, 1])) - 0.75) < 1e-12)
  }

  @Test func `a target that does not fit is refused by name`() {
    #expect(throws: LSTMError.shape("the metric ‘mse’ needs targets whose last dimension is 3; it is 2")) {
      try Metric(try TrainingConfig.metric("mse"), width: 3, targetWidth: 2, generation: .keras3)
    }
    #expect(throws: LSTMError.self) { try TrainingConfig.metric("precission") }
  }
}
