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
    z: z, zStride: zStride, h: h, hNew: hNew, stride: stride, count: count, weights: weights, start: start, gates: gates)
  guard isInPieces(rows: rows, count: count, panels: 3) else {
    return unsafe gruRows(all, rows: rows, first: 0, end: blocks, backward: false, nil)
  }
  var memory = lstm_sums()
  unsafe gruStepInPieces(all, rows: rows, blocks: blocks, &memory)
}

/// The same with memory for sums.
@inline(never)
func gruStepInPieces(_ all: GRUState, rows: Int, blocks: Int, _ memory: UnsafeMutablePointer<lstm_sums>) {
  unsafe gruRows(all, rows: rows, first: 0, end: blocks, backward: false, numbers(memory))
}

/// The blocks from `first` up to `end` of one step, from the last to the first if `backward`: see `Instant.isBackward`. With memory for sums, rows meet
/// their weights in pieces.
@_transparent
private func gruRows(_ all: GRUState, rows: Int, first: Int, end: Int, backward: Bool, _ memory: UnsafeMutablePointer<Scalar>?) {
  // A single row has too few sums to keep the multipliers busy: three blocks at once.
  let width = rows == 1 ? 3 : 1
  let items = (end &- first &+ width &- 1) / width
  var item = 0
  while item < items {
    var block = first &+ (backward ? items &- 1 &- item : item) &* width
    item &+= 1
    if let memory = unsafe memory {
      unsafe gruBlockInPieces(all, rows, block, next: backward ? block &- 1 : block &+ 1, memory)
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

/// One block of all rows, its weights piece by piece, so many rows at a time as there is memory for; then comes the block `next`.
@inline(never)
func gruBlockInPieces(_ all: GRUState, _ rows: Int, _ block: Int, next: Int, _ memory: UnsafeMutablePointer<Scalar>) {
  let first = block &* (3 &* lanes)
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
        addendStride: 0, out: memory, outStride: 3 &* lanes), rows: taken, panels: 3, next: part.weights + following &* (3 &* lanes) &* part.count)
    unsafe gruUpdate(
      part.z + first, part.zStride, memory, 3 &* lanes, part.h + unit, part.hNew + unit, part.stride, rows: taken, blocks: 1,
      part.gates.map { unsafe $0 + first })
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
      if left >= 6 && left != 8 {
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
      unsafe gru1x1(it, block)
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
    z: z, zStride: zStride, h: h, hNew: hNew, stride: stride, count: count, weights: weights, start: start, gates: nil)
  let run = unsafe Steps(
    zStep: zStep, steps: steps, h: h, hNew: hNew, rows: rows, blocks: blocks, out: out, outStride: outStride, outStep: outStep, meeting: meeting,
    own: own, parts: parts)
  guard isInPieces(rows: rows, count: count, panels: 3) else { return unsafe gruRun(run, all, nil) }
  var memory = lstm_sums()
  unsafe gruRunInPieces(run, all, &memory)
}

/// The steps with memory for sums.
@inline(never)
func gruRunInPieces(_ it: Steps, _ state: GRUState, _ memory: UnsafeMutablePointer<lstm_sums>) {
  unsafe gruRun(it, state, numbers(memory))
}

/// The steps.
@inline(never)
func gruRun(_ it: Steps, _ state: GRUState, _ memory: UnsafeMutablePointer<Scalar>?) {
  var turn = unsafe StepsTurn(it)
  while unsafe turn.next(it) {
    let all = unsafe state.at(turn.step &* it.zStep, h: turn.from, hNew: turn.to)
    // SAFETY: the caller's contract: a meeting's memory.
    guard let meeting = unsafe it.meeting?.assumingMemoryBound(to: lstm_meeting_word.self) else {
      unsafe gruRows(all, rows: it.rows, first: 0, end: it.blocks, backward: turn.step & 1 == 1, memory)
      unsafe turn.write(it, first: 0, end: it.blocks, stride: all.stride, units: all.count)
      continue
    }
    while unsafe turn.nextPart(it, meeting) {
      unsafe gruRows(all, rows: it.rows, first: turn.first, end: turn.end, backward: turn.step & 1 == 1, memory)
      unsafe turn.write(it, first: turn.first, end: turn.end, stride: all.stride, units: all.count)
      unsafe lstm_meeting_end(meeting)
    }
  }
}
