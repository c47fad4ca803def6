import CSupport
import CVector

/// What a step of a GRU works on: see ``gruStep``.
@unsafe struct GRUState {
  var z: UnsafePointer<Scalar>
  var zStride: Int
  var h: UnsafePointer<Scalar>
  var hNew: UnsafeMutablePointer<Scalar>
  var stride: Int
  var count: Int
  var weights: UnsafePointer<Scalar>
  var start: UnsafePointer<Scalar>
  var gates: UnsafeMutablePointer<Scalar>?

  /// The same for the rows from `row` on.
  @_transparent
  func from(row: Int) -> GRUState {
    var rest = unsafe self
    // SAFETY: the row exists.
    unsafe rest.z = z + row &* zStride
    unsafe rest.h = h + row &* stride
    unsafe rest.hNew = hNew + row &* stride
    unsafe rest.gates = gates.map { unsafe $0 + row &* zStride }
    return unsafe rest
  }
}

/// The new state of one block of one row from its sums. Written out for each, since sums that are counted through lie in memory.
@_transparent
private func gruUpdate<let R: Int, let G: Int, let S: Int>(
  _ shape: (Count<R>.Type, Count<G>.Type), _ sums: InlineArray<S, Vector>, _ it: GRUState, _ index: Int, _ block: Int
) {
  let row = index / G
  let group = index % G
  let at = (row &* G &+ group) &* 3
  let place = unsafe row &* it.zStride &+ (block &+ group) &* (3 &* lanes)
  let unit = unsafe row &* it.stride &+ (block &+ group) &* lanes
  // SAFETY: row and block + group are inside z, h, hNew and gates.
  let update = unsafe sigmoid(load(it.z + place) + sums[at])
  let reset = unsafe sigmoid(load(it.z + (place &+ lanes)) + sums[at &+ 1])
  let candidate = unsafe tanh(fused(load(it.z + (place &+ 2 &* lanes)), reset, sums[at &+ 2]))
  let previous = unsafe load(it.h + unit)
  unsafe store(fused((all(1) - update) * candidate, update, previous), it.hNew + unit)
  if let gates = unsafe it.gates {
    unsafe store(update, gates + place)
    unsafe store(reset, gates + (place &+ lanes))
    unsafe store(candidate, gates + (place &+ 2 &* lanes))
  }
}

@_transparent
private func gruTile<let R: Int, let G: Int, let S: Int>(_ shape: (Count<R>.Type, Count<G>.Type), _ zeros: Count<S>, _ it: GRUState, _ block: Int) {
  let first = block &* (3 &* lanes)
  // SAFETY: block + G ≤ blocks.
  let sums = unsafe tileSums(
    (shape.0, shape.1, Count<3>.self), zeros, it.h, it.stride, it.count, it.weights + first &* it.count, it.start + first, panels: 3)
  if R &* G > 0 { unsafe gruUpdate((shape.0, shape.1), sums, it, 0, block) }
  if R &* G > 1 { unsafe gruUpdate((shape.0, shape.1), sums, it, 1, block) }
  if R &* G > 2 { unsafe gruUpdate((shape.0, shape.1), sums, it, 2, block) }
  if R &* G > 3 { unsafe gruUpdate((shape.0, shape.1), sums, it, 3, block) }
  if R &* G > 4 { unsafe gruUpdate((shape.0, shape.1), sums, it, 4, block) }
  if R &* G > 5 { unsafe gruUpdate((shape.0, shape.1), sums, it, 5, block) }
}

// Each size of tile is a function of its own: see LSTMCell.swift.

@inline(never)
func gru1x1(_ it: GRUState, _ block: Int) { unsafe gruTile((Count<1>.self, Count<1>.self), zeros3, it, block) }

@inline(never)
func gru1x3(_ it: GRUState, _ block: Int) { unsafe gruTile((Count<1>.self, Count<3>.self), zeros9, it, block) }

@inline(never)
func gru3x1(_ it: GRUState, _ block: Int) { unsafe gruTile((Count<3>.self, Count<1>.self), zeros9, it, block) }

@inline(never)
func gru4x1(_ it: GRUState, _ block: Int) { unsafe gruTile((Count<4>.self, Count<1>.self), zeros12, it, block) }

#if LSTM_V4 || arch(arm64)
  @inline(never)
  func gru6x1(_ it: GRUState, _ block: Int) { unsafe gruTile((Count<6>.self, Count<1>.self), zeros18, it, block) }
#endif

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
    if width == 3 {
      if end &- block >= 3 {
        unsafe gru1x3(all, block)
      } else {
        while block < end {
          unsafe gru1x1(all, block)
          block &+= 1
        }
      }
      continue
    }
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
        unsafe gru1x1(it, block)
        row &+= 1
      }
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
  var from = unsafe h
  var to = unsafe hNew
  var alone: Int32 = 0
  var step = 0
  while step < steps {
    let place = unsafe out.map { unsafe $0 + step &* outStep }
    // SAFETY: the step exists.
    let all = unsafe GRUState(
      z: z + step &* zStep, zStride: zStride, h: from, hNew: to, stride: stride, count: count, weights: weights, start: start, gates: nil)
    // SAFETY: the caller's contract: a meeting's memory.
    if let meeting = unsafe meeting?.assumingMemoryBound(to: lstm_meeting_word.self) {
      while true {
        let part = unsafe Int(lstm_meeting_next(meeting, Int64(parts), Int64(own), Int64(step &+ 1), &alone))
        if part < 0 { break }
        let first = blocks &* part / parts
        let end = blocks &* (part &+ 1) / parts
        unsafe gruRows(all, rows: rows, first: first, end: end, backward: step & 1 == 1)
        let unit = first &* lanes
        if let place = unsafe place {
          unsafe copyRows(to + unit, stride, place + unit, outStride, rows: rows, count: smaller(end &* lanes, count) &- unit)
        }
        unsafe lstm_meeting_end(meeting)
      }
    } else {
      unsafe gruRows(all, rows: rows, first: 0, end: blocks, backward: step & 1 == 1)
      if let place = unsafe place { unsafe copyRows(to, stride, place, outStride, rows: rows, count: count) }
    }
    let made = unsafe to
    unsafe to = from
    unsafe from = made
    step &+= 1
  }
}
