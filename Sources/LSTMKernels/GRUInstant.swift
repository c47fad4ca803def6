/// The new state of one block from its sums.
@_transparent
private func updateGRU<let S: Int>(
  _ it: Instant, _ fromX: InlineArray<S, Vector>, _ fromH: InlineArray<S, Vector>, _ group: Int, _ block: Int
) {
  let at = group &* 3
  let unit = block &* lanes
  let update = sigmoid(fromX[at] + fromH[at])
  let reset = sigmoid(fromX[at &+ 1] + fromH[at &+ 1])
  let candidate = tanh(fused(fromX[at &+ 2], reset, fromH[at &+ 2]))
  // SAFETY: the block is inside h and hNew.
  let previous = unsafe load(it.h + unit)
  unsafe store(fused((all(1) - update) * candidate, update, previous), it.hNew + unit)
}

@_transparent
private func gruInstantTile<let G: Int, let T: Int, let S: Int>(
  _ shape: (Count<G>.Type, Count<T>.Type), _ zeros: Count<S>, _ pointer: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int
) {
  let it = unsafe pointer.pointee
  let first = block &* (3 &* lanes)
  // SAFETY: block + G ≤ blocks.
  let fromX = unsafe instantSums(
    (shape.0, Count<3>.self, shape.1), zeros, x, it.inputCount, it.input + first &* it.inputCount, it.inputStart + first, it.tailInput,
    it.tailInputStart)
  // SAFETY: as above.
  let fromH = unsafe instantSums(
    (shape.0, Count<3>.self, shape.1), zeros, it.h, it.units, it.recurrent + first &* it.units, it.recurrentStart + first, it.tailRecurrent,
    it.tailRecurrentStart)
  if G > 0 { unsafe updateGRU(it, fromX, fromH, 0, block) }
  if G > 1 { unsafe updateGRU(it, fromX, fromH, 1, block &+ 1) }
  #if LSTM_V4 || (LSTM_V3 && !LSTM_FLOAT64)
    if T == 2 {
      unsafe pointer.pointee.tailFirst = sigmoid(fromX[G &* 3] + fromH[G &* 3])
      unsafe pointer.pointee.tailSecond = fromX[G &* 3 &+ 1]
      unsafe pointer.pointee.tailThird = fromH[G &* 3 &+ 1]
      unsafe gruHalf(pointer, (block &+ G) &* lanes)
    } else if T == 1 {
      unsafe pointer.pointee.tailFirst = sigmoid(fromX[G &* 3] + fromH[G &* 3])
      unsafe pointer.pointee.tailSecond = fromX[G &* 3]
      unsafe pointer.pointee.tailThird = fromH[G &* 3]
      unsafe gruQuarter(pointer, (block &+ G) &* lanes)
    }
  #endif
}

#if LSTM_V4 || (LSTM_V3 && !LSTM_FLOAT64)
  /// The new state of half a block from its gates `[u r]` and the candidate's two sums.
  @inline(never)
  func gruHalf(_ pointer: UnsafeMutablePointer<Instant>, _ unit: Int) {
    let it = unsafe pointer.pointee
    let both = unsafe it.tailFirst
    let sum = unsafe fused(it.tailSecond.lowHalf, both.highHalf, it.tailThird.lowHalf)
    // SAFETY: the tail is inside h and hNew, which are padded to whole vectors.
    let previous = unsafe UnsafeRawPointer(it.h + unit).loadUnaligned(as: HalfVector.self)
    let candidate = tanh(Vector(lowHalf: sum, highHalf: sum)).lowHalf
    let h = fused((HalfVector(repeating: 1) - both.lowHalf) * candidate, both.lowHalf, previous)
    unsafe UnsafeMutableRawPointer(it.hNew + unit).storeBytes(of: h, as: HalfVector.self)
  }

  /// The new state of a quarter of a block from its gates `[u r . .]` and the candidate's two sums `[. . n .]`.
  @inline(never)
  func gruQuarter(_ pointer: UnsafeMutablePointer<Instant>, _ unit: Int) {
    let it = unsafe pointer.pointee
    let both = unsafe it.tailFirst.lowHalf
    let sum = unsafe fused(it.tailSecond.highHalf.lowHalf, both.highHalf, it.tailThird.highHalf.lowHalf)
    // SAFETY: as in gruHalf.
    let previous = unsafe UnsafeRawPointer(it.h + unit).loadUnaligned(as: QuarterVector.self)
    let half = HalfVector(lowHalf: sum, highHalf: sum)
    let candidate = tanh(Vector(lowHalf: half, highHalf: half)).lowHalf.lowHalf
    let h = fused((QuarterVector(repeating: 1) - both.lowHalf) * candidate, both.lowHalf, previous)
    unsafe UnsafeMutableRawPointer(it.hNew + unit).storeBytes(of: h, as: QuarterVector.self)
  }
