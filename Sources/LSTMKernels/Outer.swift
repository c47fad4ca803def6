/// What a sum of outer products works on: see ``outer``.
@unsafe struct OuterProduct {
  var x: UnsafePointer<Scalar>
  var xStride: Int
  var z: UnsafePointer<Scalar>
  var zStride: Int
  var rows: Int
  var out: UnsafeMutablePointer<Scalar>
  var outStride: Int

  /// The same for the outputs from row `row` and number `column` on.
  @_transparent
  func from(row: Int, column: Int) -> OuterProduct {
    var rest = unsafe self
    // SAFETY: the row and the column exist.
    unsafe rest.x = x + row
    unsafe rest.z = z + column
    unsafe rest.out = out + (row &* outStride &+ column)
    return unsafe rest
  }
}

/// One tile: R numbers of x against P vectors of z, over all rows.
@_transparent
private func outerTile<let R: Int, let P: Int, let S: Int>(_ shape: (Count<R>.Type, Count<P>.Type), _ zeros: Count<S>, _ it: OuterProduct) {
  var sums = zeros
  var x = unsafe it.x
  var z = unsafe it.z
  var left = unsafe it.rows
  while left > 0 {
    for row in 0..<R {
      // SAFETY: x holds R numbers from here on.
      let value = unsafe Vector(repeating: x[row])
      for panel in 0..<P {
        // SAFETY: z holds P vectors from here on.
        let vector = unsafe load(z + panel &* lanes)
        accumulate(&sums[row &* P &+ panel], vector, value)
      }
    }
    unsafe x += it.xStride
    unsafe z += it.zStride
    left &-= 1
  }
  for row in 0..<R {
    for panel in 0..<P {
      // SAFETY: out has R rows of P vectors.
      let place = unsafe it.out + (row &* it.outStride &+ panel &* lanes)
      unsafe store(load(place) + sums[row &* P &+ panel], place)
    }
  }
}

// Each size of tile is a function of its own: see Project.swift.

#if LSTM_V4 || arch(arm64)
  @inline(never)
  func outer6x4(_ it: OuterProduct) { unsafe outerTile((Count<6>.self, Count<4>.self), zeros24, it) }
#else
  @inline(never)
  func outer6x4(_ it: OuterProduct) {
    unsafe outerTile((Count<6>.self, Count<2>.self), zeros12, it)
    unsafe outerTile((Count<6>.self, Count<2>.self), zeros12, it.from(row: 0, column: 2 &* lanes))
  }
#endif

@inline(never)
func outer2x4(_ it: OuterProduct) { unsafe outerTile((Count<2>.self, Count<4>.self), zeros8, it) }

@inline(never)
func outer1x4(_ it: OuterProduct) { unsafe outerTile((Count<1>.self, Count<4>.self), zeros4, it) }

@inline(never)
func outer6x1(_ it: OuterProduct) { unsafe outerTile((Count<6>.self, Count<1>.self), zeros6, it) }

@inline(never)
func outer2x1(_ it: OuterProduct) { unsafe outerTile((Count<2>.self, Count<1>.self), zeros2, it) }

@inline(never)
func outer1x1(_ it: OuterProduct) { unsafe outerTile((Count<1>.self, Count<1>.self), zeros1, it) }

/// Adds the sum over all rows of outer products: `out[i, j] += Σᵣ x[r, i] · z[r, j]`. The gradient of a weight matrix.
///
/// - Shapes: `x [rows, count]` with rows `xStride` apart (0: the same row again and again); `z [rows, panels, lanes]` with rows `zStride`
///   apart; `out [count, panels, lanes]` with rows `outStride` apart.
/// - Requires: z and out are aligned to vectors; `out` overlaps nothing. Any count may be 0.
@inline(never)  // inlined elsewhere, it would be compiled for that module's processor
public func outer(
  _ x: UnsafePointer<Scalar>, _ xStride: Int, count: Int, _ z: UnsafePointer<Scalar>, _ zStride: Int, panels: Int, rows: Int,
  _ out: UnsafeMutablePointer<Scalar>, _ outStride: Int
) {
  let all = unsafe OuterProduct(x: x, xStride: xStride, z: z, zStride: zStride, rows: rows, out: out, outStride: outStride)
  var panel = 0
  while panel < panels {
    let wide = panels &- panel >= 4
    var row = 0
    while row < count {
      let it = unsafe all.from(row: row, column: panel &* lanes)
      let left = count &- row
      if left >= 6 {
        if wide { unsafe outer6x4(it) } else { unsafe outer6x1(it) }
        row &+= 6
      } else if left >= 2 {
        if wide { unsafe outer2x4(it) } else { unsafe outer2x1(it) }
        row &+= 2
      } else {
        if wide { unsafe outer1x4(it) } else { unsafe outer1x1(it) }
        row &+= 1
      }
    }
    panel &+= wide ? 4 : 1
  }
}
