import LSTMModel

/// Multiplies and shifts by constants: Rescaling and Normalization.
final class RescaleOperator: Operator, @unchecked Sendable {
  private let scale: [Scalar]
  private let offset: [Scalar]
  private let subtracted: [Scalar]

  init(_ it: Rescale, _ weights: [Weight]) {
    switch it.constants {
    case .stated(let scale, let offset):
      self.scale = scale.map { Scalar($0) }
      self.offset = offset.map { Scalar($0) }
      subtracted = [0]
    case .adapted(let invert, _):
      let mean = weights[0].scalars
      let spread = weights[1].scalars.map { max($0.squareRoot(), Scalar(Rescale.smallestSpread)) }
      scale = invert ? spread : spread.map { 1 / $0 }
      offset = invert ? mean : [0]
      subtracted = invert ? [0] : mean
    }
  }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0].values
    let out = call.outputs[0].values
    for index in 0..<out.count {
      out[index] = (x[index] - subtracted[index % subtracted.count]) * scale[index % scale.count] + offset[index % offset.count]
    }
  }
}

/// Classes as vectors.
final class CategoryEncodingOperator: Operator, @unchecked Sendable {
  private let it: CategoryEncoding
  private let name: String

  init(_ it: CategoryEncoding, layer: String) {
    self.it = it
    name = layer
  }

  // Its output is no loan: it is written while numbers are looked at.
  override var mayRefuse: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    out.fill(0)
    // How many classes share a vector.
    let shared = it.mode == .oneHot || x.shape.count == 1 ? 1 : x.last
    for index in 0..<x.values.count {
      guard let number = Int(exactly: x.values[index].rounded(.towardZero)), number >= 0, number < it.classes else {
        throw .argument("layer ‘\(name)’ has classes 0 to \(it.classes - 1); the input holds \(x.values[index])")
      }
      let place = index / max(shared, 1) * it.classes + number
      out[place] = it.mode == .count ? out[place] + 1 : 1
    }
  }
}

/// Numbers as the index of their interval.
final class DiscretizeOperator: Operator, @unchecked Sendable {
  private let boundaries: [Scalar]

  init(_ it: Discretize) { boundaries = it.boundaries.map { Scalar($0) } }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0].values
    let out = call.outputs[0].values
    for index in 0..<out.count {
      var interval = 0
      for boundary in boundaries where boundary <= x[index] { interval += 1 }
      out[index] = Scalar(interval)
    }
  }
}
