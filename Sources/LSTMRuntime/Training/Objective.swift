import LSTMModel

/// What one output of a model is to learn: its loss, with what its samples and steps count.
final class Objective {
  private let spec: LossSpec
  private let function: LossFunction?
  private let name: String
  /// Factor of this loss in the sum of all.
  let factor: Double
  /// Whether the gradient is by the argument of the output's activation: see ``LossFunction``.
  let looksThrough: Bool
  private let classWeights: [Int: Double]
  private var arena: Arena?
  private var weights: Floats?

  /// The loss for output `index` of a model.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` if it does not fit.
  init(_ spec: LossSpec, factor: Double, classWeights: [Int: Double], output index: Int, of model: Model) throws(LSTMError) {
    self.spec = spec
    self.factor = factor
    self.classWeights = classWeights
    let port = model.outputs[index]
    name = port.name
    let width = model.shape(of: port.value).last
    if self.spec.kind == .ctc {
      function = nil
      looksThrough = false
      return
    }
    let function: LossFunction
    do throws(LSTMError) {
      function = try LossFunction(self.spec, width: width, generation: model.generation)
    } catch {
      throw error.at("output ‘\(port.name)’")
    }
    self.function = function
    looksThrough = Objective.lastActivation(model, index).map { function.canLookThrough($0) } ?? false
  }

  /// The activation that an output comes from directly, if nothing else reads what it makes.
  private static func lastActivation(_ model: Model, _ index: Int) -> Activation? {
    let value = model.outputs[index].value
    guard model.nodes[value.node].activities.isEmpty else { return nil }
    let readers = model.nodes.filter { $0.inputs.contains(value) || $0.masks.contains(value) }.count
    guard readers == 0, model.outputs.filter({ $0.value == value }).count == 1 else { return nil }
    switch model.nodes[value.node].operation {
    case .dense(let it): return it.activation
    case .activation(let it): return it.activation
    default: return nil
    }
  }

  /// The loss of a batch, and its gradient by the output (or by the argument of the output's activation) times ``factor``.
  ///
  /// - Shapes: output `[N, …, F]`; target `[N, …]` as the loss needs it; samples `[N]` or `[N, …]`; mask `[N, …]`.
  /// - Throws: ``LSTMError/shape(_:)``, ``LSTMError/argument(_:)`` about the targets.
  func evaluate(_ output: Tensor, _ target: Tensor, samples: Tensor?, mask: Tensor?, gradient: Floats?) throws(LSTMError) -> Double {
    let batch = output.shape[0]
    guard output.values.count > 0 else { return 0 }
    let value: Double
    if let function {
      let rows = output.values.count / function.width
      guard target.values.count == rows * function.targetWidth else {
        let expected = spec.isSparse ? Array(output.shape.dropLast()) : Array(output.shape.dropLast()) + [function.targetWidth]
        throw .shapeMismatch(tensor: "the target for output ‘\(name)’", expected: Shape(expected), found: Shape(target.shape))
      }
      do throws(LSTMError) {
        try function.check(target.values, rows: rows)
      } catch {
        throw error.at("output ‘\(name)’")
      }
      let weights = try rowWeights(batch, rows / batch, samples, mask, target, function)
      value = function.evaluate(output.values, target.values, weights, rows: rows, gradient: gradient, throughActivation: looksThrough)
    } else {
      value = try evaluateSequences(output, target, samples: samples, mask: mask, gradient: gradient)
    }
    if factor != 1, let gradient { for index in 0..<gradient.count { gradient[index] *= Scalar(factor) } }
    return value
  }

  private func rowWeights(
    _ batch: Int, _ steps: Int, _ samples: Tensor?, _ mask: Tensor?, _ target: Tensor, _ function: LossFunction?
  ) throws(LSTMError) -> Floats {
    let rows = batch * steps
    if let samples, samples.values.count != batch && samples.values.count != rows {
      throw .shape(
        "the sample weights for output ‘\(name)’ are \(Shape(samples.shape)); expected [\(batch)]\(steps > 1 ? " or [\(batch), \(steps)]" : "")")
    }
    if let mask, mask.values.count != rows {
      throw .unsupported("output ‘\(name)’ has \(steps) rows of predictions in each sequence and a mask of \(Shape(mask.shape))")
    }
    if weights.map({ $0.count != 2 * rows }) ?? true {
      let arena = try Arena(capacity: 2 * rows, for: "weights of samples")
      self.arena = arena
      weights = arena.floats(at: 0, 2 * rows)
    }
    guard let weights else { return target.values.slice(0, 0) }
    let own = weights.slice(0, rows)
    var given = samples?.values
    if !classWeights.isEmpty, let function {
      let joined = weights.slice(rows, rows)
      for row in 0..<rows {
        let sample = given.map { Double($0[$0.count == rows ? row : row / steps]) } ?? 1
        joined[row] = Scalar(sample * (classWeights[label(target.values, row, function)] ?? 1))
      }
      given = joined
    }
    RowWeights.fill(own, batch: batch, steps: steps, samples: given, mask: mask?.values, spec.reduction)
    return own
  }

  /// The class of a row: its number, the largest of several, or a lone number as it is.
  private func label(_ target: Floats, _ row: Int, _ function: LossFunction) -> Int {
    let width = function.targetWidth
    if width == 1 { return Int(exactly: target[row].rounded()) ?? -1 }
    return (0..<width).max { target[row * width + $0] < target[row * width + $1] } ?? 0
  }

  /// CTC: each row of the batch is a sequence with its labels.
  private func evaluateSequences(
    _ output: Tensor, _ target: Tensor, samples: Tensor?, mask: Tensor?, gradient: Floats?
  ) throws(LSTMError) -> Double {
    guard output.shape.count == 3, target.shape.count == 2, target.shape[0] == output.shape[0] else {
      throw .shape("CTC takes predictions [batch, steps, classes] and labels [batch, any], not \(Shape(output.shape)) and \(Shape(target.shape))")
    }
    let (batch, steps, classes) = (output.shape[0], output.shape[1], output.shape[2])
    try CTC.check(target.values, classes: classes)
    let weights = try rowWeights(batch, 1, samples, nil, target, nil)
    var sum = 0.0
    for row in 0..<batch {
      let real = mask.map { mask in (0..<steps).filter { mask.values[row * steps + $0] != 0 }.count } ?? steps
      let value = CTC.evaluate(
        output.values.slice(row * steps * classes, steps * classes), target.values.slice(row * target.shape[1], target.shape[1]), steps: steps,
        realSteps: real, classes: classes, weight: weights[row], gradient: gradient?.slice(row * steps * classes, steps * classes))
      if weights[row] != 0 { sum += Double(weights[row]) * value }
    }
    return sum
  }
}
