import LSTMModel

/// Forward and backward over a batch, shared out among threads.
///
/// A batch is split into blocks of rows by its size alone, never by the number of threads, and the blocks' gradients are added in order:
/// so results do not depend on the threads.
final class TrainingEngine {
  let plan: TrainingPlan
  let seed: UInt64
  /// The flat vector of gradients of the last ``backward(_:)``.
  let gradient: Floats
  /// The outputs of the whole batch, their gradients, and the masks that they carry.
  private(set) var outputs: [Tensor] = []
  private(set) var outputGradients: [Tensor] = []
  private(set) var outputMasks: [Tensor?] = []

  private let gradientArena: Arena
  private var arena: Arena?
  private var blocks: [TrainingBlock] = []
  private var used = 0
  private var pending: (states: [[Scalar]], rows: Int)?
  private var inputShapes: [Shape] = []
  private var pool: ThreadPool?
  private let threads: Int
  private var work: (Int) -> Void = { _ in }

  /// The fewest rows that make a block: fewer would leave the matrix tiles of the kernels half empty.
  static let blockRows = 16
  /// The most blocks, each with gradients of its own.
  static let blockLimit = 16

  init(_ plan: TrainingPlan, threads: Int, seed: UInt64) throws(LSTMError) {
    self.plan = plan
    self.seed = seed
    self.threads = max(threads, 1)
    gradientArena = try Arena(capacity: plan.parameters.count, for: "gradients")
    gradient = gradientArena.floats(at: 0, plan.parameters.count)
    if threads > 1 { pool = ThreadPool(threads: threads) { [weak self] in self?.work($0) } }
  }

  /// The rows of each block of a batch.
  func split(_ rows: Int) -> [Range<Int>] {
    guard plan.splitsBatch, rows > TrainingEngine.blockRows else { return [0..<rows] }
    // Large models have fewer blocks: their gradients take memory.
    let limit = max(2, min(TrainingEngine.blockLimit, (1 << 28) / max(plan.parameters.count, 1)))
    let count = min(limit, (rows + TrainingEngine.blockRows - 1) / TrainingEngine.blockRows)
    return (0..<count).map { rows * $0 / count..<rows * ($0 + 1) / count }
  }

  /// Lays out memory for a batch of these shapes.
  ///
  /// - Throws: ``LSTMError/shape(_:)``, ``LSTMError/memory(_:)``, ``LSTMError/state(_:)``.
  func prepare(_ shapes: [Shape]) throws(LSTMError) {
    if shapes == inputShapes { return }
    let all = try plan.plan.shapes(for: shapes)
    let rows = shapes.first?[0] ?? 0
    if plan.splitsBatch {
      for (port, shape) in zip(plan.model.inputs, shapes) where shape[0] != rows {
        throw .shape("input ‘\(port.name)’ has a batch of \(shape[0]), input ‘\(plan.model.inputs[0].name)’ one of \(rows)")
      }
    }
    if plan.model.isStateful, let before = inputShapes.first?[0], before != rows {
      throw .state("the model is stateful and holds the state of a batch of \(before); reset it before a batch of \(rows)")
    }
    inputShapes = []
    let parts = split(rows)
    while blocks.count < parts.count { blocks.append(try TrainingBlock(plan, sharing: pool == nil ? blocks.first : nil)) }
    for (block, part) in zip(blocks, parts) {
      block.firstRow = part.lowerBound
      let share = plan.splitsBatch ? shapes.map { Shape([part.count] + $0.withoutBatch) } : shapes
      try block.prepare(share, seed: seed)
    }
    used = parts.count
    let model = plan.model
    let made = model.outputs.map { all[$0.value.node][$0.value.output] }
    let masks = model.outputs.map { port in port.mask.map { all[$0.node][$0.output] } }
    let counts = made.map { $0.count ?? 0 }
    let maskCounts = masks.compactMap { $0?.count }
    let arena = try Arena(
      capacity: counts.reduce(0) { $0 + 2 * Arena.rounded($1) } + maskCounts.reduce(0) { $0 + Arena.rounded($1) }, for: "outputs and their gradients")
    let tensor = { (shape: Shape) in Tensor(values: arena.floats(shape.count ?? 0), shape: shape.dimensions) }
    outputs = made.map(tensor)
    outputGradients = made.map(tensor)
    outputMasks = masks.map { $0.map(tensor) }
    self.arena = arena
    inputShapes = shapes
    if let pending, pending.rows == rows, pending.states.count == keptStates.count {
      for (state, numbers) in zip(keptStates, pending.states) where state.count == numbers.count { state.copy(from: numbers) }
    }
    pending = nil
  }

