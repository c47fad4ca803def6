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
    return unsafe rest
  }
}

/// The new state of one block of one row from its sums. Written out for each, since sums that are counted through lie in memory.
@_transparent
private func lstmUpdate<let R: Int, let G: Int, let S: Int>(
  _ shape: (Count<R>.Type, Count<G>.Type), _ sums: InlineArray<S, Vector>, _ it: LSTMState, _ index: Int, _ block: Int
) {
  let row = index / G
  let group = index % G
  let at = (row &* G &+ group) &* 4
  let place = unsafe row &* it.zStride &+ (block &+ group) &* (4 &* lanes)
  let unit = unsafe row &* it.stride &+ (block &+ group) &* lanes
  // SAFETY: row and block + group are inside z, c, hNew and gates.
  let i = unsafe sigmoid(load(it.z + place) + sums[at])
  let f = unsafe sigmoid(load(it.z + (place &+ lanes)) + sums[at &+ 1])
  let g = unsafe tanh(load(it.z + (place &+ 2 &* lanes)) + sums[at &+ 2])
  let o = unsafe sigmoid(load(it.z + (place &+ 3 &* lanes)) + sums[at &+ 3])
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

@_transparent
private func lstmTile<let R: Int, let G: Int, let S: Int>(_ shape: (Count<R>.Type, Count<G>.Type), _ zeros: Count<S>, _ it: LSTMState, _ block: Int) {
  let first = block &* (4 &* lanes)
  // SAFETY: block + G ≤ blocks.
  let sums = unsafe tileSums(
    (shape.0, shape.1, Count<4>.self), zeros, it.h, it.stride, it.count, it.weights + first &* it.count, it.start + first)
  if R &* G > 0 { unsafe lstmUpdate((shape.0, shape.1), sums, it, 0, block) }
  if R &* G > 1 { unsafe lstmUpdate((shape.0, shape.1), sums, it, 1, block) }
  if R &* G > 2 { unsafe lstmUpdate((shape.0, shape.1), sums, it, 2, block) }
  if R &* G > 3 { unsafe lstmUpdate((shape.0, shape.1), sums, it, 3, block) }
  if R &* G > 4 { unsafe lstmUpdate((shape.0, shape.1), sums, it, 4, block) }
  if R &* G > 5 { unsafe lstmUpdate((shape.0, shape.1), sums, it, 5, block) }
}

// Each size of tile is a function of its own: larger ones would leave the optimiser's limits, and their sums the registers.

@inline(never)
func lstm1x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<1>.self, Count<1>.self), zeros4, it, block) }

@inline(never)
func lstm1x2(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<1>.self, Count<2>.self), zeros8, it, block) }

@inline(never)
func lstm2x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<2>.self, Count<1>.self), zeros8, it, block) }

@inline(never)
func lstm4x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<4>.self, Count<1>.self), zeros16, it, block) }

@inline(never)
func lstm6x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<6>.self, Count<1>.self), zeros24, it, block) }

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
  unsafe lstmRows(all, rows: rows, first: 0, end: blocks)
}

/// The blocks from `first` up to `end` of one step.
@_transparent
private func lstmRows(_ all: LSTMState, rows: Int, first: Int, end: Int) {
  var block = first
  // A single row has too few sums to keep the multipliers busy: two blocks at once.
  while rows == 1 && end &- block >= 2 {
    unsafe lstm1x2(all, block)
    block &+= 2
  }
  while block < end {
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
        unsafe lstm1x1(it, block)
        row &+= 1
      }
    }
    block &+= 1
  }
}

/// Advances by `steps` steps, the state going to and fro between `h` and `hNew`: after an odd number it is in `hNew`.
///
/// - Shapes: as in ``lstmStep``; z of each step is `zStep` numbers behind that of the step before (ahead of it, if negative), and the new state
///   goes to `out` (nil: nowhere), `units` numbers in each row, rows `outStride` apart, steps `outStep`; any alignment.
///
/// Several threads may run it at the same time on the same arguments, each with blocks of its own from `first` up to `end` and only one with `out`:
/// `meeting` is two 32-bit zeros in memory where `threads` of them meet after each step. One alone passes nil.
///
/// - Requires: as in ``lstmStep``.
@inline(never)  // see project
public func lstmSteps(
  _ z: UnsafePointer<Scalar>, _ zStride: Int, _ zStep: Int, steps: Int, _ h: UnsafeMutablePointer<Scalar>, _ hNew: UnsafeMutablePointer<Scalar>,
  _ c: UnsafeMutablePointer<Scalar>,
  _ stride: Int, rows: Int, count: Int, _ weights: UnsafePointer<Scalar>, first: Int, end: Int, _ start: UnsafePointer<Scalar>,
  _ out: UnsafeMutablePointer<Scalar>?, _ outStride: Int, _ outStep: Int, _ meeting: UnsafeMutableRawPointer?, threads: Int
) {
  var from = unsafe h
  var to = unsafe hNew
  var step = 0
  while step < steps {
    // SAFETY: the step exists.
    let all = unsafe LSTMState(
      z: z + step &* zStep, zStride: zStride, h: from, hNew: to, c: c, stride: stride, count: count, weights: weights, start: start, gates: nil)
    unsafe lstmRows(all, rows: rows, first: first, end: end)
    // SAFETY: the caller's contract: a meeting's memory.
    if let meeting = unsafe meeting { unsafe lstm_meet(meeting.assumingMemoryBound(to: lstm_meeting.self), Int64(threads)) }
    if let out = unsafe out { unsafe copyRows(to, stride, out + step &* outStep, outStride, rows: rows, count: count) }
    let made = unsafe to
    unsafe to = from
    unsafe from = made
    step &+= 1
  }
}
