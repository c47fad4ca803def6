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

@_transparent
private func gruTile<let R: Int, let G: Int, let S: Int>(_ shape: (Count<R>.Type, Count<G>.Type), _ zeros: Count<S>, _ it: GRUState, _ block: Int) {
  let first = block &* (3 &* lanes)
  // SAFETY: block + G ≤ blocks.
  let sums = unsafe tileSums(
    (shape.0, shape.1, Count<3>.self), zeros, it.h, it.stride, it.count, it.weights + first &* it.count, it.start + first)
  for row in 0..<R {
    for group in 0..<G {
      let at = (row &* G &+ group) &* 3
      let place = unsafe row &* it.zStride &+ first &+ group &* (3 &* lanes)
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
  }
}

// Each size of tile is a function of its own: see LSTMCell.swift.

@inline(never)
func gru1x1(_ it: GRUState, _ block: Int) { unsafe gruTile((Count<1>.self, Count<1>.self), zeros3, it, block) }

@inline(never)
func gru1x3(_ it: GRUState, _ block: Int) { unsafe gruTile((Count<1>.self, Count<3>.self), zeros9, it, block) }

@inline(never)
func gru3x1(_ it: GRUState, _ block: Int) { unsafe gruTile((Count<3>.self, Count<1>.self), zeros9, it, block) }

@inline(never)
func gru6x1(_ it: GRUState, _ block: Int) { unsafe gruTile((Count<6>.self, Count<1>.self), zeros18, it, block) }

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
  var block = 0
  while rows == 1 && blocks &- block >= 3 {
    unsafe gru1x3(all, block)
    block &+= 3
  }
  while block < blocks {
    var row = 0
    while row < rows {
      let left = rows &- row
      let it = unsafe all.from(row: row)
      if left >= 6 {
        unsafe gru6x1(it, block)
        row &+= 6
      } else if left >= 3 {
        unsafe gru3x1(it, block)
        row &+= 3
      } else {
        unsafe gru1x1(it, block)
        row &+= 1
      }
    }
    block &+= 1
  }
}