  /// Rows of the batch.
  var rows: Int { inputShapes.first?[0] ?? 0 }

  /// Puts kept states back when the next batch, of so many rows, comes.
  func restoreStates(_ states: [[Scalar]], rows: Int) {
    resetStates()
    inputShapes = []
    pending = (states, rows)
  }

  /// Sets the kept states of stateful layers to zero, those that wait to be put back included.
  func resetStates() {
    pending = nil
    for block in blocks { block.resetStates() }
    if plan.model.isStateful { inputShapes = [] }
  }

  /// Computes ``outputs`` from the whole batch's inputs, whose shapes ``prepare(_:)`` was given.
  ///
  /// - Throws: an error about the inputs' numbers (a token out of range).
  func forward(_ inputs: [Floats], _ mode: TrainingMode, step: UInt64) throws(LSTMError) {
    let rows = inputShapes.first?[0] ?? 0
    try eachBlock { [outputs, outputMasks] block throws(LSTMError) in
      for (from, to) in zip(inputs, block.inputs) { to.values.copy(from: TrainingEngine.part(from, block.firstRow, to)) }
      try block.forward(mode, step: step, batch: rows)
      for (from, to) in zip(block.outputs, outputs) { TrainingEngine.part(to.values, block.firstRow, from).copy(from: from.values) }
      for (from, to) in zip(block.outputMasks, outputMasks) {
        if let from, let to { TrainingEngine.part(to.values, block.firstRow, from).copy(from: from.values) }
      }
    }
  }

  /// Computes ``gradient`` from ``outputGradients``.
  func backward() throws(LSTMError) {
    let model = plan.model
    // A single thread takes the blocks in order: their gradients can be added while they are in the caches.
    let alone = pool == nil
    try eachBlock { [outputGradients, gradient, first = blocks.first] block throws(LSTMError) in
      block.clearGradients()
      for position in model.outputs.indices {
        // A value may be several outputs: their gradients add up.
        block.outputGradients[position]?.add(
          TrainingEngine.part(outputGradients[position].values, block.firstRow, block.outputs[position]))
      }
      block.backward()
      if alone { TrainingEngine.add(block, to: gradient, isFirst: block === first) }
    }
    if used == 0 { gradient.fill(0) }
    if !alone { for (index, block) in blocks[..<used].enumerated() { TrainingEngine.add(block, to: gradient, isFirst: index == 0) } }
  }

  /// Adds a block's gradients to the whole batch's.
  private static func add(_ block: TrainingBlock, to gradient: Floats, isFirst: Bool) {
    if isFirst { gradient.copy(from: block.gradient) } else { gradient.add(block.gradient) }
  }

  /// The gradient of an input, if the plan asks for those of inputs.
  func inputGradient(_ index: Int) -> [Scalar] { blocks[..<used].flatMap { $0.inputGradients[index]?.array ?? [] } }

  /// Takes over what the forward pass changed for good: moving averages, kept states.
  func commit() { for block in blocks[..<used] { block.commit() } }

  /// What activities add to the loss.
  var penalty: Double { blocks[..<used].reduce(0) { $0 + $1.penalty } }

  /// The first node whose output, or (backwards) output gradient, holds a number that is not finite.
  func firstFault(gradients: Bool) -> Int? {
    let found = blocks[..<used].compactMap { $0.firstFault(gradients: gradients) }
    return gradients ? found.max() : found.min()
  }

  /// The kept states of all blocks.
  var keptStates: [Floats] { blocks[..<used].flatMap { $0.keptStates } }

  /// A block's rows of an array of the whole batch.
  private static func part(_ whole: Floats, _ firstRow: Int, _ block: Tensor) -> Floats {
    let perRow = block.values.count / max(block.shape.first ?? 1, 1)
    return whole.slice(firstRow * perRow, block.values.count)
  }

  /// Runs `body` for each block in use, on all threads.
  ///
  /// - Throws: the error of the first block that has one.
  private func eachBlock(_ body: @escaping (TrainingBlock) throws(LSTMError) -> Void) throws(LSTMError) {
    let blocks = blocks[..<used]
    let threads = threads
    work = { thread in
      for index in stride(from: thread, to: blocks.count, by: threads) {
        blocks[index].error = nil
        do throws(LSTMError) {
          try body(blocks[index])
        } catch {
          blocks[index].error = error
        }
      }
    }
    defer { work = { _ in } }
    if let pool, used > 1 { pool.run() } else { for thread in 0..<threads { work(thread) } }
    for block in blocks { if let error = block.error { throw error } }
  }
}
