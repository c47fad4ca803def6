import LSTMCaller

extension TrainedMatrix {
  /// Rows and columns of the part of a matrix that is transposed at once, before its rounding: both copies stay in the nearest cache.
  static let squareSide = 64
  /// Rows that are rounded at once.
  private static let roundedRows = 64
  /// Rows whose products are one sum of the gradient: they and what they make of x and dz stay in a core's second cache, and each sum is short enough for
  /// float32. The same for all kernels, so that the bits are.
  private static let gradientRows = 512
  /// Columns of x that are rounded at once for it.
  private static let gradientColumns = 512

  /// Numbers of scratch that products of so many rows need in bf16; 0 otherwise.
  func lowScratch(rows: Int) -> Int {
    guard isLow else { return 0 }
    return min(rows, TrainedMatrix.roundedRows) * max(forward.quantizedStride, backward.quantizedStride)
  }
}

#if !LSTM_FLOAT64
  extension Floats {
    /// ``slice(_:_:)`` where the library's size counts more than the call.
    @inline(never)
    fileprivate func part(_ start: Int, _ count: Int) -> Floats { slice(start, count) }
  }

  extension TrainedMatrix {
    /// Packs the matrix, rounded: words of two successive rows, and, transposed, of two successive columns.
    func refreshLow(_ matrix: Floats) {
      guard count > 0 else { return }
      let side = TrainedMatrix.squareSide
      for run in runs {
        kernels.pair(
          matrix.part(run.column, (count - 1) * columns + run.count), stride: columns, rows: count, count: run.count, into: forward.weights,
          first: run.packed, width: forward.width / forward.groups, depth: forward.depth)
        for column in stride(from: 0, to: run.count, by: side) {
          let some = min(side, run.count - column)
          // Words of the columns before.
          let words = (run.packed + column) / 2 * (backward.width / backward.groups)
          for row in stride(from: 0, to: count, by: side) {
            let rows = min(side, count - row)
            training.transpose(
              matrix.part(row * columns + run.column + column, (rows - 1) * columns + some), stride: columns, rows: rows, columns: some,
              into: square, stride: side)
            kernels.pair(
              square, stride: side, rows: some, count: rows, into: backward.weights.part(words, backward.weights.count - words), first: row,
              width: backward.width / backward.groups, depth: backward.depth)
          }
        }
      }
    }

    /// `out[r] = start + x[r] · M` of rounded numbers.
    func applyLow(_ matrix: PackedMatrix, _ x: Floats, stride: Int, rows: Int, into out: Floats, stride outStride: Int, _ scratch: Floats?) {
      let most = min(rows, TrainedMatrix.roundedRows)
      guard let scratch, most > 0 else { return precondition(rows == 0, "no room for rounded numbers") }
      for first in Swift.stride(from: 0, to: rows, by: most) {
        let some = min(most, rows - first)
        kernels.quantize(
          x.part(first * stride, (some - 1) * stride + matrix.count), stride: stride, rows: some, for: matrix, into: scratch)
        kernels.projectLow(
          scratch, stride: matrix.quantizedStride, rows: some, matrix,
          into: out.part(first * outStride, (some - 1) * outStride + matrix.width), stride: outStride)
      }
    }

    /// Numbers from one rounded column of x to the next, at most.
    private static var columnStride: Int { Arena.rounded(gradientRows + 16) }

    /// Numbers of scratch for a gradient: words of dz; some columns of x, turned, rounded, and their products; sums of dz; a description.
    var lowGradientScratch: Int {
      let (rows, some) = (TrainedMatrix.gradientRows, min(count, TrainedMatrix.gradientColumns))
      return (rows / 2 + some + 1) * width + rows * TrainedMatrix.squareSide + some * TrainedMatrix.columnStride + PackedMatrix.descriptionCount
    }

    /// Adds to the gradients of matrix and bias. In that of the matrix x and dz are rounded: dz becomes the weights of a product, in words of two successive
    /// rows each, and the columns of x are its rows. Some rows are summed by the product, and these sums added to the gradient.
    func addLowGradient(
      _ x: Floats, _ stride: Int, _ dz: Floats, _ dzStride: Int, rows: Int, to gradient: Floats?, bias: Floats?, scratch: Floats
    ) {
      let most = TrainedMatrix.gradientRows
      let words = scratch.part(0, most / 2 * width)
      let sums = scratch.part(words.count, width)
      let description = scratch.part(words.count + width, PackedMatrix.descriptionCount)
      let used = words.count + width + description.count
      let rest = scratch.part(used, scratch.count - used)
      for first in Swift.stride(from: 0, to: rows, by: most) {
        let some = min(most, rows - first)
        let z = dz.part(first * dzStride, (some - 1) * dzStride + width)
        if let bias {
          sums.fill(0)
          for row in 0..<some { sums.add(z.part(row * dzStride, width)) }
          for run in runs { bias.part(run.column, run.count).add(sums.part(run.packed, run.count)) }
        }
        guard let gradient, count > 0 else { continue }
        let matrix = PackedMatrix(
          words: words, start: zeros, description: description, count: some, panels: forward.panels, groups: forward.groups, arena: arena)
        matrix.describe(for: kernels)
        kernels.pair(z, stride: dzStride, rows: some, count: width, into: words, first: 0, width: width / forward.groups, depth: matrix.depth)
        addProducts(x.part(first * stride, (some - 1) * stride + count), stride, matrix, to: gradient, scratch: rest)
      }
    }

    /// Adds `xᵀ · dz` to the gradient, dz as a packed matrix.
    private func addProducts(_ x: Floats, _ stride: Int, _ dz: PackedMatrix, to gradient: Floats, scratch: Floats) {
      let (rows, side) = (dz.count, TrainedMatrix.squareSide)
      let most = min(count, TrainedMatrix.gradientColumns)
      let turned = scratch.part(0, TrainedMatrix.gradientRows * side)
      let rounded = scratch.part(turned.count, most * TrainedMatrix.columnStride)
      let products = scratch.part(turned.count + rounded.count, most * width)
      for first in Swift.stride(from: 0, to: count, by: most) {
        let some = min(most, count - first)
        for column in Swift.stride(from: 0, to: some, by: side) {
          let taken = min(side, some - column)
          training.transpose(
            x.part(first + column, (rows - 1) * stride + taken), stride: stride, rows: rows, columns: taken, into: turned, stride: rows)
          kernels.quantize(
            turned, stride: rows, rows: taken, for: dz, into: rounded.part(column * dz.quantizedStride, taken * dz.quantizedStride))
        }
        kernels.projectLow(rounded, stride: dz.quantizedStride, rows: some, dz, into: products, stride: width)
        for run in runs {
          gradient.part(first * columns + run.column, (some - 1) * columns + run.count)
            .addRows(some, count: run.count, stride: columns, from: products.part(run.packed, products.count - run.packed), stride: width)
        }
      }
    }
  }
#endif
