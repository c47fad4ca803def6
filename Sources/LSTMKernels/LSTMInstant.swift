import CVector

/// The new state of one block from its sums.
@_transparent
private func updateLSTM<let S: Int>(
  _ it: Instant, _ fromX: InlineArray<S, Vector>, _ fromH: InlineArray<S, Vector>, _ group: Int, _ block: Int
) {
  let at = group &* 4
  let unit = block &* lanes
  let i = sigmoid(fromX[at] + fromH[at])
  let f = sigmoid(fromX[at &+ 1] + fromH[at &+ 1])
  let g = tanh(fromX[at &+ 2] + fromH[at &+ 2])
  let o = sigmoid(fromX[at &+ 3] + fromH[at &+ 3])
  // SAFETY: the block is inside c and hNew.
  let c = unsafe fused(i * g, f, load(it.c + unit))
  unsafe store(c, it.c + unit)
  unsafe store(o * tanh(c), it.hNew + unit)
}

#if LSTM_V4
  /// Asks for the first weights of the pair of blocks that comes after `block` and the next, in the time that the functions of these take. Where vectors
  /// are shorter that gained nothing.
  @_transparent
  private func askForNextPair(_ it: Instant, after block: Int) {
    // A short row of x brings few weights: then those for h are the first of many.
    let byInput = unsafe it.inputCount >= 8
    let size = unsafe (byInput ? it.inputCount : it.units) &* (4 &* lanes)
    let next = unsafe it.isBackward ? block &- 2 : block &+ 2
    // SAFETY: addresses that are asked for, not read.
    let place = unsafe (byInput ? it.input : it.recurrent) + next &* size
    for vector in 0..<16 {
      unsafe lstm_prefetch(place + vector &* lanes)
      unsafe lstm_prefetch(place + (size &+ vector &* lanes))
    }
  }
#endif

@_transparent
private func lstmInstantTile<let G: Int, let T: Int, let S: Int>(
  _ shape: (Count<G>.Type, Count<T>.Type), _ zeros: Count<S>, _ pointer: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int
) {
  let it = unsafe pointer.pointee
  let first = block &* (4 &* lanes)
  // SAFETY: block + G ≤ blocks.
  let fromX = unsafe instantSums(
    (shape.0, Count<4>.self, shape.1), zeros, x, it.inputCount, it.input + first &* it.inputCount, it.inputStart + first, it.tailInput,
    it.tailInputStart)
  // SAFETY: as above.
  let fromH = unsafe instantSums(
    (shape.0, Count<4>.self, shape.1), zeros, it.h, it.units, it.recurrent + first &* it.units, it.recurrentStart + first, it.tailRecurrent,
    it.tailRecurrentStart)
  #if LSTM_V4
    if G > 1 { unsafe askForNextPair(it, after: block) }
  #endif
  if G > 0 { unsafe updateLSTM(it, fromX, fromH, 0, block) }
  if G > 1 { unsafe updateLSTM(it, fromX, fromH, 1, block &+ 1) }
  #if LSTM_V4 || (LSTM_V3 && !LSTM_FLOAT64)
    if T == 2 {
      unsafe pointer.pointee.tailFirst = sigmoid(fromX[G &* 4] + fromH[G &* 4])
      unsafe pointer.pointee.tailSecond = gates(fromX[G &* 4 &+ 1] + fromH[G &* 4 &+ 1], it.tailCandidates)
      unsafe lstmHalf(pointer, (block &+ G) &* lanes)
    } else if T == 1 {
      unsafe pointer.pointee.tailFirst = gates(fromX[G &* 4] + fromH[G &* 4], it.tailCandidates)
      unsafe lstmQuarter(pointer, (block &+ G) &* lanes)
    }
  #endif
}

#if LSTM_V4 || (LSTM_V3 && !LSTM_FLOAT64)
  /// The new state of half a block from its gates `[i f] [g o]`.
  @inline(never)
  func lstmHalf(_ pointer: UnsafeMutablePointer<Instant>, _ unit: Int) {
    let it = unsafe pointer.pointee
    let both = unsafe it.tailFirst
    let rest = unsafe it.tailSecond
    // SAFETY: the tail is inside c and hNew, which are padded to whole vectors.
    let old = unsafe UnsafeRawPointer(it.c + unit).loadUnaligned(as: HalfVector.self)
    let c = fused(both.lowHalf * rest.lowHalf, both.highHalf, old)
    unsafe UnsafeMutableRawPointer(it.c + unit).storeBytes(of: c, as: HalfVector.self)
    let h = rest.highHalf * tanh(Vector(lowHalf: c, highHalf: c)).lowHalf
    unsafe UnsafeMutableRawPointer(it.hNew + unit).storeBytes(of: h, as: HalfVector.self)
  }

  /// The new state of a quarter of a block from its gates `[i f g o]`.
  @inline(never)
  func lstmQuarter(_ pointer: UnsafeMutablePointer<Instant>, _ unit: Int) {
    let it = unsafe pointer.pointee
    let all = unsafe it.tailFirst
    // SAFETY: as in lstmHalf.
    let old = unsafe UnsafeRawPointer(it.c + unit).loadUnaligned(as: QuarterVector.self)
    let c = fused(all.lowHalf.lowHalf * all.highHalf.lowHalf, all.lowHalf.highHalf, old)
    unsafe UnsafeMutableRawPointer(it.c + unit).storeBytes(of: c, as: QuarterVector.self)
    let half = HalfVector(lowHalf: c, highHalf: c)
    let h = all.highHalf.highHalf * tanh(Vector(lowHalf: half, highHalf: half)).lowHalf.lowHalf
    unsafe UnsafeMutableRawPointer(it.hNew + unit).storeBytes(of: h, as: QuarterVector.self)
  }
