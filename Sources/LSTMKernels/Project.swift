/// What a projection works on: see ``project``.
@unsafe struct Projection {
  var x: UnsafePointer<Scalar>
  var xStride: Int
  var count: Int
  var weights: UnsafePointer<Scalar>
  var start: UnsafePointer<Scalar>
  var addend: UnsafePointer<Scalar>?
  var addendStride: Int
  var out: UnsafeMutablePointer<Scalar>
  var outStride: Int

  /// The same for the groups from `group` on, `panels` to a group.
  @_transparent
  func from(group: Int, panels: Int) -> Projection {
    var rest = unsafe self
    let offset = group &* panels &* lanes
    // SAFETY: the group exists.
    unsafe rest.weights = weights + offset &* count
    unsafe rest.start = start + offset
    unsafe rest.addend = addend.map { unsafe $0 + offset }
    unsafe rest.out = out + offset
    return unsafe rest
  }

  /// The same for the rows from `row` on.
  @_transparent
  func from(row: Int) -> Projection {
    var rest = unsafe self
    // SAFETY: the row exists.
    unsafe rest.x = x + row &* xStride
    unsafe rest.addend = addend.map { unsafe $0 + row &* addendStride }
    unsafe rest.out = out + row &* outStride
    return unsafe rest
  }
}

/// One tile: sums, plus what is to be added, stored. Of groups of `panels` panels it takes P from panel `first` on.
@_transparent
private func projectTile<let R: Int, let G: Int, let P: Int, let S: Int>(
  _ shape: (Count<R>.Type, Count<G>.Type, Count<P>.Type), _ zeros: Count<S>, _ it: Projection, first: Int, panels: Int
) {
  let column = first &* lanes
  // SAFETY: each group has `panels` panels.
  var sums = unsafe tileSums(shape, zeros, it.x, it.xStride, it.count, it.weights + column, it.start + column, panels: panels)
  if let addend = unsafe it.addend {
    for row in 0..<R {
      for group in 0..<G {
        for panel in 0..<P {
          // SAFETY: addend has R rows of G·panels vectors.
          let place = unsafe addend + (row &* it.addendStride &+ (group &* panels &+ panel) &* lanes &+ column)
          sums[(row &* G &+ group) &* P &+ panel] += unsafe load(place)
        }
      }
    }
  }
  for row in 0..<R {
    for group in 0..<G {
      for panel in 0..<P {
        // SAFETY: out has R rows of G·panels vectors.
        let place = unsafe it.out + (row &* it.outStride &+ (group &* panels &+ panel) &* lanes &+ column)
        unsafe store(sums[(row &* G &+ group) &* P &+ panel], place)
      }
    }
  }
}

// Each size of tile is a function of its own: larger ones would leave the optimiser's limits, and their sums the registers. With 16 registers,
// tall tiles of four panels are made of two halves: the numbers of x are read twice, but no sum leaves its register.

#if LSTM_V4 || arch(arm64)
  @inline(never)
  func project1x4x4(_ it: Projection) { unsafe projectTile((Count<1>.self, Count<4>.self, Count<4>.self), zeros16, it, first: 0, panels: 4) }

  @inline(never)
  func project4x1x4(_ it: Projection) { unsafe projectTile((Count<4>.self, Count<1>.self, Count<4>.self), zeros16, it, first: 0, panels: 4) }

  @inline(never)
  func project6x1x4(_ it: Projection) { unsafe projectTile((Count<6>.self, Count<1>.self, Count<4>.self), zeros24, it, first: 0, panels: 4) }

  @inline(never)
  func project6x1x3(_ it: Projection) { unsafe projectTile((Count<6>.self, Count<1>.self, Count<3>.self), zeros18, it, first: 0, panels: 3) }
