import LSTMModel

/// A GRU with options in training: clip, zoneout, stored initial states, two biases.
final class OptionGRUCell: OptionCell, @unchecked Sendable {
  private let resetAfter: Bool
  /// All columns; where the reset gate comes first, those of the candidate are not used.
  private let recurrent: TrainedMatrix
  /// The candidate's columns, where the reset gate comes first.
  private let candidate: TrainedMatrix?

  init(_ it: Recurrent, resetAfter: Bool, inputSize: Int, kernels: KernelTable) throws(LSTMError) {
    self.resetAfter = resetAfter
    let columns = 3 * it.units
    recurrent = try TrainedMatrix(
      count: it.units, columns: columns, order: (0..<columns).map { resetAfter || $0 < 2 * it.units ? $0 : nil }, kernels: kernels)
    candidate =
      resetAfter ? nil : try TrainedMatrix(count: it.units, columns: columns, order: (2 * it.units..<columns).map { $0 }, kernels: kernels)
    try super.init(it, inputSize: inputSize, kernels: kernels)
  }

  /// What the recurrent product's gradient is made from; the candidate's product (reset after) or the reset state and that product's gradient.
  override func keptSizes(_ all: Int) -> [Int] {
    [all * recurrent.width, all * it.units, all * (candidate?.width ?? 0)]
  }

  override func scratchSizes(_ rows: Int) -> [Int] {
    let widest = max(recurrent.width, recurrent.backwardWidth, candidate?.width ?? 0, candidate?.backwardWidth ?? 0)
    return [rows * widest, it.units]
  }

  override var gradientScratch: Int { max(input.gradientScratch, recurrent.gradientScratch, candidate?.gradientScratch ?? 0) }

  override func refresh(_ weights: [Floats]) {
    super.refresh(weights)
    recurrent.refresh(weights[1], bias: bias(weights, row: 1))
    candidate?.refresh(weights[1], bias: bias(weights, row: 1))
  }

  /// A step's part of what is kept.
  private func part(_ m: OptionMemory, _ index: Int, _ step: Int, _ width: Int) -> Floats {
    m.kept[index].slice(step * m.rows * width, m.rows * width)
  }

  override func forward(_ m: OptionMemory, _ step: Int) {
    let (units, width) = (it.units, recurrent.width)
    let products = part(m, 0, step, width)
    // r ⊙ h, or the candidate's recurrent sum.
    let inner = part(m, 1, step, units)
    recurrent.apply(m.used(step), stride: m.size, rows: m.rows, into: products, stride: width)
    for row in 0..<m.rows {
      let (sums, gates, product) = (m.sums(step, row), m.gates(step, row), products.slice(row * width, m.width))
      sums.copy(from: m.z(step, row))
      for index in 0..<2 {
        gate(index, sums).add(gate(index, product))
        activate(it.recurrentActivation, gate(index, sums), into: gate(index, gates))
      }
      let (reset, h) = (gate(1, gates), m.used(step).slice(row * units, units))
      for unit in 0..<units { inner[row * units + unit] = resetAfter ? gate(2, product)[unit] : reset[unit] * h[unit] }
    }
    let product = m.scratch[0].slice(0, m.rows * (candidate?.width ?? 0))
    candidate?.apply(inner, stride: units, rows: m.rows, into: product, stride: candidate?.width ?? 0)
    for row in 0..<m.rows {
      let (sums, gates, h) = (gate(2, m.sums(step, row)), m.gates(step, row), m.used(step).slice(row * units, units))
      let (update, reset, new) = (gate(0, gates), gate(1, gates), gate(2, gates))
      for unit in 0..<units {
        sums[unit] += resetAfter ? reset[unit] * inner[row * units + unit] : product[row * (candidate?.width ?? 0) + unit]
      }
      activate(it.activation, sums, into: new)
      let out = m.h(step + 1).slice(row * units, units)
      for unit in 0..<units { out[unit] = update[unit] * h[unit] + (1 - update[unit]) * new[unit] }
    }
  }

  override func backward(_ m: OptionMemory, _ step: Int, dh: Floats, dc: Floats, dhBefore: Floats, _ gradients: [Floats?]) {
    let (units, width) = (it.units, recurrent.width)
    let products = part(m, 0, step, width)
    let inner = part(m, 1, step, units)
    let outer = part(m, 2, step, candidate?.width ?? 0)
    for floats in [m.z(step), products, outer, dhBefore] { floats.fill(0) }
    for row in 0..<m.rows where m.isReal(row, step) {
      let (d, gates, h, own) = (m.z(step, row), m.gates(step, row), m.used(step).slice(row * units, units), dh.slice(row * units, units))
      let (update, reset, new) = (gate(0, gates), gate(1, gates), gate(2, gates))
      let (dUpdate, dReset, dNew) = (gate(0, d), gate(1, d), gate(2, d))
      for unit in 0..<units {
        dhBefore[row * units + unit] = own[unit] * update[unit]
        dUpdate[unit] = own[unit] * (h[unit] - new[unit])
        dNew[unit] = own[unit] * (1 - update[unit])
      }
      slope(it.recurrentActivation, dUpdate, sums: gate(0, m.sums(step, row)), out: update)
      slope(it.activation, dNew, sums: gate(2, m.sums(step, row)), out: new)
      gate(0, products.slice(row * width, m.width)).copy(from: dUpdate)
      guard resetAfter else {
        outer.slice(row * (candidate?.width ?? 0), units).copy(from: dNew)
        continue
      }
      let dProduct = gate(2, products.slice(row * width, m.width))
      for unit in 0..<units {
        dProduct[unit] = dNew[unit] * reset[unit]
        dReset[unit] = dNew[unit] * inner[row * units + unit]
      }
      slope(it.recurrentActivation, dReset, sums: gate(1, m.sums(step, row)), out: reset)
      gate(1, products.slice(row * width, m.width)).copy(from: dReset)
    }
    if let candidate {
      let product = m.scratch[0].slice(0, m.rows * candidate.backwardWidth)
      candidate.applyTransposed(outer, stride: candidate.width, rows: m.rows, into: product)
      for row in 0..<m.rows where m.isReal(row, step) {
        let (reset, h, dReset) = (gate(1, m.gates(step, row)), m.used(step).slice(row * units, units), gate(1, m.z(step, row)))
        for unit in 0..<units {
          let inward = product[row * candidate.backwardWidth + unit]
          dReset[unit] = inward * h[unit]
          dhBefore[row * units + unit] += inward * reset[unit]
        }
        slope(it.recurrentActivation, dReset, sums: gate(1, m.sums(step, row)), out: reset)
        gate(1, products.slice(row * width, m.width)).copy(from: dReset)
      }
    }
    let back = m.scratch[0].slice(0, m.rows * recurrent.backwardWidth)
    recurrent.applyTransposed(products, stride: width, rows: m.rows, into: back)
    dhBefore.addRows(m.rows, count: units, stride: units, from: back, stride: recurrent.backwardWidth)
  }

  override func addGradients(_ m: OptionMemory, to gradients: [Floats?], scratch: Floats) {
    let rows = m.rows * m.steps
    addInputGradients(m, to: gradients, scratch: scratch)
    let second = bias(gradients, row: 1)
    recurrent.addGradient(
      x: m.allUsed, stride: m.size, dz: m.kept[0], stride: recurrent.width, rows: rows, to: gradients[1], bias: second, scratch: scratch)
    candidate?.addGradient(
      x: m.kept[1], stride: it.units, dz: m.kept[2], stride: candidate?.width ?? 0, rows: rows, to: gradients[1], bias: second, scratch: scratch)
  }
}
