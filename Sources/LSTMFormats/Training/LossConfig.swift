import LSTMModel

/// Losses as Keras states them: a name, or a class with its options.
enum LossConfig {
  /// The loss that a configuration describes.
  static func loss(_ json: JSON) throws(LSTMError) -> LossSpec {
    let object = try KerasObject(json, kind: "loss", of: "training")
    guard var spec = try spec(object) else { throw object.unknown }
    switch try object.word("reduction", ["sum_over_batch_size", "auto", "mean", "sum", "mean_with_sample_weight"], default: "auto") {
    case "sum": spec.reduction = .sum
    case "mean_with_sample_weight": spec.reduction = .weightedMean
    default: break
    }
    try object.finish()
    return spec
  }

  /// The formula by the names that Keras has for it; nil for an unknown name.
  static func spec(_ object: KerasObject) throws(LSTMError) -> LossSpec? {
    switch object.word {
    case "meansquarederror", "mse": return LossSpec(.meanSquaredError, name: "mean_squared_error")
    case "meanabsoluteerror", "mae": return LossSpec(.meanAbsoluteError, name: "mean_absolute_error")
    case "meanabsolutepercentageerror", "mape": return LossSpec(.meanAbsolutePercentageError, name: "mean_absolute_percentage_error")
    case "meansquaredlogarithmicerror", "msle": return LossSpec(.meanSquaredLogarithmicError, name: "mean_squared_logarithmic_error")
    case "huber", "huberloss":
      let delta = try object.number("delta", default: 1)
      guard delta > 0 else { throw object.wrong("delta", expected: "a number above 0") }
      return LossSpec(.huber(delta: delta), name: "huber_loss")
    case "logcosh": return LossSpec(.logCosh, name: "log_cosh")
    case "poisson": return LossSpec(.poisson, name: "poisson")
    case "kldivergence", "kullbackleiblerdivergence", "kld": return LossSpec(.kullbackLeibler, name: "kl_divergence")
    case "cosinesimilarity", "cosineproximity", "cosine":
      try requireLastAxis(object)
      return LossSpec(.cosineSimilarity, name: "cosine_similarity")
    case "hinge": return LossSpec(.hinge, name: "hinge")
    case "squaredhinge": return LossSpec(.squaredHinge, name: "squared_hinge")
    case "categoricalhinge": return LossSpec(.categoricalHinge, name: "categorical_hinge")
    case "gaussiannll", "gaussiannegativeloglikelihood", "gaussiannllloss":
      return LossSpec(.gaussianLikelihood(full: try object.bool("full", default: false)), name: "gaussian_nll")
    case "ctc", "ctcloss": return LossSpec(.ctc, name: "ctc")
    case "quantile", "pinball", "quantileloss", "pinballloss":
      return LossSpec(.quantile(try quantiles(object)), name: "quantile")
    default: return try entropy(object)
    }
  }

  private static func entropy(_ object: KerasObject) throws(LSTMError) -> LossSpec? {
    switch object.word {
    case "binarycrossentropy", "bce":
      try requireLastAxis(object)
      return LossSpec(
        .binaryCrossentropy(fromLogits: try object.bool("from_logits", default: false), labelSmoothing: try smoothing(object)),
        name: "binary_crossentropy")
    case "categoricalcrossentropy":
      try requireLastAxis(object)
      return LossSpec(
        .categoricalCrossentropy(fromLogits: try object.bool("from_logits", default: false), labelSmoothing: try smoothing(object)),
        name: "categorical_crossentropy")
    case "sparsecategoricalcrossentropy":
      try requireLastAxis(object)
      return LossSpec(
        .sparseCategoricalCrossentropy(
          fromLogits: try object.bool("from_logits", default: false),
          ignored: try object.optionalInteger("ignore_class", in: -(1 << 24)...(1 << 24))), name: "sparse_categorical_crossentropy")
    case "binaryfocalcrossentropy":
      try requireLastAxis(object)
      let alpha = try object.number("alpha", default: 0.25)
      let gamma = try object.number("gamma", default: 2)
      guard gamma >= 0 else { throw object.wrong("gamma", expected: "0 or more") }
      return LossSpec(
        .binaryFocalCrossentropy(
          gamma: gamma, alpha: try object.bool("apply_class_balancing", default: false) ? alpha : nil,
          fromLogits: try object.bool("from_logits", default: false), labelSmoothing: try smoothing(object)),
        name: "binary_focal_crossentropy")
    default: return nil
    }
  }

  private static func smoothing(_ object: KerasObject) throws(LSTMError) -> Double {
    let value = try object.number("label_smoothing", default: 0)
    guard value >= 0, value <= 1 else { throw object.wrong("label_smoothing", expected: "a number from 0 to 1") }
    return value
  }

  private static func requireLastAxis(_ object: KerasObject) throws(LSTMError) {
    guard try object.axes("axis", default: [-1]) == [-1] else { throw object.unsupported("has an axis that is not the last") }
  }

  private static func quantiles(_ object: KerasObject) throws(LSTMError) -> [Double] {
    let quantiles: [Double]
    if object.value("quantiles") != nil {
      quantiles = try object.numbers("quantiles")
    } else {
      quantiles = [try object.number("quantile", default: 0.5)]
    }
    guard !quantiles.isEmpty, quantiles.allSatisfy({ $0 > 0 && $0 < 1 }) else {
      throw object.wrong("quantiles", expected: "numbers between 0 and 1")
    }
    return quantiles
  }
}
