import LSTMModel

/// Products whose rows lie side by side outside, and are padded to whole vectors inside: what has no padding is not copied.
extension TrainedMatrix {
  /// `out[r] = bias + x[r] · W` for contiguous rows of x and of `out`, which have `columns` numbers; a padded product goes by way of `product`.
  /// `low`: see ``apply(_:stride:rows:adds:into:stride:low:)``; so in the others.
  @inline(never)
  func apply(_ x: Floats, rows: Int, columns: Int, into out: Floats, by product: Floats, low: Floats? = nil) {
    if columns == width { return apply(x, stride: count, rows: rows, into: out, stride: width, low: low) }
    apply(x, stride: count, rows: rows, into: product, stride: width, low: low)
    out.copyRows(rows, count: columns, stride: columns, from: product, stride: width)
  }

  /// Contiguous rows of `columns` numbers as rows ``width`` apart: themselves, or copies in `memory`, with zeros behind.
  @inline(never)
  func padded(_ rows: Floats, rows count: Int, columns: Int, in memory: Floats) -> Floats {
    if columns == width { return rows }
    memory.fill(0)
    memory.copyRows(count, count: columns, stride: width, from: rows, stride: columns)
    return memory
  }

  /// Adds `dz[r] · Wᵀ` to the contiguous rows of `dx`, by way of `product`; rows of dz are ``width`` apart.
  @inline(never)
  func addTransposed(_ dz: Floats, rows: Int, to dx: Floats, by product: Floats, low: Floats? = nil) {
    applyTransposed(dz, stride: width, rows: rows, into: product, low: low)
    if backwardWidth == count {
      dx.add(product.slice(0, dx.count))
    } else {
      dx.addRows(rows, count: count, stride: count, from: product, stride: backwardWidth)
    }
  }
}
