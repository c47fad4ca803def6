import LSTMModel

/// Numbers that are shifted and scaled by their own average and spread: what layer and group normalisation share.
struct NormalizedGroup {
  /// Where the numbers lie.
  let places: [Int]
  /// For each number its place in gamma and beta.
  let weights: [Int]

  /// Normalises; keeps the normalised numbers and 1 / √(variance + ε) for the way back.
  func forward(_ x: Floats, normal: Floats, out: Floats, epsilon: Double, gamma: Floats?, beta: Floats?) -> Scalar {
    var mean: Scalar = 0
    for place in places { mean += x[place] }
    mean /= Scalar(places.count)
    var variance: Scalar = 0
    for place in places { variance += (x[place] - mean) * (x[place] - mean) }
    let factor = 1 / (variance / Scalar(places.count) + Scalar(epsilon)).squareRoot()
    for (place, own) in zip(places, weights) {
      normal[place] = (x[place] - mean) * factor
      out[place] = normal[place] * (gamma?[own] ?? 1) + (beta?[own] ?? 0)
    }
    return factor
  }

  /// Adds to the gradients.
  func backward(_ dy: Floats, normal: Floats, factor: Scalar, gamma: Floats?, dGamma: Floats?, dBeta: Floats?, dx: Floats?) {
    var (sum, product): (Scalar, Scalar) = (0, 0)
    for (place, own) in zip(places, weights) {
      if let dGamma { dGamma[own] += dy[place] * normal[place] }
      if let dBeta { dBeta[own] += dy[place] }
      let d = dy[place] * (gamma?[own] ?? 1)
      sum += d
      product += d * normal[place]
    }
    guard let dx else { return }
    let count = Scalar(places.count)
    for (place, own) in zip(places, weights) {
      dx[place] += factor * (dy[place] * (gamma?[own] ?? 1) - (sum + normal[place] * product) / count)
    }
  }
}

/// A normalisation of groups of numbers within a row in training.
class GroupedTraining: TrainingLayer, @unchecked Sendable {
  final let epsilon: Double
  final let scale: Bool
  final let center: Bool

  init(epsilon: Double, scale: Bool, center: Bool) {
    self.epsilon = epsilon
    self.scale = scale
    self.center = center
  }

  /// The groups of an array of this shape.
  func groups(_ x: Tensor) -> [NormalizedGroup] { [] }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let all = inputs[0].reduce(1, *)
    return TrainingSizes(kept: [all, all])
  }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let x = call.inputs[0]
    let gamma = scale ? call.weights[0] : nil
    let beta = center ? call.weights[scale ? 1 : 0] : nil
    for (index, group) in groups(x).enumerated() {
      call.kept[1][index] = group.forward(
        x.values, normal: call.kept[0], out: call.outputs[0].values, epsilon: epsilon, gamma: gamma, beta: beta)
    }
  }

  override func backward(_ call: TrainingCall) {
    let gamma = scale ? call.weights[0] : nil
    let dGamma = scale ? call.weightGradients[0] : nil
    let dBeta = center ? call.weightGradients[scale ? 1 : 0] : nil
    for (index, group) in groups(call.inputs[0]).enumerated() {
      group.backward(
        call.outputGradients[0], normal: call.kept[0], factor: call.kept[1][index], gamma: gamma, dGamma: dGamma, dBeta: dBeta,
        dx: call.inputGradients[0])
    }
  }
}

/// GroupNormalization in training.
final class GroupNormalizationTraining: GroupedTraining, @unchecked Sendable {
  private let it: GroupNormalization

  init(_ it: GroupNormalization) {
    self.it = it
    super.init(epsilon: it.epsilon, scale: it.scale, center: it.center)
  }

  override func groups(_ x: Tensor) -> [NormalizedGroup] {
    let channels = x.last
    let size = x.count(from: 1)
    guard channels > 0, size > 0 else { return [] }
    let groups = it.groups == -1 ? channels : it.groups
    let width = channels / groups
    return (0..<x.shape[0]).flatMap { row in
      (0..<groups).map { group in
        let own = (0..<size / channels).flatMap { place in (group * width..<(group + 1) * width).map { (place * channels + $0, $0) } }
        return NormalizedGroup(places: own.map { row * size + $0.0 }, weights: own.map(\.1))
      }
    }
  }
}

/// UnitNormalization and RMSNormalization in training: a division by the length along some axes.
final class LengthNormalizationTraining: TrainingLayer, @unchecked Sendable {
  private let it: LengthNormalization
  private let axes: [Int]

  init(_ it: LengthNormalization, axes: [Int]) {
    self.it = it
    self.axes = axes
  }

  private func groups(_ x: Tensor) -> (starts: [Int], members: [Int]) {
    (LayerNormalizationOperator.offsets(x.shape, x.shape.indices.filter { !axes.contains($0) }), LayerNormalizationOperator.offsets(x.shape, axes))
  }

  /// What the numbers of a group are multiplied by, and whether that depends on them.
  private func factor(_ x: Floats, _ start: Int, _ members: [Int]) -> (Scalar, Bool) {
    var sum: Scalar = 0
    for member in members { sum += x[start + member] * x[start + member] }
    if it.isMean { return (1 / (sum / Scalar(members.count) + Scalar(it.epsilon)).squareRoot(), true) }
    // Keras divides by a length of at least 1e-12.
    let factor = 1 / sum.squareRoot()
    return factor < 1e12 ? (factor, true) : (1e12, false)
  }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let x = call.inputs[0]
    let (starts, members) = groups(x)
    for start in starts {
      let (factor, _) = factor(x.values, start, members)
      for (index, member) in members.enumerated() {
        call.outputs[0].values[start + member] = x.values[start + member] * factor * (call.weights.first?[index] ?? 1)
      }
    }
  }

  override func backward(_ call: TrainingCall) {
    let x = call.inputs[0]
    let dy = call.outputGradients[0]
    let (starts, members) = groups(x)
    let dScale = call.weightGradients.first ?? nil
    for start in starts {
      let (factor, depends) = factor(x.values, start, members)
      var product: Scalar = 0
      for (index, member) in members.enumerated() {
        let d = dy[start + member]
        if let dScale { dScale[index] += d * x.values[start + member] * factor }
        product += d * (call.weights.first?[index] ?? 1) * x.values[start + member]
      }
      guard let dx = call.inputGradients[0] else { continue }
      let count = it.isMean ? Scalar(members.count) : 1
      for (index, member) in members.enumerated() {
        let own = dy[start + member] * (call.weights.first?[index] ?? 1) * factor
        dx[start + member] += own - (depends ? x.values[start + member] * product * factor * factor * factor / count : 0)
      }
    }
  }
}

/// Rescaling and Normalization: multiplied by constants.
final class RescaleTraining: PlainTraining, @unchecked Sendable {
  private let scale: [Scalar]

  init(_ it: Rescale, _ weights: [Weight], _ plain: Operator) {
    switch it.constants {
    case .stated(let stated, _): scale = stated.map { Scalar($0) }
    case .adapted(let invert, _):
      let spread = (weights.count > 1 ? weights[1].scalars : [1]).map { max($0.squareRoot(), Scalar(Rescale.smallestSpread)) }
      scale = invert ? spread : spread.map { 1 / $0 }
    }
    super.init(plain)
  }

  override func backward(_ call: TrainingCall) {
    guard let dx = call.inputGradients[0] else { return }
    for index in 0..<dx.count { dx[index] += call.outputGradients[0][index] * scale[index % scale.count] }
  }
}
