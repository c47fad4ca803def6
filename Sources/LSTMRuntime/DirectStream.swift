import LSTMCaller
import LSTMModel

/// A stream's model as a chain of prepared steps: recurrent layers and dense layers, one after the other.
///
/// Such a chain is called with the caller's numbers and needs no graph, no shapes and no copies. Other models run through their operators.
@safe final class DirectStream {
  /// Weights of a layer from which on threads share its step, for each part of it. Handing over takes half a microsecond, reading so many from the second cache one
  /// (Zen 3, 2 threads: 1.04 times slower with 17,000, 1.5 times faster with 74,000).
  private static let sharedNumbers = 1 << 15

  /// One layer.
  @safe private struct Link {
    @unsafe let function: DirectStep.Function
    @unsafe let memory: UnsafeMutableRawPointer
    /// Where its output goes if it is not the last.
    let output: Floats?
  }

  /// A recurrent layer's prepared memory, and where its state is to be found between calls.
  @safe private struct Layer {
    @unsafe let memory: UnsafeMutableRawPointer
    let h: Floats
  }

  /// How to run it.
  @unsafe private let step: DirectStep
  /// The same for the C interface.
  @unsafe var directStep: DirectStep { unsafe step }
  private let links: [Link]
  private let layers: [Layer]
  private let cells: [DirectCell]
  private let dense: [DirectDense]
  private let low: [TeamTask]
  private let shared: [SharedLayer]
  private let arenas: [Arena]
  /// See the kernels' function of this name. A stream keeps no whole table: it would be a sixth of its memory.
  @unsafe private let settleInstant: @Sendable (UnsafeMutableRawPointer, UnsafeMutablePointer<Scalar>) -> Void

  /// The chain for a plan whose states lie in `states`; nil if its model is none.
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  static func make(_ plan: Plan, states: [[Floats]], threads: Int) throws(LSTMError) -> DirectStream? {
    guard let nodes = chain(plan) else { return nil }
    return try DirectStream(plan, nodes, states, threads)
  }

  /// Whether a plan's model is such a chain.
  static func takes(_ plan: Plan) -> Bool { chain(plan) != nil }

  /// The nodes from the model's only input to its only output, each reading the one before; nil if they are no chain or not of the right kind.
  private static func chain(_ plan: Plan) -> [Int]? {
    let model = plan.model
    guard model.inputs.count == 1, model.outputs.count == 1 else { return nil }
    var nodes: [Int] = []
    var value = model.outputs[0].value
    while value != model.inputs[0].value {
      let node = model.nodes[value.node]
      guard value.output == 0, node.inputs.count == 1, node.masks.allSatisfy({ $0 == nil }) else { return nil }
      guard let it = plan.operators[value.node] else { return nil }
      if let recurrent = it as? RecurrentOperator {
        // Zoneout mixes a step's states with those before it, outside the cell.
        let options = recurrent.it.options
        guard !recurrent.it.takesInitialState, options.zoneoutH == 0, options.zoneoutC == 0 else { return nil }
      } else if !((it as? DenseOperator)?.isDirect ?? false) {
        return nil
      }
      nodes.insert(value.node, at: 0)
      value = node.inputs[0]
    }
    return nodes.isEmpty ? nil : nodes
  }

  private init(_ plan: Plan, _ nodes: [Int], _ states: [[Floats]], _ threads: Int) throws(LSTMError) {
    let team = threads > 1 ? Team(threads: threads) : nil
    var shared: [SharedLayer] = []
    unsafe settleInstant = plan.kernels.instants.settle
    var links: [Link] = []
    var layers: [Layer] = []
    var cells: [DirectCell] = []
    var dense: [DirectDense] = []
    var low: [TeamTask] = []
    var arenas: [Arena] = []
    for node in nodes {
      let isLast = node == nodes.last
      let width: Int
      let function: DirectStep.Function
      let memory: UnsafeMutableRawPointer
      if let recurrent = plan.operators[node] as? RecurrentOperator, let instant = recurrent.cell.instant {
        let cell = recurrent.cell
        width = cell.units
        let layer = unsafe try Layer(memory: instant.prepare(cell, states[node], &arenas), h: states[node][0])
        layers.append(layer)
        let parts = unsafe instant.parts(cell)
        let least = unsafe parts.count * DirectStream.sharedNumbers
        let numbers = (cell.input.count + cell.units) * cell.input.width
        if let team, cell.units / plan.kernels.lanes >= RecurrentOperator.sharedBlocks, numbers >= least {
          let made = unsafe SharedLayer(team, parts, plan.kernels.instants.finish, layer.memory)
          shared.append(made)
          unsafe function = SharedLayer.function
          // SAFETY: kept in `shared` as long as this object lives.
          unsafe memory = Unmanaged.passUnretained(made).toOpaque()
        } else {
          unsafe function = instant.function(plan.kernels.instants)
          unsafe memory = layer.memory
        }
      } else if let recurrent = plan.operators[node] as? RecurrentOperator,
        let layer = unsafe try DirectStream.low(recurrent.cell, states[node], team)
      {
        unsafe low.append(layer.kept)
        width = recurrent.cell.units
        unsafe function = layer.step.function
        unsafe memory = layer.step.memory
      } else if let recurrent = plan.operators[node] as? RecurrentOperator {
        let made = try DirectCell(recurrent.cell, states[node])
        cells.append(made)
        width = made.width
        unsafe function = DirectCell.function
        // SAFETY: kept in `cells` as long as this object lives.
        unsafe memory = Unmanaged.passUnretained(made).toOpaque()
      } else if let it = plan.operators[node] as? DenseOperator {
        let made = try DirectDense(it)
        dense.append(made)
        width = made.width
        unsafe function = DirectDense.function
        // SAFETY: kept in `dense` as long as this object lives.
        unsafe memory = Unmanaged.passUnretained(made).toOpaque()
      } else {
        throw .internalFault("a chain of other operators than it was made of")
      }
      var output: Floats?
      if !isLast {
        let arena = try Arena(capacity: Arena.rounded(width), for: "a stream's arrays")
        arenas.append(arena)
        output = arena.floats(width)
      }
      unsafe links.append(Link(function: function, memory: memory, output: output))
    }
    self.links = links
    self.layers = layers
    self.cells = cells
    self.dense = dense
    self.low = low
    self.shared = shared
    if links.count == 1 {
      unsafe step = DirectStep(function: links[0].function, memory: links[0].memory)
      self.arenas = arenas
      return
    }
    // The chain itself lies in memory that its function finds without touching an object.
    let words = 4 * (links.count + 1)
    let arena = try Arena(capacity: words * 8 / MemoryLayout<Scalar>.stride, for: "a stream's arrays")
    arenas.append(arena)
    self.arenas = arenas
    let place = unsafe UnsafeMutableRawPointer(arena.floats(arena.capacity).base)
    let chain = unsafe place.bindMemory(to: ChainLink.self, capacity: links.count)
    for (index, link) in links.enumerated() {
      // SAFETY: room for links.count entries of 32 bytes or less.
      unsafe (chain + index).initialize(to: ChainLink(function: link.function, memory: link.memory, output: link.output?.base))
    }
    unsafe step = DirectStep(function: ChainLink.run, memory: place)
  }

