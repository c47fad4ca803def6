import LSTMModel

/// Truncated back-propagation through time: long sequences are learnt window by window, the state carried on, the gradient cut at the edges.
///
/// - Source: Williams and Peng 1990, with windows that do not overlap.
final class Windows {
  /// Steps of a window.
  private let steps: Int
  private let timeInputs: [Bool]
  private let model: Model
  private let staged = StagedBatch()

  /// Windows of so many steps.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming a layer or output that needs the whole sequence.
  init(_ model: Model, steps: Int) throws(LSTMError) {
    do throws(LSTMError) {
      timeInputs = try StreamAnalysis(model).timeInputs
    } catch {
      throw error.at("sequences cannot be learnt in windows of \(steps) steps")
    }
    for node in model.nodes {
      if case .convolution1D(let it) = node.operation, it.size > 1 {
        throw .unsupported("layer ‘\(model.layers[node.layer].name)’ reads steps before a window, so sequences cannot be learnt in windows")
      }
    }
    for port in model.outputs where model.shape(of: port.value).rank < 3 {
      throw .unsupported("output ‘\(port.name)’ has no steps, so sequences cannot be learnt in windows: return_sequences is needed")
    }
    self.model = model
    self.steps = steps
  }

  /// The same model with states that go on from window to window.
  func carrying(_ model: Model) -> Model {
    var result = model
    for index in result.nodes.indices {
      switch result.nodes[index].operation {
      case .recurrent(var it):
        it.stateful = true
        result.nodes[index].operation = .recurrent(it)
      case .convolutionalLSTM(var it):
        it.stateful = true
        result.nodes[index].operation = .convolutionalLSTM(it)
      default: break
      }
    }
    return result
  }

  /// The windows of a batch.
  func split(_ batch: StagedBatch) throws(LSTMError) -> [Range<Int>] {
    var total: Int?
    for (index, input) in batch.inputs.enumerated() where timeInputs[index] {
      guard total == nil || total == input.shape[1] else { throw .shape("the inputs have different numbers of steps") }
      total = input.shape[1]
    }
    let count = total ?? 0
    for (index, target) in batch.targets.enumerated() where target.shape.count < 2 || target.shape[1] != count {
      throw .shape("the target for output ‘\(model.outputs[index].name)’ is \(Shape(target.shape)); expected \(count) steps")
    }
    return stride(from: 0, to: count, by: steps).map { $0..<min($0 + steps, count) }
  }

  /// The steps `part` of a batch.
  func window(_ batch: StagedBatch, _ part: Range<Int>) throws(LSTMError) -> StagedBatch {
    let cut = { (tensor: Tensor, isTime: Bool) -> (Tensor, Range<Int>?) in (tensor, isTime ? part : nil) }
    let count = batch.targets.first?.shape[1] ?? 0
    try staged.take(
      inputs: zip(batch.inputs, timeInputs).map { cut($0, $1) }, targets: batch.targets.map { cut($0, true) },
      weights: batch.weights.map { tensor in tensor.map { cut($0, $0.shape.count > 1 && $0.shape[1] == count) } })
    return staged
  }
}
