import CDot
import CSupport
import Glibc

#if LSTM_FLOAT64
  import LSTMKernels64
  import LSTMKernels64V3
  import LSTMKernels64V4
#else
  import LSTMKernels
  import LSTMKernelsV3
  import LSTMKernelsV4
#endif

/// The kernels of one instruction set, behind functions that check every extent before they hand over pointers.
@safe struct KernelTable: Sendable {
  typealias Read = UnsafePointer<Scalar>
  typealias Write = UnsafeMutablePointer<Scalar>

  /// `baseline`, `v3` or `v4`.
  let name: String
  /// Numbers in a vector.
  let lanes: Int
  private let projectKernel: @Sendable (Read, Int, Int, Int, Read, Int, Int, Read, Read?, Int, Write, Int) -> Void
  private let lstmKernel: @Sendable (Read, Int, Read, Write, Write, Int, Int, Int, Read, Int, Read, Write?) -> Void
  private let gruKernel: @Sendable (Read, Int, Read, Write, Int, Int, Int, Read, Int, Read, Write?) -> Void
  private let sigmoidKernel: @Sendable (Write, Int) -> Void
  private let tanhKernel: @Sendable (Write, Int) -> Void
  private let activateKernel: @Sendable (Int, Scalar, Scalar, Scalar, Read, Write, Int) -> Void
  private let softmaxKernel: @Sendable (Write, Int) -> Void
  /// Steps of streams: see DirectStream.
  let instants: InstantKernels
  #if !LSTM_FLOAT64
    /// Products with weights of few bytes.
    private(set) var low: LowKernels
  #endif

