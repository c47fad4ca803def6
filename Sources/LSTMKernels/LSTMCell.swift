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

@_transparent
private func lstmTile<let R: Int, let G: Int, let S: Int>(_ shape: (Count<R>.Type, Count<G>.Type), _ zeros: Count<S>, _ it: LSTMState, _ block: Int) {
  let first = block &* (4 &* lanes)
  // SAFETY: block + G ≤ blocks.
  let sums = unsafe tileSums(
    (shape.0, shape.1, Count<4>.self), zeros, it.h, it.stride, it.count, it.weights + first &* it.count, it.start + first)
  for row in 0..<R {
    for group in 0..<G {
      let at = (row &* G &+ group) &* 4
      let place = unsafe row &* it.zStride &+ first &+ group &* (4 &* lanes)
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
  }
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
  var block = 0
  // A single row has too few sums to keep the multipliers busy: two blocks at once.
  while rows == 1 && blocks &- block >= 2 {
    unsafe lstm1x2(all, block)
    block &+= 2
  }
  while block < blocks {
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
