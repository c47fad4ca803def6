import CSupport

/// What steps of a cell, one after the other, take beside the state of the first: see ``lstmSteps``.
@unsafe struct Steps {
  var zStep: Int
  var steps: Int
  var h: UnsafeMutablePointer<Scalar>
  var hNew: UnsafeMutablePointer<Scalar>
  var rows: Int
  var blocks: Int
  var out: UnsafeMutablePointer<Scalar>?
  var outStride: Int
  var outStep: Int
  var meeting: UnsafeMutableRawPointer?
  var own: Int
  var parts: Int
}

/// How far the steps are: which one it is, from where to where its state goes, and which of its blocks the caller is to do.
@unsafe struct StepsTurn {
  var step = -1
  var from: UnsafeMutablePointer<Scalar>
  var to: UnsafeMutablePointer<Scalar>
  var first = 0
  var end = 0
  private var alone: Int32 = 0

  @_transparent
  init(_ it: Steps) {
    unsafe from = it.hNew
    unsafe to = it.h
  }

  /// Goes to the next step; false if there is none.
  @_transparent
  mutating func next(_ it: Steps) -> Bool {
    unsafe step &+= 1
    let made = unsafe to
    unsafe to = from
    unsafe from = made
    return unsafe step < it.steps
  }

  /// Takes the next part of the step among the threads that meet; false when the step is over.
  @_transparent
  mutating func nextPart(_ it: Steps, _ meeting: UnsafeMutablePointer<lstm_meeting_word>) -> Bool {
    let part = unsafe Int(lstm_meeting_next(meeting, Int64(it.parts), Int64(it.own), Int64(step &+ 1), &alone))
    if part < 0 { return false }
    unsafe first = it.blocks &* part / it.parts
    unsafe end = it.blocks &* (part &+ 1) / it.parts
    return true
  }

  /// Writes the new state of the blocks from `first` up to `end` to where it goes.
  @_transparent
  func write(_ it: Steps, first: Int, end: Int, stride: Int, units: Int) {
    guard let out = unsafe it.out else { return }
    let unit = first &* lanes
    // SAFETY: the step and the units exist.
    unsafe copyRows(
      to + unit, stride, out + (step &* it.outStep &+ unit), it.outStride, rows: it.rows, count: smaller(end &* lanes, units) &- unit)
  }
}
