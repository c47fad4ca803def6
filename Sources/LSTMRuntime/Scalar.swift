// The number type of this build of the runtime. The same sources are compiled for float and for double (LSTM_FLOAT64), as the kernels are:
// plain code is faster to compile and to run than generic code.

import LSTMCaller
import LSTMModel

#if LSTM_FLOAT64
  /// What is computed in.
  public typealias Scalar = Double
  /// The library's name for it, as in lstm.h.
  public let scalarType = ElementType.float64
#else
  /// What is computed in.
  public typealias Scalar = Float
  /// The library's name for it, as in lstm.h.
  public let scalarType = ElementType.float32
#endif

extension Weight {
  /// The numbers in the precision that is computed in.
  var scalars: [Scalar] {
    switch values {
    case .float32(let numbers): return numbers.map { Scalar($0) }
    case .float64(let numbers): return numbers.map { Scalar($0) }
    }
  }
}
