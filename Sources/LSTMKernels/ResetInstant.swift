// One step of one stream of a GRU that resets before the product: its gates here, then its candidate as the units of a SimpleRNN. Two prepared instants
// lie one after the other, the gates' and the candidate's. Between the two u waits where the new state goes; r ⊙ h and behind it the input's part
// go to `c` of the first, where the second finds them. In sequences the input's part is there already.

/// The gates of one vector of units from their sums.
@_transparent
private func updateReset(_ it: Instant, _ u: Vector, _ r: Vector, _ vector: Int) {
  let unit = vector &* lanes
  // SAFETY: the vector is inside h, hNew and c.
  unsafe store(sigmoid(r) * load(it.h + unit), it.c + unit)
  unsafe store(sigmoid(u), it.hNew + unit)
}

/// The gates of the vectors from `first` up to `end`, whose sums wait in `c`.
@inline(never)
func updateResets(_ pointer: UnsafeMutablePointer<Instant>, _ first: Int, _ end: Int) {
  let it = unsafe pointer.pointee
  var vector = first
  while vector < end {
    let waiting = unsafe waitingGates(it) + vector &* (3 &* lanes)
    // SAFETY: the vector is inside c.
    unsafe updateReset(it, load(waiting), load(waiting + lanes), vector)
    vector &+= 1
  }
}

/// Where u, r and n of the vectors are in `c`: behind r ⊙ h.
@_transparent
private func waitingGates(_ it: Instant) -> UnsafeMutablePointer<Scalar> { unsafe it.c + (2 &* it.whole &+ it.rest) &* lanes }

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
  var z = unsafe it.inputStart + atX
  let waiting = unsafe waitingGates(it) + atX
  if unsafe it.inputCount != 0 {
    let sums = unsafe tileSums(
      (Count<1>.self, shape.0, Count<3>.self), zerosX, x, 0, it.inputCount, it.input + atX &* it.inputCount, z, panels: 3)
    for index in 0..<X { unsafe store(sums[index], waiting + index &* lanes) }
    unsafe z = UnsafePointer(waiting)
  }
  // SAFETY: as above.
  let sums = unsafe tileSums(
    (Count<1>.self, shape.1, shape.2), zerosH, it.h, 0, it.units, it.recurrent + atH &* it.units, it.recurrentStart + atH, panels: 4)
  if H <= sumsInRegisters {
    unsafe updateReset(it, load(z) + sums[0], load(z + lanes) + sums[1], vector)
    if B > 1 { unsafe updateReset(it, load(z + 3 &* lanes) + sums[2], load(z + 4 &* lanes) + sums[3], vector &+ 1) }
    if B > 2 { unsafe updateReset(it, load(z + 6 &* lanes) + sums[4], load(z + 7 &* lanes) + sums[5], vector &+ 2) }
    if B > 3 { unsafe updateReset(it, load(z + 9 &* lanes) + sums[6], load(z + 10 &* lanes) + sums[7], vector &+ 3) }
    return
  }
  for index in 0..<H {
    let place = (index / 2 &* 3 &+ index % 2) &* lanes
    unsafe store(load(z + place) + sums[index], waiting + place)
  }
  unsafe updateResets(pointer, vector, vector &+ B)
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
///   2 panels; `c [4, vectors, lanes]`. Behind that with `c` as h, no features, the third vector of the rest of `c`, which is n of the first
///   units, as the input's start; `recurrent` of the candidate as for ``simpleInstantGroups``, function 0. `x` holds I numbers, any alignment.
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
