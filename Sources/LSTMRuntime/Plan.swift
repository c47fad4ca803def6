import LSTMCaller
import LSTMModel

/// A model made ready to run: operators with packed weights for this processor. Immutable; sessions and streams share it.
public final class Plan: @unchecked Sendable {  // all properties are immutable after init, operators included
  /// What it was made from.
  public let model: Model
  /// One for each node; nil for inputs.
  let operators: [Operator?]
  /// The kernels that the weights are packed for.
  let kernels: KernelTable
  /// For each value the last node that reads it; values that no node reads are missing.
  let lastUse: [Value: Int]
  /// Which inputs and outputs need no copies.
  let loans: Loans
  /// Whether some layer may refuse numbers of its input.
  let mayRefuse: Bool
  /// Whether each row of a batch can be computed by itself.
  public let rowsAreIndependent: Bool

  /// Packs the weights of a model.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming a layer that cannot run, ``LSTMError/memory(_:)``.
  /// - Cost: a copy of the weights.
  public convenience init(_ model: Model, weights form: WeightForm = .full) throws(LSTMError) {
    try self.init(model, weights: form, kernels: .best)
  }

  init(_ model: Model, weights form: WeightForm = .full, kernels: KernelTable) throws(LSTMError) {
    self.model = model
    self.kernels = kernels
    var operators: [Operator?] = []
    var lastUse: [Value: Int] = [:]
    // A shared layer's uses share one packed copy if they are alike.
    var packed: [[Int]: (node: Int, it: Operator)] = [:]
    for (index, node) in model.nodes.enumerated() {
      for value in node.inputs + node.masks.compactMap({ $0 }) { lastUse[value] = index }
      guard let operation = node.operation else {
        operators.append(nil)
        continue
      }
      let shapes = node.inputs.map { model.shape(of: $0).last }
      if !node.weights.isEmpty, let twin = packed[node.weights + shapes], model.nodes[twin.node].layer == node.layer,
        Plan.alike(model.nodes[twin.node], node)
      {
        operators.append(twin.it)
        continue
      }
      let it = try Operator.make(operation, node: node, in: model, form: form, kernels: kernels)
      if !node.weights.isEmpty { packed[node.weights + shapes] = (index, it) }
      operators.append(it)
    }
    for output in model.outputs { lastUse[output.value] = Int.max }
    self.operators = operators
    self.lastUse = lastUse
    let refusing = operators.map { $0?.mayRefuse ?? false }
    mayRefuse = refusing.contains(true)
    loans = Loans(model, takeAnyPlace: operators.map { $0?.takesAnyPlace ?? false }, mayRefuse: refusing)
    rowsAreIndependent = model.rowsAreIndependent
  }

  /// Bytes of the packed weights of recurrent and dense layers, each counted once.
  var weightBytes: Int {
    var seen: Set<ObjectIdentifier> = []
    return operators.reduce(0) { total, it in
      guard let it, seen.insert(ObjectIdentifier(it)).inserted else { return total }
      return total + it.packed.reduce(0) { $0 + $1.bytes }
    }
  }

  /// Whether threads are to share the steps of a batch, instead of its rows: some layer is the better for it, and the others are few weights.
  var prefersSharedSteps: Bool {
    guard operators.contains(where: { $0?.prefersSharedSteps == true }) else { return false }
    let shared = model.nodes.indices.reduce(into: Set<Int>()) { found, node in
      if operators[node]?.sharesSteps == true { found.formUnion(model.nodes[node].weights) }
    }
    let all = Set(model.nodes.flatMap { $0.weights })
    let count = { (weights: Set<Int>) in weights.reduce(0) { $0 + self.model.weights[$1].values.count } }
    return 10 * count(all.subtracting(shared)) <= count(all)
  }

  /// Whether two uses of a layer run the same way: as to masks, initial states and direction.
  private static func alike(_ a: Node, _ b: Node) -> Bool {
    if case .recurrent(let p) = a.operation, case .recurrent(let q) = b.operation {
      return (a.masks[0] == nil) == (b.masks[0] == nil) && p.takesInitialState == q.takesInitialState && p.goBackwards == q.goBackwards
        && p.returnSequences == q.returnSequences
    }
    return true
  }

  /// The name of the instruction set in use: `baseline`, `v3`, `v4`.
  public static var instructionSet: String { KernelTable.best.name }

  /// The input and output shapes of each node for inputs of these shapes; `ofRows`: these are some rows of a batch, whatever batch the file states.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` naming the input or the layer that does not fit.
  func shapes(for inputs: [Shape], streaming: Bool = false, ofRows: Bool = false) throws(LSTMError) -> [[Shape]] {
    guard inputs.count == model.inputs.count else {
      throw .argument("the model takes \(model.inputs.count) inputs, not \(inputs.count)")
    }
    var result: [[Shape]] = []
    for node in model.nodes {
      guard let operation = node.operation else {
        guard let position = model.inputs.firstIndex(where: { $0.value.node == result.count }) else {
          throw .internalFault("an input of the graph is no input of the model")
        }
        var declared = model.shape(of: model.inputs[position].value)
        // A live series has no length, whatever length the file states.
        if streaming && declared.rank > 1 { declared.dimensions[1] = Shape.unknown }
        if ofRows && declared.rank > 0 { declared.dimensions[0] = Shape.unknown }
        guard inputs[position].isCompatible(with: declared) else {
          throw .shapeMismatch(tensor: "input ‘\(model.inputs[position].name)’", expected: declared, found: inputs[position])
        }
        result.append([inputs[position]])
        continue
      }
      let made: [Shape]
      do throws(LSTMError) {
        made = try operation.rules.outputShapes(for: node.inputs.map { result[$0.node][$0.output] })
      } catch {
        throw error.at("layer ‘\(model.layers[node.layer].name)’")
      }
      for shape in made where shape.count == nil || shape.rank > Shape.maximumRank {
        throw .shape("layer ‘\(model.layers[node.layer].name)’ would make an array of \(shape), which is too large")
      }
      result.append(made)
    }
    return result
  }
}
