import LSTMCaller
import LSTMModel

/// A GRU in training, its reset gate before or after the product; in bf16, if that is asked for, after it and with σ and tanh.
final class TrainedGRUCell: TrainedCell, @unchecked Sendable {
  private let resetAfter: Bool
  /// Whether there are kernels for it.
  private let isUsual: Bool
  /// Reset after: all three gates' columns. Reset before: those of the update and reset gates.
  private let gates: TrainedMatrix
  /// Reset before: the candidate's columns.
  private let candidate: TrainedMatrix?

  init(_ it: Recurrent, resetAfter: Bool, inputSize: Int, form: WeightForm, kernels: KernelTable) throws(LSTMError) {
    self.resetAfter = resetAfter
    isUsual = resetAfter && it.activation == .tanh && it.recurrentActivation == .sigmoid
    let form = isUsual ? form : .full
    let lanes = kernels.lanes
    // Whole groups, so that a gate's columns lie at the same place in every product.
    gates = try TrainedMatrix(
      count: it.units, columns: 3 * it.units, order: Cell.gateMajor(units: it.units, gates: 0..<(resetAfter ? 3 : 2), lanes: lanes),
      panels: resetAfter ? 3 : 1, form: form, kernels: kernels)
    candidate =
      resetAfter
      ? nil
      : try TrainedMatrix(
        count: it.units, columns: 3 * it.units, order: Cell.gateMajor(units: it.units, gates: 2..<3, lanes: lanes), panels: 1, kernels: kernels)
    try super.init(it, inputSize: inputSize, panels: 3, form: form, kernels: kernels)
  }

  override var dhStride: Int { gates.backwardWidth }
  /// Reset after: the recurrent sums, and then their gradients. Reset before: r ⊙ h.
  override var extraWidth: Int { resetAfter ? 3 * stride : stride }
  override var scratchWidth: Int { max(3 * stride, gates.backwardWidth) }
  override var gradientScratch: Int { max(input.gradientScratch, gates.gradientScratch, candidate?.gradientScratch ?? 0) }
  override func lowScratch(rows: Int) -> Int { max(super.lowScratch(rows: rows), gates.lowScratch(rows: rows)) }

  override func refresh(_ weights: [Floats]) {
    let width = 3 * it.units
    let bias = it.useBias ? weights[2] : nil
    input.refresh(weights[0], bias: bias?.slice(0, width))
    gates.refresh(weights[1], bias: resetAfter ? bias?.slice(width, width) : nil)
    candidate?.refresh(weights[1], bias: nil)
  }

  override func forward(_ m: RecurrentMemory, _ step: Int, scratch: Floats) {
    let z = m.z(step)
    let extra = m.extra(step)
    let state = m.used(step)
    let sums = resetAfter ? extra : scratch
    let sumsWidth = gates.width
    gates.apply(state, stride: stride, rows: m.rows, into: sums.slice(0, m.rows * sumsWidth), stride: sumsWidth, low: m.low)
    #if !LSTM_FLOAT64
      if isUsual { return training.gruForward(z: z, sums: sums, h: state, hNew: m.h(step + 1), stride: stride, rows: m.rows) }
    #endif
    for row in 0..<m.rows {
      let own = z.slice(row * zWidth, 2 * stride)
      own.add(sums.slice(row * sumsWidth, 2 * stride))
      if keepsSums { m.before(step).slice(row * zWidth, 2 * stride).copy(from: own) }
      for index in 0..<2 { kernels.apply(it.recurrentActivation, to: gate(index, own), width: it.units) }
      guard !resetAfter else { continue }
      let reset = gate(1, own)
      for unit in 0..<it.units { extra[row * stride + unit] = reset[unit] * state[row * stride + unit] }
    }
    candidate?.apply(extra, stride: stride, rows: m.rows, into: scratch.slice(0, m.rows * stride), stride: stride)
    for row in 0..<m.rows {
      let own = z.slice(row * zWidth, zWidth)
      let (update, reset, new) = (gate(0, own), gate(1, own), gate(2, own))
      let product = resetAfter ? gate(2, sums.slice(row * sumsWidth, sumsWidth)) : scratch.slice(row * stride, it.units)
      for unit in 0..<it.units { new[unit] += resetAfter ? reset[unit] * product[unit] : product[unit] }
      if keepsSums { gate(2, m.before(step).slice(row * zWidth, zWidth)).copy(from: new) }
      kernels.apply(it.activation, to: new, width: it.units)
      let h = m.h(step + 1).slice(row * stride, it.units)
      for unit in 0..<it.units { h[unit] = update[unit] * state[row * stride + unit] + (1 - update[unit]) * new[unit] }
    }
  }

