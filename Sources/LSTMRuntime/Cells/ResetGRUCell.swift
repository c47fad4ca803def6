import LSTMModel

/// A GRU with the usual functions that resets before the product: two products one after the other, and a pass over the units behind each.
final class ResetGRUCell: Cell, @unchecked Sendable {
  /// Columns of the update and reset gates.
  private let gates: PackedMatrix
  /// Columns of the candidate.
  private let candidate: PackedMatrix
  private let own: CellKernels

  init(_ it: Recurrent, _ weights: RecurrentWeights, kernels: KernelTable) throws(LSTMError) {
    gates = try Cell.pack(weights.recurrent, it.units, it, gates: 0..<2, bias: nil, kernels)
    candidate = try Cell.pack(weights.recurrent, it.units, it, gates: 2..<3, bias: nil, kernels)
    own = CellKernels(kernels)
    super.init(
      units: it.units, input: try Cell.pack(weights.kernel, weights.inputSize, it, gates: 0..<3, bias: weights.bias, kernels), kernels: kernels)
  }

  override var gateNames: [String] { PlainGRUCell.names }
  override var packed: [PackedMatrix] { [input, gates, candidate] }
  override func scratch(rows: Int) -> Int { rows * (gates.width + candidate.width + stride) }
  override func place(gate: Int, unit: Int) -> Int { gate * stride + unit }

  override func step(_ s: CellStep) {
    let (rows, width) = (s.rows, gates.width)
    let a = s.scratch.slice(0, rows * width)
    let n = s.scratch.slice(rows * width, rows * candidate.width)
    let product = s.scratch.slice(rows * (width + candidate.width), rows * stride)
    kernels.project(s.h, stride: stride, rows: rows, gates, into: a, stride: width)
    own.gruReset(z: s.z, zStride: s.zStride, sums: a, sumStride: width, h: s.h, product: product, stride: stride, rows: rows)
    kernels.project(product, stride: stride, rows: rows, candidate, into: n, stride: candidate.width)
    own.gruMix(
      z: s.z, zStride: s.zStride, gates: a, gateStride: width, sums: n, sumStride: candidate.width, h: s.h, hNew: s.hNew, stride: stride, rows: rows)
    guard let report = s.gates else { return }
    for row in 0..<rows {
      report.slice(row * s.zStride, 2 * stride).copy(from: a.slice(row * width, 2 * stride))
      report.slice(row * s.zStride + 2 * stride, stride).copy(from: n.slice(row * candidate.width, stride))
    }
  }
}
