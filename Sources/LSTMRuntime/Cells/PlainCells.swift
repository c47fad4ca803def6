import LSTMModel

extension Cell {
  /// Packs columns of a recurrent layer's kernel with each gate's units side by side.
  static func pack(
    _ matrix: [Scalar], _ count: Int, _ it: Recurrent, gates: Range<Int>, bias: [Scalar]?, from: Int = 0, _ kernels: KernelTable
  ) throws(LSTMError) -> PackedMatrix {
    try PackedMatrix(
      matrix, count: count, columns: it.gates * it.units, order: gateMajor(units: it.units, gates: gates, lanes: kernels.lanes), panels: 4,
      bias: bias.map { values in { values[from + $0] } }, lanes: kernels.lanes)
  }
}

/// An LSTM with any functions.
final class PlainLSTMCell: Cell, @unchecked Sendable {
  static let names = ["input", "forget", "candidate", "output_gate"]
  private let it: Recurrent
  private let recurrent: PackedMatrix

  init(_ it: Recurrent, _ weights: RecurrentWeights, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    recurrent = try Cell.pack(weights.recurrent, it.units, it, gates: 0..<4, bias: nil, kernels)
    super.init(
      units: it.units, input: try Cell.pack(weights.kernel, weights.inputSize, it, gates: 0..<4, bias: weights.bias, kernels), kernels: kernels)
  }

  override var gateNames: [String] { PlainLSTMCell.names }
  override var hasCellState: Bool { true }
  override var packed: [PackedMatrix] { [input, recurrent] }
  override func scratch(rows: Int) -> Int { rows * recurrent.width }
  override func place(gate: Int, unit: Int) -> Int { gate * stride + unit }

  override func step(_ s: CellStep) {
    let width = recurrent.width
    kernels.project(s.h, stride: stride, rows: s.rows, recurrent, addend: s.z, addendStride: s.zStride, into: s.scratch, stride: width)
    for row in 0..<s.rows {
      let i = s.scratch.slice(row * width, units)
      let f = s.scratch.slice(row * width + stride, units)
      let g = s.scratch.slice(row * width + 2 * stride, units)
      let o = s.scratch.slice(row * width + 3 * stride, units)
      kernels.apply(it.recurrentActivation, to: i, width: units)
      kernels.apply(it.recurrentActivation, to: f, width: units)
      kernels.apply(it.activation, to: g, width: units)
      kernels.apply(it.recurrentActivation, to: o, width: units)
      let c = s.c.slice(row * stride, units)
      let h = s.hNew.slice(row * stride, units)
      for unit in 0..<units {
        c[unit] = f[unit] * c[unit] + i[unit] * g[unit]
        h[unit] = c[unit]
      }
      kernels.apply(it.activation, to: h, width: units)
      for unit in 0..<units { h[unit] = o[unit] * h[unit] }
      s.gates?.slice(row * s.zStride, 4 * stride).copy(from: s.scratch.slice(row * width, 4 * stride))
    }
  }
}

/// A GRU with any functions, its reset gate before or after the product.
final class PlainGRUCell: Cell, @unchecked Sendable {
  static let names = ["update", "reset", "candidate"]
  private let it: Recurrent
  private let resetAfter: Bool
  /// Columns of the update and reset gates.
  private let gates: PackedMatrix
  /// Columns of the candidate.
  private let candidate: PackedMatrix

  init(_ it: Recurrent, resetAfter: Bool, _ weights: RecurrentWeights, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.resetAfter = resetAfter
    let second = resetAfter ? weights.bias : nil
    gates = try Cell.pack(weights.recurrent, it.units, it, gates: 0..<2, bias: second, from: 3 * it.units, kernels)
    candidate = try Cell.pack(weights.recurrent, it.units, it, gates: 2..<3, bias: second, from: 3 * it.units, kernels)
    super.init(
      units: it.units, input: try Cell.pack(weights.kernel, weights.inputSize, it, gates: 0..<3, bias: weights.bias, kernels), kernels: kernels)
  }

  override var gateNames: [String] { PlainGRUCell.names }
  override var packed: [PackedMatrix] { [input, gates, candidate] }
  override func scratch(rows: Int) -> Int { rows * (gates.width + candidate.width + stride) }
  override func place(gate: Int, unit: Int) -> Int { gate * stride + unit }

