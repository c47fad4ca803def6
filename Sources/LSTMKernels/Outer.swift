/// What a sum of outer products works on: see ``outer``.
@unsafe struct OuterProduct {
  var x: UnsafePointer<Scalar>
  var xStride: Int
  var z: UnsafePointer<Scalar>
  var zStride: Int
  var rows: Int
  var out: UnsafeMutablePointer<Scalar>
  var outStride: Int

  /// The same for the outputs from row `row` on.
  @_transparent
  func from(row: Int) -> OuterProduct {
    var rest = unsafe self
    // SAFETY: the row exists.
    unsafe rest.x = x + row
    unsafe rest.out = out + row &* outStride
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
      let value = unsafe all(x[row])
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

// Each size of tile is a function of its own: see Project.swift. The wide tiles' sums, a row's vectors of z and one number of x fill the registers:
// 6 × 4 of AVX-512's and arm64's 32, 6 × 2 of the others' 16.

#if LSTM_V4 || arch(arm64)
  private typealias Wide = Count<4>

  /// Vectors of z that a tile takes at once.
  private let outerPanels = 4

  @inline(never)
  func outer6(_ it: OuterProduct) { unsafe outerTile((Count<6>.self, Wide.self), zeros24, it) }

  @inline(never)
  func outer4(_ it: OuterProduct) { unsafe outerTile((Count<4>.self, Wide.self), zeros16, it) }

  @inline(never)
  func outer2(_ it: OuterProduct) { unsafe outerTile((Count<2>.self, Wide.self), zeros8, it) }

  @inline(never)
  func outer1(_ it: OuterProduct) { unsafe outerTile((Count<1>.self, Wide.self), zeros4, it) }
#else
  private typealias Wide = Count<2>

  /// Vectors of z that a tile takes at once.
  private let outerPanels = 2

  @inline(never)
  func outer6(_ it: OuterProduct) { unsafe outerTile((Count<6>.self, Wide.self), zeros12, it) }

  @inline(never)
  func outer4(_ it: OuterProduct) { unsafe outerTile((Count<4>.self, Wide.self), zeros8, it) }

  @inline(never)
  func outer2(_ it: OuterProduct) { unsafe outerTile((Count<2>.self, Wide.self), zeros4, it) }

  @inline(never)
  func outer1(_ it: OuterProduct) { unsafe outerTile((Count<1>.self, Wide.self), zeros2, it) }
#endif

@inline(never)
func outer6x1(_ it: OuterProduct) { unsafe outerTile((Count<6>.self, Count<1>.self), zeros6, it) }

@inline(never)
func outer4x1(_ it: OuterProduct) { unsafe outerTile((Count<4>.self, Count<1>.self), zeros4, it) }

@inline(never)
func outer2x1(_ it: OuterProduct) { unsafe outerTile((Count<2>.self, Count<1>.self), zeros2, it) }

@inline(never)
func outer1x1(_ it: OuterProduct) { unsafe outerTile((Count<1>.self, Count<1>.self), zeros1, it) }

/// Rows whose products are summed before the sum is added to the output: their vectors of z, laid side by side, fill half of the nearest cache.
private let outerRows = 512 / outerPanels

/// Numbers of scratch that ``outer`` needs for so many numbers of x.
@inline(never)  // see outer
public func outerScratch(count: Int) -> Int { outerRows &* (outerPanels &* lanes &+ count) }

/// Adds the sum over all rows of outer products: `out[i, j] += Σᵣ x[r, i] · z[r, j]`. The gradient of a weight matrix.
///
/// The sums of so many rows as fit the nearest cache are added up one after the other, so the bits depend on the number of rows alone.
///
/// - Shapes: `x [rows, count]` with rows `xStride` apart (0: the same row again and again); `z [rows, panels, lanes]` with rows `zStride`
///   apart; `out [count, panels, lanes]` with rows `outStride` apart; `scratch` ``outerScratch(count:)`` numbers.
/// - Requires: z, out and scratch are aligned to vectors; `out` and `scratch` overlap nothing. Any count may be 0.
@inline(never)  // inlined elsewhere, it would be compiled for that module's processor
public func outer(
  _ x: UnsafePointer<Scalar>, _ xStride: Int, count: Int, _ z: UnsafePointer<Scalar>, _ zStride: Int, panels: Int, rows: Int,
  _ out: UnsafeMutablePointer<Scalar>, _ outStride: Int, _ scratch: UnsafeMutablePointer<Scalar>
) {
  // Numbers that lie far apart from row to row push each other out of the cache; laying them side by side pays where they are read often enough
  // (measured on Zen 3, 2026-11: 80 → 92 GFLOP/s for 512 × 2048).
  let gathersZ = count >= 24
  let gathersX = gathersZ && panels >= 24 &* outerPanels
  let numbers = unsafe scratch + outerRows &* (outerPanels &* lanes)
  var first = 0
  while first < rows {
    let some = rows &- first < outerRows ? rows &- first : outerRows
    // SAFETY: the row exists.
    let from = unsafe x + first &* xStride
    if gathersX { unsafe gatherNumbers(from, xStride, count, numbers, rows: some) }
    var panel = 0
    while panel < panels {
      let isWide = panels &- panel >= outerPanels
      let width = isWide ? outerPanels &* lanes : lanes
      // SAFETY: the row and the panel exist.
      var it = unsafe OuterProduct(
        x: from, xStride: xStride, z: z + (first &* zStride &+ panel &* lanes), zStride: zStride, rows: some, out: out + panel &* lanes,
        outStride: outStride)
      if gathersZ {
        unsafe gatherVectors(it.z, zStride, scratch, width, rows: some)
        unsafe it.z = UnsafePointer(scratch)
        unsafe it.zStride = width
      }
      var row = 0
      while row < count {
        let tile = tileRows(count &- row)
        var part = unsafe it.from(row: row)
        if gathersX {
          unsafe part.x = UnsafePointer(numbers + row &* some)
          unsafe part.xStride = tile
        }
        if isWide { unsafe outerWide(part, tile) } else { unsafe outerNarrow(part, tile) }
        row &+= tile
      }
      panel &+= width / lanes
    }
    first &+= some
  }
}

/// Numbers of x that the next tile takes of so many. 8 are 4 and 4: a tile of 2 waits for its sums.
@_transparent
private func tileRows(_ left: Int) -> Int { left >= 6 && left != 8 ? 6 : left >= 4 ? 4 : left >= 2 ? 2 : 1 }

/// Lays the vectors of some rows side by side.
@_transparent
private func gatherVectors(_ from: UnsafePointer<Scalar>, _ stride: Int, _ to: UnsafeMutablePointer<Scalar>, _ width: Int, rows: Int) {
  var row = 0
  while row < rows {
    var place = 0
    while place < width {
      // SAFETY: both have so many rows of whole vectors.
      unsafe store(load(from + (row &* stride &+ place)), to + (row &* width &+ place))
      place &+= lanes
    }
    row &+= 1
  }
}

/// Lays the numbers that a tile takes of each row side by side, row after row, one tile after the other.
@_transparent
private func gatherNumbers(_ from: UnsafePointer<Scalar>, _ stride: Int, _ count: Int, _ to: UnsafeMutablePointer<Scalar>, rows: Int) {
  var first = 0
  while first < count {
    let tile = tileRows(count &- first)
    // SAFETY: from has so many rows of `count` numbers, `to` room for all of them.
    var source = unsafe from + first
    var place = unsafe to + first &* rows
    var row = 0
    while row < rows {
      if tile == 6 {
        // Written out, since a loop of unknown length costs more than what it copies.
        unsafe place[0] = source[0]
        unsafe place[1] = source[1]
        unsafe place[2] = source[2]
        unsafe place[3] = source[3]
        unsafe place[4] = source[4]
        unsafe place[5] = source[5]
      } else {
        var one = 0
        while one < tile {
          unsafe place[one] = source[one]
          one &+= 1
        }
      }
      unsafe source += stride
      unsafe place += tile
      row &+= 1
    }
    first &+= tile
  }
}

@_transparent
private func outerWide(_ it: OuterProduct, _ tile: Int) {
  switch tile {
  case 6: unsafe outer6(it)
  case 4: unsafe outer4(it)
  case 2: unsafe outer2(it)
  default: unsafe outer1(it)
  }
}

@_transparent
private func outerNarrow(_ it: OuterProduct, _ tile: Int) {
  switch tile {
  case 6: unsafe outer6x1(it)
  case 4: unsafe outer4x1(it)
  case 2: unsafe outer2x1(it)
  default: unsafe outer1x1(it)
  }
}
