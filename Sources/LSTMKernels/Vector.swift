#if LSTM_FLOAT64
  public typealias Scalar = Double
  #if LSTM_V4
    public typealias Vector = SIMD8<Double>
    public typealias BitVector = SIMD8<Int64>
    public let lanes = 8
  #elseif LSTM_V3
    public typealias Vector = SIMD4<Double>
    public typealias BitVector = SIMD4<Int64>
    public let lanes = 4
  #else
    public typealias Vector = SIMD2<Double>
    public typealias BitVector = SIMD2<Int64>
    public let lanes = 2
  #endif
#else
  public typealias Scalar = Float
  #if LSTM_V4
    public typealias Vector = SIMD16<Float>
    public typealias BitVector = SIMD16<Int32>
    public let lanes = 16
  #elseif LSTM_V3
    public typealias Vector = SIMD8<Float>
    public typealias BitVector = SIMD8<Int32>
    public let lanes = 8
  #else
    public typealias Vector = SIMD4<Float>
    public typealias BitVector = SIMD4<Int32>
    public let lanes = 4
  #endif
#endif
