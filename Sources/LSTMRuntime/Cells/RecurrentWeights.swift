import LSTMModel

/// The weights of a recurrent layer as numbers, in Keras' layout.
struct RecurrentWeights {
  /// I.
  let inputSize: Int
  /// `[I, gates · H]`.
  let kernel: [Scalar]
  /// `[H, gates · H]`.
  let recurrent: [Scalar]
  /// `[gates · H]`, or `[2, gates · H]` where the recurrent product has one of its own.
  let bias: [Scalar]?
  private let further: [String: [Scalar]]

  /// The weights of a layer in the order of its specs. Two biases that meet in one sum are added here, once, in the precision of computing.
  init(_ it: Recurrent, _ weights: [Weight], inputSize: Int) throws(LSTMError) {
    let specs = try it.weightSpecs(for: [[Shape.unknown, Shape.unknown, inputSize]])
    guard specs.count == weights.count else { throw .internalFault("a recurrent layer with \(weights.count) weights instead of \(specs.count)") }
    var named: [String: [Scalar]] = [:]
    for (spec, weight) in zip(specs, weights) { named[spec.name] = weight.scalars }
    self.inputSize = inputSize
    kernel = named["kernel"] ?? []
    recurrent = named["recurrent_kernel"] ?? []
    var bias = named["bias"]
    if it.options.separateBiases, it.cell != .gru(resetAfter: true), let both = bias {
      let width = both.count / 2
      bias = (0..<width).map { both[$0] + both[width + $0] }
    }
    self.bias = bias
    further = named
  }

  /// A weight that only some options need.
  func option(_ name: String) -> [Scalar] { further[name] ?? [] }

  /// The states that a sequence begins with: h, and perhaps c; empty if it begins with zeros.
  func initialStates(_ it: Recurrent) -> [[Scalar]] {
    it.options.storesInitialState ? it.stateNames.map { option("initial_" + $0) } : []
  }
}
