// One step of one stream of a SimpleRNN, in one call, its sums in registers until they are the new state. What a GRU that resets before the product
// ends with is the same: a product whose sums pass through a function. The input's part is parked until then, as it is there already in sequences: with
// both in registers, 16 would be too few.

/// Functions of sums: what a layer is prepared with. The first is the end of a GRU that resets before the product, whose instant lies before this one.
@_transparent private var mixFunction: Int { 0 }
@_transparent private var tanhFunction: Int { 1 }
@_transparent private var sigmoidFunction: Int { 2 }
@_transparent private var reluFunction: Int { 3 }

/// Sums of a tile that go on in registers. More wait in memory for a loop, which has less code; steps of so many units do not notice, except where
/// vectors are so wide that there are few.
@_transparent var sumsInRegisters: Int {
  #if LSTM_V4
    8
  #else
    4
  #endif
}

/// Numbers from vector to vector of the input's part and of sums that wait in `c`: the candidate has those of u, r and n side by side.
@_transparent
private func pitch(_ it: Instant) -> Int { unsafe it.function == mixFunction ? 3 &* lanes : lanes }

/// The new state of one vector of units from its sum.
@_transparent
private func updateSimple(_ pointer: UnsafeMutablePointer<Instant>, _ sum: Vector, _ vector: Int) {
  let unit = vector &* lanes
  let value = tanh(sum)
  if unsafe pointer.pointee.function == tanhFunction { return unsafe store(value, pointer.pointee.hNew + unit) }
  // SAFETY: the caller's contract: the gates' instant lies before this one; u is where the new state goes.
  let gru = unsafe (pointer - 1).pointee
  let place = unsafe gru.hNew + unit
  let update = unsafe load(place)
  unsafe store(fused((all(1) - update) * value, update, load(gru.h + unit)), place)
}

/// The new state of the vectors from `first` up to `end`, whose sums wait in `c`.
@inline(never)
func updateSimples(_ pointer: UnsafeMutablePointer<Instant>, _ first: Int, _ end: Int) {
  let function = unsafe pointer.pointee.function
  let pitch = unsafe pitch(pointer.pointee)
  var vector = first
  while vector < end {
    // SAFETY: the vector is inside c and hNew.
    let sum = unsafe load(pointer.pointee.c + vector &* pitch)
    let place = unsafe pointer.pointee.hNew + vector &* lanes
    switch function {
    case mixFunction, tanhFunction: unsafe updateSimple(pointer, sum, vector)
    case sigmoidFunction: unsafe store(sigmoid(sum), place)
    case reluFunction: unsafe store(relu(sum), place)
    default: unsafe store(sum, place)
    }
    vector &+= 1
  }
}

/// P vectors of each of G groups of `panels`.
@_transparent
private func simpleTile<let G: Int, let P: Int, let S: Int>(
  _ shape: (Count<G>.Type, Count<P>.Type), _ zeros: Count<S>, _ pointer: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ group: Int,
  panels: Int
) {
  let it = unsafe pointer.pointee
  let vector = group &* panels
  let first = vector &* lanes
  let pitch = unsafe pitch(it)
  // SAFETY: group + G ≤ groups.
  var z = unsafe it.inputStart + vector &* pitch
  let waiting = unsafe it.c + vector &* pitch
  if unsafe it.inputCount != 0 {
    let sums = unsafe tileSums(
      (Count<1>.self, shape.0, shape.1), zeros, x, 0, it.inputCount, it.input + first &* it.inputCount, z, panels: panels)
    for index in 0..<S { unsafe store(sums[index], waiting + index &* pitch) }
    unsafe z = UnsafePointer(waiting)
  }
  // SAFETY: as above.
  let sums = unsafe tileSums(
    (Count<1>.self, shape.0, shape.1), zeros, it.h, 0, it.units, it.recurrent + first &* it.units, it.recurrentStart + first, panels: panels)
  // Vectors of the tile lie side by side: there are several groups of whole ones only.
  if unsafe S <= sumsInRegisters && it.function <= tanhFunction {
    unsafe updateSimple(pointer, load(z) + sums[0], vector)
    if S > 1 { unsafe updateSimple(pointer, load(z + pitch) + sums[1], vector &+ 1) }
    if S > 2 { unsafe updateSimple(pointer, load(z + 2 &* pitch) + sums[2], vector &+ 2) }
    if S > 3 { unsafe updateSimple(pointer, load(z + 3 &* pitch) + sums[3], vector &+ 3) }
    if S > 4 { unsafe updateSimple(pointer, load(z + 4 &* pitch) + sums[4], vector &+ 4) }
    if S > 5 { unsafe updateSimple(pointer, load(z + 5 &* pitch) + sums[5], vector &+ 5) }
    if S > 6 { unsafe updateSimple(pointer, load(z + 6 &* pitch) + sums[6], vector &+ 6) }
    if S > 7 { unsafe updateSimple(pointer, load(z + 7 &* pitch) + sums[7], vector &+ 7) }
    return
  }
  for index in 0..<S { unsafe store(load(z + index &* pitch) + sums[index], waiting + index &* pitch) }
  unsafe updateSimples(pointer, vector, vector &+ S)
}

