import LSTMModel

/// A GRU with the usual functions that resets before the product: two products one after the other, and a pass over the units behind each.
final class ResetGRUCell: Cell, @unchecked Sendable {
  /// Columns of the update and reset gates, of two blocks of units in a group.
  private let gates: PackedMatrix
  /// Columns of the candidate.
  private let candidate: PackedMatrix
  private let layer: InstantLayer
  private let own: CellKernels

  init(_ it: Recurrent, _ weights: RecurrentWeights, kernels: KernelTable) throws(LSTMError) {
    let (units, columns, lanes) = (it.units, 3 * it.units, kernels.lanes)
    gates = try PackedMatrix(
      weights.recurrent, count: units, columns: columns, order: Cell.interleaved(units: units, gates: 2, lanes: lanes), panels: 4, bias: nil,
      lanes: lanes)
    candidate = try PackedMatrix(
      weights.recurrent, count: units, columns: columns, order: (2 * units..<columns).map { $0 }, panels: PackedMatrix.panels(units, lanes),
      bias: nil, lanes: lanes)
    layer = InstantLayer(gates, candidate)
    own = CellKernels(kernels)
    super.init(
      units: units,
      input: try PackedMatrix(
        weights.kernel, count: weights.inputSize, columns: columns, order: Cell.interleaved(units: units, gates: 3, lanes: lanes), panels: 3,
        bias: weights.bias.map { values in { values[$0] } }, lanes: lanes), kernels: kernels)
  }

  override var gateNames: [String] { PlainGRUCell.names }
  override var instant: InstantLayer? { layer }
  /// Several rows have products for all of them.
  override func runsWhole(rows: Int) -> Bool { rows == 1 }
  /// Threads meet twice in a step.
  override var sharesSteps: Bool { input.groups >= 2 * RecurrentOperator.sharedBlocks }
  override func scratch(rows: Int) -> Int { rows * (gates.width + candidate.width + stride) }

  override func place(gate: Int, unit: Int) -> Int {
    (unit / kernels.lanes * 3 + gate) * kernels.lanes + unit % kernels.lanes
  }

  override func advance(_ it: CellSteps, _ share: Share?) -> Bool {
    kernels.simpleSteps(it, units: units, layer, share)
    return true
  }

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
    let lanes = kernels.lanes
    for row in 0..<rows {
      for block in 0..<(stride / lanes) {
        let place = row * s.zStride + block * 3 * lanes
        report.slice(place, 2 * lanes).copy(from: a.slice(row * width + block * 2 * lanes, 2 * lanes))
        report.slice(place + 2 * lanes, lanes).copy(from: n.slice(row * candidate.width + block * lanes, lanes))
      }
    }
  }
}
