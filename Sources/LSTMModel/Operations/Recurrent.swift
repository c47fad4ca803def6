/// An LSTM, GRU or simple recurrent layer over the time axis.
///
///     LSTM    i, f, o = σ(a)   g = tanh(a)    c′ = f ⊙ c + i ⊙ g            h′ = o ⊙ tanh(c′)
///     GRU     z, r = σ(a)      n = tanh(a)    h′ = z ⊙ h + (1 − z) ⊙ n
///     simple  h′ = tanh(a)
///
/// ``CellOptions`` change the equations.
///
/// - Shapes: inputs `[N, T, I]`, then initial states `[N, H]` each; outputs `[N, T, H]` or `[N, H]`, then final states `[N, H]`. With a
///   projection, outputs and h have P numbers instead of H.
/// - A masked step repeats the previous state, and the previous output (zeros before the first real step).
public struct Recurrent: OperationRules {
  /// The equations.
  public enum Cell: Sendable, Equatable {
    case lstm
    /// `resetAfter`: the reset gate is applied after the recurrent product, which then has a bias of its own.
    case gru(resetAfter: Bool)
    case simple
  }

  /// Which cell.
  public var cell: Cell
  /// H.
  public var units: Int
  /// tanh, unless the file says otherwise: the candidate's and the output's function.
  public var activation: Activation
  /// σ, unless the file says otherwise: the gates' function.
  public var recurrentActivation: Activation
  /// Whether there is a bias.
  public var useBias: Bool
  /// Whether all steps are returned, or the last only.
  public var returnSequences = false
  /// Whether the final states are returned too.
  public var returnState = false
  /// Whether time runs from the last step to the first; the output stays in processing order.
  public var goBackwards = false
  /// Whether the state is kept from one call to the next.
  public var stateful = false
  /// Whether the output of a masked step is zero, instead of the previous output.
  public var zeroOutputForMask = false
  /// Whether initial states are given as further inputs.
  public var takesInitialState = false
  /// What the cell does beyond that.
  public var options = CellOptions()

  /// The part of the input's features that training drops, the same ones at all steps of a sequence.
  public var dropout = 0.0
  /// The part of the state's numbers that training drops before each step, the same ones at all steps of a sequence.
  public var recurrentDropout = 0.0

  /// A cell with its two functions.
  public init(cell: Cell, units: Int, activation: Activation, recurrentActivation: Activation, useBias: Bool) {
    self.cell = cell
    self.units = units
    self.activation = activation
    self.recurrentActivation = recurrentActivation
    self.useBias = useBias
  }

  /// Gates side by side in a kernel.
  public var gates: Int {
    switch cell {
    case .lstm: return 4
    case .gru: return 3
    case .simple: return 1
    }
  }

  /// State vectors: h, and c for LSTM.
  public var stateCount: Int { cell == .lstm ? 2 : 1 }

  /// Numbers of h, and so of the output: H, or P with a projection.
  public var outputSize: Int { options.projection ?? units }

  /// Numbers of each state vector.
  public var stateSizes: [Int] { cell == .lstm ? [outputSize, units] : [outputSize] }

  /// Names of the state vectors.
  public var stateNames: [String] { cell == .lstm ? ["h", "c"] : ["h"] }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    guard let first = inputs.first, first.rank == 3 else {
      throw .shape("a recurrent layer takes the shape [batch, steps, features], not \(inputs.first ?? [])")
    }
    let size = try features(first, "a recurrent layer")
    let width = try Dimension.product(gates, units)
    var specs = [WeightSpec("kernel", [size, width]), WeightSpec("recurrent_kernel", [outputSize, width])]
    if useBias { specs.append(WeightSpec("bias", cell == .gru(resetAfter: true) || options.separateBiases ? [2, width] : [width])) }
    return specs + options.specs(self)
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let states = takesInitialState ? stateCount : 0
    guard inputs.count == 1 + states else {
      throw .shape("a recurrent layer with \(states) initial states takes \(1 + states) inputs, not \(inputs.count)")
    }
    let x = inputs[0]
    guard x.rank == 3 else { throw .shape("a recurrent layer takes the shape [batch, steps, features], not \(x)") }
    let finals = stateSizes.map { Shape([x[0], $0]) }
    for (given, state) in zip(inputs.dropFirst(), finals) where !given.isCompatible(with: state) {
      throw .shapeMismatch(tensor: "the initial state", expected: state, found: given)
    }
    let output: Shape = returnSequences ? [x[0], x[1], outputSize] : [x[0], outputSize]
    return [output] + (returnState ? finals : [])
  }

  public var maskRule: MaskRule { returnSequences ? .pass : .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    if goBackwards { return .refused("goes backwards, so its first output needs the last step") }
    if takesInitialState { return .refused("takes its initial state from another layer") }
    guard timeInputs.first == true else { return .refused("runs over a sequence that is made anew at each instant") }
    return .stateful(keepsTime: returnSequences)
  }
}