  /// The sets that this processor runs, best first. `v4` may be there twice, the first time with the products of CDot.
  static let supported: [KernelTable] = {
    #if LSTM_FLOAT64
      let baseline = unsafe KernelTable(
        name: "baseline", lanes: LSTMKernels64.lanes,
        projectKernel: LSTMKernels64.project(_:_:rows:count:_:groups:panels:_:_:_:_:_:),
        lstmKernel: LSTMKernels64.lstmStep(_:_:_:_:_:_:rows:count:_:blocks:_:_:),
        gruKernel: LSTMKernels64.gruStep(_:_:_:_:_:rows:count:_:blocks:_:_:), sigmoidKernel: LSTMKernels64.sigmoid(_:_:),
        tanhKernel: LSTMKernels64.tanh(_:_:), activateKernel: LSTMKernels64.activate(_:_:_:_:_:_:_:),
        softmaxKernel: LSTMKernels64.softmax(_:_:), instants: InstantKernels.baseline)
      let v3 = unsafe KernelTable(
        name: "v3", lanes: LSTMKernels64V3.lanes,
        projectKernel: LSTMKernels64V3.project(_:_:rows:count:_:groups:panels:_:_:_:_:_:),
        lstmKernel: LSTMKernels64V3.lstmStep(_:_:_:_:_:_:rows:count:_:blocks:_:_:),
        gruKernel: LSTMKernels64V3.gruStep(_:_:_:_:_:rows:count:_:blocks:_:_:), sigmoidKernel: LSTMKernels64V3.sigmoid(_:_:),
        tanhKernel: LSTMKernels64V3.tanh(_:_:), activateKernel: LSTMKernels64V3.activate(_:_:_:_:_:_:_:),
        softmaxKernel: LSTMKernels64V3.softmax(_:_:), instants: InstantKernels.v3)
      let v4 = unsafe KernelTable(
        name: "v4", lanes: LSTMKernels64V4.lanes,
        projectKernel: LSTMKernels64V4.project(_:_:rows:count:_:groups:panels:_:_:_:_:_:),
        lstmKernel: LSTMKernels64V4.lstmStep(_:_:_:_:_:_:rows:count:_:blocks:_:_:),
        gruKernel: LSTMKernels64V4.gruStep(_:_:_:_:_:rows:count:_:blocks:_:_:), sigmoidKernel: LSTMKernels64V4.sigmoid(_:_:),
        tanhKernel: LSTMKernels64V4.tanh(_:_:), activateKernel: LSTMKernels64V4.activate(_:_:_:_:_:_:_:),
        softmaxKernel: LSTMKernels64V4.softmax(_:_:), instants: InstantKernels.v4)
    #else
      let baseline = unsafe KernelTable(
        name: "baseline", lanes: LSTMKernels.lanes,
        projectKernel: LSTMKernels.project(_:_:rows:count:_:groups:panels:_:_:_:_:_:),
        lstmKernel: LSTMKernels.lstmStep(_:_:_:_:_:_:rows:count:_:blocks:_:_:),
        gruKernel: LSTMKernels.gruStep(_:_:_:_:_:rows:count:_:blocks:_:_:), sigmoidKernel: LSTMKernels.sigmoid(_:_:),
        tanhKernel: LSTMKernels.tanh(_:_:), activateKernel: LSTMKernels.activate(_:_:_:_:_:_:_:),
        softmaxKernel: LSTMKernels.softmax(_:_:), instants: InstantKernels.baseline, low: LowKernels.baseline)
      let v3 = unsafe KernelTable(
        name: "v3", lanes: LSTMKernelsV3.lanes,
        projectKernel: LSTMKernelsV3.project(_:_:rows:count:_:groups:panels:_:_:_:_:_:),
        lstmKernel: LSTMKernelsV3.lstmStep(_:_:_:_:_:_:rows:count:_:blocks:_:_:),
        gruKernel: LSTMKernelsV3.gruStep(_:_:_:_:_:rows:count:_:blocks:_:_:), sigmoidKernel: LSTMKernelsV3.sigmoid(_:_:),
        tanhKernel: LSTMKernelsV3.tanh(_:_:), activateKernel: LSTMKernelsV3.activate(_:_:_:_:_:_:_:),
        softmaxKernel: LSTMKernelsV3.softmax(_:_:), instants: InstantKernels.v3, low: LowKernels.v3)
      let v4 = unsafe KernelTable(
        name: "v4", lanes: LSTMKernelsV4.lanes,
        projectKernel: LSTMKernelsV4.project(_:_:rows:count:_:groups:panels:_:_:_:_:_:),
        lstmKernel: LSTMKernelsV4.lstmStep(_:_:_:_:_:_:rows:count:_:blocks:_:_:),
        gruKernel: LSTMKernelsV4.gruStep(_:_:_:_:_:rows:count:_:blocks:_:_:), sigmoidKernel: LSTMKernelsV4.sigmoid(_:_:),
        tanhKernel: LSTMKernelsV4.tanh(_:_:), activateKernel: LSTMKernelsV4.activate(_:_:_:_:_:_:_:),
        softmaxKernel: LSTMKernelsV4.softmax(_:_:), instants: InstantKernels.v4, low: LowKernels.v4)
    #endif
    switch lstm_support_cpu_level() {
    #if !LSTM_FLOAT64
      case 4 where lstm_dot_supported() != 0:
        var dotted = v4
        unsafe dotted.low.usesDots = true
        return [dotted, v4, v3, baseline]
    #endif
    case 4: return [v4, v3, baseline]
    case 3: return [v3, baseline]
    default: return [baseline]
    }
  }()

  /// The best set, or the one that the environment variable LSTM_CPU names if the processor runs it.
  static let best: KernelTable = {
    // SAFETY: getenv takes a literal; its answer is read at once.
    if let wanted = unsafe getenv("LSTM_CPU") {
      let name = unsafe String(cString: wanted)
      if let table = supported.first(where: { $0.name == name }) { return table }
    }
    return supported[0]
  }()

