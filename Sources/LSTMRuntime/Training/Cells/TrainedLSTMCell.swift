import LSTMCaller
import LSTMModel

/// An LSTM in training. With σ and tanh by kernels, and in bf16 if that is asked for; with other functions gate by gate.
final class TrainedLSTMCell: TrainedCell, @unchecked Sendable {
  private let recurrent: TrainedMatrix
  private let isUsual: Bool

  init(_ it: Recurrent, inputSize: Int, form: WeightForm, kernels: KernelTable) throws(LSTMError) {
    isUsual = it.activation == .tanh && it.recurrentActivation == .sigmoid
    let form = isUsual ? form : .full
    recurrent = try TrainedMatrix(
      count: it.units, columns: 4 * it.units, order: Cell.gateMajor(units: it.units, gates: 0..<4, lanes: kernels.lanes), panels: 4,
      form: form, kernels: kernels)
    try super.init(it, inputSize: inputSize, panels: 4, form: form, kernels: kernels)
  }

  override var dhStride: Int { recurrent.backwardWidth }
  /// tanh of the new cell state.
  override var extraWidth: Int { isUsual ? stride : 0 }
  /// In bf16 the recurrent sums.
  override var scratchWidth: Int { recurrent.isLow ? recurrent.width : 2 * stride }
  override var gradientScratch: Int { max(input.gradientScratch, recurrent.gradientScratch) }
  override func lowScratch(rows: Int) -> Int { max(super.lowScratch(rows: rows), recurrent.lowScratch(rows: rows)) }

  override func refresh(_ weights: [Floats]) {
    let second = bias(weights, second: true)
    input.refresh(weights[0], bias: bias(weights, second: false))
    // In bf16 both biases meet in one sum, as in a session.
    if recurrent.isLow, let second { input.refresh(further: second) }
    recurrent.refresh(weights[1], bias: recurrent.isLow ? nil : second)
  }

  override func forward(_ m: RecurrentMemory, _ step: Int, scratch: Floats) {
    let z = m.z(step)
    let sums = recurrent.isLow ? scratch.slice(0, z.count) : z
    recurrent.apply(m.used(step), stride: stride, rows: m.rows, adds: !recurrent.isLow, into: sums, stride: zWidth, low: m.low)
    if isUsual {
      return training.lstmForward(
        z: z, further: recurrent.isLow ? sums : nil, c: m.c(step), cNew: m.c(step + 1), hNew: m.h(step + 1), t: m.extra(step), stride: stride,
        rows: m.rows)
    }
    if keepsSums { m.before(step).copy(from: z) }
    for row in 0..<m.rows {
      let gates = z.slice(row * zWidth, zWidth)
      let (i, f, g, o) = (gate(0, gates), gate(1, gates), gate(2, gates), gate(3, gates))
      for gate in [i, f, o] { kernels.apply(it.recurrentActivation, to: gate, width: it.units) }
      kernels.apply(it.activation, to: g, width: it.units)
      let c = m.c(step).slice(row * stride, it.units)
      let cNew = m.c(step + 1).slice(row * stride, it.units)
      let h = m.h(step + 1).slice(row * stride, it.units)
      for unit in 0..<it.units {
        cNew[unit] = f[unit] * c[unit] + i[unit] * g[unit]
        h[unit] = cNew[unit]
      }
      kernels.apply(it.activation, to: h, width: it.units)
      for unit in 0..<it.units { h[unit] *= o[unit] }
    }
  }

  override func backward(_ m: RecurrentMemory, _ step: Int, _ it: CellGradients) {
    if isUsual {
      training.lstmBackward(
        z: m.z(step), c: m.c(step), t: m.extra(step), dh: it.dh, dhStride: dhStride, dc: it.dc, stride: stride, rows: m.rows)
    } else {
      for row in 0..<m.rows { backwardRow(m, step, row, it) }
    }
    recurrent.applyTransposed(m.z(step), stride: zWidth, rows: m.rows, into: it.dhBefore, low: m.low)
  }