#endif

// Each size of tile is a function of its own: see LSTMCell.swift.

@inline(never)
func lstmInstant1(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
  unsafe lstmInstantTile((Count<1>.self, Count<0>.self), zeros4, it, x, block)
}

@inline(never)
func lstmInstant2(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
  unsafe lstmInstantTile((Count<2>.self, Count<0>.self), zeros8, it, x, block)
}

#if LSTM_V4 || (LSTM_V3 && !LSTM_FLOAT64)
  @inline(never)
  func lstmInstantQuarter(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
    unsafe lstmInstantTile((Count<0>.self, Count<1>.self), zeros1, it, x, block)
  }

  @inline(never)
  func lstmInstantHalf(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
    unsafe lstmInstantTile((Count<0>.self, Count<2>.self), zeros2, it, x, block)
  }

  @inline(never)
  func lstmInstant1Quarter(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
    unsafe lstmInstantTile((Count<1>.self, Count<1>.self), zeros5, it, x, block)
  }

  @inline(never)
  func lstmInstant1Half(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
    unsafe lstmInstantTile((Count<1>.self, Count<2>.self), zeros6, it, x, block)
  }

  @inline(never)
  func lstmInstant2Quarter(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
    unsafe lstmInstantTile((Count<2>.self, Count<1>.self), zeros9, it, x, block)
  }

  @inline(never)
  func lstmInstant2Half(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int) {
    unsafe lstmInstantTile((Count<2>.self, Count<2>.self), zeros10, it, x, block)
  }
#endif

/// The blocks from `first` up to `end`, and the tail if `end` is the number of blocks, of one step of an LSTM.
///
///     i, f, o = σ((b + x·W) + h·R)   g = tanh((b + x·W) + h·R)   c = f ⊙ c + i ⊙ g   hNew = o ⊙ tanh(c)
///
/// - Requires: `memory` is prepared; `x` holds I numbers, any alignment. The new state counts after ``finishInstant``.
@inline(never)  // see project
public func lstmInstantBlocks(_ memory: UnsafeMutableRawPointer, _ x: UnsafePointer<Scalar>, _ first: Int, _ end: Int) {
  let it = unsafe memory.assumingMemoryBound(to: Instant.self)
  unsafe lstmInstantRun(it, x, first, end)
}

@_transparent
private func lstmInstantRun(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ first: Int, _ end: Int) {
  // The tail goes with the last one or two blocks.
  let hasTail = unsafe end == it.pointee.blocks && it.pointee.tailUnits != 0
  let pairs = (hasTail ? end &- first &- 1 : end &- first) / 2
  let rest = first &+ 2 &* pairs
  var pair = 0
  if unsafe it.pointee.isBackward {
    unsafe lstmInstantRest(it, x, rest, end)
    while pair < pairs {
      pair &+= 1
      unsafe lstmInstant2(it, x, rest &- 2 &* pair)
    }
  } else {
    while pair < pairs {
      unsafe lstmInstant2(it, x, first &+ 2 &* pair)
      pair &+= 1
    }
    unsafe lstmInstantRest(it, x, rest, end)
  }
}

/// The blocks behind the pairs, and the tail.
@_transparent
private func lstmInstantRest(_ it: UnsafeMutablePointer<Instant>, _ x: UnsafePointer<Scalar>, _ block: Int, _ end: Int) {
  #if LSTM_V4 || (LSTM_V3 && !LSTM_FLOAT64)
    if unsafe end == it.pointee.blocks && it.pointee.tailUnits != 0 {
      let isHalf = unsafe it.pointee.tailUnits == lanes / 2
      switch end &- block {
      case 2: if isHalf { unsafe lstmInstant2Half(it, x, block) } else { unsafe lstmInstant2Quarter(it, x, block) }
      case 1: if isHalf { unsafe lstmInstant1Half(it, x, block) } else { unsafe lstmInstant1Quarter(it, x, block) }
      default: if isHalf { unsafe lstmInstantHalf(it, x, block) } else { unsafe lstmInstantQuarter(it, x, block) }
      }
      return
    }
  #endif
  if block < end { unsafe lstmInstant1(it, x, block) }
}

/// One step of an LSTM: see ``lstmInstantBlocks``; `y` receives the new state's H numbers and may be where x was.
@inline(never)  // see project
public func lstmInstant(_ memory: UnsafeMutableRawPointer, _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>) {
  let it = unsafe memory.assumingMemoryBound(to: Instant.self)
  unsafe lstmInstantRun(it, x, 0, it.pointee.blocks)
  unsafe finish(it, y)
}
