import LSTMCaller
import LSTMModel

/// A weight matrix in training: packed for `x · W`, packed transposed for `dz · Wᵀ`, and the sums of its gradient `xᵀ · dz`.
///
/// Products have rows in the packed order of columns, padded with zeros to whole vectors; the file's order returns in the gradient. In bf16 all three
/// products multiply rounded numbers: see LowTrainedMatrix.swift.
final class TrainedMatrix: @unchecked Sendable {  // written by refresh only, between passes
  /// Rows of the matrix.
  let count: Int
  /// Numbers in a row of a product, padding included.
  var width: Int { forward.width }
  /// Numbers in a row of a gradient with respect to x, padding included.
  var backwardWidth: Int { backward.width }

  let columns: Int
  /// Columns that lie side by side in both orders.
  let runs: [(packed: Int, column: Int, count: Int)]
  let forward: PackedMatrix
  let backward: PackedMatrix
  let kernels: KernelTable
  let training: TrainingKernels
  private let one: Floats
  /// In bf16: zeros, as many as a row of a product has, and a square of the matrix. Empty otherwise.
  let zeros: Floats
  let square: Floats
  let arena: Arena

  /// A matrix of `count` rows and `columns` columns, of which `order` names the one for each packed place (nil: padding). In bf16 the order has
  /// columns side by side from whole vectors on.
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  init(
    count: Int, columns: Int, order: [Int?]? = nil, panels: Int? = nil, form: WeightForm = .full, kernels: KernelTable
  ) throws(LSTMError) {
    let lanes = kernels.lanes
    let order = order ?? (0..<columns).map { $0 }
    self.count = count
    self.columns = columns
    self.kernels = kernels
    training = TrainingKernels(kernels)
    forward = try PackedMatrix(
      zeros: count, columns: order.count, panels: panels ?? PackedMatrix.panels(order.count, lanes), lanes: lanes, form: form)
    let width = forward.width
    backward = try PackedMatrix(zeros: width, columns: count, panels: PackedMatrix.panels(count, lanes), lanes: lanes, form: form)
    var runs: [(packed: Int, column: Int, count: Int)] = []
    for (packed, column) in order.enumerated() {
      guard let column else { continue }
      if let last = runs.last, last.packed + last.count == packed, last.column + last.count == column {
        runs[runs.count - 1].count += 1
      } else {
        runs.append((packed, column, 1))
      }
    }
    self.runs = runs
    let isLow = form != .full
    arena = try Arena(
      capacity: Arena.alignment + (isLow ? Arena.rounded(width) + TrainedMatrix.squareSide * TrainedMatrix.squareSide : 0), for: "constants")
    one = arena.floats(1)
    one[0] = 1
    self.zeros = arena.floats(isLow ? width : 0)
    square = arena.floats(isLow ? TrainedMatrix.squareSide * TrainedMatrix.squareSide : 0)
    #if !LSTM_FLOAT64
      if isLow {
        precondition(form == .bf16 && runs.allSatisfy { $0.packed % lanes == 0 }, "training in another form, or columns between vectors")
        forward.describe(for: kernels)
        backward.describe(for: kernels)
      }
    #else
      precondition(!isLow, "weights of few bytes in float64")
    #endif
  }

  /// Whether products multiply rounded numbers.
  var isLow: Bool { forward.form != .full }

  /// Packs the matrix, whose rows are `columns` apart, and what each sum starts from.
  func refresh(_ matrix: Floats, bias: Floats?) {
    if let bias { for run in runs { forward.start.slice(run.packed, run.count).copy(from: bias.slice(run.column, run.count)) } }
    #if !LSTM_FLOAT64
      if isLow { return refreshLow(matrix) }
    #endif
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
    }
  }

  /// Adds a second bias to what each sum starts from.
  func refresh(further bias: Floats) {
    for run in runs { forward.start.slice(run.packed, run.count).add(bias.slice(run.column, run.count)) }
  }

  /// `out[r] = bias + x[r] · W`, or if it `adds` what out holds and that; rows of the result are `outStride` apart. In bf16 nothing can be added, and
  /// `low` is ``lowScratch(rows:)`` numbers.
  func apply(_ x: Floats, stride: Int, rows: Int, adds: Bool = false, into out: Floats, stride outStride: Int, low: Floats? = nil) {
    apply(forward, x, stride, rows, adds, out, outStride, low)
  }

  /// `out[r] = dz[r] · Wᵀ`, likewise; rows of the result are ``backwardWidth`` apart.
  func applyTransposed(_ dz: Floats, stride: Int, rows: Int, adds: Bool = false, into out: Floats, low: Floats? = nil) {
    apply(backward, dz, stride, rows, adds, out, backward.width, low)
  }

  @inline(never)
  private func apply(
    _ matrix: PackedMatrix, _ x: Floats, _ stride: Int, _ rows: Int, _ adds: Bool, _ out: Floats, _ outStride: Int, _ low: Floats?
  ) {
    #if !LSTM_FLOAT64
      if isLow {
        precondition(!adds, "a product in bf16 that adds")
        return applyLow(matrix, x, stride: stride, rows: rows, into: out, stride: outStride, low)
      }
    #endif
    kernels.project(x, stride: stride, rows: rows, matrix, addend: adds ? out : nil, addendStride: outStride, into: out, stride: outStride)
  }

  /// Numbers of scratch that ``addGradient(x:stride:dz:stride:rows:to:bias:scratch:)`` needs.
  var gradientScratch: Int {
    #if !LSTM_FLOAT64
      if isLow { return lowGradientScratch }
    #endif
    return (count + 1) * width + training.outerScratch(count: count)
  }

  /// Adds `Σᵣ x[r]ᵀ · dz[r]` to the gradient of the matrix and `Σᵣ dz[r]` to the bias's.
  func addGradient(
    x: Floats, stride: Int, dz: Floats, stride dzStride: Int, rows: Int, to gradient: Floats?, bias: Floats?, scratch: Floats
  ) {
    #if !LSTM_FLOAT64
      if isLow { return addLowGradient(x, stride, dz, dzStride, rows: rows, to: gradient, bias: bias, scratch: scratch) }
    #endif
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
