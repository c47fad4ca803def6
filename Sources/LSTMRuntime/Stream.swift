import LSTMCaller
import LSTMModel

/// A model run step by step on a live series, with its state. After creation no call allocates, locks or makes a system call.
public final class Stream: RunningStream {
  private let plan: Plan
  private let threads: Int
  private let workspace: Workspace
  private let states: [Floats]
  let chain: DirectStream?
  /// The parts of the state.
  public let parts: [StatePlace]
  /// Numbers that a step reads: the inputs one after the other.
  public let inputCount: Int
  /// Numbers that a step writes: the outputs one after the other.
  public let outputCount: Int

  /// A stream whose state is zero. Large layers are shared among `threads` threads.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming a layer that needs the future, ``LSTMError/shape(_:)``, ``LSTMError/memory(_:)``.
  public init(_ plan: Plan, threads: Int = 1) throws(LSTMError) {
    self.threads = threads
    let analysis = try StreamAnalysis(plan.model)
    var shapes: [Shape] = []
    for (port, isTime) in zip(plan.model.inputs, analysis.timeInputs) {
      var shape = plan.model.shape(of: port.value)
      shape.dimensions[0] = 1
      if isTime { shape.dimensions[1] = 1 }
      guard shape.isKnown else { throw .unsupported("the model cannot run step by step: input ‘\(port.name)’ is \(shape), with open dimensions") }
      shapes.append(shape)
    }
    self.plan = plan
    workspace = Workspace(plan, streaming: true, runs: !DirectStream.takes(plan))
    try workspace.prepare(shapes)
    var parts: [StatePlace] = []
    var states: [Floats] = []
    var offset = 0
    var names: Set<String> = []
    for (index, kept) in workspace.keptStates.enumerated() {
      guard let it = plan.operators[index], !kept.isEmpty else { continue }
      let node = plan.model.nodes[index]
      for (part, floats) in zip(it.stateParts(streaming: true, node.inputs.map { plan.model.shape(of: $0).dimensions }), kept) {
        var name = plan.model.layers[node.layer].name + "/" + part.name
        // A shared layer has a state for each of its uses.
        var use = 2
        while !names.insert(name).inserted {
          name = plan.model.layers[node.layer].name + "#\(use)/" + part.name
          use += 1
        }
        parts.append(StatePlace(name: name, offset: offset, count: part.count))
        states.append(floats.slice(0, part.count))
        offset += part.count
      }
    }
    self.parts = parts
    chain = try DirectStream.make(plan, states: workspace.keptStates, threads: threads)
    self.states = states
    inputCount = workspace.inputs.reduce(0) { $0 + $1.values.count }
    outputCount = workspace.outputs.reduce(0) { $0 + $1.values.count }
  }

  public var precision: ElementType { scalarType }

  /// Advances by one instant: `inputCount` numbers of `x` from `xStart` on, `outputCount` of `y` from `yStart` on.
  ///
  /// - Throws: ``LSTMError/argument(_:)`` for a token out of range; the state is then undefined for layers behind the embedding.
  public func step(_ x: CallerNumbers, from xStart: Int, _ y: CallerNumbers, from yStart: Int) throws(LSTMError) {
    var place = xStart
    for tensor in workspace.inputs {
      x.read(into: tensor.values, from: place)
      place += tensor.values.count
    }
    if let chain { chain.run(workspace.inputs[0].values, workspace.outputs[0].values) } else { try workspace.run() }
    place = yStart
    for tensor in workspace.outputs {
      y.write(tensor.values, from: place)
      place += tensor.values.count
    }
  }

  /// Sets the state to zero.
  public func reset() {
    chain?.settle()
    workspace.reset()
  }

  /// Copies the state out.
  public func getState(_ numbers: CallerNumbers) {
    chain?.settle()
    for (part, floats) in zip(parts, states) { numbers.write(floats, from: part.offset) }
  }

  /// Copies a state in.
  public func setState(_ numbers: CallerNumbers) {
    chain?.settle()
    for (part, floats) in zip(parts, states) { numbers.read(into: floats, from: part.offset) }
  }

  /// A second stream with the same weights and a copy of the state.
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  public func copy() throws(LSTMError) -> any RunningStream {
    chain?.settle()
    let other = try Stream(plan, threads: threads)
    for (from, to) in zip(states, other.states) { to.copy(from: from) }
    return other
  }
}
