/// An LSTM whose products are convolutions: ConvLSTM1D, ConvLSTM2D, ConvLSTM3D.
///
///     a = W ∗ x + R ∗ h + b    i, f, o = σ(a)   g = tanh(a)    c′ = f ⊙ c + i ⊙ g    h′ = o ⊙ tanh(c′)
///
/// - Shapes: `[N, T, s₁, …, I] → [N, T, o₁, …, filters]`, or without T; states `[N, o₁, …, filters]`.
///   `kernel [k₁, …, I, 4 · filters]`, `recurrent_kernel [k₁, …, filters, 4 · filters]`, gates in the order i, f, g, o.
/// - Source: Shi et al. 2015, without their peepholes, as in Keras.
public struct ConvolutionalLSTM: OperationRules {
  /// The windows of the input's convolution; the state's has the same sizes, a stride of 1 and keeps the dimensions.
  public var window: SpatialWindow
  /// Channels of the state.
  public var filters: Int
  /// The candidate's and the output's function.
  public var activation: Activation
  /// The gates' function.
  public var recurrentActivation: Activation
  /// Whether there is a bias.
  public var useBias: Bool
  /// Whether all steps are returned, or the last only.
  public var returnSequences = false
  /// Whether the final states are returned too.
  public var returnState = false
  /// Whether time runs from the last step to the first.
  public var goBackwards = false
  /// Whether the state is kept from one call to the next.
  public var stateful = false

  /// A cell with its two functions.
  public init(window: SpatialWindow, filters: Int, activation: Activation, recurrentActivation: Activation, useBias: Bool) {
    self.window = window
    self.filters = filters
    self.activation = activation
    self.recurrentActivation = recurrentActivation
    self.useBias = useBias
  }

  private func step(_ inputs: [Shape]) throws(LSTMError) -> Shape {
    guard inputs.count == 1, inputs[0].rank == window.rank + 3 else {
      throw .shape("ConvLSTM\(window.rank)D takes an input of \(window.rank + 3) dimensions, batch included, not \(inputs.first ?? [])")
    }
    var shape = inputs[0]
    shape.dimensions.remove(at: 1)
    return shape
  }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    let channels = try features(try step(inputs), "ConvLSTM")
    let width = try Dimension.product(4, filters)
    return [
      WeightSpec("kernel", Shape(window.sizes + [channels, width])),
      WeightSpec("recurrent_kernel", Shape(window.sizes + [filters, width])),
    ] + (useBias ? [WeightSpec("bias", [width])] : [])
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try step(inputs)
    let places = window.geometry(try window.dimensions(of: shape, "ConvLSTM")).map(\.outputs)
    let state = Shape([shape[0]] + places + [filters])
    let output = returnSequences ? Shape([shape[0], inputs[0][1]] + places + [filters]) : state
    return [output] + (returnState ? [state, state] : [])
  }

  public var maskRule: MaskRule { returnSequences ? .pass : .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    if goBackwards { return .refused("goes backwards, so its first output needs the last step") }
    guard timeInputs.first == true else { return .refused("runs over a sequence that is made anew at each instant") }
    return .stateful(keepsTime: returnSequences)
  }
}
