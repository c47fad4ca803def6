import LSTMCaller
import LSTMModel

/// Runs a plan on batches of whole sequences. Belongs to one thread at a time.
public final class Session: RunningSession {
  /// What is run.
  public let plan: Plan
  private var inputs: [CallerArray]
  private var outputs: [CallerArray]
  private let workers: [Worker]
  private let team: Team?
  private let rowsTask = RowsTask()
  private let sharesSteps: Bool
  private var inputShapes: [Shape] = []
  private var outputShapes: [Shape] = []

  /// The share of one thread: its memory and the rows that it computes.
  private final class Worker {
    let workspace: Workspace
    var rows = 0..<0
    var error: LSTMError?

    init(_ plan: Plan) { workspace = Workspace(plan, streaming: false) }
  }

  /// So many numbers an array has that is worked on in place: below, that takes longer than a copy (1,100 instructions a call).
  private static let lentNumbers = 2048

  /// Rows as several threads' work.
  private final class RowsTask: TeamTask {
    weak var session: Session?

    override func part(_ index: Int, of count: Int) { session?.runShare(of: index) }
  }

  /// A session that shares rows out among `threads` threads (1 or more).
  public init(_ plan: Plan, threads: Int) {
    self.plan = plan
    inputs = plan.model.inputs.map { _ in .empty }
    outputs = plan.model.outputs.map { _ in .empty }
    let count = plan.rowsAreIndependent ? max(threads, 1) : 1
    workers = (0..<count).map { _ in Worker(plan) }
    team = threads > 1 ? Team(threads: threads) : nil
    sharesSteps = threads > 1 && plan.prefersSharedSteps
    rowsTask.session = self
  }

  public var precision: ElementType { scalarType }

  public var weightBytes: Int { plan.weightBytes }

  public func setInput(_ index: Int, _ array: CallerArray) { inputs[index] = array }

  public func setOutput(_ index: Int, _ array: CallerArray) { outputs[index] = array }

  public func trace(layer: String, _ inputs: [CallerArray]) throws(LSTMError) -> any RunningTrace {
    _ = try shapes(for: inputs.map { $0.shape })
    return try Trace(plan, layer: layer, inputs)
  }