  #if LSTM_FLOAT64
    @unsafe private static func low(_ cell: Cell, _ states: [Floats], _ team: Team?) throws(LSTMError) -> (kept: TeamTask, step: DirectStep)? {
      unsafe nil
    }
  #else
    /// A layer whose weights have few bytes, or nil.
    @unsafe private static func low(_ cell: Cell, _ states: [Floats], _ team: Team?) throws(LSTMError) -> (kept: TeamTask, step: DirectStep)? {
      guard let cell = cell as? LowCell else { return nil }
      // Half the bytes take half the time: twice as many blocks make a step that is worth sharing.
      let layer = try LowLayer(cell, states: states, team: cell.recurrent.groups >= 2 * RecurrentOperator.sharedBlocks ? team : nil)
      return unsafe (layer, layer.direct)
    }
  #endif

  /// Runs one step.
  func run(_ x: Floats, _ y: Floats) {
    // SAFETY: the stream's own arrays have the sizes that the chain was made for.
    unsafe step.function(step.memory, x.base, y.base)
  }

  /// Brings the states to where the stream looks for them.
  func settle() {
    // SAFETY: prepared in init; h is one of the two places.
    for layer in layers { unsafe settleInstant(layer.memory, layer.h.base) }
    for cell in cells { cell.settle() }
  }
}

extension Stream {
  /// A step without detours, if the model is a chain.
  @unsafe public var direct: DirectStep? { unsafe chain?.directStep }
}

/// A link of a chain in plain memory; the last one has no output of its own.
@unsafe private struct ChainLink {
  let function: DirectStep.Function
  let memory: UnsafeMutableRawPointer
  let output: UnsafeMutablePointer<Scalar>?

  static let run: DirectStep.Function = { memory, x, y in
    // SAFETY: made by DirectStream.
    var link = unsafe memory.assumingMemoryBound(to: ChainLink.self)
    var from = unsafe x
    while let output = unsafe link.pointee.output {
      unsafe link.pointee.function(link.pointee.memory, from, output)
      unsafe from = UnsafeRawPointer(output)
      unsafe link += 1
    }
    unsafe link.pointee.function(link.pointee.memory, from, y)
  }
}

/// A dense layer as a step.
@safe private final class DirectDense {
  private let it: DenseOperator
  private let sums: Floats
  private let quantized: Floats
  private let arena: Arena
  let width: Int

  init(_ it: DenseOperator) throws(LSTMError) {
    self.it = it
    width = it.units
    arena = try Arena(capacity: Arena.rounded(it.matrix.width) + it.matrix.quantizedStride, for: "a stream's arrays")
    sums = arena.floats(it.matrix.width)
    quantized = arena.floats(it.matrix.quantizedStride)
  }

  static let function: DirectStep.Function = { memory, x, y in
    // SAFETY: the DirectStream that calls this keeps the object; x and y hold the layer's numbers.
    unsafe Unmanaged<DirectDense>.fromOpaque(memory)._withUnsafeGuaranteedRef {
      unsafe $0.run(x.assumingMemoryBound(to: Scalar.self), y.assumingMemoryBound(to: Scalar.self))
    }
  }

  private func run(_ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>) {
    unsafe project(x)
    let values = sums.slice(0, width)
    it.kernels.apply(it.activation, to: values, width: width)
    // SAFETY: y holds `width` numbers.
    unsafe y.update(from: values.base, count: width)
  }
}

extension DirectDense {
  /// The sums of one row.
  private func project(_ x: UnsafePointer<Scalar>) {
    #if !LSTM_FLOAT64
      if it.matrix.form != .full {
        // SAFETY: x holds the layer's numbers.
        unsafe it.kernels.quantize(x, stride: 0, rows: 1, for: it.matrix, into: quantized)
        return it.kernels.projectLow(quantized, stride: 0, rows: 1, it.matrix, into: sums, stride: sums.count)
      }
    #endif
    unsafe it.kernels.project(one: x, it.matrix, into: sums)
  }
}