  override func step(_ s: CellStep) {
    let width = gates.width
    let a = s.scratch.slice(0, s.rows * width)
    let n = s.scratch.slice(s.rows * width, s.rows * candidate.width)
    let product = s.scratch.slice(s.rows * (width + candidate.width), s.rows * stride)
    kernels.project(s.h, stride: stride, rows: s.rows, gates, into: a, stride: width)
    for row in 0..<s.rows {
      for gate in 0..<2 {
        let values = a.slice(row * width + gate * stride, units)
        let z = s.z.slice(row * s.zStride + gate * stride, units)
        for unit in 0..<units { values[unit] = z[unit] + values[unit] }
        values.limit(to: it.options.clip)
        kernels.apply(it.recurrentActivation, to: values, width: units)
      }
      guard !resetAfter else { continue }
      for unit in 0..<units { product[row * stride + unit] = a[row * width + stride + unit] * s.h[row * stride + unit] }
    }
    kernels.project(resetAfter ? s.h : product, stride: stride, rows: s.rows, candidate, into: n, stride: candidate.width)
    for row in 0..<s.rows {
      let values = n.slice(row * candidate.width, units)
      let z = s.z.slice(row * s.zStride + 2 * stride, units)
      let update = a.slice(row * width, units)
      let reset = a.slice(row * width + stride, units)
      for unit in 0..<units { values[unit] = z[unit] + (resetAfter ? reset[unit] * values[unit] : values[unit]) }
      values.limit(to: it.options.clip)
      kernels.apply(it.activation, to: values, width: units)
      let h = s.h.slice(row * stride, units)
      let hNew = s.hNew.slice(row * stride, units)
      for unit in 0..<units { hNew[unit] = update[unit] * h[unit] + (1 - update[unit]) * values[unit] }
      guard let gates = s.gates else { continue }
      gates.slice(row * s.zStride, units).copy(from: update)
      gates.slice(row * s.zStride + stride, units).copy(from: reset)
      gates.slice(row * s.zStride + 2 * stride, units).copy(from: values)
    }
  }
}

/// A simple recurrent layer: `h = activation(z + h·R)`.
final class SimpleCell: Cell, @unchecked Sendable {
  private let it: Recurrent
  private let recurrent: PackedMatrix
  private let layer: InstantLayer?
  private let own: CellKernels

  init(_ it: Recurrent, _ weights: RecurrentWeights, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    recurrent = try PackedMatrix(weights.recurrent, count: it.units, columns: it.units, bias: nil, lanes: kernels.lanes)
    layer = it.options.keepsEquations ? InstantLayer(recurrent, it.activation) : nil
    own = CellKernels(kernels)
    // Rows of h are as wide as the product, which is made in its place.
    super.init(
      units: it.units,
      input: try PackedMatrix(weights.kernel, count: weights.inputSize, columns: it.units, bias: weights.bias, lanes: kernels.lanes),
      kernels: kernels, outputStride: recurrent.width)
  }

  override var packed: [PackedMatrix] { [input, recurrent] }
  override var instant: InstantLayer? { layer }
  /// Several rows have a product for all of them.
  override func runsWhole(rows: Int) -> Bool { layer != nil && rows == 1 }
  override func scratch(rows: Int) -> Int { runsWhole(rows: rows) ? stride : 0 }

  override func advance(_ it: CellSteps, _ share: Share?) -> Bool {
    guard let layer else { return false }
    kernels.simpleSteps(it, units: units, layer, share)
    return true
  }

  override func step(_ s: CellStep) {
    kernels.project(
      s.h, stride: outputStride, rows: s.rows, recurrent, addend: s.z, addendStride: s.zStride, into: s.hNew, stride: outputStride)
    let all = s.hNew.slice(0, s.rows * outputStride)
    all.limit(to: it.options.clip)
    switch it.activation {
    case .tanh: kernels.tanh(all)
    case .plainRelu: own.relu(all)
    default: for row in 0..<s.rows { kernels.apply(it.activation, to: all.slice(row * outputStride, units), width: units) }
    }
  }
}