  /// The outputs' shapes for inputs of these shapes.
  ///
  /// - Throws: ``LSTMError/shape(_:)``, ``LSTMError/argument(_:)``.
  public func shapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    if plan.rowsAreIndependent, let batch = inputs.first?[0] {
      for (port, shape) in zip(plan.model.inputs, inputs) where shape[0] != batch {
        throw .shape("input ‘\(port.name)’ has a batch of \(shape[0]), input ‘\(plan.model.inputs[0].name)’ one of \(batch)")
      }
    }
    let all = try plan.shapes(for: inputs)
    return plan.model.outputs.map { all[$0.value.node][$0.value.output] }
  }

  /// Runs the model from its inputs to its outputs. Each row's numbers are the same whatever the batch and the number of threads.
  ///
  /// - Throws: ``LSTMError/shape(_:)``, ``LSTMError/argument(_:)``, ``LSTMError/memory(_:)``, ``LSTMError/state(_:)``.
  /// - Cost: no allocation if the shapes are those of the call before.
  public func predict() throws(LSTMError) {
    try prepare()
    guard inputs.first.map({ $0.rows > 0 }) ?? true else { return }
    if let team, workers.count > 1, !workers[1].rows.isEmpty { team.run(rowsTask) } else { runShare(of: 0) }
    for worker in workers { if let error = worker.error { throw error } }
    if writesLast { for worker in workers where !worker.rows.isEmpty { write(worker) } }
  }

  /// Whether outputs are written when all threads are done: a layer may refuse numbers of one thread's rows, and then the others' are untouched too.
  private var writesLast: Bool { plan.mayRefuse && workers.count > 1 && !workers[1].rows.isEmpty }

  private var isPrepared: Bool {
    guard inputShapes.count == inputs.count, outputShapes.count == outputs.count else { return false }
    for index in inputs.indices where !inputs[index].has(inputShapes[index]) { return false }
    for index in outputs.indices where !outputs[index].has(outputShapes[index]) { return false }
    return true
  }

  /// Checks the arrays and shares the rows out, unless all is as it was in the call before.
  private func prepare() throws(LSTMError) {
    if isPrepared { return }
    inputShapes = []
    let given = inputs.map { $0.shape }
    let expected = try shapes(for: given)
    for (index, shape) in expected.enumerated() where !outputs[index].has(shape) {
      throw .shapeMismatch(tensor: "the array for output ‘\(plan.model.outputs[index].name)’", expected: shape, found: outputs[index].shape)
    }
    let batch = given.first?[0] ?? 1
    let held = workers.reduce(0) { $0 + $1.workspace.heldRows }
    if batch > 0, held > 0, held != batch {
      throw .state("the model is stateful and holds the state of a batch of \(held); reset it before a batch of \(batch)")
    }
    // Threads take rows of their own, or share the only one, or the steps of all.
    let parts = sharesSteps ? 1 : min(workers.count, max(batch, 1))
    for (index, worker) in workers.enumerated() {
      worker.rows = index < parts ? batch * index / parts..<batch * (index + 1) / parts : 0..<0
      // A thread without rows does not run: what went wrong with rows that it had is past.
      worker.error = nil
      guard !worker.rows.isEmpty else { continue }
      let share = plan.rowsAreIndependent ? given.map { Shape([worker.rows.count] + $0.withoutBatch) } : given
      try worker.workspace.prepare(share)
      worker.workspace.share(among: parts == 1 ? team : nil)
    }
    outputShapes = expected
    inputShapes = given
  }

  /// Runs the rows of one thread.
  private func runShare(of index: Int) {
    let worker = workers[index]
    worker.error = nil
    guard !worker.rows.isEmpty else { return }
    let first = worker.rows.lowerBound
    let workspace = worker.workspace
    for position in inputs.indices {
      let own = workspace.inputs[position]
      if lend(plan.loans.inputs[position], inputs[position], own, worker) { continue }
      inputs[position].read(into: own.values, fromRow: first)
    }
    if !writesLast {
      for position in outputs.indices { _ = lend(plan.loans.outputs[position], outputs[position], workspace.outputs[position], worker) }
    }
    do throws(LSTMError) {
      try workspace.run()
    } catch {
      worker.error = error
    }
    if worker.error == nil && !writesLast { write(worker) }
    // Nothing of the caller's is known after the call.
    for position in inputs.indices {
      let own = workspace.inputs[position]
      let loan = plan.loans.inputs[position]
      if isLent(loan, inputs[position], own) { workspace.place(own.values, loan) }
    }
    for position in outputs.indices {
      let own = workspace.outputs[position]
      let loan = plan.loans.outputs[position]
      if isLent(loan, outputs[position], own) { workspace.place(own.values, loan) }
    }
  }

  /// Writes what a thread made of its rows to the caller's arrays, but for what lies there.
  private func write(_ worker: Worker) {
    for position in outputs.indices {
      let own = worker.workspace.outputs[position]
      if !writesLast && isLent(plan.loans.outputs[position], outputs[position], own) { continue }
      outputs[position].write(own.values, fromRow: worker.rows.lowerBound)
    }
  }

  /// Whether a value of the model may lie in the caller's array during a call, can, and is so large that a copy would cost more.
  private func isLent(_ loan: [Loans.Use], _ array: CallerArray, _ own: Tensor) -> Bool {
    own.values.count >= Session.lentNumbers && array.isLent && !loan.isEmpty
  }

  /// Lets a value of the model lie in the caller's array during the call, or returns false.
  private func lend(_ loan: [Loans.Use], _ array: CallerArray, _ own: Tensor, _ worker: Worker) -> Bool {
    guard isLent(loan, array, own), let part = array.part(own.values.count, fromRow: worker.rows.lowerBound) else { return false }
    worker.workspace.place(part, loan)
    return true
  }

  /// Sets the states of stateful layers to zero.
  public func reset() {
    inputShapes = []
    for worker in workers { worker.workspace.reset() }
  }
}
