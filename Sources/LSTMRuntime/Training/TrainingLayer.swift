import LSTMModel

/// How a forward pass computes.
enum TrainingMode: Sendable {
  /// As a session would: no dropout, no noise, fixed averages.
  case inference
  /// With dropout and noise, and with the batch's own averages.
  case training
}

/// What one node works on in a training step, for one block of rows. Made once for a shape.
final class TrainingCall {
  let inputs: [Tensor]
  let masks: [Tensor?]
  let outputs: [Tensor]
  /// dL/dinput, to be added to; nil for an input that no trained weight lies before.
  let inputGradients: [Floats?]
  /// dL/doutput; empty if nobody asks for the node's gradient.
  let outputGradients: [Floats]
  /// The node's weights, which no pass changes.
  let weights: [Floats]
  /// dL/dweight, to be added to; nil for a frozen weight.
  let weightGradients: [Floats?]
  /// What the forward pass keeps for the backward pass.
  let kept: [Floats]
  /// Memory that is other layers' outside of the pass.
  let scratch: [Floats]
  /// The state before the sequence, `[rows, stride]` for each part; empty if none is kept.
  let state: [Floats]
  /// The call of the inference operator, for nodes that use it.
  let plain: Call
  /// Where chance comes from.
  var chance: Chance
  var mode = TrainingMode.training
  /// Whether the output's gradient is by the argument of the layer's activation instead of its result.
  let isByArgument: Bool
  /// Rows of the whole batch for each row of the block.
  var share = 1.0
  /// What each output adds to the loss; empty if nothing.
  let activities: [ActivityRule?]

  init(
    plain: Call, inputGradients: [Floats?], outputGradients: [Floats], weights: [Floats], weightGradients: [Floats?], kept: [Floats],
    scratch: [Floats], chance: Chance, isByArgument: Bool, activities: [ActivityRule?]
  ) {
    self.activities = activities
    self.isByArgument = isByArgument
    self.plain = plain
    inputs = plain.inputs
    masks = plain.masks
    outputs = plain.outputs
    state = plain.state
    self.inputGradients = inputGradients
    self.outputGradients = outputGradients
    self.weights = weights
    self.weightGradients = weightGradients
    self.kept = kept
    self.scratch = scratch
    self.chance = chance
  }
}

/// Sizes of the arrays that a layer needs for a block of rows.
struct TrainingSizes {
  /// Kept from the forward to the backward pass.
  var kept: [Int] = []
  /// Used within a pass.
  var scratch: [Int] = []
}

/// An operation in training: forward with what backward needs, and backward. Shared by the threads of a trainer.
class TrainingLayer: @unchecked Sendable {  // packed weights are written between passes only, by one thread
  /// Packs the weights after they changed.
  func refresh(_ weights: [Floats]) {}

  /// What it needs for inputs and outputs of these shapes.
  func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes { TrainingSizes() }

  /// What it keeps from call to call.
  func stateParts(_ inputs: [[Int]]) -> [StatePart] { [] }

  /// Whether a row's numbers depend on the other rows of its batch, so that the batch must not be split.
  var couplesRows: Bool { false }

  /// Computes the outputs.
  ///
  /// - Throws: an error about the inputs' numbers (a token out of range).
  func forward(_ call: TrainingCall) throws(LSTMError) {}

  /// Adds to the gradients of inputs and weights what the gradients of the outputs make of them.
  func backward(_ call: TrainingCall) {}

  /// Takes over what the pass changed for good, such as moving averages and kept states. Not called by gradient checks.
  func commit(_ call: TrainingCall) {}
}

extension Floats {
  /// Adds the numbers of an array of the same length.
  func add(_ other: Floats) {
    precondition(other.count == count, "a sum of arrays of different length")
    Loops.add(other, to: self)
  }

  /// Adds the first `count` numbers of each of `rows` rows from one spacing to another.
  @inline(never)
  func addRows(_ rows: Int, count: Int, stride: Int, from source: Floats, stride sourceStride: Int) {
    for row in 0..<rows { slice(row * stride, count).add(source.slice(row * sourceStride, count)) }
  }
}
