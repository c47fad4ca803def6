import CSupport
import CVector

/// What a step of an LSTM works on: see ``lstmStep``.
@unsafe struct LSTMState {
  var z: UnsafePointer<Scalar>
  var zStride: Int
  var h: UnsafePointer<Scalar>
  var hNew: UnsafeMutablePointer<Scalar>
  var c: UnsafeMutablePointer<Scalar>
  var stride: Int
  var count: Int
  var weights: UnsafePointer<Scalar>
  var start: UnsafePointer<Scalar>
  var gates: UnsafeMutablePointer<Scalar>?
  /// Where sums wait for the next piece of weights: `[rows, 4, lanes]`.
  var sums: UnsafeMutablePointer<Scalar>
  /// The piece of weights that is met.
  var piece: Piece

  /// The same for the rows from `row` on.
  @_transparent
  func from(row: Int) -> LSTMState {
    var rest = unsafe self
    // SAFETY: the row exists.
    unsafe rest.z = z + row &* zStride
    unsafe rest.h = h + row &* stride
    unsafe rest.hNew = hNew + row &* stride
    unsafe rest.c = c + row &* stride
    unsafe rest.gates = gates.map { unsafe $0 + row &* zStride }
    unsafe rest.sums = sums + row &* (4 &* lanes)
    return unsafe rest
  }

  /// Where the sums of a block start from, and how far apart they are for each row.
  @_transparent
  func start(_ block: Int) -> (UnsafePointer<Scalar>, Int) {
    unsafe piece.begin == 0 ? (start + block &* (4 &* lanes), 0) : (UnsafePointer(sums), 4 &* lanes)
  }

  /// The weights of a block that the piece begins with.
  @_transparent
  func pieceWeights(_ block: Int) -> UnsafePointer<Scalar> { unsafe weights + (block &* count &+ piece.begin) &* (4 &* lanes) }
}

/// The sums of one block of one row.
private struct LSTMSums {
  var i, f, g, o: Vector
}

/// The new state of one block of one row from its sums. Written out for each, since sums that are counted through lie in memory.
@_transparent
private func lstmUpdate(_ it: LSTMState, row: Int, block: Int, _ sums: LSTMSums) {
  let place = unsafe row &* it.zStride &+ block &* (4 &* lanes)
  let unit = unsafe row &* it.stride &+ block &* lanes
  // SAFETY: row and block are inside z, c, hNew and gates.
  let i = unsafe sigmoid(load(it.z + place) + sums.i)
  let f = unsafe sigmoid(load(it.z + (place &+ lanes)) + sums.f)
  let g = unsafe tanh(load(it.z + (place &+ 2 &* lanes)) + sums.g)
  let o = unsafe sigmoid(load(it.z + (place &+ 3 &* lanes)) + sums.o)
  let c = unsafe fused(i * g, f, load(it.c + unit))
  unsafe store(c, it.c + unit)
  unsafe store(o * tanh(c), it.hNew + unit)
  if let gates = unsafe it.gates {
    unsafe store(i, gates + place)
    unsafe store(f, gates + (place &+ lanes))
    unsafe store(g, gates + (place &+ 2 &* lanes))
    unsafe store(o, gates + (place &+ 3 &* lanes))
  }
}

