// The vector and number types of this build of the kernels, and the arithmetic whose form depends on the processor.
// The same sources are compiled for each instruction set (LSTM_V3, LSTM_V4) and for float and double (LSTM_FLOAT64).

#if LSTM_FLOAT64
  public typealias Scalar = Double
  #if LSTM_V4
    typealias Vector = SIMD8<Double>
    typealias BitVector = SIMD8<Int64>
    typealias MaskVector = SIMDMask<SIMD8<Int64>>
  #elseif LSTM_V3
    typealias Vector = SIMD4<Double>
    typealias BitVector = SIMD4<Int64>
    typealias MaskVector = SIMDMask<SIMD4<Int64>>
  #else
    typealias Vector = SIMD2<Double>
    typealias BitVector = SIMD2<Int64>
    typealias MaskVector = SIMDMask<SIMD2<Int64>>
  #endif
#else
  public typealias Scalar = Float
  #if LSTM_V4
    typealias Vector = SIMD16<Float>
    typealias BitVector = SIMD16<Int32>
    typealias MaskVector = SIMDMask<SIMD16<Int32>>
  #elseif LSTM_V3
    typealias Vector = SIMD8<Float>
    typealias BitVector = SIMD8<Int32>
    typealias MaskVector = SIMDMask<SIMD8<Int32>>
  #else
    typealias Vector = SIMD4<Float>
    typealias BitVector = SIMD4<Int32>
    typealias MaskVector = SIMDMask<SIMD4<Int32>>
  #endif
#endif

/// Numbers in a vector: the width of a block of units and of a panel of columns.
public let lanes = MemoryLayout<Vector>.size / MemoryLayout<Scalar>.size

/// `a += b · c`: one fused instruction where the processor has it; on baseline x86, where fusing means a libm call for each lane, a
/// multiplication and an addition.
@_transparent
func accumulate(_ a: inout Vector, _ b: Vector, _ c: Vector) {
  #if LSTM_V3 || LSTM_V4 || arch(arm64)
    a.addProduct(b, c)
  #else
    a += b * c
  #endif
}

/// `b · c + a`, rounded as ``accumulate(_:_:_:)`` rounds.
@_transparent
func fused(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector {
  var sum = a
  accumulate(&sum, b, c)
  return sum
}

/// The vector at `pointer`, which is aligned to a vector.
@_transparent
func load(_ pointer: UnsafePointer<Scalar>) -> Vector {
  // SAFETY: the caller's contract: `lanes` numbers lie there, aligned to a vector.
  unsafe UnsafeRawPointer(pointer).assumingMemoryBound(to: Vector.self).pointee
}

/// Writes a vector to `pointer`, which is aligned to a vector.
@_transparent
func store(_ vector: Vector, _ pointer: UnsafeMutablePointer<Scalar>) {
  // SAFETY: the caller's contract: `lanes` numbers have room there, aligned to a vector.
  unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Vector.self).pointee = vector
}
