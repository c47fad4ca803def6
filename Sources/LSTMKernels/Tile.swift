/// A number that is known when compiling, passed as a type.
typealias Count<let N: Int> = InlineArray<N, Vector>

/// The sums of a tile: for each row r, group g and panel p the vector `start[g, p] + Σₖ x[r, k] · weights[g, k, p]`.
///
/// Each sum is one chain over k in ascending order, whatever the tile's size: that is why a row alone has the same bits as a row in a
/// batch. The sizes are compile-time constants, so that the sums stay in registers: R rows × G groups × P panels = S. Where there are 32 registers
/// (`LSTM_V4`, arm64) 24 sums leave room for 4 weight vectors and one number of x; where there are 16, 12 sums, 2 or 3 weight vectors and one.
///
/// - Shapes: `x [R]` rows of `count` numbers, `xStride` apart; `weights [G, count, panels, lanes]`, `start [G, panels, lanes]`, both aligned: of
///   each group the first P panels from the addresses on are taken. Where each row starts from sums of its own, those are `startStride` apart.
@_transparent
func tileSums<let R: Int, let G: Int, let P: Int, let S: Int>(
  _ shape: (Count<R>.Type, Count<G>.Type, Count<P>.Type), _ zeros: Count<S>,
  _ x: UnsafePointer<Scalar>, _ xStride: Int, _ count: Int, _ weights: UnsafePointer<Scalar>, _ start: UnsafePointer<Scalar>, panels: Int,
  startStride: Int = 0, ahead: Ahead? = nil
) -> InlineArray<S, Vector> {
  var sums = zeros
  for row in 0..<R {
    for group in 0..<G {
      for panel in 0..<P {
        // SAFETY: start holds G·panels vectors.
        sums[(row &* G &+ group) &* P &+ panel] = unsafe load(start + (row &* startStride &+ (group &* panels &+ panel) &* lanes))
      }
    }
  }
  let groupSize = count &* (panels &* lanes)
  var k = 0
  while k < count {
    // SAFETY: k < count; each group holds count·panels vectors.
    let w = unsafe weights + k &* (panels &* lanes)
    if let ahead = unsafe ahead { unsafe ahead.ask(k) }
    for row in 0..<R {
      // SAFETY: row < R and k < count.
      let value = unsafe all(x[row &* xStride &+ k])
      for group in 0..<G {
        for panel in 0..<P {
          // SAFETY: as for w.
          let vector = unsafe load(w + (group &* groupSize &+ panel &* lanes))
          accumulate(&sums[(row &* G &+ group) &* P &+ panel], vector, value)
        }
      }
    }
    k &+= 1
  }
  return sums
}

/// Puts sums into memory, one by one: assigned as a whole, they would be counted up there.
@_transparent
func copySums<let S: Int>(_ from: Count<S>, _ to: inout Count<S>) {
  for index in 0..<S { to[index] = from[index] }
}

/// The smaller number; the library's own is generic code.
@_transparent
func smaller(_ a: Int, _ b: Int) -> Int { a < b ? a : b }

/// Copies `count` numbers of each row; `from` is aligned and its rows are padded to whole vectors, `to` may have any alignment.
@_transparent
func copyRows(_ from: UnsafePointer<Scalar>, _ fromStride: Int, _ to: UnsafeMutablePointer<Scalar>, _ toStride: Int, rows: Int, count: Int) {
  var row = 0
  while row < rows {
    // SAFETY: the row exists on both sides.
    unsafe copyNumbers(from + row &* fromStride, to + row &* toStride, count)
    row &+= 1
  }
}

/// Copies `count` numbers from where vectors are aligned.
@_transparent
func copyNumbers(_ from: UnsafePointer<Scalar>, _ to: UnsafeMutablePointer<Scalar>, _ count: Int) {
  var done = 0
  while count &- done >= lanes {
    // SAFETY: done + lanes ≤ count.
    unsafe UnsafeMutableRawPointer(to + done).storeBytes(of: load(from + done), as: Vector.self)
    done &+= lanes
  }
  while count &- done >= 4 {
    // SAFETY: done + 4 ≤ count.
    unsafe UnsafeMutableRawPointer(to + done).storeBytes(
      of: UnsafeRawPointer(from + done).loadUnaligned(as: SIMD4<Scalar>.self), as: SIMD4<Scalar>.self)
    done &+= 4
  }
  while done < count {
    unsafe to[done] = from[done]
    done &+= 1
  }
}
