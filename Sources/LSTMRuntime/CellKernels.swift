#if LSTM_FLOAT64
  import LSTMKernels64
  import LSTMKernels64V3
  import LSTMKernels64V4
#else
  import LSTMKernels
  import LSTMKernelsV3
  import LSTMKernelsV4
#endif

/// The kernels of cells that are products and functions one after the other, behind functions that check every extent: see ``KernelTable``.
@safe struct CellKernels: Sendable {
  typealias Read = UnsafePointer<Scalar>
  typealias Write = UnsafeMutablePointer<Scalar>

  private let lanes: Int
  private let resetKernel: @Sendable (Read, Int, Write, Int, Read, Write, Int, Int) -> Void
  private let mixKernel: @Sendable (Read, Int, Read, Int, Write, Int, Read, Write, Int, Int) -> Void
  private let reluKernel: @Sendable (Write, Int) -> Void

  /// The kernels that belong to a table.
  init(_ table: KernelTable) {
    lanes = table.lanes
    #if LSTM_FLOAT64
      switch table.name {
      case "v4":
        unsafe resetKernel = LSTMKernels64V4.gruReset(_:_:_:_:_:_:_:rows:)
        unsafe mixKernel = LSTMKernels64V4.gruMix(_:_:_:_:_:_:_:_:_:rows:)
        unsafe reluKernel = LSTMKernels64V4.relu(_:_:)
      case "v3":
        unsafe resetKernel = LSTMKernels64V3.gruReset(_:_:_:_:_:_:_:rows:)
        unsafe mixKernel = LSTMKernels64V3.gruMix(_:_:_:_:_:_:_:_:_:rows:)
        unsafe reluKernel = LSTMKernels64V3.relu(_:_:)
      default:
        unsafe resetKernel = LSTMKernels64.gruReset(_:_:_:_:_:_:_:rows:)
        unsafe mixKernel = LSTMKernels64.gruMix(_:_:_:_:_:_:_:_:_:rows:)
        unsafe reluKernel = LSTMKernels64.relu(_:_:)
      }
    #else
      switch table.name {
      case "v4":
        unsafe resetKernel = LSTMKernelsV4.gruReset(_:_:_:_:_:_:_:rows:)
        unsafe mixKernel = LSTMKernelsV4.gruMix(_:_:_:_:_:_:_:_:_:rows:)
        unsafe reluKernel = LSTMKernelsV4.relu(_:_:)
      case "v3":
        unsafe resetKernel = LSTMKernelsV3.gruReset(_:_:_:_:_:_:_:rows:)
        unsafe mixKernel = LSTMKernelsV3.gruMix(_:_:_:_:_:_:_:_:_:rows:)
        unsafe reluKernel = LSTMKernelsV3.relu(_:_:)
      default:
        unsafe resetKernel = LSTMKernels.gruReset(_:_:_:_:_:_:_:rows:)
        unsafe mixKernel = LSTMKernels.gruMix(_:_:_:_:_:_:_:_:_:rows:)
        unsafe reluKernel = LSTMKernels.relu(_:_:)
      }
    #endif
  }

  /// `max(x, 0)` of each number, in place.
  func relu(_ numbers: Floats) {
    // SAFETY: the slice vouches for its count.
    unsafe reluKernel(numbers.base, numbers.count)
  }

  /// The gates of a GRU that resets before the product: see the kernel.
  func gruReset(z: Floats, zStride: Int, sums: Floats, sumStride: Int, h: Floats, product: Floats, stride: Int, rows: Int) {
    guard rows > 0 else { return }
    check(z, zStride, gates: 3, stride, rows)
    check(sums, sumStride, gates: 2, stride, rows)
    for state in [h, product] { check(state, stride, gates: 1, stride, rows) }
    // SAFETY: the extents were checked.
    unsafe resetKernel(z.base, zStride, sums.base, sumStride, h.base, product.base, stride, rows)
  }

  /// The new state of a GRU that resets before the product: see the kernel.
  func gruMix(
    z: Floats, zStride: Int, gates: Floats, gateStride: Int, sums: Floats, sumStride: Int, h: Floats, hNew: Floats, stride: Int, rows: Int
  ) {
    guard rows > 0 else { return }
    check(z, zStride, gates: 3, stride, rows)
    check(gates, gateStride, gates: 2, stride, rows)
    check(sums, sumStride, gates: 1, stride, rows)
    check(h, stride, gates: 1, stride, rows)
    check(hNew, stride, gates: 1, stride, rows)
    // SAFETY: the extents were checked.
    unsafe mixKernel(z.base, zStride, gates.base, gateStride, sums.base, sumStride, h.base, hNew.base, stride, rows)
  }

  private func check(_ array: Floats, _ distance: Int, gates: Int, _ stride: Int, _ rows: Int) {
    precondition(stride % lanes == 0 && distance % lanes == 0 && distance >= gates * stride, "rows that are no whole vectors")
    precondition(array.count >= (rows - 1) * distance + gates * stride, "an array is shorter than its rows")
  }
}