  private func backwardRow(_ m: RecurrentMemory, _ step: Int, _ row: Int, _ gradients: CellGradients) {
    let units = it.units
    let gates = m.z(step).slice(row * zWidth, zWidth)
    let (i, f, g, o) = (gate(0, gates), gate(1, gates), gate(2, gates), gate(3, gates))
    let c = m.c(step).slice(row * stride, units)
    let cNew = m.c(step + 1).slice(row * stride, units)
    let dh = gradients.dh.slice(row * dhStride, units)
    let dc = gradients.dc.slice(row * stride, units)
    let t = gradients.scratch.slice(0, units)
    let d = gradients.scratch.slice(stride, units)
    t.copy(from: cNew)
    kernels.apply(it.activation, to: t, width: units)
    for unit in 0..<units { d[unit] = dh[unit] * o[unit] }
    kernels.backward(it.activation, before: cNew, after: t, gradient: d, width: units)
    for unit in 0..<units { dc[unit] += d[unit] }
    // Each gate's result is needed for its own derivative, after which its gradient may take its place.
    for unit in 0..<units { d[unit] = dh[unit] * t[unit] }
    backward(it.recurrentActivation, d, after: o, m: m, step: step, row: row, gate: 3)
    o.copy(from: d)
    for unit in 0..<units { t[unit] = dc[unit] * f[unit] }
    for unit in 0..<units { d[unit] = dc[unit] * c[unit] }
    backward(it.recurrentActivation, d, after: f, m: m, step: step, row: row, gate: 1)
    f.copy(from: d)
    for unit in 0..<units { d[unit] = dc[unit] * i[unit] }
    for unit in 0..<units { dc[unit] *= g[unit] }
    backward(it.activation, d, after: g, m: m, step: step, row: row, gate: 2)
    g.copy(from: d)
    d.copy(from: dc)
    backward(it.recurrentActivation, d, after: i, m: m, step: step, row: row, gate: 0)
    i.copy(from: d)
    dc.copy(from: t)
  }

  override func addGradients(_ m: RecurrentMemory, to gradients: [Floats?], scratch: Floats) {
    let rows = m.steps * m.rows
    input.addGradient(
      x: m.x, stride: input.count, dz: m.z, stride: zWidth, rows: rows, to: gradients[0], bias: bias(gradients, second: false), scratch: scratch)
    recurrent.addGradient(
      x: m.allUsed, stride: stride, dz: m.z, stride: zWidth, rows: rows, to: gradients[1], bias: bias(gradients, second: true), scratch: scratch)
  }
}

/// A simple recurrent layer in training: `h = activation(z + h·R)`.
final class TrainedSimpleCell: TrainedCell, @unchecked Sendable {
  private let recurrent: TrainedMatrix

  init(_ it: Recurrent, inputSize: Int, kernels: KernelTable) throws(LSTMError) {
    recurrent = try TrainedMatrix(count: it.units, columns: it.units, kernels: kernels)
    try super.init(it, inputSize: inputSize, panels: nil, form: .full, kernels: kernels)
  }

  override var dhStride: Int { recurrent.backwardWidth }
  override var gradientScratch: Int { max(input.gradientScratch, recurrent.gradientScratch) }

  override func refresh(_ weights: [Floats]) {
    input.refresh(weights[0], bias: bias(weights, second: false))
    recurrent.refresh(weights[1], bias: bias(weights, second: true))
  }

  override func forward(_ m: RecurrentMemory, _ step: Int, scratch: Floats) {
    let z = m.z(step)
    recurrent.apply(m.used(step), stride: stride, rows: m.rows, adds: true, into: z, stride: zWidth)
    if keepsSums { m.before(step).copy(from: z) }
    for row in 0..<m.rows {
      let h = gate(0, z.slice(row * zWidth, zWidth))
      kernels.apply(it.activation, to: h, width: it.units)
      m.h(step + 1).slice(row * stride, it.units).copy(from: h)
    }
  }

  override func backward(_ m: RecurrentMemory, _ step: Int, _ gradients: CellGradients) {
    for row in 0..<m.rows {
      let h = gate(0, m.z(step).slice(row * zWidth, zWidth))
      let d = gradients.scratch.slice(0, it.units)
      d.copy(from: gradients.dh.slice(row * dhStride, it.units))
      backward(it.activation, d, after: h, m: m, step: step, row: row, gate: 0)
      h.copy(from: d)
    }
    recurrent.applyTransposed(m.z(step), stride: zWidth, rows: m.rows, into: gradients.dhBefore)
  }

  override func addGradients(_ m: RecurrentMemory, to gradients: [Floats?], scratch: Floats) {
    let rows = m.steps * m.rows
    input.addGradient(
      x: m.x, stride: input.count, dz: m.z, stride: zWidth, rows: rows, to: gradients[0], bias: bias(gradients, second: false), scratch: scratch)
    recurrent.addGradient(
      x: m.allUsed, stride: stride, dz: m.z, stride: zWidth, rows: rows, to: gradients[1], bias: bias(gradients, second: true), scratch: scratch)
  }
}
