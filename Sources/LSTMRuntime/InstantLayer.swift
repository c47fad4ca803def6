import LSTMCaller
import LSTMModel

/// What steps of a stream need of a cell beside its input weights: see the kernel ``prepareInstant``.
struct InstantLayer {
  /// The cell; of a GRU with what it resets.
  enum Kind { case lstm, gru, resetGRU, simple }

  let kind: Kind
  /// The recurrent weights; of a GRU that resets before the product those of its gates.
  let recurrent: PackedMatrix
  /// Those of its candidate.
  let candidate: PackedMatrix?
  /// Units behind the last whole block, rounded up, if they have weights of their own: then these.
  let tailUnits: Int
  let tailInput: PackedMatrix?
  let tailRecurrent: PackedMatrix?
  /// Which function the last product's sums go through, where the kernels ask: see ``simpleInstant``.
  let applied: Int

  /// The matrices, for their bytes.
  var packed: [PackedMatrix] { [recurrent] + [candidate, tailInput, tailRecurrent].compactMap { $0 } }

  /// Packs the units behind the last whole block if they fill no more than half a vector.
  init(
    _ it: Recurrent, _ weights: RecurrentWeights, _ recurrent: PackedMatrix, recurrentBias: ((Int) -> Scalar)?, _ kernels: KernelTable
  ) throws(LSTMError) {
    kind = it.cell == .lstm ? .lstm : .gru
    self.recurrent = recurrent
    candidate = nil
    applied = 0
    let whole = it.units / kernels.lanes * kernels.lanes
    let tailUnits = kernels.instantTail(it.units - whole)
    self.tailUnits = tailUnits
    guard tailUnits > 0 else {
      tailInput = nil
      tailRecurrent = nil
      return
    }
    let order = (0..<it.gates).flatMap { gate in
      (0..<tailUnits).map { lane -> Int? in whole + lane < it.units ? gate * it.units + whole + lane : nil }
    }
    let panels = (order.count + kernels.lanes - 1) / kernels.lanes
    tailInput = try PackedMatrix(
      weights.kernel, count: weights.inputSize, columns: it.gates * it.units, order: order, panels: panels,
      bias: weights.bias.map { values in { values[$0] } }, lanes: kernels.lanes)
    tailRecurrent = try PackedMatrix(
      weights.recurrent, count: it.units, columns: it.gates * it.units, order: order, panels: panels, bias: recurrentBias, lanes: kernels.lanes)
  }

  /// A SimpleRNN; nil if its function has no kernel.
  init?(_ recurrent: PackedMatrix, _ activation: Activation) {
    switch activation {
    case .tanh: applied = 1
    case .sigmoid: applied = 2
    case .plainRelu: applied = 3
    case .linear: applied = 4
    default: return nil
    }
    kind = .simple
    self.recurrent = recurrent
    (candidate, tailUnits, tailInput, tailRecurrent) = (nil, 0, nil, nil)
  }

  /// A GRU that resets before the product.
  init(_ gates: PackedMatrix, _ candidate: PackedMatrix) {
    kind = .resetGRU
    recurrent = gates
    self.candidate = candidate
    (tailUnits, tailInput, tailRecurrent, applied) = (0, nil, nil, 0)
  }
}

extension InstantLayer {
  /// A step on prepared memory.
  @unsafe func function(_ kernels: InstantKernels) -> DirectStep.Function {
    switch kind {
    case .lstm: return unsafe kernels.lstm
    case .gru: return unsafe kernels.gru
    case .resetGRU: return unsafe kernels.reset
    case .simple: return unsafe kernels.simple
    }
  }

  /// The same in parts that threads share, with the blocks of each.
  @unsafe func parts(_ cell: Cell) -> [(run: SharedLayer.Part, blocks: Int)] {
    let kernels = unsafe cell.kernels.instants
    switch kind {
    case .lstm: return unsafe [(kernels.lstmBlocks, blocks(cell))]
    case .gru: return unsafe [(kernels.gruBlocks, blocks(cell))]
    case .resetGRU: return unsafe [(kernels.resetGroups, recurrent.groups), (kernels.resetCandidates, candidate?.groups ?? 0)]
    case .simple: return unsafe [(kernels.simpleGroups, recurrent.groups)]
    }
  }

  /// Whole blocks of units, or groups of vectors.
  private func blocks(_ cell: Cell) -> Int {
    switch kind {
    case .lstm, .gru: return tailUnits == 0 ? cell.stride / cell.kernels.lanes : cell.units / cell.kernels.lanes
    case .resetGRU, .simple: return recurrent.groups
    }
  }

