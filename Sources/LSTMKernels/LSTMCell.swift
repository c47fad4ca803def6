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

  /// The same for another step.
  @_transparent
  func at(_ zOffset: Int, h: UnsafeMutablePointer<Scalar>, hNew: UnsafeMutablePointer<Scalar>) -> LSTMState {
    var other = unsafe self
    // SAFETY: the step exists.
    unsafe other.z = z + zOffset
    unsafe other.h = UnsafePointer(h)
    unsafe other.hNew = hNew
    return unsafe other
  }

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

/// The sums of one block of one row.
private struct LSTMSums {
  var i, f, g, o: Vector
}

/// The new state of one block of one row from its sums. Written out for each, since sums that are counted through lie in memory.
@_transparent
private func lstmUpdate(_ it: LSTMState, row: Int, block: Int, _ sums: LSTMSums) {
  let place = unsafe row &* it.zStride &+ block &* (4 &* lanes)
  let unit = unsafe row &* it.stride &+ block &* lanes
  // SAFETY: row and block are inside z, c, hNew and gates.
  let i = unsafe sigmoid(load(it.z + place) + sums.i)
  let f = unsafe sigmoid(load(it.z + (place &+ lanes)) + sums.f)
  let g = unsafe tanh(load(it.z + (place &+ 2 &* lanes)) + sums.g)
  let o = unsafe sigmoid(load(it.z + (place &+ 3 &* lanes)) + sums.o)
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

/// R rows × G blocks, all four gates at once: for few sums or many registers.
@_transparent
private func lstmTile<let R: Int, let G: Int, let S: Int>(_ shape: (Count<R>.Type, Count<G>.Type), _ zeros: Count<S>, _ it: LSTMState, _ block: Int) {
  let first = block &* (4 &* lanes)
  // SAFETY: block + G ≤ blocks.
  let sums = unsafe tileSums(
    (shape.0, shape.1, Count<4>.self), zeros, it.h, it.stride, it.count, it.weights + first &* it.count, it.start + first, panels: 4)
  if R &* G > 0 { unsafe lstmUpdate(it, row: 0, block: block, gates(of: 0, sums)) }
  if R &* G > 1 { unsafe lstmUpdate(it, row: 1 / G, block: block &+ 1 % G, gates(of: 1, sums)) }
  if R &* G > 2 { unsafe lstmUpdate(it, row: 2 / G, block: block &+ 2 % G, gates(of: 2, sums)) }
  if R &* G > 3 { unsafe lstmUpdate(it, row: 3 / G, block: block &+ 3 % G, gates(of: 3, sums)) }
  if R &* G > 4 { unsafe lstmUpdate(it, row: 4 / G, block: block &+ 4 % G, gates(of: 4, sums)) }
  if R &* G > 5 { unsafe lstmUpdate(it, row: 5 / G, block: block &+ 5 % G, gates(of: 5, sums)) }
}

@_transparent
private func gates<let S: Int>(of index: Int, _ sums: InlineArray<S, Vector>) -> LSTMSums {
  LSTMSums(i: sums[4 &* index], f: sums[4 &* index &+ 1], g: sums[4 &* index &+ 2], o: sums[4 &* index &+ 3])
}

// Each size of tile is a function of its own: larger ones would leave the optimiser's limits, and their sums the registers.

@inline(never)
func lstm1x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<1>.self, Count<1>.self), zeros4, it, block) }

@inline(never)
func lstm1x2(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<1>.self, Count<2>.self), zeros8, it, block) }

@inline(never)
func lstm2x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<2>.self, Count<1>.self), zeros8, it, block) }

#if LSTM_V4 || arch(arm64)
  @inline(never)
  func lstm4x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<4>.self, Count<1>.self), zeros16, it, block) }

  @inline(never)
  func lstm6x1(_ it: LSTMState, _ block: Int) { unsafe lstmTile((Count<6>.self, Count<1>.self), zeros24, it, block) }
#else
  // Two gates after two: 12 sums and 3 more vectors fill 16 registers. The sums go through memory, or those of the first two gates would stay in
  // registers that the others need.

  @inline(never)
  func lstmPair4(_ it: LSTMState, _ block: Int, gate: Int, _ sums: inout Count<8>) {
    let first = block &* (4 &* lanes)
    // SAFETY: the block exists.
    let made = unsafe tileSums(
      (Count<4>.self, Count<1>.self, Count<2>.self), zeros8, it.h, it.stride, it.count, it.weights + (first &* it.count &+ gate &* lanes),
      it.start + (first &+ gate &* lanes), panels: 4)
    copySums(made, &sums)
  }

  @inline(never)
  func lstmPair6(_ it: LSTMState, _ block: Int, gate: Int, _ sums: inout Count<12>) {
    let first = block &* (4 &* lanes)
    // SAFETY: the block exists.
    let made = unsafe tileSums(
      (Count<6>.self, Count<1>.self, Count<2>.self), zeros12, it.h, it.stride, it.count, it.weights + (first &* it.count &+ gate &* lanes),
      it.start + (first &+ gate &* lanes), panels: 4)
    copySums(made, &sums)
  }

  @inline(never)
  func lstm4x1(_ it: LSTMState, _ block: Int) {
    var (a, b) = (zeros8, zeros8)
    unsafe lstmPair4(it, block, gate: 0, &a)
    unsafe lstmPair4(it, block, gate: 2, &b)
    unsafe lstmUpdate(it, row: 0, block: block, LSTMSums(i: a[0], f: a[1], g: b[0], o: b[1]))
    unsafe lstmUpdate(it, row: 1, block: block, LSTMSums(i: a[2], f: a[3], g: b[2], o: b[3]))
    unsafe lstmUpdate(it, row: 2, block: block, LSTMSums(i: a[4], f: a[5], g: b[4], o: b[5]))
    unsafe lstmUpdate(it, row: 3, block: block, LSTMSums(i: a[6], f: a[7], g: b[6], o: b[7]))
  }

  @inline(never)
  func lstm6x1(_ it: LSTMState, _ block: Int) {
    var (a, b) = (zeros12, zeros12)
    unsafe lstmPair6(it, block, gate: 0, &a)
    unsafe lstmPair6(it, block, gate: 2, &b)
    unsafe lstmUpdate(it, row: 0, block: block, LSTMSums(i: a[0], f: a[1], g: b[0], o: b[1]))
    unsafe lstmUpdate(it, row: 1, block: block, LSTMSums(i: a[2], f: a[3], g: b[2], o: b[3]))
    unsafe lstmUpdate(it, row: 2, block: block, LSTMSums(i: a[4], f: a[5], g: b[4], o: b[5]))
    unsafe lstmUpdate(it, row: 3, block: block, LSTMSums(i: a[6], f: a[7], g: b[6], o: b[7]))
    unsafe lstmUpdate(it, row: 4, block: block, LSTMSums(i: a[8], f: a[9], g: b[8], o: b[9]))
    unsafe lstmUpdate(it, row: 5, block: block, LSTMSums(i: a[10], f: a[11], g: b[10], o: b[11]))
  }
#endif
