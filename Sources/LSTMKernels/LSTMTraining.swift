/// One step of an LSTM in training, from the sums on: activated gates replace the sums, the states are written beside the old ones. `further`, if it is
/// given, is another part of the sums.
///
///     i, f, o = σ(z)   g = tanh(z)   cNew = f ⊙ c + i ⊙ g   t = tanh(cNew)   hNew = o ⊙ t
///
/// - Shapes: `z`, `further [rows, 4, blocks · lanes]`, contiguous; `c`, `cNew`, `hNew`, `t [rows, blocks · lanes]`, contiguous.
/// - Requires: everything aligned to vectors; nothing overlaps.
@inline(never)  // inlined elsewhere, it would be compiled for that module's processor
public func lstmForward(
  _ z: UnsafeMutablePointer<Scalar>, _ c: UnsafePointer<Scalar>, _ cNew: UnsafeMutablePointer<Scalar>, _ hNew: UnsafeMutablePointer<Scalar>,
  _ t: UnsafeMutablePointer<Scalar>, _ further: UnsafePointer<Scalar>?, rows: Int, blocks: Int
) {
  let stride = blocks &* lanes
  var row = 0
  while row < rows {
    var unit = 0
    while unit < stride {
      // SAFETY: row and unit are inside z, what is added to it, and the states.
      let place = unsafe z + (row &* 4 &* stride &+ unit)
      let state = row &* stride &+ unit
      var i = unsafe load(place)
      var f = unsafe load(place + stride)
      var g = unsafe load(place + 2 &* stride)
      var o = unsafe load(place + 3 &* stride)
      if let further = unsafe further {
        let other = unsafe further + (row &* 4 &* stride &+ unit)
        i += unsafe load(other)
        f += unsafe load(other + stride)
        g += unsafe load(other + 2 &* stride)
        o += unsafe load(other + 3 &* stride)
      }
      i = sigmoid(i)
      f = sigmoid(f)
      g = tanh(g)
      o = sigmoid(o)
      unsafe store(i, place)
      unsafe store(f, place + stride)
      unsafe store(g, place + 2 &* stride)
      unsafe store(o, place + 3 &* stride)
      let new = unsafe fused(i * g, f, load(c + state))
      unsafe store(new, cNew + state)
      let curved = tanh(new)
      unsafe store(curved, t + state)
      unsafe store(o * curved, hNew + state)
      unit &+= lanes
    }
    row &+= 1
  }
}

/// The gradient of ``lstmForward``: what reaches the sums replaces the activated gates, what reaches the old cell state replaces what reached
/// the new one.
///
///     dc += dh ⊙ o ⊙ (1 − t²)   dz = (dc ⊙ g ⊙ i(1−i), dc ⊙ c ⊙ f(1−f), dc ⊙ i ⊙ (1−g²), dh ⊙ t ⊙ o(1−o))   dc = dc ⊙ f
///
/// - Shapes and requirements: as in ``lstmForward``, which made t; `dc` as the states; `dh` too, but with rows `dhStride` apart.
@inline(never)  // inlined elsewhere, it would be compiled for that module's processor
public func lstmBackward(
  _ z: UnsafeMutablePointer<Scalar>, _ c: UnsafePointer<Scalar>, _ t: UnsafePointer<Scalar>, _ dh: UnsafePointer<Scalar>,
  _ dhStride: Int, _ dc: UnsafeMutablePointer<Scalar>, rows: Int, blocks: Int
) {
  let stride = blocks &* lanes
  let one = Vector(repeating: 1)
  var row = 0
  while row < rows {
    var unit = 0
    while unit < stride {
      // SAFETY: row and unit are inside z and the states.
      let place = unsafe z + (row &* 4 &* stride &+ unit)
      let state = row &* stride &+ unit
      let i = unsafe load(place)
      let f = unsafe load(place + stride)
      let g = unsafe load(place + 2 &* stride)
      let o = unsafe load(place + 3 &* stride)
      let curved = unsafe load(t + state)
      let h = unsafe load(dh + (row &* dhStride &+ unit))
      let d = unsafe load(dc + state) + h * o * (one - curved * curved)
      unsafe store(d * g * i * (one - i), place)
      unsafe store(d * load(c + state) * f * (one - f), place + stride)
      unsafe store(d * i * (one - g * g), place + 2 &* stride)
      unsafe store(h * curved * o * (one - o), place + 3 &* stride)
      unsafe store(d * f, dc + state)
      unit &+= lanes
    }
    row &+= 1
  }
}
