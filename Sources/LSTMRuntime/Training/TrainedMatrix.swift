import LSTMModel

/// A weight matrix in training: packed for `x · W`, packed transposed for `dz · Wᵀ`, and the sums of its gradient `xᵀ · dz`.
///
/// Products have rows in the packed order of columns, padded with zeros to whole vectors; the file's order returns in the gradient.
final class TrainedMatrix: @unchecked Sendable {  // written by refresh only, between passes
  /// Rows of the matrix.
  let count: Int
  /// Numbers in a row of a product, padding included.
  var width: Int { forward.width }
  /// Numbers in a row of a gradient with respect to x, padding included.
  var backwardWidth: Int { backward.width }

  private let columns: Int
  private let order: [Int]
  /// Columns that lie side by side in both orders.
  private let runs: [(packed: Int, column: Int, count: Int)]
  private let forward: PackedMatrix
  private let backward: PackedMatrix
  private let kernels: KernelTable
  private let training: TrainingKernels
  private let one: Floats
  private let arena: Arena

  /// A matrix of `count` rows and `columns` columns, of which `order` names the one for each packed place (nil: padding).
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  init(count: Int, columns: Int, order: [Int?]? = nil, panels: Int? = nil, kernels: KernelTable) throws(LSTMError) {
    let lanes = kernels.lanes
    let order = order ?? (0..<columns).map { $0 }
    self.count = count
    self.columns = columns
    self.kernels = kernels
    training = TrainingKernels(kernels)
    let zeros = [Scalar](repeating: 0, count: count * columns)
    forward = try PackedMatrix(
      zeros, count: count, columns: columns, order: order, panels: panels ?? PackedMatrix.panels(order.count, lanes), bias: nil, lanes: lanes)
    let width = forward.width
    self.order = (0..<width).map { $0 < order.count ? order[$0] ?? -1 : -1 }
    backward = try PackedMatrix(
      [Scalar](repeating: 0, count: width * count), count: width, columns: count, order: (0..<count).map { $0 },
      panels: PackedMatrix.panels(count, lanes),
      bias: nil, lanes: lanes)
    var runs: [(packed: Int, column: Int, count: Int)] = []
    for (packed, column) in self.order.enumerated() where column >= 0 {
      if let last = runs.last, last.packed + last.count == packed, last.column + last.count == column {
        runs[runs.count - 1].count += 1
      } else {
        runs.append((packed, column, 1))
      }
    }
    self.runs = runs
    arena = try Arena(capacity: Arena.alignment, for: "a constant")
    one = arena.floats(1)
    one[0] = 1
  }

  /// Packs the matrix, whose rows are `columns` apart, and what each sum starts from.
  func refresh(_ matrix: Floats, bias: Floats?) {
    let group = forward.panels * kernels.lanes
    let back = backward.panels * kernels.lanes
    for run in runs {
      var done = 0
      while done < run.count {
        let packed = run.packed + done
        let part = min(run.count - done, group - packed % group)
        let place = packed / group * count * group + packed % group
        for k in 0..<count {
          forward.weights.slice(place + k * group, part).copy(from: matrix.slice(k * columns + run.column + done, part))
        }
        done += part
      }
      for first in Swift.stride(from: 0, to: count, by: back) {
        let rows = min(back, count - first)
        training.transpose(
          matrix.slice(first * columns + run.column, (rows - 1) * columns + run.count), stride: columns, rows: rows, columns: run.count,
          into: backward.weights.slice((first / back * width + run.packed) * back, run.count * back), stride: back)
      }
      if let bias { forward.start.slice(run.packed, run.count).copy(from: bias.slice(run.column, run.count)) }
    }
  }

  /// `out[r] = bias + x[r] · W (+ addend[r])`; rows of the result are `outStride` apart.
  func apply(_ x: Floats, stride: Int, rows: Int, addend: Floats? = nil, into out: Floats, stride outStride: Int) {
    kernels.project(x, stride: stride, rows: rows, forward, addend: addend, addendStride: outStride, into: out, stride: outStride)
  }

  /// `out[r] = dz[r] · Wᵀ`, rows of the result ``backwardWidth`` apart.
  func applyTransposed(_ dz: Floats, stride: Int, rows: Int, into out: Floats) {
    kernels.project(dz, stride: stride, rows: rows, backward, into: out, stride: backward.width)
  }

  /// The same with `addend[r]`, rows of both ``backwardWidth`` apart; `out` may be `addend`.
  func applyTransposed(_ dz: Floats, stride: Int, rows: Int, addend: Floats, into out: Floats) {
    kernels.project(
      dz, stride: stride, rows: rows, backward, addend: addend, addendStride: backward.width, into: out, stride: backward.width)
  }

  /// Numbers of scratch that ``addGradient(x:stride:dz:stride:rows:to:bias:scratch:)`` needs.
  var gradientScratch: Int { (count + 1) * width + training.outerScratch(count: count) }

  /// Adds `Σᵣ x[r]ᵀ · dz[r]` to the gradient of the matrix and `Σᵣ dz[r]` to the bias's.
  func addGradient(
    x: Floats, stride: Int, dz: Floats, stride dzStride: Int, rows: Int, to gradient: Floats?, bias: Floats?, scratch: Floats
  ) {
    let rest = scratch.slice((count + 1) * width, training.outerScratch(count: count))
    if let gradient, width == columns, runs.first?.count == columns, gradient.isAligned(kernels.lanes) {
      // All columns in their order and no padding, as the kernel wants them.
      training.outer(
        x, stride: stride, count: count, dz, stride: dzStride, width: width, rows: rows, into: gradient, stride: width, scratch: rest)
    } else if let gradient {
      let sums = scratch.slice(0, count * width)
      sums.fill(0)
      training.outer(x, stride: stride, count: count, dz, stride: dzStride, width: width, rows: rows, into: sums, stride: width, scratch: rest)
      for run in runs {
        for k in 0..<count {
          gradient.slice(k * columns + run.column, run.count).add(sums.slice(k * width + run.packed, run.count))
        }
      }
    }
    if let bias {
      let sums = scratch.slice(count * width, width)
      sums.fill(0)
      training.outer(one, stride: 0, count: 1, dz, stride: dzStride, width: width, rows: rows, into: sums, stride: width, scratch: rest)
      for run in runs { bias.slice(run.column, run.count).add(sums.slice(run.packed, run.count)) }
    }
  }
}
