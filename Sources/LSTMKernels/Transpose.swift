/// Writes the transpose of a part of a matrix: `to[c, r] = from[r, c]`.
///
/// Eight rows at a time: more would push each other out of the nearest cache where the rows are a power of two apart.
///
/// - Shapes: `from [rows, columns]` with rows `fromStride` apart; `to [columns, rows]` with rows `toStride` apart. Any count may be 0.
/// - Requires: nothing overlaps; any alignment.
@inline(never)  // inlined elsewhere, it would be compiled for that module's processor
public func transpose(
  _ from: UnsafePointer<Scalar>, _ fromStride: Int, rows: Int, columns: Int, _ to: UnsafeMutablePointer<Scalar>, _ toStride: Int
) {
  var row = 0
  while row < rows {
    let end = rows &- row < 8 ? rows : row &+ 8
    var column = 0
    while column < columns {
      var one = row
      while one < end {
        // SAFETY: one < rows and column < columns.
        unsafe to[column &* toStride &+ one] = from[one &* fromStride &+ column]
        one &+= 1
      }
      column &+= 1
    }
    row = end
  }
}
