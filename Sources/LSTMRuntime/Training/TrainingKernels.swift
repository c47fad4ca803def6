#if LSTM_FLOAT64
  import LSTMKernels64
  import LSTMKernels64V3
  import LSTMKernels64V4
#else
  import LSTMKernels
  import LSTMKernelsV3
  import LSTMKernelsV4
#endif

/// The kernels that only training needs, of one instruction set, behind functions that check every extent: see ``KernelTable``.
@safe struct TrainingKernels: Sendable {
  typealias Read = UnsafePointer<Scalar>
  typealias Write = UnsafeMutablePointer<Scalar>

  private let lanes: Int
  private let outerScratchKernel: @Sendable (Int) -> Int
  private let outerKernel: @Sendable (Read, Int, Int, Read, Int, Int, Int, Write, Int, Write) -> Void
  private let transposeKernel: @Sendable (Read, Int, Int, Int, Write, Int) -> Void
  private let lstmForwardKernel: @Sendable (Write, Read, Write, Write, Write, Read?, Int, Int) -> Void
  private let lstmBackwardKernel: @Sendable (Write, Read, Read, Read, Int, Write, Int, Int) -> Void
  #if !LSTM_FLOAT64
    private let gruForwardKernel: @Sendable (Write, Read, Read, Write, Int, Int) -> Void
    private let gruBackwardKernel: @Sendable (Write, Write, Read, Read, Write, Int, Int, Int) -> Void
  #endif

  /// The kernels that belong to a table.
  init(_ table: KernelTable) {
    lanes = table.lanes
    #if LSTM_FLOAT64
      switch table.name {
      case "v4":
        unsafe outerKernel = LSTMKernels64V4.outer(_:_:count:_:_:panels:rows:_:_:_:)
        unsafe transposeKernel = LSTMKernels64V4.transpose(_:_:rows:columns:_:_:)
        outerScratchKernel = LSTMKernels64V4.outerScratch(count:)
        unsafe lstmForwardKernel = LSTMKernels64V4.lstmForward(_:_:_:_:_:_:rows:blocks:)
        unsafe lstmBackwardKernel = LSTMKernels64V4.lstmBackward(_:_:_:_:_:_:rows:blocks:)
      case "v3":
        unsafe outerKernel = LSTMKernels64V3.outer(_:_:count:_:_:panels:rows:_:_:_:)
        unsafe transposeKernel = LSTMKernels64V3.transpose(_:_:rows:columns:_:_:)
        outerScratchKernel = LSTMKernels64V3.outerScratch(count:)
        unsafe lstmForwardKernel = LSTMKernels64V3.lstmForward(_:_:_:_:_:_:rows:blocks:)
        unsafe lstmBackwardKernel = LSTMKernels64V3.lstmBackward(_:_:_:_:_:_:rows:blocks:)
      default:
        unsafe outerKernel = LSTMKernels64.outer(_:_:count:_:_:panels:rows:_:_:_:)
        unsafe transposeKernel = LSTMKernels64.transpose(_:_:rows:columns:_:_:)
        outerScratchKernel = LSTMKernels64.outerScratch(count:)
        unsafe lstmForwardKernel = LSTMKernels64.lstmForward(_:_:_:_:_:_:rows:blocks:)
        unsafe lstmBackwardKernel = LSTMKernels64.lstmBackward(_:_:_:_:_:_:rows:blocks:)
      }
    #else
      switch table.name {
      case "v4":
        unsafe outerKernel = LSTMKernelsV4.outer(_:_:count:_:_:panels:rows:_:_:_:)
        unsafe transposeKernel = LSTMKernelsV4.transpose(_:_:rows:columns:_:_:)
        outerScratchKernel = LSTMKernelsV4.outerScratch(count:)
        unsafe lstmForwardKernel = LSTMKernelsV4.lstmForward(_:_:_:_:_:_:rows:blocks:)
        unsafe lstmBackwardKernel = LSTMKernelsV4.lstmBackward(_:_:_:_:_:_:rows:blocks:)
        unsafe gruForwardKernel = LSTMKernelsV4.gruForward(_:_:_:_:rows:blocks:)
        unsafe gruBackwardKernel = LSTMKernelsV4.gruBackward(_:_:_:_:_:_:rows:blocks:)
      case "v3":
        unsafe outerKernel = LSTMKernelsV3.outer(_:_:count:_:_:panels:rows:_:_:_:)
        unsafe transposeKernel = LSTMKernelsV3.transpose(_:_:rows:columns:_:_:)
        outerScratchKernel = LSTMKernelsV3.outerScratch(count:)
        unsafe lstmForwardKernel = LSTMKernelsV3.lstmForward(_:_:_:_:_:_:rows:blocks:)
        unsafe lstmBackwardKernel = LSTMKernelsV3.lstmBackward(_:_:_:_:_:_:rows:blocks:)
        unsafe gruForwardKernel = LSTMKernelsV3.gruForward(_:_:_:_:rows:blocks:)
        unsafe gruBackwardKernel = LSTMKernelsV3.gruBackward(_:_:_:_:_:_:rows:blocks:)
      default:
        unsafe outerKernel = LSTMKernels.outer(_:_:count:_:_:panels:rows:_:_:_:)
        unsafe transposeKernel = LSTMKernels.transpose(_:_:rows:columns:_:_:)
        outerScratchKernel = LSTMKernels.outerScratch(count:)
        unsafe lstmForwardKernel = LSTMKernels.lstmForward(_:_:_:_:_:_:rows:blocks:)
        unsafe lstmBackwardKernel = LSTMKernels.lstmBackward(_:_:_:_:_:_:rows:blocks:)
        unsafe gruForwardKernel = LSTMKernels.gruForward(_:_:_:_:rows:blocks:)
        unsafe gruBackwardKernel = LSTMKernels.gruBackward(_:_:_:_:_:_:rows:blocks:)
      }
    #endif
  }

