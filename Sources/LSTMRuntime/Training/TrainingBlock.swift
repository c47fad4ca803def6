import LSTMModel

/// Some rows of a batch in a training step: all values, all gradients, and this block's part of the weights' gradients.
final class TrainingBlock {
  private let plan: TrainingPlan
  private var shapes: [Shape] = []
  private var arena: Arena?
  private var stateArena: Arena?
  private(set) var calls: [TrainingCall?] = []
  /// The model's inputs and outputs, and the gradients of both; those of inputs only if they are wanted.
  private(set) var inputs: [Tensor] = []
  private(set) var outputs: [Tensor] = []
  private(set) var inputGradients: [Floats?] = []
  private(set) var outputGradients: [Floats?] = []
  /// The masks that the outputs carry.
  private(set) var outputMasks: [Tensor?] = []
  /// The flat vector of this block's part of the weights' gradients.
  let gradient: Floats
  private let gradientArena: Arena
  private var valueGradients: [Floats] = []
  private var states: [[Floats]] = []
  private var stateRows = 0
  /// The block's first row in the batch.
  var firstRow = 0
  /// What went wrong in the block's last pass.
  var error: LSTMError?

  /// A block with memory for gradients of its own, or with another's: then each takes them over before the other goes backward.
  init(_ plan: TrainingPlan, sharing other: TrainingBlock? = nil) throws(LSTMError) {
    self.plan = plan
    if let other { gradientArena = other.gradientArena } else { gradientArena = try Arena(capacity: plan.parameters.count, for: "gradients") }
    gradient = gradientArena.floats(at: 0, plan.parameters.count)
  }

  /// Lays out memory for inputs of these shapes, unless they are the same as before.
  ///
  /// - Throws: ``LSTMError/shape(_:)``, ``LSTMError/memory(_:)``, ``LSTMError/state(_:)`` if a kept state is for another batch.
  func prepare(_ shapes: [Shape], seed: UInt64) throws(LSTMError) {
    if shapes == self.shapes && !calls.isEmpty { return }
    self.shapes = []
    let all = try plan.plan.shapes(for: shapes, ofRows: plan.splitsBatch)
    try prepareStates(all, rows: shapes.first?[0] ?? 0)
    let layout = try Layout(plan, all)
    let arena = try Arena(capacity: layout.capacity, for: "a training step")
    self.arena = arena
    let parts = { (places: [Layout.Place]) in places.map { arena.floats(at: $0.start, $0.count) } }
    let values = layout.values.map { parts($0) }
    let gradients = layout.gradients.map { parts($0) }
    let tensors = zip(all, values).map { shapes, floats in zip(shapes, floats).map { Tensor(values: $1, shape: $0.dimensions) } }
    valueGradients = gradients.flatMap { $0 }
    calls = plan.model.nodes.enumerated().map { index, node in
      guard plan.layers[index] != nil else { return nil }
      let plain = Call(
        inputs: node.inputs.map { tensors[$0.node][$0.output] }, masks: node.masks.map { $0.map { tensors[$0.node][$0.output] } },
        outputs: tensors[index], scratch: parts(layout.plainScratch[index]), state: states[index])
      return TrainingCall(
        plain: plain, inputGradients: node.inputs.map { plan.needsGradient[$0.node] ? gradients[$0.node][$0.output] : nil },
        outputGradients: gradients[index], weights: node.weights.map { plan.parameters.weights[$0] },
        weightGradients: node.weights.map { plan.parameters.part(of: gradient, $0) }, kept: parts(layout.kept[index]),
        scratch: parts(layout.scratch[index]), chance: Chance(seed: seed, stream: UInt32(truncatingIfNeeded: 2 * index)),
        isByArgument: plan.byArgument.contains(index), activities: node.activities)
    }
    let model = plan.model
    inputs = model.inputs.map { tensors[$0.value.node][$0.value.output] }
    outputs = model.outputs.map { tensors[$0.value.node][$0.value.output] }
    outputMasks = model.outputs.map { $0.mask.map { tensors[$0.node][$0.output] } }
    inputGradients = model.inputs.map { plan.needsGradient[$0.value.node] ? gradients[$0.value.node][$0.value.output] : nil }
    outputGradients = model.outputs.map { plan.needsGradient[$0.value.node] ? gradients[$0.value.node][$0.value.output] : nil }
    self.shapes = shapes
  }