/// R rows × G blocks, all four gates at once: for few sums or many registers. Of several blocks, or a single row, the piece is all weights.
@_transparent
private func lstmTile<let R: Int, let G: Int, let S: Int>(_ shape: (Count<R>.Type, Count<G>.Type), _ zeros: Count<S>, _ it: LSTMState, _ block: Int) {
  let (start, startStride) = unsafe R == 1 ? (it.start + block &* (4 &* lanes), 0) : it.start(block)
  let (begin, end) = unsafe R == 1 ? (0, it.count) : (it.piece.begin, it.piece.end)
  // SAFETY: block + G ≤ blocks.
  let sums = unsafe tileSums(
    (shape.0, shape.1, Count<4>.self), zeros, it.h + begin, it.stride, end &- begin,
    R == 1 ? it.weights + block &* it.count &* (4 &* lanes) : it.pieceWeights(block), start, panels: 4, startStride: startStride)
  if unsafe R > 1 && end < it.count {
    for index in 0..<(R &* 4) {
      // SAFETY: room for a block of each row.
      unsafe store(sums[index], it.sums + index &* lanes)
    }
    return
  }
  if R &* G > 0 { unsafe lstmUpdate(it, row: 0, block: block, gates(of: 0, sums)) }
  if R &* G > 1 { unsafe lstmUpdate(it, row: 1 / G, block: block &+ 1 % G, gates(of: 1, sums)) }
  if R &* G > 2 { unsafe lstmUpdate(it, row: 2 / G, block: block &+ 2 % G, gates(of: 2, sums)) }
  if R &* G > 3 { unsafe lstmUpdate(it, row: 3 / G, block: block &+ 3 % G, gates(of: 3, sums)) }
  if R &* G > 4 { unsafe lstmUpdate(it, row: 4 / G, block: block &+ 4 % G, gates(of: 4, sums)) }
  if R &* G > 5 { unsafe lstmUpdate(it, row: 5 / G, block: block &+ 5 % G, gates(of: 5, sums)) }
}

@_transparent
private func gates<let S: Int>(of index: Int, _ sums: InlineArray<S, Vector>) -> LSTMSums {
  LSTMSums(i: sums[4 &* index], f: sums[4 &* index &+ 1], g: sums[4 &* index &+ 2], o: sums[4 &* index &+ 3])
}

// Each size of tile is a function of its own: larger ones would leave the optimiser's limits, and their sums the registers.

@inline(never)
func lstm1x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<1>.self, Count<1>.self), zeros4, it, block) }

@inline(never)
func lstm1x2(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<1>.self, Count<2>.self), zeros8, it, block) }

@inline(never)
func lstm2x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<2>.self, Count<1>.self), zeros8, it, block) }

#if LSTM_V4 || arch(arm64)
  @inline(never)
  func lstm4x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<4>.self, Count<1>.self), zeros16, it, block) }

  @inline(never)
  func lstm6x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<6>.self, Count<1>.self), zeros24, it, block) }
