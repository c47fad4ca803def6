// One step of one stream, from the caller's numbers to the new state, in one call: what it needs is prepared once, so that a call passes three
// addresses. Gates stay in registers, the units beyond the last whole block share vectors among their gates.

/// A recurrent layer of a stream: weights, state, sizes.
@unsafe struct Instant {
  /// I, and the input's weights and bias: see ``project``.
  var inputCount: Int
  var input: UnsafePointer<Scalar>
  var inputStart: UnsafePointer<Scalar>
  /// H, and the recurrent weights and bias.
  var units: Int
  var recurrent: UnsafePointer<Scalar>
  var recurrentStart: UnsafePointer<Scalar>
  /// Whole blocks of units.
  var blocks: Int
  /// Units in the part behind them: 0, or `lanes / 2` or `lanes / 4` with padding; and its weights, a vector for two gates or for all.
  var tailUnits: Int
  var tailInput: UnsafePointer<Scalar>
  var tailInputStart: UnsafePointer<Scalar>
  var tailRecurrent: UnsafePointer<Scalar>
  var tailRecurrentStart: UnsafePointer<Scalar>
  /// All bits in the lanes of the tail's last vector that hold candidates, none elsewhere. Read from here, since an optimiser that knows it takes the
  /// vector apart.
  var tailCandidates: BitVector
  /// Where the tail's gates pass from vectors that they share to parts of their own. In registers an optimiser would part them from the start.
  var tailFirst: Vector
  var tailSecond: Vector
  var tailThird: Vector
  /// The state before and after, exchanged at each step; the cell state, in place, or what a GRU that resets before the product keeps there: see
  /// ResetInstant.swift.
  var h: UnsafeMutablePointer<Scalar>
  var hNew: UnsafeMutablePointer<Scalar>
  var c: UnsafeMutablePointer<Scalar>
  /// Of layers that have groups of vectors of units instead of blocks with tails: vectors in a group, groups that are full, vectors in the one behind
  /// them, and the function of the sums. See SimpleInstant.swift.
  var panels: Int
  var whole: Int
  var rest: Int
  var function: Int
  /// Whether the blocks are taken from the last to the first, as every other step does: it begins with the weights that the step before ended with,
  /// which the nearest cache still holds.
  var isBackward = false
}

/// Bytes that ``prepareInstant`` fills.
public let instantBytes = unsafe MemoryLayout<Instant>.stride

/// Units that a tail of `rest` units takes: a half or a quarter of a vector for each gate, or 0 if a whole block is as good.
public func instantTail(_ rest: Int) -> Int {
  #if LSTM_V4 || (LSTM_V3 && !LSTM_FLOAT64)
    if rest == 0 || rest &* 2 > lanes { return 0 }
    return rest &* 4 > lanes ? lanes / 2 : lanes / 4
  #else
    return 0
  #endif
}

/// Fills `memory` for a layer's steps.
///
/// - Shapes: `input [blocks, I, gates, lanes]`, `recurrent [blocks, H, gates, lanes]`, each with its start `[blocks, gates, lanes]`; the tail's
///   likewise `[I, gates · tailUnits]`, padded to whole vectors; `h`, `hNew`, `c` of H numbers, padded to whole vectors. Other layers have `vectors`
///   of units in groups of `panels`: see ``simpleInstant`` and ``resetInstant``.
/// - Requires: everything aligned to vectors and alive as long as `memory` is used.
@inline(never)  // see project
public func prepareInstant(
  _ memory: UnsafeMutableRawPointer, inputCount: Int, _ input: UnsafePointer<Scalar>, _ inputStart: UnsafePointer<Scalar>, units: Int,
  _ recurrent: UnsafePointer<Scalar>, _ recurrentStart: UnsafePointer<Scalar>, blocks: Int, tailUnits: Int,
  _ tailInput: UnsafePointer<Scalar>, _ tailInputStart: UnsafePointer<Scalar>, _ tailRecurrent: UnsafePointer<Scalar>,
  _ tailRecurrentStart: UnsafePointer<Scalar>, h: UnsafeMutablePointer<Scalar>, hNew: UnsafeMutablePointer<Scalar>,
  c: UnsafeMutablePointer<Scalar>, panels: Int, vectors: Int, function: Int
) {
  var candidates = BitVector.zero
  var lane = tailUnits &* 4 == lanes ? lanes / 2 : 0
  let end = lane &+ tailUnits
  while lane < end {
    candidates[lane] = -1
    lane &+= 1
  }
  // SAFETY: the caller's contract: memory holds instantBytes bytes, aligned to a vector.
  unsafe memory.assumingMemoryBound(to: Instant.self).pointee = Instant(
    inputCount: inputCount, input: input, inputStart: inputStart, units: units, recurrent: recurrent, recurrentStart: recurrentStart,
    blocks: blocks, tailUnits: tailUnits, tailInput: tailInput, tailInputStart: tailInputStart, tailRecurrent: tailRecurrent,
    tailRecurrentStart: tailRecurrentStart, tailCandidates: candidates, tailFirst: Vector.zero,
    tailSecond: Vector.zero, tailThird: Vector.zero, h: h, hNew: hNew, c: c, panels: panels, whole: vectors / panels, rest: vectors % panels,
    function: function)
}

