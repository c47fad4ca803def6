import LSTMModel

/// An LSTM with the usual functions: gates never leave registers.
final class FusedLSTMCell: Cell, @unchecked Sendable {
  private let recurrent: PackedMatrix
  private let layer: InstantLayer

  init(_ it: Recurrent, _ weights: RecurrentWeights, kernels: KernelTable) throws(LSTMError) {
    let order = Cell.interleaved(units: it.units, gates: 4, lanes: kernels.lanes)
    recurrent = try PackedMatrix(
      weights.recurrent, count: it.units, columns: 4 * it.units, order: order, panels: 4, bias: nil, lanes: kernels.lanes)
    layer = try InstantLayer(it, weights, recurrent, recurrentBias: nil, kernels)
    let bias = weights.bias
    super.init(
      units: it.units,
      input: try PackedMatrix(
        weights.kernel, count: weights.inputSize, columns: 4 * it.units, order: order, panels: 4, bias: bias.map { values in { values[$0] } },
        lanes: kernels.lanes), kernels: kernels)
  }

  override var instant: InstantLayer? { layer }
  override var gateNames: [String] { PlainLSTMCell.names }
  override var hasCellState: Bool { true }

  override func place(gate: Int, unit: Int) -> Int {
    (unit / kernels.lanes * 4 + gate) * kernels.lanes + unit % kernels.lanes
  }

  override func advance(_ it: CellSteps, _ share: Share?) -> Bool {
    kernels.steps(it, stride: stride, units: units, recurrent, share)
    return true
  }

  override func step(_ it: CellStep) {
    kernels.lstmStep(
      z: it.z, zStride: it.zStride, h: it.h, hNew: it.hNew, c: it.c, stride: stride, rows: it.rows, recurrent, gates: it.gates)
  }
}

/// A GRU with the usual functions and the reset gate after the product.
final class FusedGRUCell: Cell, @unchecked Sendable {
  private let recurrent: PackedMatrix
  private let layer: InstantLayer

  init(_ it: Recurrent, _ weights: RecurrentWeights, kernels: KernelTable) throws(LSTMError) {
    let order = Cell.interleaved(units: it.units, gates: 3, lanes: kernels.lanes)
    let columns = 3 * it.units
    let bias = weights.bias
    let second: ((Int) -> Scalar)? = bias.map { values in { values[columns + $0] } }
    recurrent = try PackedMatrix(
      weights.recurrent, count: it.units, columns: columns, order: order, panels: 3, bias: second, lanes: kernels.lanes)
    layer = try InstantLayer(it, weights, recurrent, recurrentBias: second, kernels)
    super.init(
      units: it.units,
      input: try PackedMatrix(
        weights.kernel, count: weights.inputSize, columns: columns, order: order, panels: 3, bias: bias.map { values in { values[$0] } },
        lanes: kernels.lanes), kernels: kernels)
  }

  override var instant: InstantLayer? { layer }
  override var gateNames: [String] { PlainGRUCell.names }

  override func place(gate: Int, unit: Int) -> Int {
    (unit / kernels.lanes * 3 + gate) * kernels.lanes + unit % kernels.lanes
  }

  override func advance(_ it: CellSteps, _ share: Share?) -> Bool {
    kernels.steps(it, stride: stride, units: units, recurrent, share)
    return true
  }

  override func step(_ it: CellStep) {
    kernels.gruStep(z: it.z, zStride: it.zStride, h: it.h, hNew: it.hNew, stride: stride, rows: it.rows, recurrent, gates: it.gates)
  }
}