#else
  // Two gates after two: 12 sums and 3 more vectors fill 16 registers. The sums go through memory, or those of the first two gates would stay in
  // registers that the others need.

  @inline(never)
  func lstmPair4(_ it: LSTMState, _ block: Int, gate: Int, _ sums: inout Count<8>) {
    let (start, startStride) = unsafe it.start(block)
    // SAFETY: the block exists.
    let made = unsafe tileSums(
      (Count<4>.self, Count<1>.self, Count<2>.self), zeros8, it.h + it.piece.begin, it.stride, it.piece.end &- it.piece.begin,
      it.pieceWeights(block) + gate &* lanes, start + gate &* lanes, panels: 4, startStride: startStride)
    copySums(made, &sums)
  }

  @inline(never)
  func lstmPair6(_ it: LSTMState, _ block: Int, gate: Int, _ sums: inout Count<12>) {
    let (start, startStride) = unsafe it.start(block)
    // SAFETY: the block exists.
    let made = unsafe tileSums(
      (Count<6>.self, Count<1>.self, Count<2>.self), zeros12, it.h + it.piece.begin, it.stride, it.piece.end &- it.piece.begin,
      it.pieceWeights(block) + gate &* lanes, start + gate &* lanes, panels: 4, startStride: startStride)
    copySums(made, &sums)
  }

  /// Sums of two gates of each row that wait for the next piece.
  @_transparent
  private func wait<let S: Int>(_ it: LSTMState, gate: Int, _ sums: Count<S>) {
    for index in 0..<S {
      // SAFETY: room for a block of each row.
      unsafe store(sums[index], it.sums + (index / 2 &* 4 &+ gate &+ index % 2) &* lanes)
    }
  }

  @inline(never)
  func lstm4x1(_ it: LSTMState, _ block: Int) {
    var (a, b) = (zeros8, zeros8)
    unsafe lstmPair4(it, block, gate: 0, &a)
    unsafe lstmPair4(it, block, gate: 2, &b)
    if unsafe it.piece.end < it.count {
      unsafe wait(it, gate: 0, a)
      return unsafe wait(it, gate: 2, b)
    }
    unsafe lstmUpdate(it, row: 0, block: block, LSTMSums(i: a[0], f: a[1], g: b[0], o: b[1]))
    unsafe lstmUpdate(it, row: 1, block: block, LSTMSums(i: a[2], f: a[3], g: b[2], o: b[3]))
    unsafe lstmUpdate(it, row: 2, block: block, LSTMSums(i: a[4], f: a[5], g: b[4], o: b[5]))
    unsafe lstmUpdate(it, row: 3, block: block, LSTMSums(i: a[6], f: a[7], g: b[6], o: b[7]))
  }

  @inline(never)
  func lstm6x1(_ it: LSTMState, _ block: Int) {
    var (a, b) = (zeros12, zeros12)
    unsafe lstmPair6(it, block, gate: 0, &a)
    unsafe lstmPair6(it, block, gate: 2, &b)
    if unsafe it.piece.end < it.count {
      unsafe wait(it, gate: 0, a)
      return unsafe wait(it, gate: 2, b)
    }
    unsafe lstmUpdate(it, row: 0, block: block, LSTMSums(i: a[0], f: a[1], g: b[0], o: b[1]))
    unsafe lstmUpdate(it, row: 1, block: block, LSTMSums(i: a[2], f: a[3], g: b[2], o: b[3]))
    unsafe lstmUpdate(it, row: 2, block: block, LSTMSums(i: a[4], f: a[5], g: b[4], o: b[5]))
    unsafe lstmUpdate(it, row: 3, block: block, LSTMSums(i: a[6], f: a[7], g: b[6], o: b[7]))
    unsafe lstmUpdate(it, row: 4, block: block, LSTMSums(i: a[8], f: a[9], g: b[8], o: b[9]))
    unsafe lstmUpdate(it, row: 5, block: block, LSTMSums(i: a[10], f: a[11], g: b[10], o: b[11]))
  }
#endif

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
  var all = unsafe LSTMState(
    z: z, zStride: zStride, h: h, hNew: hNew, c: c, stride: stride, count: count, weights: weights, start: start, gates: gates, sums: hNew,
    piece: Piece(begin: 0, end: count))
  guard isInPieces(rows: rows, count: count, panels: 4) else {
    return unsafe lstmRows(&all, rows: rows, first: 0, end: blocks, backward: false)
  }
  var memory = lstm_sums()
  unsafe lstmStepInPieces(&all, rows: rows, blocks: blocks, &memory)
}

/// The same with memory for sums that wait.
@inline(never)
func lstmStepInPieces(_ all: inout LSTMState, rows: Int, blocks: Int, _ memory: UnsafeMutablePointer<lstm_sums>) {
  unsafe all.sums = numbers(memory)
  unsafe lstmRows(&all, rows: rows, first: 0, end: blocks, backward: false)
}

/// The blocks from `first` up to `end` of one step, from the last to the first if `backward`: see `Instant.isBackward`.
@_transparent
private func lstmRows(_ all: inout LSTMState, rows: Int, first: Int, end: Int, backward: Bool) {
  // A single row has too few sums to keep the multipliers busy: two blocks at once.
  let width = rows == 1 ? 2 : 1
  let items = (end &- first &+ width &- 1) / width
  var item = 0
  while item < items {
    let block = first &+ (backward ? items &- 1 &- item : item) &* width
    item &+= 1
    if width == 2 && end &- block >= 2 {
      unsafe lstm1x2(all, block)
    } else if unsafe isInPieces(rows: rows, count: all.count, panels: 4) {
      unsafe lstmBlockInPieces(&all, rows, block)
    } else {
      unsafe lstmBlock(all, rows, block)
    }
  }
}

