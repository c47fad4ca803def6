/// The gates of a GRU that resets before the product, all rows, from the sums of its gates' products.
///
///     u, r = σ(z + sums)   product = r ⊙ h
///
/// - Shapes: `z [rows, blocks, 3, lanes]` (bias and input part of u, r, n), rows `zStride` apart; `sums [rows, blocks, 2, lanes]`, rows `sumStride`
///   apart, become u and r; `h` and `product [rows, stride]`.
/// - Requires: everything aligned to vectors, strides whole vectors; nothing overlaps.
@inline(never)  // inlined elsewhere, it would be compiled for that module's processor
public func gruReset(
  _ z: UnsafePointer<Scalar>, _ zStride: Int, _ sums: UnsafeMutablePointer<Scalar>, _ sumStride: Int, _ h: UnsafePointer<Scalar>,
  _ product: UnsafeMutablePointer<Scalar>, _ stride: Int, rows: Int
) {
  var row = 0
  while row < rows {
    var unit = 0
    while unit < stride {
      // SAFETY: row and unit are inside all arrays.
      let from = unsafe z + (row &* zStride &+ 3 &* unit)
      let place = unsafe sums + (row &* sumStride &+ 2 &* unit)
      let update = unsafe sigmoid(load(from) + load(place))
      let reset = unsafe sigmoid(load(from + lanes) + load(place + lanes))
      unsafe store(update, place)
      unsafe store(reset, place + lanes)
      unsafe store(reset * load(h + (row &* stride &+ unit)), product + (row &* stride &+ unit))
      unit &+= lanes
    }
    row &+= 1
  }
}

/// The new state of a GRU that resets before the product, all rows, from its gates and the sums of its candidate's product.
///
///     n = tanh(z + sums)   hNew = u ⊙ h + (1 − u) ⊙ n
///
/// - Shapes: `z` and `h` as in ``gruReset``; `gates` its sums afterwards; `sums [rows, stride]`, rows `sumStride` apart, become n.
/// - Requires: as in ``gruReset``.
@inline(never)  // see gruReset
public func gruMix(
  _ z: UnsafePointer<Scalar>, _ zStride: Int, _ gates: UnsafePointer<Scalar>, _ gateStride: Int, _ sums: UnsafeMutablePointer<Scalar>,
  _ sumStride: Int, _ h: UnsafePointer<Scalar>, _ hNew: UnsafeMutablePointer<Scalar>, _ stride: Int, rows: Int
) {
  var row = 0
  while row < rows {
    var unit = 0
    while unit < stride {
      // SAFETY: row and unit are inside all arrays.
      let place = unsafe sums + (row &* sumStride &+ unit)
      let candidate = unsafe tanh(load(z + (row &* zStride &+ 3 &* unit &+ 2 &* lanes)) + load(place))
      let update = unsafe load(gates + (row &* gateStride &+ 2 &* unit))
      unsafe store(candidate, place)
      unsafe store(
        fused((all(1) - update) * candidate, update, load(h + (row &* stride &+ unit))), hNew + (row &* stride &+ unit))
      unit &+= lanes
    }
    row &+= 1
  }
}