#else
  @inline(never)
  func project1x4x4(_ it: Projection) {
    unsafe projectTile((Count<1>.self, Count<2>.self, Count<4>.self), zeros8, it, first: 0, panels: 4)
    unsafe projectTile((Count<1>.self, Count<2>.self, Count<4>.self), zeros8, it.from(group: 2, panels: 4), first: 0, panels: 4)
  }

  @inline(never)
  func project4x1x4(_ it: Projection) {
    unsafe projectTile((Count<4>.self, Count<1>.self, Count<2>.self), zeros8, it, first: 0, panels: 4)
    unsafe projectTile((Count<4>.self, Count<1>.self, Count<2>.self), zeros8, it, first: 2, panels: 4)
  }

  @inline(never)
  func project6x1x4(_ it: Projection) {
    unsafe projectTile((Count<6>.self, Count<1>.self, Count<2>.self), zeros12, it, first: 0, panels: 4)
    unsafe projectTile((Count<6>.self, Count<1>.self, Count<2>.self), zeros12, it, first: 2, panels: 4)
  }

  @inline(never)
  func project6x1x3(_ it: Projection) {
    unsafe projectTile((Count<3>.self, Count<1>.self, Count<3>.self), zeros9, it, first: 0, panels: 3)
    unsafe projectTile((Count<3>.self, Count<1>.self, Count<3>.self), zeros9, it.from(row: 3), first: 0, panels: 3)
  }
#endif

@inline(never)
func project1x2x4(_ it: Projection) { unsafe projectTile((Count<1>.self, Count<2>.self, Count<4>.self), zeros8, it, first: 0, panels: 4) }

@inline(never)
func project1x1x4(_ it: Projection) { unsafe projectTile((Count<1>.self, Count<1>.self, Count<4>.self), zeros4, it, first: 0, panels: 4) }

@inline(never)
func project2x1x4(_ it: Projection) { unsafe projectTile((Count<2>.self, Count<1>.self, Count<4>.self), zeros8, it, first: 0, panels: 4) }

@inline(never)
func project1x4x3(_ it: Projection) { unsafe projectTile((Count<1>.self, Count<4>.self, Count<3>.self), zeros12, it, first: 0, panels: 3) }

@inline(never)
func project1x1x3(_ it: Projection) { unsafe projectTile((Count<1>.self, Count<1>.self, Count<3>.self), zeros3, it, first: 0, panels: 3) }

@inline(never)
func project2x1x3(_ it: Projection) { unsafe projectTile((Count<2>.self, Count<1>.self, Count<3>.self), zeros6, it, first: 0, panels: 3) }

@inline(never)
func project4x1x3(_ it: Projection) { unsafe projectTile((Count<4>.self, Count<1>.self, Count<3>.self), zeros12, it, first: 0, panels: 3) }

@inline(never)
func project1x4x1(_ it: Projection) { unsafe projectTile((Count<1>.self, Count<4>.self, Count<1>.self), zeros4, it, first: 0, panels: 1) }

@inline(never)
func project1x1x1(_ it: Projection) { unsafe projectTile((Count<1>.self, Count<1>.self, Count<1>.self), zeros1, it, first: 0, panels: 1) }

@inline(never)
func project2x1x1(_ it: Projection) { unsafe projectTile((Count<2>.self, Count<1>.self, Count<1>.self), zeros2, it, first: 0, panels: 1) }

@inline(never)
func project4x1x1(_ it: Projection) { unsafe projectTile((Count<4>.self, Count<1>.self, Count<1>.self), zeros4, it, first: 0, panels: 1) }

@inline(never)
func project6x2x1(_ it: Projection) { unsafe projectTile((Count<6>.self, Count<2>.self, Count<1>.self), zeros12, it, first: 0, panels: 1) }

@inline(never)
func project4x2x1(_ it: Projection) { unsafe projectTile((Count<4>.self, Count<2>.self, Count<1>.self), zeros8, it, first: 0, panels: 1) }

@inline(never)
func project6x1x1(_ it: Projection) { unsafe projectTile((Count<6>.self, Count<1>.self, Count<1>.self), zeros6, it, first: 0, panels: 1) }