  /// Memory that is prepared for steps of `cell` whose state lies in `states`; it belongs to the last of `arenas`.
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  @unsafe func prepare(_ cell: Cell, _ states: [Floats], _ arenas: inout [Arena]) throws(LSTMError) -> UnsafeMutableRawPointer {
    let kernels = unsafe cell.kernels.instants
    let stride = cell.stride
    let size = unsafe (kind == .resetGRU ? 2 : 1) * kernels.bytes / MemoryLayout<Scalar>.stride
    let further = kind == .resetGRU ? 4 * stride : kind == .simple ? stride : 0
    let arena = try Arena(capacity: Arena.rounded(size) + Arena.rounded(stride) + Arena.rounded(further), for: "a stream's state")
    arenas.append(arena)
    let memory = unsafe UnsafeMutableRawPointer(arena.floats(size).base)
    let other = arena.floats(stride)
    precondition(states[0].count >= stride && (states.last?.count ?? 0) >= stride, "a state is shorter than its cell")
    // The cell state, or what the kernels keep in its place.
    let c = further == 0 ? states[states.count - 1] : arena.floats(further)
    let input = cell.input
    let (tailInput, tailRecurrent) = (tailInput ?? input, tailRecurrent ?? recurrent)
    let vectors = stride / cell.kernels.lanes
    // SAFETY: the matrices are packed for these kernels and kept by the plan; the states were checked; all outlive the arena's owner.
    unsafe kernels.prepare(
      memory, input.count, input.weights.base, input.start.base, cell.units, recurrent.weights.base, recurrent.start.base, blocks(cell), tailUnits,
      tailInput.weights.base, tailInput.start.base, tailRecurrent.weights.base, tailRecurrent.start.base, states[0].base, other.base, c.base,
      kind == .resetGRU ? 2 : recurrent.panels, vectors, applied)
    guard let candidate else { return unsafe memory }
    // SAFETY: as above; c holds r ⊙ h and u, r and n of the input.
    unsafe kernels.prepare(
      memory + kernels.bytes, 0, candidate.weights.base, c.base + stride + 2 * cell.kernels.lanes, cell.units, candidate.weights.base,
      candidate.start.base, candidate.groups, 0, candidate.weights.base, candidate.start.base, candidate.weights.base, candidate.start.base, c.base,
      other.base, c.base + stride, candidate.panels, vectors, applied)
    return unsafe memory
  }
}

extension KernelTable {
  /// Steps of one row of a SimpleRNN, or of a GRU that resets before the product, one after the other: see the kernel. After an odd number of steps
  /// the state is in `hNew`.
  func simpleSteps(_ it: CellSteps, units: Int, _ layer: InstantLayer, _ share: Share?) {
    guard it.rows > 0, it.steps > 0 else { return }
    let vectors = (units + lanes - 1) / lanes
    let stride = vectors * lanes
    let last = layer.candidate ?? layer.recurrent
    precondition(it.rows == 1 && last.count == units && last.width >= stride && last.form == .full, "steps of other cells")
    precondition(it.h.count >= stride && it.hNew.count >= stride, "a state is shorter than its row")
    let (zCount, lastStep) = (layer.candidate == nil ? stride : 3 * stride, (it.steps - 1) * it.zStep)
    precondition(it.zStart >= 0 && it.zStart + lastStep >= 0, "a step before z")
    precondition(it.z.count >= it.zStart + max(lastStep, 0) + zCount, "a step behind z")
    precondition(it.scratch.count >= (layer.candidate == nil ? 1 : 4) * stride && layer.recurrent.count == units, "too little scratch")
    if let out = it.out {
      precondition(it.outStart >= 0 && it.outStep >= units, "steps that overlap")
      precondition(out.count >= it.outStart + (it.steps - 1) * it.outStep + units, "the output is shorter than its steps")
    }
    // SAFETY: the extents were checked; the matrices are packed for this table.
    unsafe instants.simpleSteps(
      it.z.base + it.zStart, it.zStep, it.steps, it.h.base, it.hNew.base, units, vectors,
      layer.candidate == nil ? nil : UnsafePointer(layer.recurrent.weights.base), layer.recurrent.start.base, it.scratch.base, last.weights.base,
      last.start.base, last.panels, layer.applied, it.out.map { unsafe $0.base + it.outStart }, it.outStep, share?.meeting.place,
      share?.own ?? 0, share?.meeting.parts ?? 1)
  }
}
