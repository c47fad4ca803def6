// One step of one stream of a GRU that resets before the product: its gates here, then its candidate as the units of a SimpleRNN. Two prepared instants
// lie one after the other, the gates' and the candidate's. Between the two u waits where the new state goes; r ⊙ h and the input's part of the
// candidate go to `c` of the first, where the second finds them as its state and as what its input product starts from.

/// The gates of one vector of units from its sums.
@_transparent
private func updateReset<let X: Int, let H: Int>(
  _ it: Instant, _ fromX: InlineArray<X, Vector>, _ fromH: InlineArray<H, Vector>, _ block: Int, _ vector: Int
) {
  let unit = (vector &+ block) &* lanes
  let update = sigmoid(fromX[3 &* block] + fromH[2 &* block])
  let reset = sigmoid(fromX[3 &* block &+ 1] + fromH[2 &* block &+ 1])
  let stride = unsafe (2 &* it.whole &+ it.rest) &* lanes
  // SAFETY: the vector is inside h, hNew and c, which has two vectors for each of theirs.
  unsafe store(reset * load(it.h + unit), it.c + unit)
  unsafe store(fromX[3 &* block &+ 2], it.c + (stride &+ unit))
  unsafe store(update, it.hNew + unit)
}

/// B vectors of units: the first P panels of each of G groups, of which each has u and r of two vectors.
@_transparent
private func resetTile<let B: Int, let G: Int, let P: Int, let X: Int, let H: Int>(
  _ shape: (Count<B>.Type, Count<G>.Type, Count<P>.Type), _ zerosX: Count<X>, _ zerosH: Count<H>, _ pointer: UnsafeMutablePointer<Instant>,
  _ x: UnsafePointer<Scalar>, _ group: Int
) {
  let it = unsafe pointer.pointee
  let vector = 2 &* group
  let (atX, atH) = (vector &* (3 &* lanes), vector &* (2 &* lanes))
  // SAFETY: vector + B ≤ vectors.
  let fromX = unsafe tileSums(
    (Count<1>.self, shape.0, Count<3>.self), zerosX, x, 0, it.inputCount, it.input + atX &* it.inputCount, it.inputStart + atX, panels: 3)
  // SAFETY: as above.
  let fromH = unsafe tileSums(
    (Count<1>.self, shape.1, shape.2), zerosH, it.h, 0, it.units, it.recurrent + atH &* it.units, it.recurrentStart + atH, panels: 4)
  if B > 0 { unsafe updateReset(it, fromX, fromH, 0, vector) }
  if B > 1 { unsafe updateReset(it, fromX, fromH, 1, vector) }
  if B > 2 { unsafe updateReset(it, fromX, fromH, 2, vector) }
  if B > 3 { unsafe updateReset(it, fromX, fromH, 3, vector) }
}

// Each size of tile is a function of its own: see LSTMCell.swift.

@inline(never)
func resetInstant1(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ group: Int) {
  unsafe resetTile((Count<1>.self, Count<1>.self, Count<2>.self), zeros3, zeros2, it, x, group)
}

@inline(never)
func resetInstant2(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ group: Int) {
  unsafe resetTile((Count<2>.self, Count<1>.self, Count<4>.self), zeros6, zeros4, it, x, group)
}

@inline(never)
func resetInstant4(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ group: Int) {
  unsafe resetTile((Count<4>.self, Count<2>.self, Count<4>.self), zeros12, zeros8, it, x, group)
}

/// The gates of the groups from `first` up to `end`.
@_transparent
func resetRun(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ first: Int, _ end: Int) {
  let pairs = unsafe (smaller(end, it.pointee.whole) &- first) / 2
  let rest = first &+ 2 &* pairs
  var pair = 0
  if unsafe it.pointee.isBackward { unsafe resetRest(it, x, rest, end) }
  while pair < pairs {
    unsafe resetInstant4(it, x, it.pointee.isBackward ? rest &- 2 &* (pair &+ 1) : first &+ 2 &* pair)
    pair &+= 1
  }
  if unsafe !it.pointee.isBackward { unsafe resetRest(it, x, rest, end) }
}

/// The groups behind the pairs: a full one, half a one, or both.
@_transparent
private func resetRest(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ first: Int, _ end: Int) {
  if unsafe first < smaller(end, it.pointee.whole) { unsafe resetInstant2(it, x, first) }
  if unsafe end > it.pointee.whole && it.pointee.rest != 0 { unsafe resetInstant1(it, x, end &- 1) }
}

/// The gates, of the groups from `first` up to `end`, of one step of a GRU that resets before the product.
///
///     u, r = σ((b + x·W) + h·R)
///
/// - Requires: `memory` is prepared twice. First with `input [vectors, I, 3, lanes]` of u, r, n; `recurrent [groups, H, 4, lanes]` of u, r, u, r;
///   2 panels; `c` of twice `vectors`. Behind that with `c` as h, no features and the second half of `c` as the input's start, `recurrent` of
///   the candidate as for ``simpleInstantGroups``, function 4. `x` holds I numbers, any alignment.
@inline(never)  // see project
public func resetInstantGroups(_ memory: UnsafeMutableRawPointer, _ x: UnsafePointer<Scalar>, _ first: Int, _ end: Int) {
  let it = unsafe memory.assumingMemoryBound(to: Instant.self)
  unsafe resetRun(it, x, first, end)
}

/// The candidate and the new state, of its groups from `first` up to `end`, after all gates. It counts after ``finishInstant``.
///
///     n = tanh((b + x·W) + (r ⊙ h)·R)   hNew = u ⊙ h + (1 − u) ⊙ n
///
/// - Requires: as in ``resetInstantGroups``.
@inline(never)  // see project
public func resetInstantCandidates(_ memory: UnsafeMutableRawPointer, _ x: UnsafePointer<Scalar>, _ first: Int, _ end: Int) {
  let it = unsafe memory.assumingMemoryBound(to: Instant.self) + 1
  unsafe simpleRun(it, x, first, end)
}

/// One step of a GRU that resets before the product: see ``resetInstantGroups``; `y` receives the new state's H numbers and may be where x was.
@inline(never)  // see project
public func resetInstant(_ memory: UnsafeMutableRawPointer, _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>) {
  let it = unsafe memory.assumingMemoryBound(to: Instant.self)
  unsafe resetRun(it, x, 0, it.pointee.blocks)
  let candidate = unsafe it + 1
  unsafe simpleRun(candidate, x, 0, candidate.pointee.blocks)
  unsafe candidate.pointee.isBackward.toggle()
  unsafe finish(it, y)
}
