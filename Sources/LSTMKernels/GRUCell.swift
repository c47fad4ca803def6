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

  /// The same for another step.
  @_transparent
  func at(_ zOffset: Int, h: UnsafeMutablePointer<Scalar>, hNew: UnsafeMutablePointer<Scalar>) -> GRUState {
    var other = unsafe self
    // SAFETY: the step exists.
    unsafe other.z = z + zOffset
    unsafe other.h = UnsafePointer(h)
    unsafe other.hNew = hNew
    return unsafe other
  }

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
