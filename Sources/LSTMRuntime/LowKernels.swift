#if !LSTM_FLOAT64
  import CDot
  import LSTMCaller
  import LSTMKernels
  import LSTMKernelsV3
  import LSTMKernelsV4

  /// The kernels of one instruction set for weights of few bytes.
  @unsafe struct LowKernels: Sendable {
    typealias Read = UnsafePointer<Float>
    typealias Write = UnsafeMutablePointer<Float>
    typealias Memory = UnsafeMutableRawPointer
    typealias Matrix = UnsafeRawPointer

    /// Bytes of a matrix's description, and of a stream's prepared memory.
    let matrixBytes: Int
    let instantBytes: Int
    /// See the kernels' functions of these names.
    let describe: @Sendable (Memory, Int, Int, Int, Int, Read, Read, Read, Read) -> Void
    let project: @Sendable (Matrix, Read, Int, Int, Int, Int, Write, Int) -> Void
    let quantize: @Sendable (Matrix, Read, Int, Int, Write, Int) -> Void
    let steps:
      @Sendable (
        Matrix, Read, Int, Int, Int, Write, Write, Write, Int, Int, Int, Int, Write, Write, Int, Bool, Bool, Write?, Write?, Int, Int
      ) -> Void
    let prepare: @Sendable (Memory, Matrix, Matrix, Int, Write, Write, Write, Write, Write, Write, Write) -> Void
    let begin: @Sendable (Memory, Read) -> Void
    let blocks: @Sendable (Memory, Int, Int) -> Void
    let finish: @Sendable (Memory, Write) -> Void
    let instant: DirectStep.Function
    let pair: @Sendable (Read, Int, Int, Int, Write, Int, Int, Int) -> Void
    /// Whether the products are those of CDot.
    var usesDots = false

    static let baseline = unsafe LowKernels(
      matrixBytes: LSTMKernels.lowMatrixBytes, instantBytes: LSTMKernels.lowInstantBytes,
      describe: LSTMKernels.describeLow(_:form:panels:count:limit:_:_:_:_:), project: LSTMKernels.projectLow(_:_:_:rows:first:end:_:_:),
      quantize: LSTMKernels.quantize(_:_:_:rows:_:_:),
      steps: LSTMKernels.lowSteps(_:_:_:_:steps:_:_:_:_:rows:first:end:_:_:_:_:_:_:_:_:_:),
      prepare: LSTMKernels.prepareLowInstant(_:input:recurrent:groups:h:hNew:c:z:sums:quantizedX:quantizedH:),
      begin: LSTMKernels.beginLowInstant(_:_:), blocks: LSTMKernels.lowInstantBlocks(_:_:_:), finish: LSTMKernels.finishLowInstant(_:_:),
      instant: { unsafe LSTMKernels.lowInstant($0, $1.assumingMemoryBound(to: Float.self), $2.assumingMemoryBound(to: Float.self)) },
      pair: LSTMKernels.pairRows(_:_:rows:count:_:first:width:depth:))
    static let v3 = unsafe LowKernels(
      matrixBytes: LSTMKernelsV3.lowMatrixBytes, instantBytes: LSTMKernelsV3.lowInstantBytes,
      describe: LSTMKernelsV3.describeLow(_:form:panels:count:limit:_:_:_:_:), project: LSTMKernelsV3.projectLow(_:_:_:rows:first:end:_:_:),
      quantize: LSTMKernelsV3.quantize(_:_:_:rows:_:_:),
      steps: LSTMKernelsV3.lowSteps(_:_:_:_:steps:_:_:_:_:rows:first:end:_:_:_:_:_:_:_:_:_:),
      prepare: LSTMKernelsV3.prepareLowInstant(_:input:recurrent:groups:h:hNew:c:z:sums:quantizedX:quantizedH:),
      begin: LSTMKernelsV3.beginLowInstant(_:_:), blocks: LSTMKernelsV3.lowInstantBlocks(_:_:_:), finish: LSTMKernelsV3.finishLowInstant(_:_:),
      instant: { unsafe LSTMKernelsV3.lowInstant($0, $1.assumingMemoryBound(to: Float.self), $2.assumingMemoryBound(to: Float.self)) },
      pair: LSTMKernelsV3.pairRows(_:_:rows:count:_:first:width:depth:))
    static let v4 = unsafe LowKernels(
      matrixBytes: LSTMKernelsV4.lowMatrixBytes, instantBytes: LSTMKernelsV4.lowInstantBytes,
      describe: LSTMKernelsV4.describeLow(_:form:panels:count:limit:_:_:_:_:), project: LSTMKernelsV4.projectLow(_:_:_:rows:first:end:_:_:),
      quantize: LSTMKernelsV4.quantize(_:_:_:rows:_:_:),
      steps: LSTMKernelsV4.lowSteps(_:_:_:_:steps:_:_:_:_:rows:first:end:_:_:_:_:_:_:_:_:_:),
      prepare: LSTMKernelsV4.prepareLowInstant(_:input:recurrent:groups:h:hNew:c:z:sums:quantizedX:quantizedH:),
      begin: LSTMKernelsV4.beginLowInstant(_:_:), blocks: LSTMKernelsV4.lowInstantBlocks(_:_:_:), finish: LSTMKernelsV4.finishLowInstant(_:_:),
      instant: { unsafe LSTMKernelsV4.lowInstant($0, $1.assumingMemoryBound(to: Float.self), $2.assumingMemoryBound(to: Float.self)) },
      pair: LSTMKernelsV4.pairRows(_:_:rows:count:_:first:width:depth:))
  }

  extension PackedMatrix {
    /// Describes itself to the kernels.
    func describe(for kernels: KernelTable) {
      precondition(description.count * MemoryLayout<Float>.stride >= (unsafe kernels.low.matrixBytes), "a description without room")
      // SAFETY: room for the description; the arrays live in the same arena. Scales, and the offsets behind them, are read only where there are such.
      unsafe kernels.low.describe(
        place, kernelForm(dots: unsafe kernels.low.usesDots), panels, count, quantizedLimit, weights.base, start.base,
        form.isInteger ? scales.base : start.base, form.isInteger ? scales.base + width : start.base)
    }

    /// The form by the kernels' name.
    private func kernelForm(dots: Bool) -> Int {
      switch form {
      case .full, .bf16: dots ? LSTM_DOT_BF16 : LSTM_LOW_BF16
      case .int8: dots ? LSTM_DOT_INT8 : LSTM_LOW_INTEGERS
      case .w8a8: dots ? LSTM_DOT_W8A8 : LSTM_LOW_INTEGERS
      }
    }

    /// Where the kernels find the matrix.
    @unsafe fileprivate var place: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(description.base) }
  }

  extension KernelTable {
    /// Packs `rows` rows of `count` numbers, `stride` apart, as words of two rows each, in groups of `width` columns and `depth` words, from the column
    /// `first` on: see the kernel.
    func pair(_ from: Floats, stride: Int, rows: Int, count: Int, into to: Floats, first: Int, width: Int, depth: Int) {
      guard rows > 0, count > 0 else { return }
      precondition(stride >= 0 && from.count >= (rows - 1) * stride + count, "a matrix is shorter than its rows")
      precondition(first >= 0 && first % lanes == 0 && width > 0 && width % lanes == 0 && depth >= (rows + 1) / 2, "columns between vectors")
      precondition(((first + count - 1) / width * depth + (rows + 1) / 2) * width <= to.count, "no room for the words")
      // SAFETY: the extents were checked; arenas are aligned, and so are whole vectors of them.
      unsafe low.pair(from.base, stride, rows, count, to.base, first, width, depth)
    }

    /// Writes rows of `matrix.count` numbers, `stride` apart, for a product with weights of few bytes, `matrix.quantizedStride` apart.
    func quantize(_ x: Floats, stride: Int, rows: Int, for matrix: PackedMatrix, into quantized: Floats) {
      guard rows > 0 else { return }
      precondition(stride >= 0 && x.count >= (rows - 1) * stride + matrix.count, "x is shorter than its rows")
      // SAFETY: x was checked.
      unsafe quantize(x.base, stride: stride, rows: rows, for: matrix, into: quantized)
    }

    /// The same for rows that the caller vouches for.
    @unsafe func quantize(_ x: Read, stride: Int, rows: Int, for matrix: PackedMatrix, into quantized: Floats) {
      precondition(matrix.form != .full && quantized.count >= rows * matrix.quantizedStride, "no room for the quantised rows")
      // SAFETY: the caller vouches for x; the stride leaves room for whole vectors behind the words.
      unsafe low.quantize(matrix.place, x, stride, rows, quantized.base, matrix.quantizedStride)
    }

    /// `out[r] = start + x[r] · W` with weights of few bytes, of it the groups of part `index` of `count`; x is quantised.
    func projectLow(
      _ x: Floats, stride xStride: Int, rows: Int, _ matrix: PackedMatrix, into out: Floats, stride outStride: Int, part index: Int = 0,
      of count: Int = 1
    ) {
      guard rows > 0 else { return }
      precondition(xStride >= 0 && x.count >= (rows - 1) * xStride + matrix.quantizedWords + 1, "x is shorter than its rows")
      // SAFETY: x was checked.
      unsafe projectLow(x.base, stride: xStride, rows: rows, matrix, into: out, stride: outStride, part: index, of: count)
    }

    /// The same for rows that the caller vouches for.
    @unsafe func projectLow(
      _ x: Read, stride xStride: Int, rows: Int, _ matrix: PackedMatrix, into out: Floats, stride outStride: Int, part index: Int = 0,
      of count: Int = 1
    ) {
      precondition(matrix.form != .full && outStride >= matrix.width, "other weights, or rows that overlap")
      precondition(out.count >= (rows - 1) * outStride + matrix.width, "out is shorter than its rows")
      let first = matrix.groups * index / count
      // SAFETY: the extents were checked; the matrix is packed for this table.
      unsafe low.project(
        matrix.place, x, xStride, rows, first, matrix.groups * (index + 1) / count, out.base + first * matrix.panels * lanes, outStride)
    }

    /// Steps of an LSTM or GRU with weights of few bytes, one after the other: see the kernel. After an odd number of steps the state is in `hNew`.
    ///
    /// - Shapes: `sums`: room for rows · width; `quantized`: room for h quantised; `gates` like z, or nil.
    ///
    /// Of a single step part `index` of `count` of the units may be computed, with h quantised already.
    func lowSteps(
      _ it: CellSteps, stride: Int, _ recurrent: PackedMatrix, sums: Floats, quantized: Floats, isQuantized: Bool = false,
      isBackward: Bool = false, gates: Floats? = nil, part index: Int = 0, of count: Int = 1
    ) {
      let (rows, isLSTM) = (it.rows, recurrent.panels == 4)
      guard rows > 0, it.steps > 0 else { return }
      precondition((isLSTM || recurrent.panels == 3) && recurrent.form != .full, "the cell is packed for other gates")
      precondition(stride >= recurrent.groups * lanes && stride >= recurrent.count, "a state is shorter than its units")
      let lastStep = (it.steps - 1) * it.zStep
      precondition(it.zStart >= 0 && it.zStart + lastStep >= 0, "a step before z")
      precondition(it.z.count >= it.zStart + max(lastStep, 0) + (rows - 1) * it.zStride + recurrent.width, "a step behind z")
      precondition(it.steps == 1 || (gates == nil && !isQuantized && count == 1), "gates or parts of several steps")
      precondition(gates.map { $0.count >= (rows - 1) * it.zStride + recurrent.width } != false, "gates are shorter than their rows")
      precondition(min(it.h.count, it.hNew.count) >= rows * stride && (!isLSTM || it.c.count >= rows * stride), "a state is shorter than its rows")
      precondition(quantized.count >= rows * recurrent.quantizedStride, "no room for the quantised rows")
      precondition(sums.count >= rows * recurrent.width, "no room for the sums")
      if let out = it.out {
        precondition(it.outStart >= 0 && it.outStep >= recurrent.count && it.outStride >= 0, "steps that overlap")
        precondition(
          out.count >= it.outStart + (rows - 1) * it.outStride + (it.steps - 1) * it.outStep + recurrent.count,
          "the output is shorter than its steps")
      }
      // SAFETY: the extents were checked; the matrix is packed for this table.
      unsafe low.steps(
        recurrent.place, it.z.base + it.zStart, it.zStride, it.zStep, it.steps, it.h.base, it.hNew.base, it.c.base, stride, rows,
        recurrent.groups * index / count, recurrent.groups * (index + 1) / count, sums.base, quantized.base, recurrent.quantizedStride,
        isQuantized, isBackward, gates?.base, it.out.map { unsafe $0.base + it.outStart }, it.outStride, it.outStep)
    }

    /// Fills memory for the steps of a stream's layer.
    @unsafe func prepareLow(
      _ memory: Floats, input: PackedMatrix, recurrent: PackedMatrix, h: Floats, hNew: Floats, c: Floats, z: Floats, sums: Floats,
      quantizedX: Floats, quantizedH: Floats
    ) -> UnsafeMutableRawPointer {
      precondition(memory.count * MemoryLayout<Float>.stride >= (unsafe low.instantBytes), "a stream's memory without room")
      precondition(min(h.count, hNew.count, c.count) >= recurrent.groups * lanes, "a state is shorter than its units")
      precondition(min(z.count, sums.count) >= max(input.width, recurrent.width), "no room for the sums")
      precondition(quantizedX.count >= input.quantizedStride && quantizedH.count >= recurrent.quantizedStride, "no room for quantised numbers")
      let place = unsafe UnsafeMutableRawPointer(memory.base)
      // SAFETY: the extents were checked; the matrices are packed for this table; the caller keeps all of it.
      unsafe low.prepare(
        place, input.place, recurrent.place, recurrent.groups, h.base, hNew.base, c.base, z.base, sums.base, quantizedX.base, quantizedH.base)
      return unsafe place
    }
  }
#endif
