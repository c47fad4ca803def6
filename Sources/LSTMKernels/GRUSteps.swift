import CSupport
import CVector

/// Advances a GRU (reset gate after the product) with σ and tanh by one step, all rows.
///
///     u, r = σ(z + h·R)   n = tanh(z + r ⊙ (h·R))   hNew = u ⊙ h + (1 − u) ⊙ n
///
/// - Shapes: as in ``lstmStep`` with 3 gates; `start` is the recurrent bias; `gates` receives u, r, n.
/// - Requires: as in ``lstmStep``.
@inline(never)  // inlined elsewhere, it would be compiled for that module's processor
public func gruStep(
  _ z: UnsafePointer<Scalar>, _ zStride: Int, _ h: UnsafePointer<Scalar>, _ hNew: UnsafeMutablePointer<Scalar>, _ stride: Int, rows: Int,
  count: Int, _ weights: UnsafePointer<Scalar>, blocks: Int, _ start: UnsafePointer<Scalar>, _ gates: UnsafeMutablePointer<Scalar>?
) {
  let all = unsafe GRUState(
    z: z, zStride: zStride, h: h, hNew: hNew, stride: stride, count: count, weights: weights, start: start, gates: gates, sums: hNew,
    piece: Piece(begin: 0, end: count), ahead: Ahead(place: weights))
  guard isInPieces(rows: rows, count: count, panels: 3) else {
    return unsafe gruRows(all, rows: rows, first: 0, end: blocks, backward: false)
  }
  var memory = lstm_sums()
  unsafe gruStepInPieces(all, rows: rows, blocks: blocks, &memory)
}

/// The same with memory for sums that wait.
@inline(never)
func gruStepInPieces(_ state: GRUState, rows: Int, blocks: Int, _ memory: UnsafeMutablePointer<lstm_sums>) {
  var all = unsafe state
  unsafe all.sums = numbers(memory)
  unsafe gruRows(all, rows: rows, first: 0, end: blocks, backward: false)
}

/// The blocks from `first` up to `end` of one step, from the last to the first if `backward`: see `Instant.isBackward`.
@_transparent
private func gruRows(_ all: GRUState, rows: Int, first: Int, end: Int, backward: Bool) {
  // A single row has too few sums to keep the multipliers busy: three blocks at once.
  let width = rows == 1 ? 3 : 1
  let items = (end &- first &+ width &- 1) / width
  var item = 0
  while item < items {
    var block = first &+ (backward ? items &- 1 &- item : item) &* width
    item &+= 1
    if unsafe isInPieces(rows: rows, count: all.count, panels: 3) {
      unsafe gruBlockInPieces(all, rows, block, next: backward ? block &- 1 : block &+ 1)
    } else if width == 1 {
      unsafe gruBlock(all, rows, block)
    } else if end &- block >= 3 {
      unsafe gru1x3(all, block)
    } else {
      while block < end {
        unsafe gru1x1(all, block)
        block &+= 1
      }
    }
  }
}

/// One block of all rows, piece by piece, so many rows at a time as there is memory for; then comes the block `next`.
@inline(never)
func gruBlockInPieces(_ all: GRUState, _ rows: Int, _ block: Int, next: Int) {
  let most = pieceCount(panels: 3)
  let sums = unsafe all.sums
  var row = 0
  while row < rows {
    let taken = smaller(rows &- row, Int(LSTM_SUMS_ROWS))
    var part = unsafe all.from(row: row)
    unsafe part.sums = sums
    var begin = 0
    while unsafe begin < part.count {
      unsafe part.piece = Piece(begin: begin, end: smaller(begin &+ most, part.count))
      begin &+= most
      // SAFETY: an address that is asked for, not read: of what comes next, if anything does.
      let following = unsafe begin < part.count ? block &* part.count &+ begin : next &* part.count
      unsafe part.ahead = Ahead(place: part.weights + following &* (3 &* lanes), step: Ahead.line)
      unsafe gruBlock(part, taken, block)
    }
    row &+= taken
  }
}