  /// `out[r] = start + x[r] · W (+ addend[r])`, of it the groups of part `index` of `count`, for rows `xStride`, `outStride` and `addendStride` apart.
  ///
  /// Where the weights have few bytes, x are rows that ``quantize(_:stride:rows:for:into:)`` made.
  @inline(never)
  func project(
    _ x: Floats, stride xStride: Int, rows: Int, _ matrix: PackedMatrix, addend: Floats? = nil, addendStride: Int = 0, into out: Floats,
    stride outStride: Int, part index: Int = 0, of count: Int = 1
  ) {
    guard rows > 0 else { return }
    #if !LSTM_FLOAT64
      if matrix.form != .full {
        precondition(addend == nil, "weights of few bytes take no addend")
        return projectLow(x, stride: xStride, rows: rows, matrix, into: out, stride: outStride, part: index, of: count)
      }
    #endif
    precondition(xStride >= 0 && x.count >= (rows - 1) * xStride + matrix.count, "x is shorter than its rows")
    precondition(outStride >= matrix.width && out.count >= (rows - 1) * outStride + matrix.width, "out is shorter than its rows")
    precondition(addend.map { $0.count >= (rows - 1) * addendStride + matrix.width } != false, "the addend is shorter than its rows")
    // SAFETY: the extents were checked; the matrix is packed for this table.
    let first = matrix.groups * index / count
    let column = first * matrix.panels * lanes
    unsafe projectKernel(
      x.base, xStride, rows, matrix.count, matrix.weights.base + column * matrix.count, matrix.groups * (index + 1) / count - first,
      matrix.panels, matrix.start.base + column, addend.map { unsafe UnsafePointer($0.base + column) }, addendStride, out.base + column, outStride)
  }

  /// `out[r] = start + x[r] · W` for weights packed elsewhere: `weights [groups, count, panels, lanes]` and `start [groups, panels, lanes]`, which like
  /// `out` and its rows lie at multiples of a vector.
  @inline(never)
  func project(
    _ x: Floats, stride xStride: Int, rows: Int, count: Int, _ weights: Floats, groups: Int, panels: Int, start: Floats, into out: Floats,
    stride outStride: Int
  ) {
    guard rows > 0, groups > 0 else { return }
    let width = groups * panels * lanes
    precondition(count >= 0 && (panels == 1 || panels == 3 || panels == 4), "no such product")
    precondition(xStride >= 0 && x.count >= (rows - 1) * xStride + count, "x is shorter than its rows")
    precondition(weights.count >= count * width && start.count >= width, "weights are fewer than their groups")
    precondition(outStride >= width && out.count >= (rows - 1) * outStride + width, "out is shorter than its rows")
    precondition(outStride % lanes == 0 && weights.isAligned(lanes) && start.isAligned(lanes) && out.isAligned(lanes), "numbers between vectors")
    // SAFETY: extents and alignments were checked.
    unsafe projectKernel(x.base, xStride, rows, count, weights.base, groups, panels, start.base, nil, 0, out.base, outStride)
  }

  /// The same for one row of `matrix.count` numbers.
  @unsafe func project(one x: Read, _ matrix: PackedMatrix, into out: Floats) {
    precondition(out.count >= matrix.width && matrix.form == .full, "out is shorter than its rows, or the weights are others")
    // SAFETY: the caller vouches for x; the rest as above.
    unsafe projectKernel(
      x, matrix.count, 1, matrix.count, matrix.weights.base, matrix.groups, matrix.panels, matrix.start.base, nil, 0, out.base, matrix.width)
  }

  /// One step of an LSTM: see the kernel.
  func lstmStep(
    z: Floats, zStride: Int, h: Floats, hNew: Floats, c: Floats, stride: Int, rows: Int, _ recurrent: PackedMatrix, gates: Floats?
  ) {
    guard rows > 0 else { return }
    checkCell(z, zStride, [h, hNew, c], stride, rows, recurrent, gates, panels: 4)
    // SAFETY: the extents were checked; the matrix is packed for this table.
    unsafe lstmKernel(
      z.base, zStride, h.base, hNew.base, c.base, stride, rows, recurrent.count, recurrent.weights.base, recurrent.groups, recurrent.start.base,
      gates?.base)
  }

