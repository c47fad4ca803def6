/// How a plan keeps the weights of its large products. Values are those of lstm.h.
public enum WeightForm: Int32, Sendable, CaseIterable {
  /// In the precision that is computed in.
  case full = 0
  /// Two bytes each, rounded to nearest: a float32 without its last 16 bits.
  case bf16 = 1
  /// One byte each, with a scale for each output; the numbers that they meet become 16-bit numbers with a scale for each row.
  case int8 = 2

  /// Numbers of one output's weights that share 32 bits.
  public var weightsPerWord: Int {
    switch self {
    case .full: return 1
    case .bf16: return 2
    case .int8: return 4
    }
  }
}
