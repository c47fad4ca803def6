/// What a cell does beyond Keras' equations. Files of ONNX, PyTorch and older frameworks need it; Keras' own files never state it.
///
/// With all of them, for an LSTM (p are peepholes, LN a layer normalisation, `clip` limits to ±clip):
///
///     i = σ(clip(a_i + p_i ⊙ c))   f = σ(clip(a_f + p_f ⊙ c)) or 1 − i   g = tanh(clip(a_g))
///     c′ = f ⊙ c + i ⊙ g           o = σ(clip(a_o + p_o ⊙ c′))           h′ = W_hr · (o ⊙ tanh(c′))
///
/// A layer's configuration states them as further keys, all of them optional:
///
/// | key | of | meaning | weights that follow, in this order |
/// | --- | --- | --- | --- |
/// | `"recurrent_bias": true` | all | `bias` has two rows, of the input's and of the recurrent product | |
/// | `"peepholes": true` | LSTM | i and f see c before the step, o sees c after it | `peephole_kernel [3, H]`: i, f, o |
/// | `"projection": P` | LSTM | h has P numbers, c has H | `projection_kernel [H, P]` |
/// | `"input_forget": true` | LSTM | f is 1 − i | |
/// | `"clip": x` | all | what each σ and tanh of a gate or candidate gets is limited to ±x; the cell state is not | |
/// | `"output_activation": "relu"` | LSTM | the function of c′, where it is another than the candidate's | |
/// | `"layer_normalization": "gates"` | LSTM | LN of each gate's sum and of c′ | `gates_gamma [4·H]`, `gates_beta`, `state_gamma [H]`, `state_beta` |
/// | `"layer_normalization": "products"` | LSTM | LN of x·W and of h·R, over all gates, and of c′ | `kernel_gamma [4·H]`, `kernel_beta`, `recurrent_gamma`, `recurrent_beta`, `state_gamma [H]`, `state_beta` |
/// | `"layer_normalization_epsilon": ε` | LSTM | added to the variance; 1e-3 if absent | |
/// | `"zoneout_h": p` | all | training keeps each number of h as it was before the step with this probability; in use, the mean of that | |
/// | `"zoneout_c": p` | LSTM | the same for c; h′ is made of the c′ that zoneout has not touched | |
/// | `"stored_initial_state": true` | all | a sequence begins with these states instead of zeros | `initial_h [H or P]`, and `initial_c [H]` |
///
/// - Source: ONNX operators RNN, GRU, LSTM (peepholes, clip, input_forget, activations); Sak et al. 2014 as in torch.nn.LSTM (projection);
///   "gates": TensorFlow 1's LayerNormBasicLSTMCell, whose forget_bias is part of beta here; "products": Ba et al. 2016, equations 20 to 22,
///   as in TensorFlow Addons' LayerNormLSTMCell. Zoneout: Krueger et al. 2017.
public struct CellOptions: Sendable, Equatable {
  /// What is normalised within an LSTM.
  public enum Normalization: String, Sendable, CaseIterable {
    /// The sum of each gate by itself, and the cell state.
    case gates
    /// The input's and the recurrent product, each over all gates, and the cell state.
    case products
  }

  /// Whether the bias has a row for the input's product and one for the recurrent one.
  public var separateBiases = false
  /// Whether the gates see the cell state.
  public var peepholes = false
  /// P, the numbers of h.
  public var projection: Int?
  /// Whether the forget gate is 1 − i.
  public var couplesForget = false
  /// What gates and candidate are limited to before their functions.
  public var clip: Double?
  /// The function of the cell state, if it is not the candidate's.
  public var outputActivation: Activation?
  /// What is normalised.
  public var normalization: Normalization?
  /// Added to the variance.
  public var epsilon = 1e-3
  /// The probability with which training keeps a number of h, and of c, as it was before a step.
  public var zoneoutH = 0.0
  public var zoneoutC = 0.0
  /// Whether a sequence begins with stored states.
  public var storesInitialState = false

  /// Keras' equations.
  public init() {}

  /// Whether the step itself is Keras': biases and initial states are outside it.
  public var keepsEquations: Bool {
    zoneoutH == 0 && zoneoutC == 0 && !peepholes && projection == nil && !couplesForget && clip == nil && outputActivation == nil
      && normalization == nil
  }

  /// Weights after kernel, recurrent kernel and bias.
  func specs(_ cell: Recurrent) -> [WeightSpec] {
    let units = cell.units
    var specs: [WeightSpec] = []
    if peepholes { specs.append(WeightSpec("peephole_kernel", [3, units])) }
    if let projection { specs.append(WeightSpec("projection_kernel", [units, projection])) }
    if let normalization {
      let groups = normalization == .gates ? ["gates"] : ["kernel", "recurrent"]
      specs += groups.flatMap { [WeightSpec($0 + "_gamma", [4 * units]), WeightSpec($0 + "_beta", [4 * units])] }
      specs += [WeightSpec("state_gamma", [units]), WeightSpec("state_beta", [units])]
    }
    if storesInitialState { specs += zip(cell.stateNames, cell.stateSizes).map { WeightSpec("initial_" + $0, [$1]) } }
    return specs
  }
}

extension Recurrent {
  /// Whether training can take Keras' equations, with one bias or with two.
  public var isPlain: Bool {
    var plain = CellOptions()
    plain.separateBiases = options.separateBiases && (cell == .lstm || cell == .simple)
    return options == plain
  }
}