  override func backward(_ m: RecurrentMemory, _ step: Int, _ gradients: CellGradients) {
    let units = it.units
    #if !LSTM_FLOAT64
      if isUsual {
        training.gruBackward(
          z: m.z(step), sums: m.extra(step), h: m.used(step), dh: gradients.dh, dhBefore: gradients.dhBefore, dhStride: dhStride, stride: stride,
          rows: m.rows)
        return addRecurrent(m, step, gradients)
      }
    #endif
    for row in 0..<m.rows {
      let own = m.z(step).slice(row * zWidth, zWidth)
      let (update, new) = (gate(0, own), gate(2, own))
      let h = m.used(step).slice(row * stride, units)
      let dh = gradients.dh.slice(row * dhStride, units)
      let direct = gradients.dhBefore.slice(row * dhStride, dhStride)
      direct.fill(0)
      let dUpdate = gradients.scratch.slice(0, units)
      let dNew = gradients.scratch.slice(stride, units)
      for unit in 0..<units {
        direct[unit] = dh[unit] * update[unit]
        dUpdate[unit] = dh[unit] * (h[unit] - new[unit])
        dNew[unit] = dh[unit] * (1 - update[unit])
      }
      backward(it.recurrentActivation, dUpdate, after: update, m: m, step: step, row: row, gate: 0)
      backward(it.activation, dNew, after: new, m: m, step: step, row: row, gate: 2)
      update.copy(from: dUpdate)
      new.copy(from: dNew)
    }
    if resetAfter { backwardAfter(m, step, gradients) } else { backwardBefore(m, step, gradients) }
  }

  /// The reset gate scaled the candidate's recurrent sum.
  private func backwardAfter(_ m: RecurrentMemory, _ step: Int, _ gradients: CellGradients) {
    let units = it.units
    let extra = m.extra(step)
    for row in 0..<m.rows {
      let own = m.z(step).slice(row * zWidth, zWidth)
      let sums = extra.slice(row * extraWidth, extraWidth)
      let (reset, dNew, product) = (gate(1, own), gate(2, own), gate(2, sums))
      let dReset = gradients.scratch.slice(0, units)
      for unit in 0..<units {
        dReset[unit] = dNew[unit] * product[unit]
        product[unit] = dNew[unit] * reset[unit]
      }
      backward(it.recurrentActivation, dReset, after: reset, m: m, step: step, row: row, gate: 1)
      reset.copy(from: dReset)
      gate(0, sums).copy(from: gate(0, own))
      gate(1, sums).copy(from: dReset)
    }
    addRecurrent(m, step, gradients)
  }

  /// Adds what reaches the state through the recurrent sums.
  private func addRecurrent(_ m: RecurrentMemory, _ step: Int, _ gradients: CellGradients) {
    let sums = m.extra(step)
    guard gates.isLow else { return gates.applyTransposed(sums, stride: extraWidth, rows: m.rows, adds: true, into: gradients.dhBefore) }
    let product = gradients.scratch.slice(0, m.rows * dhStride)
    gates.applyTransposed(sums, stride: extraWidth, rows: m.rows, into: product, low: m.low)
    gradients.dhBefore.slice(0, product.count).add(product)
  }

  /// The reset gate scaled the state.
  private func backwardBefore(_ m: RecurrentMemory, _ step: Int, _ gradients: CellGradients) {
    let units = it.units
    let z = m.z(step)
    guard let candidate else { return }
    let product = gradients.scratch.slice(0, m.rows * candidate.backwardWidth)
    let width = candidate.backwardWidth
    candidate.applyTransposed(z.slice(2 * stride, z.count - 2 * stride), stride: zWidth, rows: m.rows, into: product)
    let dReset = gradients.scratch.slice(m.rows * width, units)
    for row in 0..<m.rows {
      let reset = gate(1, z.slice(row * zWidth, zWidth))
      let h = m.used(step).slice(row * stride, units)
      for unit in 0..<units {
        dReset[unit] = product[row * width + unit] * h[unit]
        gradients.dhBefore[row * dhStride + unit] += product[row * width + unit] * reset[unit]
      }
      backward(it.recurrentActivation, dReset, after: reset, m: m, step: step, row: row, gate: 1)
      reset.copy(from: dReset)
    }
    gates.applyTransposed(z, stride: zWidth, rows: m.rows, adds: true, into: gradients.dhBefore)
  }

  override func clear(_ m: RecurrentMemory, _ step: Int, row: Int) {
    super.clear(m, step, row: row)
    if resetAfter { m.extra(step).slice(row * extraWidth, extraWidth).fill(0) }
  }

  override func addGradients(_ m: RecurrentMemory, to gradients: [Floats?], scratch: Floats) {
    let rows = m.steps * m.rows
    let width = 3 * it.units
    let bias = it.useBias ? gradients[2] : nil
    input.addGradient(
      x: m.x, stride: input.count, dz: m.z, stride: zWidth, rows: rows, to: gradients[0], bias: bias?.slice(0, width), scratch: scratch)
    gates.addGradient(
      x: m.allUsed, stride: stride, dz: resetAfter ? m.extra : m.z, stride: resetAfter ? extraWidth : zWidth, rows: rows, to: gradients[1],
      bias: resetAfter ? bias?.slice(width, width) : nil, scratch: scratch)
    candidate?.addGradient(
      x: m.extra, stride: stride, dz: m.z.slice(2 * stride, max(m.z.count - 2 * stride, 0)), stride: zWidth, rows: rows, to: gradients[1],
      bias: nil, scratch: scratch)
  }
}
