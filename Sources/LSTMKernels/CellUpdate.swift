/// The new state of an LSTM from sums that lie in memory, for some blocks of all rows: the arithmetic of ``lstmStep``.
///
///     i, f, o = σ(z + s)   g = tanh(z + s)   c = f ⊙ c + i ⊙ g   hNew = o ⊙ tanh(c)
///
/// - Shapes: `z` and `sums [rows, blocks, 4, lanes]`, rows `zStride` and `sumStride` apart; `hNew` and `c [rows, blocks · lanes]`, rows `stride`
///   apart; `gates` like z, or nil: receives i, f, g, o. All pointers are to the first of the blocks.
/// - Requires: everything aligned to vectors; `gates` may be `z` itself.
@inline(never)
func lstmUpdate(
  _ z: UnsafePointer<Scalar>, _ zStride: Int, _ sums: UnsafePointer<Scalar>, _ sumStride: Int, _ hNew: UnsafeMutablePointer<Scalar>,
  _ c: UnsafeMutablePointer<Scalar>, _ stride: Int, rows: Int, blocks: Int, _ gates: UnsafeMutablePointer<Scalar>?
) {
  var row = 0
  while row < rows {
    var block = 0
    while block < blocks {
      let place = block &* (4 &* lanes)
      let unit = row &* stride &+ block &* lanes
      // SAFETY: row and block are inside z, sums, c, hNew and gates.
      let from = unsafe z + (row &* zStride &+ place)
      let sum = unsafe sums + (row &* sumStride &+ place)
      let i = unsafe sigmoid(load(from) + load(sum))
      let f = unsafe sigmoid(load(from + lanes) + load(sum + lanes))
      let g = unsafe tanh(load(from + 2 &* lanes) + load(sum + 2 &* lanes))
      let o = unsafe sigmoid(load(from + 3 &* lanes) + load(sum + 3 &* lanes))
      let cell = unsafe fused(i * g, f, load(c + unit))
      unsafe store(cell, c + unit)
      unsafe store(o * tanh(cell), hNew + unit)
      if let gates = unsafe gates {
        let to = unsafe gates + (row &* zStride &+ place)
        unsafe store(i, to)
        unsafe store(f, to + lanes)
        unsafe store(g, to + 2 &* lanes)
        unsafe store(o, to + 3 &* lanes)
      }
      block &+= 1
    }
    row &+= 1
  }
}

/// The new state of a GRU that resets after the product, likewise: the arithmetic of ``gruStep``.
///
///     u, r = σ(z + s)   n = tanh(z + r ⊙ s)   hNew = u ⊙ h + (1 − u) ⊙ n
///
/// - Shapes: as in ``lstmUpdate`` with 3 gates; `h` like hNew; `gates` receives u, r, n.
/// - Requires: as in ``lstmUpdate``; `h` is not `hNew`.
@inline(never)
func gruUpdate(
  _ z: UnsafePointer<Scalar>, _ zStride: Int, _ sums: UnsafePointer<Scalar>, _ sumStride: Int, _ h: UnsafePointer<Scalar>,
  _ hNew: UnsafeMutablePointer<Scalar>, _ stride: Int, rows: Int, blocks: Int, _ gates: UnsafeMutablePointer<Scalar>?
) {
  var row = 0
  while row < rows {
    var block = 0
    while block < blocks {
      let place = block &* (3 &* lanes)
      let unit = row &* stride &+ block &* lanes
      // SAFETY: row and block are inside z, sums, h, hNew and gates.
      let from = unsafe z + (row &* zStride &+ place)
      let sum = unsafe sums + (row &* sumStride &+ place)
      let update = unsafe sigmoid(load(from) + load(sum))
      let reset = unsafe sigmoid(load(from + lanes) + load(sum + lanes))
      let candidate = unsafe tanh(fused(load(from + 2 &* lanes), reset, load(sum + 2 &* lanes)))
      let previous = unsafe load(h + unit)
      unsafe store(fused((all(1) - update) * candidate, update, previous), hNew + unit)
      if let gates = unsafe gates {
        let to = unsafe gates + (row &* zStride &+ place)
        unsafe store(update, to)
        unsafe store(reset, to + lanes)
        unsafe store(candidate, to + 2 &* lanes)
      }
      block &+= 1
    }
    row &+= 1
  }
}
