import LSTMModel

/// A loss over rows of predictions: its value and its gradient.
///
/// - Shapes: predictions `[rows, width]`; targets `[rows, targetWidth]`, class numbers `[rows]` if sparse; weights `[rows]`, which ``RowWeights``
///   makes of sample weights, masks and the reduction. For CTC a row is a sequence: see ``CTC``.
struct LossFunction {
  /// The loss and its options.
  let spec: LossSpec
  /// Numbers in a prediction's row.
  let width: Int
  /// Numbers in a target's row.
  let targetWidth: Int
  private let generation: KerasGeneration

  /// A loss for predictions of `width` numbers each.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` if the loss does not fit them.
  init(_ spec: LossSpec, width: Int, generation: KerasGeneration) throws(LSTMError) {
    guard width >= 1 else { throw .shape("a loss needs predictions of a known last dimension, not of \(width) numbers") }
    self.spec = spec
    self.width = width
    self.generation = generation
    targetWidth = try spec.targetWidth(for: width)
  }

  /// Refuses targets that make no sense: class numbers that are none.
  func check(_ target: Floats, rows: Int) throws(LSTMError) {
    guard case .sparseCategoricalCrossentropy(_, let ignored) = spec.kind else { return }
    for row in 0..<rows {
      let value = target[row]
      guard value != Scalar(ignored ?? -1) || ignored == nil else { continue }
      guard value >= 0, value < Scalar(width), value == value.rounded() else {
        throw .argument("row \(row) of the targets is the class \(value); the predictions have the classes 0 to \(width - 1)")
      }
    }
  }

  /// Σ weight · loss over the rows; `gradient` (if given) is set to its derivative by the predictions.
  ///
  /// With `throughActivation` the predictions are what a softmax or sigmoid made of logits, and the gradient is the one by the logits: exact
  /// where a probability has become 0 or 1, as in Keras, which looks through such an activation too. See ``canLookThrough(_:)``.
  func evaluate(
    _ prediction: Floats, _ target: Floats, _ weights: Floats, rows: Int, gradient: Floats?, throughActivation: Bool = false
  ) -> Double {
    precondition(prediction.count >= rows * width && weights.count >= rows, "predictions and weights for every row")
    let binary = hasBinaryLabels(target, rows: rows)
    var total = 0.0
    for row in 0..<rows {
      let p = prediction.slice(row * width, width)
      let y = target.slice(row * targetWidth, targetWidth)
      let g = gradient?.slice(row * width, width)
      let weight = weights[row]
      if weight == 0 {
        g?.fill(0)
        continue
      }
      let value = self.row(p, y, weight, g, binaryLabels: binary, throughActivation: throughActivation)
      total += Double(weight) * value
    }
    return total
  }

  /// The loss of one row, without a weight.
  func value(_ prediction: Floats, _ target: Floats, binaryLabels: Bool) -> Double {
    row(prediction, target, 1, nil, binaryLabels: binaryLabels, throughActivation: false)
  }

  /// Whether a hinge loss has labels 0 and 1, which stand for −1 and 1; decided by all rows together, as in Keras.
  func hasBinaryLabels(_ target: Floats, rows: Int) -> Bool {
    isHinge && (0..<rows * targetWidth).allSatisfy { target[$0] == 0 || target[$0] == 1 }
  }

  /// Whether the gradient can be had by the logits of this activation.
  func canLookThrough(_ activation: Activation) -> Bool {
    switch (spec.kind, activation) {
    case (.binaryCrossentropy(false, _), .sigmoid): return true
    case (.categoricalCrossentropy(false, _), .softmax(let axis)), (.sparseCategoricalCrossentropy(false, _), .softmax(let axis)):
      return axis == -1
    default: return false
    }
  }

  private var isHinge: Bool { spec.kind == .hinge || spec.kind == .squaredHinge }

  private func row(
    _ p: Floats, _ y: Floats, _ weight: Scalar, _ g: Floats?, binaryLabels: Bool, throughActivation: Bool
  ) -> Double {
    switch spec.kind {
    case .categoricalCrossentropy(let fromLogits, let smoothing):
      return CrossEntropy.categorical(p, y, weight, g, fromLogits, smoothing, throughActivation)
    case .sparseCategoricalCrossentropy(let fromLogits, let ignored):
      return CrossEntropy.sparse(p, y[0], weight, g, fromLogits, ignored, throughActivation)
    case .binaryCrossentropy(let fromLogits, let smoothing):
      return CrossEntropy.binary(p, y, weight, g, fromLogits, smoothing, throughActivation, insideLog: generation < .keras3)
    case .binaryFocalCrossentropy(let gamma, let alpha, let fromLogits, let smoothing):
      return CrossEntropy.focal(p, y, weight, g, CrossEntropy.Focal(gamma: gamma, alpha: alpha, fromLogits: fromLogits, smoothing: smoothing))
    case .cosineSimilarity: return RowLosses.cosine(p, y, weight, g)
    case .categoricalHinge: return RowLosses.categoricalHinge(p, y, weight, g)
    case .kullbackLeibler: return RowLosses.kullbackLeibler(p, y, weight, g)
    case .quantile(let quantiles): return RowLosses.quantile(p, y, weight, g, quantiles)
    case .gaussianLikelihood(let full): return RowLosses.gaussian(p, y, weight, g, full)
    // CTC has rows of another kind: see CTC.evaluate.
    case .ctc: return 0
    default:
      let scale = 1 / Double(width)
      var sum = 0.0
      for index in 0..<width {
        let (value, slope) = pointwise(Double(y[index]), Double(p[index]), binaryLabels)
        sum += value
        if let g { g[index] = Scalar(Double(weight) * scale * slope) }
      }
      return sum * scale
    }
  }

  /// The losses that are means of a function of target and prediction: its value, and its derivative by the prediction.
  private func pointwise(_ y: Double, _ p: Double, _ binaryLabels: Bool) -> (Double, Double) {
    let error = p - y
    let sign: Double = error > 0 ? 1 : error < 0 ? -1 : 0
    let epsilon = LossSpec.epsilon
    switch spec.kind {
    case .meanSquaredError: return (error * error, 2 * error)
    case .meanAbsoluteError: return (error.magnitude, error.isNaN ? error : sign)
    case .meanAbsolutePercentageError:
      let scale = 100 / max(y.magnitude, epsilon)
      return (error.magnitude * scale, error.isNaN ? error : sign * scale)
    case .meanSquaredLogarithmicError:
      let difference = Functions.log(max(p, epsilon) + 1) - Functions.log(max(y, epsilon) + 1)
      return (difference * difference, p > epsilon ? 2 * difference / (p + 1) : p.isNaN ? p : 0)
    case .huber(let delta):
      if error.magnitude <= delta { return (0.5 * error * error, error) }
      return (delta * error.magnitude - 0.5 * delta * delta, error.isNaN ? error : delta * sign)
    case .logCosh: return (error + Functions.softplus(-2 * error) - Functions.ln2, Functions.tanh(error))
    case .poisson: return (p - y * Functions.log(p + epsilon), 1 - y / (p + epsilon))
    case .hinge, .squaredHinge:
      let label = binaryLabels ? 2 * y - 1 : y
      let margin = 1 - label * p
      if spec.kind == .hinge { return (max(margin, 0), margin > 0 ? -label : margin.isNaN ? margin : 0) }
      return (max(margin, 0) * max(margin, 0), margin > 0 ? -2 * label * margin : margin.isNaN ? margin : 0)
    default: return (0, 0)
    }
  }
}
