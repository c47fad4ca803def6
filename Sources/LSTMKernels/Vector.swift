import CVector

// The vector and number types of this build of the kernels, and the arithmetic whose form depends on the processor.
// The same sources are compiled for each instruction set (LSTM_V3, LSTM_V4) and for float and double (LSTM_FLOAT64).

#if LSTM_FLOAT64
  public typealias Scalar = Double
  #if LSTM_V4
    typealias Vector = SIMD8<Double>
    typealias BitVector = SIMD8<Int64>
  #elseif LSTM_V3
    typealias Vector = SIMD4<Double>
    typealias BitVector = SIMD4<Int64>
  #else
    typealias Vector = SIMD2<Double>
    typealias BitVector = SIMD2<Int64>
  #endif
#else
  public typealias Scalar = Float
  #if LSTM_V4
    typealias Vector = SIMD16<Float>
    typealias BitVector = SIMD16<Int32>
  #elseif LSTM_V3
    typealias Vector = SIMD8<Float>
    typealias BitVector = SIMD8<Int32>
  #else
    typealias Vector = SIMD4<Float>
    typealias BitVector = SIMD4<Int32>
  #endif
#endif

#if LSTM_V4 || (LSTM_V3 && !LSTM_FLOAT64)
  /// Half a vector, and a quarter: gates of units that do not fill one.
  #if LSTM_FLOAT64
    typealias HalfVector = SIMD4<Double>
    typealias QuarterVector = SIMD2<Double>
  #elseif LSTM_V4
    typealias HalfVector = SIMD8<Float>
    typealias QuarterVector = SIMD4<Float>
  #else
    typealias HalfVector = SIMD4<Float>
    typealias QuarterVector = SIMD2<Float>
  #endif

  /// `b · c + a`, rounded once.
  @_transparent
  func fused(_ a: HalfVector, _ b: HalfVector, _ c: HalfVector) -> HalfVector { a.addingProduct(b, c) }

  /// `b · c + a`, rounded once.
  @_transparent
  func fused(_ a: QuarterVector, _ b: QuarterVector, _ c: QuarterVector) -> QuarterVector { a.addingProduct(b, c) }
#endif

/// Numbers in a vector: the width of a block of units and of a panel of columns.
public let lanes = MemoryLayout<Vector>.size / MemoryLayout<Scalar>.size

// The operators of whole vectors. Swift's own are written lane by lane: the same instructions in the end, after minutes of optimising.

/// The sum.
@_transparent
func + (_ a: Vector, _ b: Vector) -> Vector { lstm_add(a, b) }

/// Adds in place.
@_transparent
func += (_ a: inout Vector, _ b: Vector) { a = lstm_add(a, b) }

/// The difference.
@_transparent
func - (_ a: Vector, _ b: Vector) -> Vector { lstm_subtract(a, b) }

/// The product.
@_transparent
func * (_ a: Vector, _ b: Vector) -> Vector { lstm_multiply(a, b) }

/// The quotient.
@_transparent
func / (_ a: Vector, _ b: Vector) -> Vector { lstm_divide(a, b) }

/// A vector of one number.
@_transparent
func all(_ number: Scalar) -> Vector { lstm_all(number) }

/// `a + b · c`, rounded once where the processor has an instruction for it; on baseline x86 a multiplication and an addition.
@_transparent
func fused(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector { lstm_fused(a, b, c) }

/// `a += b · c`, rounded as ``fused(_:_:_:)`` rounds.
@_transparent
func accumulate(_ a: inout Vector, _ b: Vector, _ c: Vector) { a = lstm_fused(a, b, c) }

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