#endif

// Each size of tile is a function of its own: see LSTMCell.swift.

@inline(never)
func gruInstant1(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
  unsafe gruInstantTile((Count<1>.self, Count<0>.self), zeros3, it, x, block)
}

@inline(never)
func gruInstant2(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
  unsafe gruInstantTile((Count<2>.self, Count<0>.self), zeros6, it, x, block)
}

#if LSTM_V4 || (LSTM_V3 && !LSTM_FLOAT64)
  @inline(never)
  func gruInstantQuarter(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
    unsafe gruInstantTile((Count<0>.self, Count<1>.self), zeros1, it, x, block)
  }

  @inline(never)
  func gruInstantHalf(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
    unsafe gruInstantTile((Count<0>.self, Count<2>.self), zeros2, it, x, block)
  }

  @inline(never)
  func gruInstant1Quarter(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
    unsafe gruInstantTile((Count<1>.self, Count<1>.self), zeros4, it, x, block)
  }

  @inline(never)
  func gruInstant1Half(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
    unsafe gruInstantTile((Count<1>.self, Count<2>.self), zeros5, it, x, block)
  }
#endif

/// The blocks from `first` up to `end`, and the tail if `end` is the number of blocks, of one step of a GRU that resets after the product.
///
///     u, r = σ((b + x·W) + (b′ + h·R))   n = tanh((b + x·W) + r ⊙ (b′ + h·R))   hNew = u ⊙ h + (1 − u) ⊙ n
///
/// - Requires: `memory` is prepared; `x` holds I numbers, any alignment. The new state counts after ``finishInstant``.
@inline(never)  // see project
public func gruInstantBlocks(_ memory: UnsafeMutableRawPointer, _ x: UnsafePointer<Scalar>, _ first: Int, _ end: Int) {
  let it = unsafe memory.assumingMemoryBound(to: Instant.self)
  unsafe gruInstantRun(it, x, first, end)
}

@_transparent
private func gruInstantRun(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ first: Int, _ end: Int) {
  let pairs = (end &- first) / 2
  let rest = first &+ 2 &* pairs
  var pair = 0
  if unsafe it.pointee.isBackward {
    unsafe gruInstantRest(it, x, rest, end)
    while pair < pairs {
      pair &+= 1
      unsafe gruInstant2(it, x, rest &- 2 &* pair)
    }
  } else {
    while pair < pairs {
      unsafe gruInstant2(it, x, first &+ 2 &* pair)
      pair &+= 1
    }
    unsafe gruInstantRest(it, x, rest, end)
  }
}

/// The block behind the pairs, and the tail.
@_transparent
private func gruInstantRest(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int, _ end: Int) {
  #if LSTM_V4 || (LSTM_V3 && !LSTM_FLOAT64)
    if unsafe end == it.pointee.blocks && it.pointee.tailUnits != 0 {
      let isHalf = unsafe it.pointee.tailUnits == lanes / 2
      if block < end {
        if isHalf { unsafe gruInstant1Half(it, x, block) } else { unsafe gruInstant1Quarter(it, x, block) }
      } else {
        if isHalf { unsafe gruInstantHalf(it, x, block) } else { unsafe gruInstantQuarter(it, x, block) }
      }
      return
    }
  #endif
  if block < end { unsafe gruInstant1(it, x, block) }
}

/// One step of a GRU: see ``gruInstantBlocks``; `y` receives the new state's H numbers and may be where x was.
@inline(never)  // see project
public func gruInstant(_ memory: UnsafeMutableRawPointer, _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>) {
  let it = unsafe memory.assumingMemoryBound(to: Instant.self)
  unsafe gruInstantRun(it, x, 0, it.pointee.blocks)
  unsafe finish(it, y)
}