  /// Steps of an LSTM or GRU one after the other: see the kernels. After an odd number of steps the state is in `hNew`.
  ///
  /// Several threads may share the blocks of each step, in a meeting whose step 0 is over.
  func steps(_ it: CellSteps, stride: Int, units: Int, _ recurrent: PackedMatrix, _ share: Share?) {
    guard it.rows > 0, it.steps > 0 else { return }
    let isLSTM = recurrent.panels == 4
    checkCell(it.z, it.zStride, [it.h, it.hNew], stride, it.rows, recurrent, nil, panels: isLSTM ? 4 : 3)
    precondition(!isLSTM || it.c.count >= it.rows * stride, "a state is shorter than its rows")
    let lastStep = (it.steps - 1) * it.zStep
    precondition(it.zStart >= 0 && it.zStart + lastStep >= 0, "a step before z")
    precondition(it.z.count >= it.zStart + max(lastStep, 0) + (it.rows - 1) * it.zStride + recurrent.width, "a step behind z")
    if let out = it.out {
      precondition(it.outStart >= 0 && it.outStep >= units && it.outStride >= 0, "steps that overlap")
      precondition(
        out.count >= it.outStart + (it.rows - 1) * it.outStride + (it.steps - 1) * it.outStep + units, "the output is shorter than its steps")
    }
    // SAFETY: the extents were checked; the matrix is packed for this table.
    let z = unsafe UnsafePointer(it.z.base + it.zStart)
    let out = unsafe it.out.map { unsafe $0.base + it.outStart }
    let place = unsafe share.map { unsafe $0.meeting.place }
    let (own, parts) = (share?.own ?? 0, share?.meeting.parts ?? 1)
    if isLSTM {
      unsafe instants.lstmSteps(
        z, it.zStride, it.zStep, it.steps, it.h.base, it.hNew.base, it.c.base, stride, it.rows, units, recurrent.weights.base,
        recurrent.groups, recurrent.start.base, out, it.outStride, it.outStep, place, own, parts)
    } else {
      unsafe instants.gruSteps(
        z, it.zStride, it.zStep, it.steps, it.h.base, it.hNew.base, stride, it.rows, units, recurrent.weights.base,
        recurrent.groups, recurrent.start.base, out, it.outStride, it.outStep, place, own, parts)
    }
  }

  /// One step of a GRU: see the kernel.
  func gruStep(z: Floats, zStride: Int, h: Floats, hNew: Floats, stride: Int, rows: Int, _ recurrent: PackedMatrix, gates: Floats?) {
    guard rows > 0 else { return }
    checkCell(z, zStride, [h, hNew], stride, rows, recurrent, gates, panels: 3)
    // SAFETY: the extents were checked; the matrix is packed for this table.
    unsafe gruKernel(
      z.base, zStride, h.base, hNew.base, stride, rows, recurrent.count, recurrent.weights.base, recurrent.groups, recurrent.start.base, gates?.base)
  }

  private func checkCell(
    _ z: Floats, _ zStride: Int, _ states: [Floats], _ stride: Int, _ rows: Int, _ recurrent: PackedMatrix, _ gates: Floats?, panels: Int
  ) {
    precondition(recurrent.panels == panels && stride >= recurrent.groups * lanes, "the cell is packed for other gates")
    precondition(z.count >= (rows - 1) * zStride + recurrent.width, "z is shorter than its rows")
    precondition(gates.map { $0.count >= (rows - 1) * zStride + recurrent.width } != false, "gates are shorter than their rows")
    for state in states { precondition(state.count >= rows * stride, "a state is shorter than its rows") }
  }

  /// Units that a stream's step takes for `rest` units behind the last whole block: see the kernel.
  func instantTail(_ rest: Int) -> Int { unsafe instants.tail(rest) }

  /// σ of each number, in place.
  func sigmoid(_ numbers: Floats) {
    // SAFETY: the slice vouches for its count.
    unsafe sigmoidKernel(numbers.base, numbers.count)
  }

  /// A function of each number, in place, or a gradient times a slope at each of as many numbers `x`: see the kernel.
  func activate(_ numbers: Floats, at x: Floats? = nil, _ function: Int, _ a: Double = 0, _ b: Double = 0, _ c: Double = 0) {
    let x = x ?? numbers
    precondition(x.count == numbers.count, "slopes of another number of numbers")
    // SAFETY: the slices vouch for their count.
    unsafe activateKernel(function, Scalar(a), Scalar(b), Scalar(c), x.base, numbers.base, numbers.count)
  }

  /// `eˣ / Σ eˣ` of one row, in place; the largest number is subtracted first.
  func softmax(_ row: Floats) {
    // SAFETY: as above.
    unsafe softmaxKernel(row.base, row.count)
  }

  /// tanh of each number, in place.
  func tanh(_ numbers: Floats) {
    // SAFETY: the slice vouches for its count.
    unsafe tanhKernel(numbers.base, numbers.count)
  }
}
