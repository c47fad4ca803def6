/// A value of the graph: one output of one node.
public struct Value: Sendable, Hashable {
  /// Index of the node that computes it.
  public var node: Int
  /// Which of the node's outputs.
  public var output: Int

  /// An output of a node.
  public init(node: Int, output: Int = 0) {
    self.node = node
    self.output = output
  }
}

/// One use of an operation: what it reads, with which weights, and what shapes it makes.
public struct Node: Sendable {
  /// What is computed; `nil` for an input of the model.
  public var operation: Operation?
  /// What it reads; initial states follow the sequence.
  public var inputs: [Value]
  /// The mask of each input, a value of 0 and 1 for each step; `nil` where all steps are real.
  public var masks: [Value?]
  /// Indices of its weights in the model, in the order of the operation's specs.
  public var weights: [Int]
  /// The layer that it belongs to, for messages.
  public var layer: Int
  /// Shapes of its outputs, with unknown dimensions.
  public var outputs: [Shape]
  /// What training adds to the loss for each output; empty if nothing.
  public var activities: [ActivityRule?] = []

  /// A use of an operation, or an input.
  init(operation: Operation?, inputs: [Value], masks: [Value?], weights: [Int], layer: Int, outputs: [Shape]) {
    self.operation = operation
    self.inputs = inputs
    self.masks = masks
    self.weights = weights
    self.layer = layer
    self.outputs = outputs
  }
}

/// Builds a graph node by node, with shapes chained and masks carried along as Keras carries them.
public struct GraphBuilder: Sendable {
  /// The nodes so far, each after those that it reads.
  public private(set) var nodes: [Node] = []
  private var masks: [Value: Value] = [:]
  private let generation: KerasGeneration

  /// An empty graph; `generation` decides how masks are joined.
  public init(generation: KerasGeneration) { self.generation = generation }

  /// The shape of a value.
  public func shape(of value: Value) -> Shape { nodes[value.node].outputs[value.output] }

  /// The mask of a value, if it has one.
  public func mask(of value: Value) -> Value? { masks[value] }

  /// Gives a value a mask, or takes it away.
  public mutating func setMask(_ mask: Value?, of value: Value) { masks[value] = mask }

  /// Adds to the loss what `rule` makes of a value.
  public mutating func addActivity(_ rule: ActivityRule, of value: Value) {
    if nodes[value.node].activities.isEmpty { nodes[value.node].activities = nodes[value.node].outputs.map { _ in nil } }
    nodes[value.node].activities[value.output] = rule
  }

  /// Adds an input of the model.
  public mutating func addInput(_ shape: Shape, layer: Int) -> Value {
    nodes.append(Node(operation: nil, inputs: [], masks: [], weights: [], layer: layer, outputs: [shape]))
    return Value(node: nodes.count - 1)
  }

  /// What a call says about the mask that an operation gets.
  public enum CallMask: Sendable {
    /// The masks that its inputs carry.
    case carried
    /// None, whatever the inputs carry.
    case none
    /// These, stated by the call, one for each input.
    case given([Value?])
  }

  /// Adds an operation on `inputs` and returns its outputs.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` if the inputs do not fit the operation.
  public mutating func add(
    _ operation: Operation, _ inputs: [Value], weights: [Int] = [], layer: Int, mask: CallMask = .carried
  ) throws(LSTMError) -> [Value] {
    let outputs = try operation.rules.outputShapes(for: inputs.map { shape(of: $0) })
    let consumed: [Value?]
    switch mask {
    case .carried: consumed = inputs.map { masks[$0] }
    case .none: consumed = inputs.map { _ in nil }
    case .given(let given): consumed = inputs.indices.map { $0 < given.count ? given[$0] : nil }
    }
    let made = try outputMask(of: operation, inputs, consumed, layer: layer)
    nodes.append(Node(operation: operation, inputs: inputs, masks: consumed, weights: weights, layer: layer, outputs: outputs))
    let node = nodes.count - 1
    if let made { masks[Value(node: node)] = made }
    return outputs.indices.map { Value(node: node, output: $0) }
  }

  private mutating func outputMask(
    of operation: Operation, _ inputs: [Value], _ consumed: [Value?], layer: Int
  ) throws(LSTMError) -> Value? {
    switch operation.rules.maskRule {
    case .drop: return nil
    case .pass: return consumed.first ?? nil
    case .create(let logic): return try add(.logic(logic), [inputs[0]], layer: layer, mask: .none)[0]
    case .join:
      if case .concatenate(let concatenate) = operation { return try joined(concatenate, inputs, consumed, layer: layer) }
      let present = consumed.compactMap { $0 }
      guard !present.isEmpty, generation < .keras3 || present.count == inputs.count else { return nil }
      return try reduced(present, layer: layer)
    }
  }

  /// Keras ≤ 2 joins masks with AND, Keras 3 with OR.
  private mutating func reduced(_ masks: [Value], layer: Int) throws(LSTMError) -> Value {
    var result = masks[0]
    for mask in masks.dropFirst() where mask != result {
      result = try add(.logic(Logic(generation < .keras3 ? .and : .or)), [result, mask], layer: layer, mask: .none)[0]
    }
    return result
  }

  /// The mask of arrays side by side: joined if features are, one after the other if steps are. An input without a mask counts as all real.
  private mutating func joined(
    _ concatenate: Concatenate, _ inputs: [Value], _ consumed: [Value?], layer: Int
  ) throws(LSTMError) -> Value? {
    let present = consumed.compactMap { $0 }
    let shape = shape(of: inputs[0])
    guard let first = present.first, let axis = shape.axis(concatenate.axis) else { return nil }
    if axis >= self.shape(of: first).rank {
      guard generation < .keras3 || present.count == inputs.count else { return nil }
      return try reduced(present, layer: layer)
    }
    var parts: [Value] = []
    for (input, mask) in zip(inputs, consumed) {
      if let mask {
        parts.append(mask)
      } else {
        let anything = try add(.logic(Logic(.anyNotEqual(0))), [input], layer: layer, mask: .none)[0]
        parts.append(try add(.logic(Logic(.onesLike)), [anything], layer: layer, mask: .none)[0])
      }
    }
    return try add(.concatenate(concatenate), parts, layer: layer, mask: .none)[0]
  }
}