  private func prepareStates(_ all: [[Shape]], rows: Int) throws(LSTMError) {
    if stateRows == rows && !states.isEmpty { return }
    var parts: [[StatePart]] = []
    for (index, node) in plan.model.nodes.enumerated() {
      parts.append(plan.layers[index]?.stateParts(node.inputs.map { all[$0.node][$0.output].dimensions }) ?? [])
    }
    let total = parts.joined().reduce(0) { $0 + Arena.rounded($1.stride * rows) }
    let arena = try Arena(capacity: total, for: "the model's state")
    states = parts.map { $0.map { arena.floats($0.stride * rows) } }
    stateArena = arena
    stateRows = rows
  }

  /// Sets all kept states to zero.
  func resetStates() { for floats in states.joined() { floats.fill(0) } }

  /// All kept states, one part after the other, and how many numbers of a row each has.
  var keptStates: [Floats] { Array(states.joined()) }

  /// Runs all layers forward.
  func forward(_ mode: TrainingMode, step: UInt64, batch: Int) throws(LSTMError) {
    for (index, layer) in plan.layers.enumerated() {
      guard let layer, let call = calls[index] else { continue }
      call.mode = mode
      call.chance.step = step
      call.chance.firstRow = firstRow * (call.inputs[0].shape.first ?? 1) / max(inputs.first?.shape.first ?? 1, 1)
      call.share = Double(batch) / Double(max(inputs.first?.shape.first ?? 1, 1))
      try layer.forward(call)
    }
  }

  /// Sets all gradients to zero; the outputs' are then filled in.
  func clearGradients() {
    gradient.fill(0)
    for floats in valueGradients { floats.fill(0) }
  }

  /// Runs all layers backward, from the outputs' gradients.
  func backward() {
    for (index, layer) in plan.layers.enumerated().reversed() where plan.needsGradient[index] {
      guard let layer, let call = calls[index] else { continue }
      call.addActivityGradients()
      layer.backward(call)
    }
  }

  /// What the block's numbers add to the loss.
  var penalty: Double { calls.reduce(0) { $0 + ($1?.activityPenalty ?? 0) } }

  /// The first node whose output, or (backwards) output gradient, holds a number that is not finite.
  func firstFault(gradients: Bool) -> Int? {
    let order = gradients ? Array(calls.indices.reversed()) : Array(calls.indices)
    return order.first { index in
      guard let call = calls[index] else { return false }
      let arrays = gradients ? call.outputGradients : call.outputs.map(\.values)
      return arrays.contains { floats in (0..<floats.count).contains { !floats[$0].isFinite } }
    }
  }

  /// Takes over what the forward pass changed for good.
  func commit() {
    for (layer, call) in zip(plan.layers, calls) { if let call { layer?.commit(call) } }
  }
}

/// Where in a block's memory everything lies.
private struct Layout {
  struct Place {
    var start: Int
    var count: Int
  }

  private(set) var capacity = 0
  /// For each node its outputs, their gradients, what is kept, and scratch.
  var values: [[Place]] = []
  var gradients: [[Place]] = []
  var kept: [[Place]] = []
  var scratch: [[Place]] = []
  var plainScratch: [[Place]] = []

  init(_ plan: TrainingPlan, _ all: [[Shape]]) throws(LSTMError) {
    var scratchCounts: [[Int]] = []
    var plainCounts: [[Int]] = []
    for (index, node) in plan.model.nodes.enumerated() {
      let outputs = all[index].map { $0.dimensions }
      let inputs = node.inputs.map { all[$0.node][$0.output].dimensions }
      let counts = all[index].map { $0.count ?? 0 }
      values.append(try counts.map { count throws(LSTMError) in try take(count) })
      gradients.append(plan.needsGradient[index] ? try counts.map { count throws(LSTMError) in try take(count) } : [])
      let sizes = plan.layers[index]?.sizes(inputs, outputs) ?? TrainingSizes()
      kept.append(try sizes.kept.map { count throws(LSTMError) in try take(count) })
      scratchCounts.append(sizes.scratch)
      plainCounts.append(plan.plan.operators[index]?.scratch(inputs, outputs) ?? [])
    }
    // Scratch is one layer's at a time.
    let first = capacity
    var end = capacity
    for counts in scratchCounts + plainCounts {
      capacity = first
      let places = try counts.map { count throws(LSTMError) in try take(count) }
      if scratch.count < scratchCounts.count { scratch.append(places) } else { plainScratch.append(places) }
      end = max(end, capacity)
    }
    capacity = end
  }

  /// The next place for `count` numbers.
  private mutating func take(_ count: Int) throws(LSTMError) -> Place {
    let place = Place(start: capacity, count: count)
    guard count <= Int.max / 64, capacity <= Int.max / 64 else { throw .memory("a training step would need more memory than any machine has") }
    capacity += Arena.rounded(count)
    return place
  }
}
