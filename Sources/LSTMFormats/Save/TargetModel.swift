import LSTMModel

/// A model as a generation of Keras will understand the file that is being written.
struct TargetModel {
  /// The parts, as the reader makes them of the new configuration.
  let assembly: ModelAssembly
  /// For each weight of the target, its place in the model that is saved.
  let places: [Int]

  /// Reads a new configuration by the rules of a generation.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming the layer that would compute something else than it does in `model`.
  init(_ config: JSON, of model: Model, _ generation: KerasGeneration, checked: Bool = true) throws(LSTMError) {
    let input = model.inputs.first.map { model.shape(of: $0.value) }
    let architecture = KerasArchitecture(config, generation: generation)
    assembly = try ModelAssembly(try architecture.topLevel(), generation: generation, recovered: input)
    let byName = Dictionary(model.weights.indices.map { (model.weights[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
    var places: [Int] = []
    for slot in assembly.slots {
      guard let place = byName[slot.name], model.weights[place].shape == slot.shape else {
        throw .internalFault("the new configuration needs a weight ‘\(slot.name)’ \(slot.shape) that the model does not have")
      }
      places.append(place)
    }
    self.places = places
    guard Set(places).count == model.weights.count else { throw .internalFault("the new configuration lacks weights of the model") }
    if checked { try GraphComparison(model, self, generation).check() }
  }

  /// The layers with weights in the order of a legacy file, with places in the model that is saved.
  var saved: [SavedLayer] { assembly.saved.map { SavedLayer(name: $0.name, type: $0.type, weights: $0.weights.map { places[$0] }) } }
}

/// Whether a graph that was read again computes what the first one does.
private struct GraphComparison {
  private struct Pair: Hashable {
    var old: Value
    var new: Value
  }

  private let model: Model
  private let target: TargetModel
  private let generation: KerasGeneration

  init(_ model: Model, _ target: TargetModel, _ generation: KerasGeneration) {
    self.model = model
    self.target = target
    self.generation = generation
  }

  /// Walks both graphs from their outputs, side by side.
  func check() throws(LSTMError) {
    let (inputs, outputs) = (target.assembly.inputs, target.assembly.outputs)
    guard inputs.count == model.inputs.count, outputs.count == model.outputs.count else {
      throw .internalFault("the new configuration has \(inputs.count) inputs and \(outputs.count) outputs")
    }
    var open = zip(model.outputs, outputs).map { Pair(old: $0.value, new: $1.value) }
    var seen = Set(open)
    while let pair = open.popLast() {
      for next in try compare(pair) where seen.insert(next).inserted { open.append(next) }
    }
  }

  /// Compares two values by what computes them; what that reads is compared next.
  private func compare(_ pair: Pair) throws(LSTMError) -> [Pair] {
    let old = model.nodes[pair.old.node]
    let new = target.assembly.nodes[pair.new.node]
    let layer = "layer ‘\(model.layers.indices.contains(old.layer) ? model.layers[old.layer].name : "?")’"
    guard let operation = old.operation, let other = new.operation else {
      let places = (model.inputs.firstIndex { $0.value == pair.old }, target.assembly.inputs.firstIndex { $0.value == pair.new })
      guard old.operation == nil, new.operation == nil, places.0 == places.1 else { throw difference(layer, "it would read something else") }
      return []
    }
    if let next = sameMask(pair, operation, other) { return [next] }
    // An operation's description states all of its options.
    let (before, after) = (String(describing: operation), String(describing: other))
    guard before == after else {
      throw difference(layer, GraphComparison.reason(operation, before))
    }
    guard pair.old.output == pair.new.output, old.inputs.count == new.inputs.count,
      old.weights == new.weights.map({ target.places[$0] })
    else { throw difference(layer, "it would be called with something else") }
    var next = zip(old.inputs, new.inputs).map { Pair(old: $0, new: $1) }
    guard GraphComparison.usesMask(operation) else { return next }
    guard old.masks.count == new.masks.count else { throw difference(layer, GraphComparison.maskReason) }
    for (mask, other) in zip(old.masks, new.masks) {
      switch (mask, other) {
      case (nil, nil): break
      case (let mask?, let other?): next.append(Pair(old: mask, new: other))
      default: throw difference(layer, GraphComparison.maskReason)
      }
    }
    return next
  }

  /// Keras 3 writes the mask of a Masking layer in two steps, ‘differs’ and ‘any’, where the layer itself does both in one.
  private func sameMask(_ pair: Pair, _ old: Operation, _ new: Operation) -> Pair? {
    guard case .logic(let any) = old, case .logic(let whole) = new, case .any(-1) = any.kind, case .anyNotEqual(let value) = whole.kind,
      let source = model.nodes[pair.old.node].inputs.first, case .logic(let differs)? = model.nodes[source.node].operation,
      case .notEqual(value) = differs.kind, let input = model.nodes[source.node].inputs.first,
      let other = target.assembly.nodes[pair.new.node].inputs.first
    else { return nil }
    return Pair(old: input, new: other)
  }

  private static func reason(_ operation: Operation, _ description: String) -> String {
    if case .logic = operation { return maskReason }
    guard description.contains("hardSigmoid") else { return "its options mean something else there" }
    return "hard_sigmoid is clip(0.2 x + 0.5, 0, 1) in Keras 2 and clip(x / 6 + 0.5, 0, 1) in Keras 3"
  }

  private static let maskReason =
    "it would skip other steps: Keras 2 and Keras 3 join the masks of several inputs, and heed masks beside initial states, in different ways"

  private func difference(_ layer: String, _ reason: String) -> LSTMError {
    .unsupported(
      "\(layer) would compute something else in Keras \(generation.rawValue) than in Keras \(model.generation.rawValue), which the model is of: \(reason)"
    )
  }

  /// Whether an operation looks at the masks of its inputs; most only hand them on.
  private static func usesMask(_ operation: Operation) -> Bool {
    switch operation {
    case .dense, .embedding, .masking, .identity, .prelu, .reshape, .permute, .repeatVector, .window, .step, .upsampling, .foldTime, .unfoldTime,
      .reverseTime, .merge, .concatenate, .dot, .batchNormalization, .layerNormalization, .convolution1D, .pooling1D, .logic:
      return false
    case .activation(let it): return it.activation.isRowWise
    default: return true
    }
  }
}
