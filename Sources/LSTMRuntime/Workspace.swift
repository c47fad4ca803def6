import LSTMModel

/// The memory and the states of one run of a plan over some rows. Not shared between threads.
final class Workspace {
  let plan: Plan
  private let streaming: Bool
  /// Whether operators are run here, which need scratch.
  private let runs: Bool
  private var inputShapes: [Shape] = []
  private var arena: Arena?
  private var stateArena: Arena?
  private var stateRows = 0
  /// Whether the kept states are other than zero.
  private var hasRun = false
  private var states: [[Floats]]
  private var stateParts: [[StatePart]] = []
  private(set) var calls: [Call?] = []
  /// The model's inputs and outputs as arrays of the arena.
  private(set) var inputs: [Tensor] = []
  private(set) var outputs: [Tensor] = []

  /// Memory for a plan; `runs` is false where only its inputs, outputs and states are wanted.
  init(_ plan: Plan, streaming: Bool, runs: Bool = true) {
    self.plan = plan
    self.streaming = streaming
    self.runs = runs
    states = plan.operators.map { _ in [] }
  }

  /// Lays out memory for inputs of these shapes; does nothing if they are the same as before.
  ///
  /// - Throws: ``LSTMError/shape(_:)``, ``LSTMError/memory(_:)``, ``LSTMError/state(_:)`` if a kept state is for another batch.
  func prepare(_ shapes: [Shape]) throws(LSTMError) {
    if shapes == inputShapes && !calls.isEmpty { return }
    let all = try plan.shapes(for: shapes, streaming: streaming, ofRows: plan.rowsAreIndependent)
    try prepareStates(all, rows: shapes.first?[0] ?? 0)
    calls = []
    inputShapes = []
    var memory = MemoryPlan()
    let places = layOut(all, &memory)
    let arena = try Arena(capacity: memory.capacity, for: "the model's arrays")
    self.arena = arena
    var tensors: [[Tensor]] = []
    for (index, made) in all.enumerated() {
      tensors.append(
        zip(made, places[index].outputs).map { shape, start in
          Tensor(values: arena.floats(at: start, shape.count ?? 0), shape: shape.dimensions)
        })
    }
    calls = plan.model.nodes.indices.map { index in
      guard let it = plan.operators[index] else { return nil }
      let node = plan.model.nodes[index]
      let counts = scratch(it, node, all, index)
      return Call(
        inputs: node.inputs.map { tensors[$0.node][$0.output] }, masks: node.masks.map { $0.map { tensors[$0.node][$0.output] } },
        outputs: tensors[index], scratch: zip(counts, places[index].scratch).map { arena.floats(at: $1, $0) }, state: states[index])
    }
    inputs = plan.model.inputs.map { tensors[$0.value.node][$0.value.output] }
    outputs = plan.model.outputs.map { tensors[$0.value.node][$0.value.output] }
    inputShapes = shapes
  }

  /// Where each node's outputs and scratch arrays lie.
  private func layOut(_ all: [[Shape]], _ memory: inout MemoryPlan) -> [(outputs: [Int], scratch: [Int])] {
    var places: [(outputs: [Int], scratch: [Int])] = []
    var ending: [Int: [(start: Int, count: Int)]] = [:]
    for (index, node) in plan.model.nodes.enumerated() {
      let counts = all[index].map { $0.count ?? 0 }
      let outputs = counts.map { memory.take($0) }
      var scratch: [Int] = []
      if let it = plan.operators[index] {
        let sizes = self.scratch(it, node, all, index)
        scratch = sizes.map { memory.take($0) }
        for (start, size) in zip(scratch, sizes) { memory.release(start, size) }
      }
      for (output, count) in counts.enumerated() {
        // An input that nobody reads is filled all the same.
        let last = plan.lastUse[Value(node: index, output: output)] ?? (plan.operators[index] == nil ? Int.max : index)
        ending[last, default: []].append((outputs[output], count))
      }
      places.append((outputs, scratch))
      // Inputs are filled before the first node runs: their place may be reused only after their last reader, as any other's.
      for ended in ending.removeValue(forKey: index) ?? [] { memory.release(ended.start, ended.count) }
    }
    return places
  }

  private func scratch(_ it: Operator, _ node: Node, _ all: [[Shape]], _ index: Int) -> [Int] {
    runs ? it.scratch(node.inputs.map { all[$0.node][$0.output].dimensions }, all[index].map { $0.dimensions }) : []
  }

  private func prepareStates(_ all: [[Shape]], rows: Int) throws(LSTMError) {
    var parts: [[StatePart]] = []
    for (index, node) in plan.model.nodes.enumerated() {
      parts.append(plan.operators[index]?.stateParts(streaming: streaming, node.inputs.map { all[$0.node][$0.output].dimensions }) ?? [])
    }
    let perRow = parts.joined().reduce(0) { $0 + $1.stride }
    guard perRow > 0 else { return }
    if stateArena != nil && stateRows == rows { return }
    if stateArena != nil && hasRun {
      throw .state("the model is stateful and holds the state of a batch of \(stateRows); reset it before a batch of \(rows)")
    }
    // Each part starts aligned, whatever the width of a vector.
    guard let least = Shape([perRow, rows]).count, least < Int.max / 2 else { throw .memory("a batch of \(rows) has too large a state") }
    let total = parts.joined().reduce(0) { $0 + Arena.rounded($1.stride * rows) }
    let arena = try Arena(capacity: total, for: "the model's state")
    states = parts.map { $0.map { arena.floats($0.stride * rows) } }
    stateParts = parts
    stateArena = arena
    stateRows = rows
    reset()
  }

  /// Lets these threads share the work of each row, or none.
  func share(among team: Team?) { for call in calls { call?.team = team } }

  /// Rows whose kept state is other than what it starts from.
  var heldRows: Int { hasRun && stateArena != nil ? stateRows : 0 }

  /// Sets all kept states to what they start from.
  func reset() {
    for (floats, part) in zip(states.joined(), stateParts.joined()) {
      floats.fill(0)
      guard let initial = part.initial else { continue }
      for row in 0..<stateRows { floats.slice(row * part.stride, initial.count).copy(from: initial) }
    }
    hasRun = false
  }

  /// Runs every operation once, in order.
  func run() throws(LSTMError) {
    hasRun = true
    for index in calls.indices {
      guard let call = calls[index], let it = plan.operators[index] else { continue }
      try it.run(call)
    }
  }

  /// The kept states of each node, for a stream.
  var keptStates: [[Floats]] { states }
}
