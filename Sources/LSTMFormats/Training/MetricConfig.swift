import LSTMModel

/// Metrics as Keras states them: a name, or a class with its options.
enum MetricConfig {
  /// The metric that a configuration describes. Its name in the history is the one stated, or what the user wrote.
  static func metric(_ json: JSON) throws(LSTMError) -> MetricSpec {
    let object = try KerasObject(json, kind: "metric", of: "training")
    let (kind, name) = try read(object)
    try object.finish()
    let stated = object.values["name"]?.string
    return MetricSpec(kind, name: stated ?? (json.string ?? name))
  }

  private static func read(_ object: KerasObject) throws(LSTMError) -> (MetricSpec.Kind, String) {
    switch object.word {
    case "accuracy" where object.name == "Accuracy": return (.equality, "accuracy")
    case "accuracy", "acc": return (.accuracy, "accuracy")
    case "crossentropy", "ce": return (.crossentropy, "crossentropy")
    case "binaryaccuracy":
      return (.binaryAccuracy(threshold: try object.number("threshold", default: 0.5)), "binary_accuracy")
    case "categoricalaccuracy": return (.categoricalAccuracy(sparse: false), "categorical_accuracy")
    case "sparsecategoricalaccuracy": return (.categoricalAccuracy(sparse: true), "sparse_categorical_accuracy")
    case "topkcategoricalaccuracy": return (.topK(try k(object), sparse: false), "top_k_categorical_accuracy")
    case "sparsetopkcategoricalaccuracy": return (.topK(try k(object), sparse: true), "sparse_top_k_categorical_accuracy")
    case "rootmeansquarederror", "rmse": return (.rootMeanSquaredError, "root_mean_squared_error")
    case "r2score":
      guard try object.word("class_aggregation", ["uniform_average"], default: "uniform_average") == "uniform_average" else { throw object.unknown }
      if let regressors = try object.optionalInteger("num_regressors", in: 0...(1 << 40)), regressors != 0 {
        throw object.unsupported("has ‘num_regressors’")
      }
      return (.determination, "r2_score")
    case "auc": return (try auc(object), "auc")
    case "precision": return (try confusion(object, .precision), "precision")
    case "recall": return (try confusion(object, .recall), "recall")
    case "f1", "f1score": return (try confusion(object, .f1), "f1_score")
    case "truepositives": return (try confusion(object, .truePositives), "true_positives")
    case "truenegatives": return (try confusion(object, .trueNegatives), "true_negatives")
    case "falsepositives": return (try confusion(object, .falsePositives), "false_positives")
    case "falsenegatives": return (try confusion(object, .falseNegatives), "false_negatives")
    default:
      guard let loss = try LossConfig.spec(object) else { throw object.unknown }
      return (loss.kind == .cosineSimilarity ? .negativeLoss(loss) : .loss(loss), loss.name)
    }
  }

  private static func k(_ object: KerasObject) throws(LSTMError) -> Int { try object.optionalInteger("k", in: 1...(1 << 31)) ?? 5 }

  private static func confusion(_ object: KerasObject, _ kind: MetricSpec.Confusion) throws(LSTMError) -> MetricSpec.Kind {
    var threshold = try object.number("threshold", default: 0.5)
    if let stated = object.value("thresholds") {
      let list = stated.array == nil ? [try object.number("thresholds", default: 0.5)] : try object.numbers("thresholds")
      guard list.count == 1 else { throw object.unsupported("has several thresholds") }
      threshold = list[0]
    }
    guard object.value("top_k") == nil else { throw object.unsupported("has ‘top_k’") }
    if object.word.hasPrefix("f1"), let average = object.value("average"), average != .string("micro") {
      throw object.unsupported("has ‘average’ = \(average.brief)")
    }
    return .confusion(kind, threshold: threshold, classIndex: try object.optionalInteger("class_id", in: 0...(1 << 31)))
  }

  private static func auc(_ object: KerasObject) throws(LSTMError) -> MetricSpec.Kind {
    guard try !object.bool("multi_label", default: false), object.value("label_weights") == nil else {
      throw object.unsupported("is for several labels")
    }
    object.ignore("num_labels")
    let curve: MetricSpec.Curve = try object.word("curve", ["ROC", "PR"], default: "ROC") == "PR" ? .pr : .roc
    let summation: MetricSpec.Summation
    switch try object.word("summation_method", ["interpolation", "minoring", "majoring"], default: "interpolation") {
    case "minoring": summation = .minoring
    case "majoring": summation = .majoring
    default: summation = .interpolation
    }
    let count = try object.optionalInteger("num_thresholds", in: 2...(1 << 20)) ?? 200
    if let stated = object.value("thresholds") {
      // Keras writes those that it made itself: equally spaced.
      let list = try object.numbers("thresholds")
      let even = zip(list, 1...).allSatisfy { abs($0 - Double($1) / Double(list.count + 1)) < 1e-6 }
      guard even else { throw object.unsupported("has thresholds of its own: \(stated.brief)") }
    }
    return .areaUnderCurve(thresholds: count, curve: curve, summation: summation, fromLogits: try object.bool("from_logits", default: false))
  }
}