/// One block of all rows, piece by piece, so many rows at a time as there is memory for.
@inline(never)
func lstmBlockInPieces(_ all: inout LSTMState, _ rows: Int, _ block: Int) {
  let most = pieceCount(panels: 4)
  let sums = unsafe all.sums
  var row = 0
  while row < rows {
    let taken = smaller(rows &- row, Int(LSTM_SUMS_ROWS))
    var part = unsafe all.from(row: row)
    unsafe part.sums = sums
    var begin = 0
    while unsafe begin < part.count {
      unsafe part.piece = Piece(begin: begin, end: smaller(begin &+ most, part.count))
      unsafe lstmBlock(part, taken, block)
      begin &+= most
    }
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
    if left >= 6 {
      unsafe lstm6x1(it, block)
      row &+= 6
    } else if left >= 4 {
      unsafe lstm4x1(it, block)
      row &+= 4
    } else if left >= 2 {
      unsafe lstm2x1(it, block)
      row &+= 2
    } else {
      // It knows no pieces: all of it comes with the last one.
      if unsafe it.piece.end == it.count { unsafe lstm1x1(it, block) }
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
    z: z, zStride: zStride, h: h, hNew: hNew, c: c, stride: stride, count: count, weights: weights, start: start, gates: nil, sums: hNew,
    piece: Piece(begin: 0, end: count))
  let run = unsafe LSTMRun(
    zStep: zStep, steps: steps, h: h, hNew: hNew, rows: rows, blocks: blocks, out: out, outStride: outStride, outStep: outStep, meeting: meeting,
    own: own, parts: parts)
  guard isInPieces(rows: rows, count: count, panels: 4) else { return unsafe lstmRun(run, all) }
  var memory = lstm_sums()
  unsafe lstmRunInPieces(run, all, &memory)
}

/// What ``lstmSteps`` takes beside the state of its first step.
@unsafe struct LSTMRun {
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

/// The steps with memory for sums that wait.
@inline(never)
func lstmRunInPieces(_ it: LSTMRun, _ state: LSTMState, _ memory: UnsafeMutablePointer<lstm_sums>) {
  var state = unsafe state
  unsafe state.sums = numbers(memory)
  unsafe lstmRun(it, state)
}

/// The steps.
@inline(never)
func lstmRun(_ it: LSTMRun, _ state: LSTMState) {
  var all = unsafe state
  var from = unsafe it.h
  var to = unsafe it.hNew
  let (rows, blocks, count) = unsafe (it.rows, it.blocks, all.count)
  var alone: Int32 = 0
  var step = 0
  while unsafe step < it.steps {
    let place = unsafe it.out.map { unsafe $0 + step &* it.outStep }
    // SAFETY: the step exists.
    unsafe all.z = state.z + step &* it.zStep
    unsafe all.h = UnsafePointer(from)
    unsafe all.hNew = to
    // SAFETY: the caller's contract: a meeting's memory.
    if let meeting = unsafe it.meeting?.assumingMemoryBound(to: lstm_meeting_word.self) {
      while true {
        let part = unsafe Int(lstm_meeting_next(meeting, Int64(it.parts), Int64(it.own), Int64(step &+ 1), &alone))
        if part < 0 { break }
        let first = unsafe blocks &* part / it.parts
        let end = unsafe blocks &* (part &+ 1) / it.parts
        unsafe lstmRows(&all, rows: rows, first: first, end: end, backward: step & 1 == 1)
        let unit = first &* lanes
        if let place = unsafe place {
          unsafe copyRows(to + unit, all.stride, place + unit, it.outStride, rows: rows, count: smaller(end &* lanes, count) &- unit)
        }
        unsafe lstm_meeting_end(meeting)
      }
    } else {
      unsafe lstmRows(&all, rows: rows, first: 0, end: blocks, backward: step & 1 == 1)
      if let place = unsafe place { unsafe copyRows(to, all.stride, place, it.outStride, rows: rows, count: count) }
    }
    let made = unsafe to
    unsafe to = from
    unsafe from = made
    step &+= 1
  }
}
