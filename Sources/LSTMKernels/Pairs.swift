#if !LSTM_FLOAT64
  import CVector

  /// Packs rows as the weights of a product in bf16 (see LowTile.swift): a word holds the numbers of two successive rows in one column, the first in the
  /// upper half, rounded to nearest, ties to even. Behind an odd number of rows stand zeros.
  ///
  /// - Shapes: `from [rows, count]`, rows `stride` apart, any alignment; `to [groups, depth, width]`, of whose columns those from `first` on are written,
  ///   in whole vectors: zeros behind the last. `first` and `width` are multiples of vectors; `depth` is at least ⌈rows / 2⌉.
  /// - Requires: `to` is aligned to vectors and overlaps nothing. Any count may be 0.
  @inline(never)  // inlined elsewhere, it would be compiled for that module's processor
  public func pairRows(
    _ from: UnsafePointer<Scalar>, _ stride: Int, rows: Int, count: Int, _ to: UnsafeMutablePointer<Scalar>, first: Int, width: Int, depth: Int
  ) {
    let start = first / width &* (depth &* width) &+ first % width
    var row = 0
    while row < rows {
      let upper = unsafe from + row &* stride
      let isPair = row &+ 1 < rows
      let lower = unsafe isPair ? upper + stride : upper
      var place = start &+ row / 2 &* width
      var column = first % width
      var done = 0
      while done < count {
        let high = unsafe loadPart(upper + done, count &- done)
        let low = unsafe loadPart(lower + done, count &- done)
        // SAFETY: a vector of the columns from `first` on.
        unsafe store(lstm_bf16_pair(high, isPair ? low : Vector.zero), to + place)
        done &+= lanes
        column &+= lanes
        place &+= lanes
        if column == width {
          column = 0
          place &+= (depth &- 1) &* width
        }
      }
      row &+= 2
    }
  }
#endif