  /// Numbers of scratch that ``outer(_:stride:count:_:stride:width:rows:into:stride:scratch:)`` needs for so many numbers of x.
  func outerScratch(count: Int) -> Int { outerScratchKernel(count) }

  /// `out[i, j] += Σᵣ x[r, i] · z[r, j]` for the first `width` columns of z, which are whole vectors.
  func outer(
    _ x: Floats, stride xStride: Int, count: Int, _ z: Floats, stride zStride: Int, width: Int, rows: Int, into out: Floats,
    stride outStride: Int, scratch: Floats
  ) {
    guard rows > 0, count > 0, width > 0 else { return }
    precondition(width % lanes == 0 && zStride % lanes == 0 && outStride % lanes == 0, "columns that are no whole vectors")
    precondition(xStride >= 0 && x.count >= (rows - 1) * xStride + count, "x is shorter than its rows")
    precondition(zStride >= width && z.count >= (rows - 1) * zStride + width, "z is shorter than its rows")
    precondition(outStride >= width && out.count >= (count - 1) * outStride + width, "out is shorter than its rows")
    precondition(scratch.count >= outerScratch(count: count), "scratch that is too short")
    // SAFETY: the extents were checked.
    unsafe outerKernel(x.base, xStride, count, z.base, zStride, width / lanes, rows, out.base, outStride, scratch.base)
  }

  /// `to[c, r] = from[r, c]`.
  func transpose(_ from: Floats, stride fromStride: Int, rows: Int, columns: Int, into to: Floats, stride toStride: Int) {
    guard rows > 0, columns > 0 else { return }
    precondition(fromStride >= 0 && from.count >= (rows - 1) * fromStride + columns, "a matrix is shorter than its rows")
    precondition(toStride >= rows && to.count >= (columns - 1) * toStride + rows, "a transpose is shorter than its rows")
    // SAFETY: the extents were checked.
    unsafe transposeKernel(from.base, fromStride, rows, columns, to.base, toStride)
  }

  /// One step of an LSTM from its sums on, of which `further` may be a part: see the kernel.
  func lstmForward(z: Floats, further: Floats?, c: Floats, cNew: Floats, hNew: Floats, t: Floats, stride: Int, rows: Int) {
    guard rows > 0 else { return }
    precondition(
      stride % lanes == 0 && z.count >= 4 * rows * stride && (further.map { $0.count >= 4 * rows * stride } ?? true),
      "sums are shorter than their rows")
    for state in [c, cNew, hNew, t] { precondition(state.count >= rows * stride, "a state is shorter than its rows") }
    // SAFETY: the extents were checked.
    unsafe lstmForwardKernel(
      z.base, c.base, cNew.base, hNew.base, t.base, further.map { unsafe UnsafePointer($0.base) }, rows, stride / lanes)
  }

  /// The gradient of ``lstmForward``: see the kernel.
  func lstmBackward(z: Floats, c: Floats, t: Floats, dh: Floats, dhStride: Int, dc: Floats, stride: Int, rows: Int) {
    guard rows > 0 else { return }
    precondition(stride % lanes == 0 && z.count >= 4 * rows * stride, "gates are shorter than their rows")
    for state in [c, t, dc] { precondition(state.count >= rows * stride, "a state is shorter than its rows") }
    precondition(dhStride % lanes == 0 && dhStride >= stride && dh.count >= (rows - 1) * dhStride + stride, "dh is shorter than its rows")
    // SAFETY: the extents were checked.
    unsafe lstmBackwardKernel(z.base, c.base, t.base, dh.base, dhStride, dc.base, rows, stride / lanes)
  }

  #if !LSTM_FLOAT64
    /// One step of a GRU that resets after the product, from its sums on: see the kernel.
    func gruForward(z: Floats, sums: Floats, h: Floats, hNew: Floats, stride: Int, rows: Int) {
      guard rows > 0 else { return }
      precondition(stride % lanes == 0 && min(z.count, sums.count) >= 3 * rows * stride, "sums are shorter than their rows")
      precondition(min(h.count, hNew.count) >= rows * stride, "a state is shorter than its rows")
      // SAFETY: the extents were checked.
      unsafe gruForwardKernel(z.base, sums.base, h.base, hNew.base, rows, stride / lanes)
    }

    /// The gradient of ``gruForward``: see the kernel.
    func gruBackward(z: Floats, sums: Floats, h: Floats, dh: Floats, dhBefore: Floats, dhStride: Int, stride: Int, rows: Int) {
      guard rows > 0 else { return }
      precondition(stride % lanes == 0 && min(z.count, sums.count) >= 3 * rows * stride, "gates are shorter than their rows")
      precondition(h.count >= rows * stride && dhStride % lanes == 0 && dhStride >= stride, "a state is shorter than its rows")
      precondition(min(dh.count, dhBefore.count) >= (rows - 1) * dhStride + stride, "dh is shorter than its rows")
      // SAFETY: the extents were checked.
      unsafe gruBackwardKernel(z.base, sums.base, h.base, dh.base, dhBefore.base, dhStride, rows, stride / lanes)
    }
  #endif
}
