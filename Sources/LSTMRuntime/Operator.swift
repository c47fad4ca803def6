import LSTMModel

/// An array of a call: numbers with their dimensions.
struct Tensor {
  /// Row-major numbers.
  var values: Floats
  /// Dimensions, batch first.
  let shape: [Int]

  /// Product of the dimensions from `axis` on.
  func count(from axis: Int) -> Int { shape[axis...].reduce(1, *) }

  /// Product of the dimensions before `axis`.
  func count(before axis: Int) -> Int { shape[..<axis].reduce(1, *) }

  /// The last dimension.
  var last: Int { shape.last ?? 1 }
}

/// A vector that an operation keeps from call to call, one for each row.
struct StatePart {
  /// `h`, `c`, …
  let name: String
  /// Numbers for a row.
  let count: Int
  /// Numbers from one row to the next, padding included.
  let stride: Int
  /// What a row of it starts from; zeros if nil.
  var initial: [Scalar]?
}

/// What one node works on in calls of one shape. Made once for a shape, so that a call allocates nothing.
final class Call {
  // A session lets inputs and outputs of the model lie in the caller's arrays: see Loans.
  var inputs: [Tensor]
  var masks: [Tensor?]
  var outputs: [Tensor]
  let scratch: [Floats]
  /// The state that is kept, `[rows, stride]` for each part; empty if none is.
  let state: [Floats]
  /// Where the gates of a recurrent node go, while a trace is made.
  var trace: TraceBuffers?
  /// Threads that may share the work, and what they do, kept from call to call.
  var team: Team?
  var task: TeamTask?

  init(inputs: [Tensor], masks: [Tensor?], outputs: [Tensor], scratch: [Floats], state: [Floats]) {
    self.inputs = inputs
    self.masks = masks
    self.outputs = outputs
    self.scratch = scratch
    self.state = state
  }
}

/// An operation ready to run: its packed weights and its arithmetic. Immutable, shared by all sessions and streams of a plan.
class Operator: @unchecked Sendable {  // subclasses have only `let` properties of values and arenas that nobody writes after init
  /// The packed matrices of a recurrent or dense layer, for their bytes.
  var packed: [PackedMatrix] { [] }

  /// Whether it reads inputs and writes outputs wherever they lie, between vectors too.
  var takesAnyPlace: Bool { false }

  /// Whether it may refuse numbers of its input. It does so before it writes any.
  var mayRefuse: Bool { false }

  /// Sizes of the scratch arrays for inputs of these shapes.
  func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] { [] }

  /// What is kept from call to call; `streaming`: the model runs one instant at a time.
  func stateParts(streaming: Bool, _ inputs: [[Int]]) -> [StatePart] { [] }

  /// Whether threads can share the steps of a batch, and whether that is better than to share out its rows.
  var sharesSteps: Bool { false }
  var prefersSharedSteps: Bool { false }

  /// Computes the outputs.
  ///
  /// - Throws: an error about the inputs' numbers (a token out of range).
  func run(_ call: Call) throws(LSTMError) {}
}