/// One block of all rows, in tiles.
@_transparent
private func gruBlock(_ all: GRUState, _ rows: Int, _ block: Int) {
  var row = 0
  while row < rows {
    let left = rows &- row
    let it = unsafe all.from(row: row)
    #if LSTM_V4 || arch(arm64)
      if left >= 6 {
        unsafe gru6x1(it, block)
        row &+= 6
        continue
      }
    #endif
    if left >= 4 {
      unsafe gru4x1(it, block)
      row &+= 4
    } else if left >= 3 {
      unsafe gru3x1(it, block)
      row &+= 3
    } else {
      // It knows no pieces: all of it comes with the last one.
      if unsafe it.piece.end == it.count { unsafe gru1x1(it, block) }
      row &+= 1
    }
  }
}

/// Advances by `steps` steps, the state going to and fro between `h` and `hNew`: after an odd number it is in `hNew`.
///
/// - Shapes: as in ``gruStep``; z of each step is `zStep` numbers behind that of the step before (ahead of it, if negative), and the new state
///   goes to `out` (nil: nowhere), `units` numbers in each row, rows `outStride` apart, steps `outStep`; any alignment.
///
/// Several threads may run it at the same time on the same arguments: each step's blocks are cut into `parts` parts, of which part `own` is the
/// caller's if all are there. `meeting` is their `lstm_meeting_word`s, whose step 0 is over. One alone passes nil.
///
/// - Requires: as in ``gruStep``.
@inline(never)  // see project
public func gruSteps(
  _ z: UnsafePointer<Scalar>, _ zStride: Int, _ zStep: Int, steps: Int, _ h: UnsafeMutablePointer<Scalar>, _ hNew: UnsafeMutablePointer<Scalar>,
  _ stride: Int, rows: Int, count: Int, _ weights: UnsafePointer<Scalar>, blocks: Int, _ start: UnsafePointer<Scalar>,
  _ out: UnsafeMutablePointer<Scalar>?, _ outStride: Int, _ outStep: Int, _ meeting: UnsafeMutableRawPointer?, own: Int, parts: Int
) {
  let all = unsafe GRUState(
    z: z, zStride: zStride, h: h, hNew: hNew, stride: stride, count: count, weights: weights, start: start, gates: nil, sums: hNew,
    piece: Piece(begin: 0, end: count), ahead: Ahead(place: weights))
  let run = unsafe Steps(
    zStep: zStep, steps: steps, h: h, hNew: hNew, rows: rows, blocks: blocks, out: out, outStride: outStride, outStep: outStep, meeting: meeting,
    own: own, parts: parts)
  guard isInPieces(rows: rows, count: count, panels: 3) else { return unsafe gruRun(run, all) }
  var memory = lstm_sums()
  unsafe gruRunInPieces(run, all, &memory)
}

/// The steps with memory for sums that wait.
@inline(never)
func gruRunInPieces(_ it: Steps, _ state: GRUState, _ memory: UnsafeMutablePointer<lstm_sums>) {
  var state = unsafe state
  unsafe state.sums = numbers(memory)
  unsafe gruRun(it, state)
}

/// The steps.
@inline(never)
func gruRun(_ it: Steps, _ state: GRUState) {
  var turn = unsafe StepsTurn(it)
  while unsafe turn.next(it) {
    let all = unsafe state.at(turn.step &* it.zStep, h: turn.from, hNew: turn.to)
    // SAFETY: the caller's contract: a meeting's memory.
    guard let meeting = unsafe it.meeting?.assumingMemoryBound(to: lstm_meeting_word.self) else {
      unsafe gruRows(all, rows: it.rows, first: 0, end: it.blocks, backward: turn.step & 1 == 1)
      unsafe turn.write(it, first: 0, end: it.blocks, stride: all.stride, units: all.count)
      continue
    }
    while unsafe turn.nextPart(it, meeting) {
      unsafe gruRows(all, rows: it.rows, first: turn.first, end: turn.end, backward: turn.step & 1 == 1)
      unsafe turn.write(it, first: turn.first, end: turn.end, stride: all.stride, units: all.count)
      unsafe lstm_meeting_end(meeting)
    }
  }
}
