#if !LSTM_FLOAT64
  import LSTMCaller
  import LSTMModel

  /// A recurrent layer with weights of few bytes as a step of a stream, perhaps shared by several threads.
  @safe final class LowLayer: TeamTask {
    /// Its step.
    @unsafe private(set) var direct: DirectStep
    private let cell: LowCell
    private let arena: Arena
    private let team: Team?
    private let groups: Int
    @unsafe private let kernels: LowKernels
    @unsafe private let memory: UnsafeMutableRawPointer

    /// A layer whose state lies in `states`.
    ///
    /// - Throws: ``LSTMError/memory(_:)``.
    init(_ cell: LowCell, states: [Floats], team: Team?) throws(LSTMError) {
      self.cell = cell
      self.team = team
      groups = cell.recurrent.groups
      let kernels = unsafe cell.kernels.low
      let size = unsafe (kernels.instantBytes + MemoryLayout<Float>.stride - 1) / MemoryLayout<Float>.stride
      let counts = [
        size, cell.stride, cell.input.width, cell.recurrent.width, cell.input.quantizedStride, cell.recurrent.quantizedStride,
      ]
      let arena = try Arena(capacity: counts.reduce(0) { $0 + Arena.rounded($1) }, for: "a stream's arrays")
      let parts = counts.map { arena.floats($0) }
      // SAFETY: the cell keeps the matrices, the arena and the stream's states outlive this object.
      let memory = unsafe cell.kernels.prepareLow(
        parts[0], input: cell.input, recurrent: cell.recurrent, h: states[0], hNew: parts[1], c: states[states.count - 1], z: parts[2],
        sums: parts[3], quantizedX: parts[4], quantizedH: parts[5])
      self.arena = arena
      unsafe self.kernels = kernels
      unsafe self.memory = memory
      unsafe direct = DirectStep(function: kernels.instant, memory: memory)
      super.init()
      // SAFETY: the DirectStream that calls the step keeps this object.
      if team != nil { unsafe direct = DirectStep(function: LowLayer.function, memory: Unmanaged.passUnretained(self).toOpaque()) }
    }

    private static let function: DirectStep.Function = { memory, x, y in
      // SAFETY: see init; x and y hold the layer's numbers.
      unsafe Unmanaged<LowLayer>.fromOpaque(memory)._withUnsafeGuaranteedRef {
        unsafe $0.step(x.assumingMemoryBound(to: Float.self), y.assumingMemoryBound(to: Float.self))
      }
    }

    private func step(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
      unsafe kernels.begin(memory, x)
      team?.run(self)
      // SAFETY: all blocks are done; y holds the layer's numbers.
      unsafe kernels.finish(memory, y)
    }

    override func part(_ index: Int, of count: Int) {
      // SAFETY: the step has begun and waits for all parts.
      unsafe kernels.blocks(memory, groups * index / count, groups * (index + 1) / count)
    }
  }
#endif
