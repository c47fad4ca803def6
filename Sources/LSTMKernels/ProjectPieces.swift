import CSupport
import CVector

// Where many rows meet a group, its weights are cut into pieces along k, and all rows meet one piece before the next: it stays in the first cache, while
// the sums wait in memory. Meanwhile the next piece is asked for.

/// So many bytes has a piece, and so many rows are many.
private let pieceBytes = 16384
private let pieceRows = 12

/// The numbers of x that meet one piece of a group of `panels` panels.
@_transparent
private func pieceCount(panels: Int) -> Int { pieceBytes / (panels &* lanes &* MemoryLayout<Scalar>.stride) }

/// Whether `rows` rows of `count` numbers meet their weights in pieces.
@_transparent
func isInPieces(rows: Int, count: Int, panels: Int) -> Bool {
  if rows < pieceRows || count <= pieceCount(panels: panels) { return false }
  #if LSTM_V4
    return lstm_support_meets_whole() == 0
  #else
    return true
  #endif
}

/// Where the sums that wait begin, aligned to vectors.
@_transparent
func numbers(_ memory: UnsafeMutablePointer<lstm_sums>) -> UnsafeMutablePointer<Scalar> {
  // SAFETY: a structure of numbers, with room for one row more than is used.
  unsafe UnsafeMutableRawPointer(memory).alignedUp(toMultipleOf: lanes &* MemoryLayout<Scalar>.stride).assumingMemoryBound(to: Scalar.self)
}

/// What is asked for ahead of time while a tile is computed: with each number of x the cache line `step` numbers behind the one before.
@unsafe struct Ahead {
  var place: UnsafePointer<Scalar>
  var step: Int

  /// Asks for the line that belongs to x[k].
  @_transparent
  func ask(_ k: Int) { unsafe lstm_prefetch(place + k &* step) }
}

/// A piece of a group: the numbers of x from `begin` up to `end`. Sums wait in the projection's `out` from one piece to the next.
@unsafe struct Piece {
  var begin: Int
  var end: Int
  /// Of `out` and x the rows from here on are met.
  var row: Int
  var ahead: Ahead

  /// The same for the rows from `row` on, as tile number `tile`: each asks for its part of the next piece, whose lines go to `lines` tiles; those behind ask
  /// for one line again and again.
  @_transparent
  func from(row: Int, tile: Int, lines: Int) -> Piece {
    var other = unsafe self
    unsafe other.row = row
    if tile < lines {
      unsafe other.ahead.place = ahead.place + tile &* (end &- begin) &* ahead.step
    } else {
      unsafe other.ahead.step = 0
    }
    return unsafe other
  }
}

/// One tile: sums that go on from `out`, or begin, and go to `out`. Of groups of `panels` panels it takes P from panel `first` on.
@_transparent
private func pieceTile<let R: Int, let P: Int, let S: Int>(
  _ shape: (Count<R>.Type, Count<P>.Type), _ zeros: Count<S>, _ it: Projection, _ piece: Piece, first: Int, panels: Int
) {
  let column = first &* lanes
  // SAFETY: the rows exist; the group has `panels` panels.
  let out = unsafe it.out + (piece.row &* it.outStride &+ column)
  let (start, startStride) = unsafe piece.begin == 0 ? (it.start + column, 0) : (UnsafePointer(out), it.outStride)
  let sums = unsafe tileSums(
    (shape.0, Count<1>.self, shape.1), zeros, it.x + (piece.row &* it.xStride &+ piece.begin), it.xStride, piece.end &- piece.begin,
    it.weights + (piece.begin &* (panels &* lanes) &+ column), start, panels: panels, startStride: startStride, ahead: piece.ahead)
  for row in 0..<R {
    for panel in 0..<P {
      // SAFETY: as for out.
      unsafe store(sums[row &* P &+ panel], out + (row &* it.outStride &+ panel &* lanes))
    }
  }
}

// Each size of tile is a function of its own: see Project.swift.

