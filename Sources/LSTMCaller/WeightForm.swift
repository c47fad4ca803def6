/// How a plan keeps the weights of its large products. Values are those of lstm.h.
public enum WeightForm: Int32, Sendable, CaseIterable {
  /// In the precision that is computed in.
  case full = 0
  /// Two bytes each, rounded to nearest: a float32 without its last 16 bits.
  case bf16 = 1
  /// One byte each, with a scale for each output; the numbers that they meet become 16-bit numbers with a scale for each row.
  case int8 = 2
  /// The same, but that the numbers which they meet become 8-bit numbers.
  case w8a8 = 3

  /// Whether weights are integers with a scale for each output.
  public var isInteger: Bool { self == .int8 || self == .w8a8 }

  /// Its name in lstm.h.
  public var constant: String {
    switch self {
    case .full: return "LSTM_WEIGHTS_FLOAT32"
    case .bf16: return "LSTM_WEIGHTS_BF16"
    case .int8: return "LSTM_WEIGHTS_INT8"
    case .w8a8: return "LSTM_WEIGHTS_W8A8"
    }
  }

  /// Numbers of one output's weights that share 32 bits.
  public var weightsPerWord: Int {
    switch self {
    case .full: return 1
    case .bf16: return 2
    case .int8, .w8a8: return 4
    }
  }
}
