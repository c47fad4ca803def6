import CSupport
import CVector

/// Advances an LSTM with σ and tanh by one step, all rows; sums become the new state without leaving registers.
///
///     i, f, o = σ(z + h·R)   g = tanh(z + h·R)   c = f ⊙ c + i ⊙ g   hNew = o ⊙ tanh(c)
///
/// - Shapes: `z [rows, blocks, 4, lanes]` (bias and input part), rows `zStride` apart; `h`, `hNew`, `c [rows, blocks · lanes]`, rows
///   `stride` apart; `weights [blocks, count, 4, lanes]` with `count` = H; `start [blocks, 4, lanes]`; `gates` like z, or nil: receives i, f, g, o.
/// - Requires: everything aligned to vectors; `hNew` overlaps nothing; `gates` may be `z` itself.
@inline(never)  // inlined elsewhere, it would be compiled for that module's processor
public func lstmStep(
  _ z: UnsafePointer<Scalar>, _ zStride: Int, _ h: UnsafePointer<Scalar>, _ hNew: UnsafeMutablePointer<Scalar>, _ c: UnsafeMutablePointer<Scalar>,
  _ stride: Int, rows: Int, count: Int, _ weights: UnsafePointer<Scalar>, blocks: Int, _ start: UnsafePointer<Scalar>,
  _ gates: UnsafeMutablePointer<Scalar>?
) {
  let all = unsafe LSTMState(
    z: z, zStride: zStride, h: h, hNew: hNew, c: c, stride: stride, count: count, weights: weights, start: start, gates: gates)
  guard isInPieces(rows: rows, count: count, panels: 4) else {
    return unsafe lstmRows(all, rows: rows, first: 0, end: blocks, backward: false, nil)
  }
  var memory = lstm_sums()
  unsafe lstmStepInPieces(all, rows: rows, blocks: blocks, &memory)
}

/// The same with memory for sums.
@inline(never)
func lstmStepInPieces(_ all: LSTMState, rows: Int, blocks: Int, _ memory: UnsafeMutablePointer<lstm_sums>) {
  unsafe lstmRows(all, rows: rows, first: 0, end: blocks, backward: false, numbers(memory))
}

/// The blocks from `first` up to `end` of one step, from the last to the first if `backward`: see `Instant.isBackward`. With memory for sums, rows meet
/// their weights in pieces.
@_transparent
private func lstmRows(_ all: LSTMState, rows: Int, first: Int, end: Int, backward: Bool, _ memory: UnsafeMutablePointer<Scalar>?) {
  // A single row has too few sums to keep the multipliers busy: two blocks at once.
  let width = rows == 1 ? 2 : 1
  let items = (end &- first &+ width &- 1) / width
  var item = 0
  while item < items {
    let block = first &+ (backward ? items &- 1 &- item : item) &* width
    item &+= 1
    if width == 2 && end &- block >= 2 {
      unsafe lstm1x2(all, block)
    } else if let memory = unsafe memory {
      unsafe lstmBlockInPieces(all, rows, block, next: backward ? block &- 1 : block &+ 1, memory)
    } else {
      unsafe lstmBlock(all, rows, block)
    }
  }
}

/// One block of all rows, its weights piece by piece, so many rows at a time as there is memory for; then comes the block `next`.
@inline(never)
func lstmBlockInPieces(_ all: LSTMState, _ rows: Int, _ block: Int, next: Int, _ memory: UnsafeMutablePointer<Scalar>) {
  let first = block &* (4 &* lanes)
  let unit = block &* lanes
  var row = 0
  while row < rows {
    let taken = smaller(rows &- row, Int(LSTM_SUMS_ROWS))
    let part = unsafe all.from(row: row)
    let following = row &+ taken < rows ? block : next
    // SAFETY: the block exists; whether the next one does is of no concern, since it is asked for, not read.
    unsafe projectInPieces(
      Projection(
        x: part.h, xStride: part.stride, count: part.count, weights: part.weights + first &* part.count, start: part.start + first, addend: nil,
        addendStride: 0, out: memory, outStride: 4 &* lanes), rows: taken, panels: 4, next: part.weights + following &* (4 &* lanes) &* part.count)
    unsafe lstmUpdate(
      part.z + first, part.zStride, memory, 4 &* lanes, part.hNew + unit, part.c + unit, part.stride, rows: taken, blocks: 1,
      part.gates.map { unsafe $0 + first })
    row &+= taken
  }
}