/// Multiplies rows by packed weights: `out[r] = start + x[r] · W (+ addend[r])`.
///
/// - Shapes: `x [rows, count]` with rows `xStride` apart; `weights [groups, count, panels, lanes]`; `start [groups, panels, lanes]`;
///   `out` and `addend [rows, groups · panels · lanes]` with rows `outStride` and `addendStride` apart.
/// - Requires: `panels` is 1, 3 or 4; weights, start, out and addend are aligned to vectors; `addend` may be nil or `out` itself, which
///   overlaps nothing else.
///   Any count may be 0.
@inline(never)  // inlined elsewhere, it would be compiled for that module's processor
public func project(
  _ x: UnsafePointer<Scalar>, _ xStride: Int, rows: Int, count: Int, _ weights: UnsafePointer<Scalar>, groups: Int, panels: Int,
  _ start: UnsafePointer<Scalar>, _ addend: UnsafePointer<Scalar>?, _ addendStride: Int, _ out: UnsafeMutablePointer<Scalar>, _ outStride: Int
) {
  let all = unsafe Projection(
    x: x, xStride: xStride, count: count, weights: weights, start: start, addend: addend, addendStride: addendStride, out: out,
    outStride: outStride)
  var group = 0
  // A single row has too few sums to keep the multipliers busy: four groups at once.
  while rows == 1 && groups &- group >= 4 {
    let part = unsafe all.from(group: group, panels: panels)
    switch panels {
    case 4: unsafe project1x4x4(part)
    case 3: unsafe project1x4x3(part)
    default: unsafe project1x4x1(part)
    }
    group &+= 4
  }
  if rows == 1 && panels == 4 && groups &- group >= 2 {
    unsafe project1x2x4(all.from(group: group, panels: panels))
    group &+= 2
  }
  // So have a few rows of one panel: two groups at once.
  while panels == 1 && rows >= 4 && groups &- group >= 2 {
    unsafe projectPair(all.from(group: group, panels: 1), rows: rows)
    group &+= 2
  }
  while group < groups {
    let part = unsafe all.from(group: group, panels: panels)
    if unsafe addend == nil && panels > 1 && isInPieces(rows: rows, count: count, panels: panels) {
      unsafe projectSomeInPieces(part, rows: rows, panels: panels)
    } else {
      unsafe projectGroup(part, rows: rows, panels: panels)
    }
    group &+= 1
  }
}

/// Two groups of one panel, all rows.
@inline(never)
func projectPair(_ all: Projection, rows: Int) {
  var row = 0
  while rows &- row >= 4 {
    let it = unsafe all.from(row: row)
    if rows &- row >= 6 {
      unsafe project6x2x1(it)
      row &+= 6
    } else {
      unsafe project4x2x1(it)
      row &+= 4
    }
  }
  let rest = unsafe all.from(row: row)
  unsafe projectGroup(rest, rows: rows &- row, panels: 1)
  unsafe projectGroup(rest.from(group: 1, panels: 1), rows: rows &- row, panels: 1)
}

/// One group of all rows, in tiles.
@_transparent
func projectGroup(_ part: Projection, rows: Int, panels: Int) {
  var row = 0
  while row < rows {
    let it = unsafe part.from(row: row)
    let taken = unsafe projectRows(it, rows &- row, panels)
    row &+= taken
  }
}

/// Takes as many rows as a tile holds and returns their number.
@_transparent
private func projectRows(_ it: Projection, _ left: Int, _ panels: Int) -> Int {
  if left >= 6 && left != 8 {
    switch panels {
    case 4: unsafe project6x1x4(it)
    case 3: unsafe project6x1x3(it)
    default: unsafe project6x1x1(it)
    }
    return 6
  }
  if left >= 4 {
    switch panels {
    case 4: unsafe project4x1x4(it)
    case 3: unsafe project4x1x3(it)
    default: unsafe project4x1x1(it)
    }
    return 4
  }
  if left >= 2 {
    switch panels {
    case 4: unsafe project2x1x4(it)
    case 3: unsafe project2x1x3(it)
    default: unsafe project2x1x1(it)
    }
    return 2
  }
  switch panels {
  case 4: unsafe project1x1x4(it)
  case 3: unsafe project1x1x3(it)
  default: unsafe project1x1x1(it)
  }
  return 1
}
