#if !LSTM_FLOAT64
  /// One step of a GRU in training that resets after the product, from the sums on: activated gates replace the input's part of the sums, the new state is
  /// written beside the old one. The arithmetic of ``gruUpdate``.
  ///
  ///     u, r = σ(z + s)   n = tanh(z + r ⊙ s)   hNew = u ⊙ h + (1 − u) ⊙ n
  ///
  /// - Shapes: `z`, `s [rows, 3, blocks · lanes]`, contiguous; `h`, `hNew [rows, blocks · lanes]`, contiguous.
  /// - Requires: everything aligned to vectors; nothing overlaps.
  @inline(never)  // inlined elsewhere, it would be compiled for that module's processor
  public func gruForward(
    _ z: UnsafeMutablePointer<Scalar>, _ s: UnsafePointer<Scalar>, _ h: UnsafePointer<Scalar>, _ hNew: UnsafeMutablePointer<Scalar>, rows: Int,
    blocks: Int
  ) {
    let stride = blocks &* lanes
    var row = 0
    while row < rows {
      var unit = 0
      while unit < stride {
        // SAFETY: row and unit are inside z, s and the states.
        let place = unsafe z + (row &* 3 &* stride &+ unit)
        let sum = unsafe s + (row &* 3 &* stride &+ unit)
        let state = row &* stride &+ unit
        let update = unsafe sigmoid(load(place) + load(sum))
        let reset = unsafe sigmoid(load(place + stride) + load(sum + stride))
        let new = unsafe tanh(fused(load(place + 2 &* stride), reset, load(sum + 2 &* stride)))
        unsafe store(update, place)
        unsafe store(reset, place + stride)
        unsafe store(new, place + 2 &* stride)
        unsafe store(fused((all(1) - update) * new, update, load(h + state)), hNew + state)
        unit &+= lanes
      }
      row &+= 1
    }
  }

  /// The gradient of ``gruForward``: what reaches the input's sums replaces the gates, what reaches the recurrent sums replaces those, and `dhBefore` receives
  /// what reaches the old state past both.
  ///
  ///     dz = (dh ⊙ (h − n) ⊙ u(1−u), dn ⊙ s ⊙ r(1−r), dn)   dn = dh ⊙ (1 − u) ⊙ (1 − n²)   ds = (dz, dz, dn ⊙ r)   dhBefore = dh ⊙ u
  ///
  /// - Shapes and requirements: as in ``gruForward``; `dh` and `dhBefore` as the states, but with rows `dhStride` apart.
  @inline(never)  // inlined elsewhere, it would be compiled for that module's processor
  public func gruBackward(
    _ z: UnsafeMutablePointer<Scalar>, _ s: UnsafeMutablePointer<Scalar>, _ h: UnsafePointer<Scalar>, _ dh: UnsafePointer<Scalar>,
    _ dhBefore: UnsafeMutablePointer<Scalar>, _ dhStride: Int, rows: Int, blocks: Int
  ) {
    let stride = blocks &* lanes
    let one = all(1)
    var row = 0
    while row < rows {
      var unit = 0
      while unit < stride {
        // SAFETY: row and unit are inside z, s and the states.
        let place = unsafe z + (row &* 3 &* stride &+ unit)
        let sum = unsafe s + (row &* 3 &* stride &+ unit)
        let update = unsafe load(place)
        let reset = unsafe load(place + stride)
        let new = unsafe load(place + 2 &* stride)
        let d = unsafe load(dh + (row &* dhStride &+ unit))
        let dUpdate = unsafe d * (load(h + (row &* stride &+ unit)) - new) * update * (one - update)
        let dNew = d * (one - update) * (one - new * new)
        let dReset = unsafe dNew * load(sum + 2 &* stride) * reset * (one - reset)
        unsafe store(d * update, dhBefore + (row &* dhStride &+ unit))
        unsafe store(dUpdate, place)
        unsafe store(dReset, place + stride)
        unsafe store(dNew, place + 2 &* stride)
        unsafe store(dUpdate, sum)
        unsafe store(dReset, sum + stride)
        unsafe store(dNew * reset, sum + 2 &* stride)
        unit &+= lanes
      }
      row &+= 1
    }
  }
#endif