/// One block of all rows, in tiles.
@_transparent
private func lstmBlock(_ all: LSTMState, _ rows: Int, _ block: Int) {
  var row = 0
  while row < rows {
    let left = rows &- row
    let it = unsafe all.from(row: row)
    if left >= 6 && left != 8 {
      unsafe lstm6x1(it, block)
      row &+= 6
    } else if left >= 4 {
      unsafe lstm4x1(it, block)
      row &+= 4
    } else if left >= 2 {
      unsafe lstm2x1(it, block)
      row &+= 2
    } else {
      unsafe lstm1x1(it, block)
      row &+= 1
    }
  }
}

/// Advances by `steps` steps, the state going to and fro between `h` and `hNew`: after an odd number it is in `hNew`.
///
/// - Shapes: as in ``lstmStep``; z of each step is `zStep` numbers behind that of the step before (ahead of it, if negative), and the new state
///   goes to `out` (nil: nowhere), `units` numbers in each row, rows `outStride` apart, steps `outStep`; any alignment.
///
/// Several threads may run it at the same time on the same arguments: each step's blocks are cut into `parts` parts, of which part `own` is the
/// caller's if all are there. `meeting` is their `lstm_meeting_word`s, whose step 0 is over. One alone passes nil.
///
/// - Requires: as in ``lstmStep``.
@inline(never)  // see project
public func lstmSteps(
  _ z: UnsafePointer<Scalar>, _ zStride: Int, _ zStep: Int, steps: Int, _ h: UnsafeMutablePointer<Scalar>, _ hNew: UnsafeMutablePointer<Scalar>,
  _ c: UnsafeMutablePointer<Scalar>,
  _ stride: Int, rows: Int, count: Int, _ weights: UnsafePointer<Scalar>, blocks: Int, _ start: UnsafePointer<Scalar>,
  _ out: UnsafeMutablePointer<Scalar>?, _ outStride: Int, _ outStep: Int, _ meeting: UnsafeMutableRawPointer?, own: Int, parts: Int
) {
  let all = unsafe LSTMState(
    z: z, zStride: zStride, h: h, hNew: hNew, c: c, stride: stride, count: count, weights: weights, start: start, gates: nil)
  let run = unsafe Steps(
    zStep: zStep, steps: steps, h: h, hNew: hNew, rows: rows, blocks: blocks, out: out, outStride: outStride, outStep: outStep, meeting: meeting,
    own: own, parts: parts)
  guard isInPieces(rows: rows, count: count, panels: 4) else { return unsafe lstmRun(run, all, nil) }
  var memory = lstm_sums()
  unsafe lstmRunInPieces(run, all, &memory)
}

/// The steps with memory for sums.
@inline(never)
func lstmRunInPieces(_ it: Steps, _ state: LSTMState, _ memory: UnsafeMutablePointer<lstm_sums>) {
  unsafe lstmRun(it, state, numbers(memory))
}

/// The steps.
@inline(never)
func lstmRun(_ it: Steps, _ state: LSTMState, _ memory: UnsafeMutablePointer<Scalar>?) {
  var turn = unsafe StepsTurn(it)
  while unsafe turn.next(it) {
    let all = unsafe state.at(turn.step &* it.zStep, h: turn.from, hNew: turn.to)
    // SAFETY: the caller's contract: a meeting's memory.
    guard let meeting = unsafe it.meeting?.assumingMemoryBound(to: lstm_meeting_word.self) else {
      unsafe lstmRows(all, rows: it.rows, first: 0, end: it.blocks, backward: turn.step & 1 == 1, memory)
      unsafe turn.write(it, first: 0, end: it.blocks, stride: all.stride, units: all.count)
      continue
    }
    while unsafe turn.nextPart(it, meeting) {
      unsafe lstmRows(all, rows: it.rows, first: turn.first, end: turn.end, backward: turn.step & 1 == 1, memory)
      unsafe turn.write(it, first: turn.first, end: turn.end, stride: all.stride, units: all.count)
      unsafe lstm_meeting_end(meeting)
    }
  }
}