/// Makes the new state the present one and writes it to `y` (H numbers, any alignment; may be where x was).
@inline(never)  // see project
public func finishInstant(_ memory: UnsafeMutableRawPointer, _ y: UnsafeMutablePointer<Scalar>) {
  unsafe finish(memory.assumingMemoryBound(to: Instant.self), y)
}

/// Brings the present state to `h`, which is one of the two places that it changes between.
@inline(never)  // see project
public func settleInstant(_ memory: UnsafeMutableRawPointer, _ h: UnsafeMutablePointer<Scalar>) {
  let it = unsafe memory.assumingMemoryBound(to: Instant.self)
  let now = unsafe it.pointee.h
  if unsafe now == h { return }
  var index = 0
  // SAFETY: both hold H numbers.
  while unsafe index < it.pointee.units {
    unsafe h[index] = now[index]
    index &+= 1
  }
  unsafe it.pointee.h = h
  unsafe it.pointee.hNew = now
}

@_transparent
func finish(_ it: UnsafeMutablePointer<Instant>, _ y: UnsafeMutablePointer<Scalar>) {
  let made = unsafe it.pointee.hNew
  unsafe it.pointee.hNew = it.pointee.h
  unsafe it.pointee.h = made
  unsafe it.pointee.isBackward.toggle()
  unsafe copyNumbers(made, y, it.pointee.units)
}

/// The sums of G blocks and T vectors of the tail for one row, as in ``tileSums``: blocks' first, then the tail's.
@_transparent
func instantSums<let G: Int, let P: Int, let T: Int, let S: Int>(
  _ shape: (Count<G>.Type, Count<P>.Type, Count<T>.Type), _ zeros: Count<S>, _ x: UnsafePointer<Scalar>, _ count: Int,
  _ weights: UnsafePointer<Scalar>, _ start: UnsafePointer<Scalar>, _ tail: UnsafePointer<Scalar>, _ tailStart: UnsafePointer<Scalar>
) -> InlineArray<S, Vector> {
  var sums = zeros
  for panel in 0..<(G &* P) {
    // SAFETY: start holds G·P vectors.
    sums[panel] = unsafe load(start + panel &* lanes)
  }
  for panel in 0..<T {
    // SAFETY: tailStart holds T vectors.
    sums[G &* P &+ panel] = unsafe load(tailStart + panel &* lanes)
  }
  let groupSize = count &* (P &* lanes)
  var k = 0
  while k < count {
    // SAFETY: k < count; each group holds count·P vectors, the tail count·T.
    let w = unsafe weights + k &* (P &* lanes)
    let value = unsafe all(x[k])
    for group in 0..<G {
      for panel in 0..<P {
        // SAFETY: as for w.
        accumulate(&sums[group &* P &+ panel], unsafe load(w + (group &* groupSize &+ panel &* lanes)), value)
      }
    }
    for panel in 0..<T {
      // SAFETY: as for w.
      accumulate(&sums[G &* P &+ panel], unsafe load(tail + (k &* T &+ panel) &* lanes), value)
    }
    k &+= 1
  }
  return sums
}