#if LSTM_V4 || arch(arm64)
  @inline(never)
  func piece6x4(_ it: Projection, _ piece: Piece) { unsafe pieceTile((Count<6>.self, Count<4>.self), zeros24, it, piece, first: 0, panels: 4) }

  @inline(never)
  func piece4x4(_ it: Projection, _ piece: Piece) { unsafe pieceTile((Count<4>.self, Count<4>.self), zeros16, it, piece, first: 0, panels: 4) }

  @inline(never)
  func piece6x3(_ it: Projection, _ piece: Piece) { unsafe pieceTile((Count<6>.self, Count<3>.self), zeros18, it, piece, first: 0, panels: 3) }
#else
  @inline(never)
  func piece6x4(_ it: Projection, _ piece: Piece) {
    unsafe pieceTile((Count<6>.self, Count<2>.self), zeros12, it, piece, first: 0, panels: 4)
    unsafe pieceTile((Count<6>.self, Count<2>.self), zeros12, it, piece, first: 2, panels: 4)
  }

  @inline(never)
  func piece4x4(_ it: Projection, _ piece: Piece) {
    unsafe pieceTile((Count<4>.self, Count<2>.self), zeros8, it, piece, first: 0, panels: 4)
    unsafe pieceTile((Count<4>.self, Count<2>.self), zeros8, it, piece, first: 2, panels: 4)
  }
#endif

@inline(never)
func piece4x3(_ it: Projection, _ piece: Piece) { unsafe pieceTile((Count<4>.self, Count<3>.self), zeros12, it, piece, first: 0, panels: 3) }

/// Rows of one group of 4 or 3 panels, its weights piece by piece; `next` is what will be met after it. Rows that fill no tile come at the end, whole.
@inline(never)
func projectInPieces(_ it: Projection, rows: Int, panels: Int, next: UnsafePointer<Scalar>) {
  let most = pieceCount(panels: panels)
  let count = unsafe it.count
  var begin = 0
  var row = 0
  while begin < count {
    let end = smaller(begin &+ most, count)
    // SAFETY: an address that is asked for, not read.
    let ahead = unsafe Ahead(place: end < count ? it.weights + end &* (panels &* lanes) : next, step: 64 / MemoryLayout<Scalar>.stride)
    let piece = unsafe Piece(begin: begin, end: end, row: 0, ahead: ahead)
    var tile = 0
    row = 0
    while rows &- row >= 4 {
      let here = unsafe piece.from(row: row, tile: tile, lines: panels &* lanes &* MemoryLayout<Scalar>.stride / 64)
      let taken = unsafe projectPiece(it, here, rows &- row, panels)
      row &+= taken
      tile &+= 1
    }
    begin = end
  }
  if row < rows { unsafe projectGroup(it.from(row: row), rows: rows &- row, panels: panels) }
}

/// Takes as many rows as a tile holds and returns their number; 8 are two times 4.
@_transparent
private func projectPiece(_ it: Projection, _ piece: Piece, _ left: Int, _ panels: Int) -> Int {
  if panels == 4 {
    if left >= 6 && left != 8 {
      unsafe piece6x4(it, piece)
      return 6
    }
    unsafe piece4x4(it, piece)
    return 4
  }
  #if LSTM_V4 || arch(arm64)
    if left >= 6 && left != 8 {
      unsafe piece6x3(it, piece)
      return 6
    }
  #endif
  unsafe piece4x3(it, piece)
  return 4
}

/// One group, piece by piece, of so many rows at a time as others have memory for.
@inline(never)
func projectSomeInPieces(_ it: Projection, rows: Int, panels: Int) {
  var row = 0
  while row < rows {
    let taken = smaller(rows &- row, Int(LSTM_SUMS_ROWS))
    let next = unsafe row &+ taken < rows ? it.weights : it.weights + it.count &* (panels &* lanes)
    unsafe projectInPieces(it.from(row: row), rows: taken, panels: panels, next: next)
    row &+= taken
  }
}