// Each size of tile is a function of its own: see LSTMCell.swift.

@inline(never)
func simpleInstant1x1(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ group: Int) {
  unsafe simpleTile((Count<1>.self, Count<1>.self), zeros1, it, x, group, panels: it.pointee.panels)
}

@inline(never)
func simpleInstant1x2(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ group: Int) {
  unsafe simpleTile((Count<1>.self, Count<2>.self), zeros2, it, x, group, panels: it.pointee.panels)
}

@inline(never)
func simpleInstant1x3(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ group: Int) {
  unsafe simpleTile((Count<1>.self, Count<3>.self), zeros3, it, x, group, panels: it.pointee.panels)
}

@inline(never)
func simpleInstant1x4(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ group: Int) {
  unsafe simpleTile((Count<1>.self, Count<4>.self), zeros4, it, x, group, panels: 4)
}

@inline(never)
func simpleInstant2x1(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ group: Int) {
  unsafe simpleTile((Count<2>.self, Count<1>.self), zeros2, it, x, group, panels: 1)
}

@inline(never)
func simpleInstant2x4(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ group: Int) {
  unsafe simpleTile((Count<2>.self, Count<4>.self), zeros8, it, x, group, panels: 4)
}

/// The groups from `first` up to `end`.
@_transparent
func simpleRun(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ first: Int, _ end: Int) {
  let pairs = unsafe (smaller(end, it.pointee.whole) &- first) / 2
  let rest = first &+ 2 &* pairs
  var pair = 0
  if unsafe it.pointee.isBackward { unsafe simpleRest(it, x, rest, end) }
  while pair < pairs {
    let group = unsafe it.pointee.isBackward ? rest &- 2 &* (pair &+ 1) : first &+ 2 &* pair
    // A matrix has several groups of 1 or of 4 panels.
    if unsafe it.pointee.panels == 1 { unsafe simpleInstant2x1(it, x, group) } else { unsafe simpleInstant2x4(it, x, group) }
    pair &+= 1
  }
  if unsafe !it.pointee.isBackward { unsafe simpleRest(it, x, rest, end) }
}

/// The groups behind the pairs: a full one, one that is not, or both.
@inline(never)
func simpleRest(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ first: Int, _ end: Int) {
  var group = first
  while group < end {
    switch unsafe group < it.pointee.whole ? it.pointee.panels : it.pointee.rest {
    case 1: unsafe simpleInstant1x1(it, x, group)
    case 2: unsafe simpleInstant1x2(it, x, group)
    case 3: unsafe simpleInstant1x3(it, x, group)
    default: unsafe simpleInstant1x4(it, x, group)
    }
    group &+= 1
  }
}

/// The groups from `first` up to `end` of one step of a SimpleRNN, with tanh, σ, relu or no function (1 to 4).
///
///     hNew = f((b + x·W) + h·R)
///
/// - Requires: `memory` is prepared with `input [groups, I, panels, lanes]`, `recurrent [groups, H, panels, lanes]` and their starts; 1, 3 or 4
///   panels, of 3 only one group; `c` of H numbers, padded to whole vectors. `x` holds I numbers, any alignment. The new state counts after ``finishInstant``.
@inline(never)  // see project
public func simpleInstantGroups(_ memory: UnsafeMutableRawPointer, _ x: UnsafePointer<Scalar>, _ first: Int, _ end: Int) {
  let it = unsafe memory.assumingMemoryBound(to: Instant.self)
  unsafe simpleRun(it, x, first, end)
}

/// One step of a SimpleRNN: see ``simpleInstantGroups``; `y` receives the new state's H numbers and may be where x was.
@inline(never)  // see project
public func simpleInstant(_ memory: UnsafeMutableRawPointer, _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>) {
  let it = unsafe memory.assumingMemoryBound(to: Instant.self)
  unsafe simpleRun(it, x, 0, it.pointee.blocks)
  unsafe finish(it, y)
}
