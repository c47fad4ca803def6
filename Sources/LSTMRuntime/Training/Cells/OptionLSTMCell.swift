import LSTMModel

/// An LSTM with any of ``CellOptions`` in training; the equations are there.
final class OptionLSTMCell: OptionCell, @unchecked Sendable {
  private let recurrent: TrainedMatrix
  /// `[H, P]`.
  private let projection: TrainedMatrix?
  private let projectionPlace: Int
  /// Place of `peephole_kernel [3, H]` among the weights.
  private let peepholes: Int?
  private let kernelScale: TrainedScale?
  private let recurrentScale: TrainedScale?
  private let gateScale: TrainedScale?
  private let stateScale: TrainedScale?

  init(_ it: Recurrent, inputSize: Int, names: [String], kernels: KernelTable) throws(LSTMError) {
    func scale(_ name: String) -> TrainedScale? {
      guard let gamma = names.firstIndex(of: name + "_gamma"), let beta = names.firstIndex(of: name + "_beta") else { return nil }
      return TrainedScale(gamma: gamma, beta: beta, epsilon: it.options.epsilon)
    }
    recurrent = try TrainedMatrix(count: it.outputSize, columns: 4 * it.units, kernels: kernels)
    projection = try it.options.projection.map { (size) throws(LSTMError) in try TrainedMatrix(count: it.units, columns: size, kernels: kernels) }
    projectionPlace = names.firstIndex(of: "projection_kernel") ?? 0
    peepholes = names.firstIndex(of: "peephole_kernel")
    (kernelScale, recurrentScale) = (scale("kernel"), scale("recurrent"))
    (gateScale, stateScale) = (scale("gates"), scale("state"))
    try super.init(it, inputSize: inputSize, kernels: kernels)
  }

  private var output: Activation { it.options.outputActivation ?? it.activation }

  /// h · R, then its gradient; the sums before normalisation; c′ before and after normalisation; its function; o times that; dh for the projection.
  override func keptSizes(_ all: Int) -> [Int] {
    let cells = all * it.units
    return [
      all * recurrent.width, gateScale == nil ? 0 : 4 * cells, stateScale == nil ? 0 : cells, cells, cells, cells, all * (projection?.width ?? 0),
    ]
  }

  override func scratchSizes(_ rows: Int) -> [Int] {
    [rows * max(recurrent.backwardWidth, projection?.backwardWidth ?? 0, projection?.width ?? 0), rows * it.units, 4 * it.units, it.units, it.units]
  }

  override var gradientScratch: Int { max(input.gradientScratch, recurrent.gradientScratch, projection?.gradientScratch ?? 0) }

  override func refresh(_ weights: [Floats]) {
    super.refresh(weights)
    recurrent.refresh(weights[1], bias: bias(weights, row: 1))
    projection?.refresh(weights[projectionPlace], bias: nil)
  }

  /// The bias of normalised products comes after them.
  override var addsBiasFirst: Bool { kernelScale == nil }

  private func part(_ m: OptionMemory, _ index: Int, _ step: Int, _ row: Int, _ width: Int) -> Floats {
    m.kept[index].slice((step * m.rows + row) * width, width)
  }

  /// p of a gate: 0 is i, 1 f, 2 o.
  private func peephole(_ parts: [Floats?], _ index: Int) -> Floats? {
    peepholes.flatMap { parts[$0] }?.slice(index * it.units, it.units)
  }

  override func forward(_ m: OptionMemory, _ step: Int) {
    let (units, width) = (it.units, recurrent.width)
    recurrent.apply(m.used(step), stride: m.size, rows: m.rows, into: m.kept[0].slice(step * m.rows * width, m.rows * width), stride: width)
    for row in 0..<m.rows {
      join(m, step, row)
      advance(m, step, row)
    }
    guard let projection else {
      return m.h(step + 1).copy(from: m.kept[5].slice(step * m.rows * units, m.rows * units))
    }
    let product = m.scratch[0].slice(0, m.rows * projection.width)
    projection.apply(m.kept[5].slice(step * m.rows * units, m.rows * units), stride: units, rows: m.rows, into: product, stride: projection.width)
    m.h(step + 1).copyRows(m.rows, count: m.size, stride: m.size, from: product, stride: projection.width)
  }

  /// The gates' sums of both products.
  private func join(_ m: OptionMemory, _ step: Int, _ row: Int) {
    let (sums, product) = (m.sums(step, row), part(m, 0, step, row, recurrent.width).slice(0, m.width))
    guard let kernelScale, let recurrentScale else {
      sums.copy(from: m.z(step, row))
      sums.add(product)
      guard let gateScale else { return }
      part(m, 1, step, row, m.width).copy(from: sums)
      for index in 0..<4 { gateScale.normalize(gate(index, sums), into: gate(index, sums), weights, part: index) }
      return
    }
    recurrentScale.normalize(product, into: sums, weights, part: 0)
    kernelScale.normalize(m.z(step, row), into: m.scratch[2], weights, part: 0)
    sums.add(m.scratch[2])
    if let bias = bias(weights, row: 0) { sums.add(bias) }
  }

  private func advance(_ m: OptionMemory, _ step: Int, _ row: Int) {
    let units = it.units
    let (sums, gates) = (m.sums(step, row), m.gates(step, row))
    let (i, f, g, o) = (gate(0, gates), gate(1, gates), gate(2, gates), gate(3, gates))
    let (c, cNew) = (m.c(step).slice(row * units, units), m.c(step + 1).slice(row * units, units))
    for index in 0..<2 {
      if let p = peephole(weights, index) { for unit in 0..<units { gate(index, sums)[unit] += p[unit] * c[unit] } }
    }
    activate(it.recurrentActivation, gate(0, sums), into: i)
    if it.options.couplesForget {
      for unit in 0..<units { f[unit] = 1 - i[unit] }
    } else {
      activate(it.recurrentActivation, gate(1, sums), into: f)
    }
    activate(it.activation, gate(2, sums), into: g)
    for unit in 0..<units { cNew[unit] = f[unit] * c[unit] + i[unit] * g[unit] }
    if let stateScale {
      part(m, 2, step, row, units).copy(from: cNew)
      stateScale.normalize(cNew, into: cNew, weights, part: 0)
    }
    // The state itself may be changed by zoneout afterwards.
    part(m, 3, step, row, units).copy(from: cNew)
    if let p = peephole(weights, 2) { for unit in 0..<units { gate(3, sums)[unit] += p[unit] * cNew[unit] } }
    activate(it.recurrentActivation, gate(3, sums), into: o)
    let (t, hidden) = (part(m, 4, step, row, units), part(m, 5, step, row, units))
    t.copy(from: cNew)
    kernels.apply(output, to: t, width: units)
    for unit in 0..<units { hidden[unit] = o[unit] * t[unit] }
  }

  override func backward(_ m: OptionMemory, _ step: Int, dh: Floats, dc: Floats, dhBefore: Floats, _ gradients: [Floats?]) {
    let (units, width) = (it.units, recurrent.width)
    let dHidden = m.scratch[1]
    if let projection {
      let own = m.kept[6].slice(step * m.rows * projection.width, m.rows * projection.width)
      own.fill(0)
      for row in 0..<m.rows where m.isReal(row, step) {
        own.slice(row * projection.width, m.size).copy(from: dh.slice(row * m.size, m.size))
      }
      let product = m.scratch[0].slice(0, m.rows * projection.backwardWidth)
      projection.applyTransposed(own, stride: projection.width, rows: m.rows, into: product)
      dHidden.copyRows(m.rows, count: units, stride: units, from: product, stride: projection.backwardWidth)
    } else {
      dHidden.copy(from: dh)
    }
    for row in 0..<m.rows {
      let product = part(m, 0, step, row, width)
      guard m.isReal(row, step) else {
        m.z(step).slice(row * m.zWidth, m.zWidth).fill(0)
        product.fill(0)
        continue
      }
      let d = m.sums(step, row)
      let clipped = m.scratch[2]
      clipped.copy(from: d)
      backwardRow(m, step, row, sums: clipped, d: d, dHidden: dHidden.slice(row * units, units), dc: dc.slice(row * units, units), gradients)
      split(m, step, row, d, product.slice(0, m.width), gradients)
    }
    let back = m.scratch[0].slice(0, m.rows * recurrent.backwardWidth)
    recurrent.applyTransposed(m.kept[0].slice(step * m.rows * width, m.rows * width), stride: width, rows: m.rows, into: back)
    dhBefore.copyRows(m.rows, count: m.size, stride: m.size, from: back, stride: recurrent.backwardWidth)
  }

  /// From the gradients of `o ⊙ tanh(c′)` and of c′ to those of the sums, into `d`, and of c, in place.
  private func backwardRow(
    _ m: OptionMemory, _ step: Int, _ row: Int, sums: Floats, d: Floats, dHidden: Floats, dc: Floats, _ gradients: [Floats?]
  ) {
    let units = it.units
    let gates = m.gates(step, row)
    let (i, f, g, o) = (gate(0, gates), gate(1, gates), gate(2, gates), gate(3, gates))
    let (di, df, dg, do_) = (gate(0, d), gate(1, d), gate(2, d), gate(3, d))
    let c = m.c(step).slice(row * units, units)
    let (cNew, t) = (part(m, 3, step, row, units), part(m, 4, step, row, units))
    let dt = m.scratch[3]
    for unit in 0..<units {
      do_[unit] = dHidden[unit] * t[unit]
      dt[unit] = dHidden[unit] * o[unit]
    }
    kernels.backward(output, before: cNew, after: t, gradient: dt, width: units)
    dc.add(dt)
    slope(it.recurrentActivation, do_, sums: gate(3, sums), out: o)
    addPeephole(2, do_, state: cNew, dState: dc, gradients)
    stateScale?.backward(part(m, 2, step, row, units), dc, weights, gradients, part: 0)
    for unit in 0..<units {
      di[unit] = dc[unit] * g[unit] - (it.options.couplesForget ? dc[unit] * c[unit] : 0)
      df[unit] = it.options.couplesForget ? 0 : dc[unit] * c[unit]
      dg[unit] = dc[unit] * i[unit]
      dc[unit] *= f[unit]
    }
    slope(it.recurrentActivation, di, sums: gate(0, sums), out: i)
    if !it.options.couplesForget { slope(it.recurrentActivation, df, sums: gate(1, sums), out: f) }
    slope(it.activation, dg, sums: gate(2, sums), out: g)
    addPeephole(0, di, state: c, dState: dc, gradients)
    addPeephole(1, df, state: c, dState: dc, gradients)
  }

  private func addPeephole(_ index: Int, _ d: Floats, state: Floats, dState: Floats, _ gradients: [Floats?]) {
    guard let p = peephole(weights, index) else { return }
    let dp = peephole(gradients, index)
    for unit in 0..<it.units {
      dState[unit] += p[unit] * d[unit]
      if let dp { dp[unit] += d[unit] * state[unit] }
    }
  }

  /// The gradient of the sums as that of both products.
  private func split(_ m: OptionMemory, _ step: Int, _ row: Int, _ d: Floats, _ product: Floats, _ gradients: [Floats?]) {
    let z = m.z(step, row)
    if let kernelScale, let recurrentScale {
      bias(gradients, row: 0)?.add(d)
      let other = m.scratch[2]
      other.copy(from: d)
      kernelScale.backward(z, other, weights, gradients, part: 0)
      z.copy(from: other)
      other.copy(from: d)
      recurrentScale.backward(product, other, weights, gradients, part: 0)
      product.copy(from: other)
      return
    }
    if let gateScale {
      for index in 0..<4 { gateScale.backward(gate(index, part(m, 1, step, row, m.width)), gate(index, d), weights, gradients, part: index) }
    }
    z.copy(from: d)
    product.copy(from: d)
  }

  override func addGradients(_ m: OptionMemory, to gradients: [Floats?], scratch: Floats) {
    let rows = m.rows * m.steps
    let own = kernelScale == nil ? bias(gradients, row: 0) : nil
    input.addGradient(
      x: m.x, stride: input.count, dz: m.z, stride: m.zWidth, rows: rows, to: gradients[0], bias: own, scratch: scratch)
    recurrent.addGradient(
      x: m.allUsed, stride: m.size, dz: m.kept[0], stride: recurrent.width, rows: rows, to: gradients[1], bias: bias(gradients, row: 1),
      scratch: scratch)
    guard let projection else { return }
    projection.addGradient(
      x: m.kept[5], stride: it.units, dz: m.kept[6], stride: projection.width, rows: rows, to: gradients[projectionPlace], bias: nil,
      scratch: scratch)
  }
}

/// Layer normalisation inside a cell in training: `gamma ⊙ (x − mean) / √(variance + epsilon) + beta`.
struct TrainedScale {
  /// Places of gamma and beta among the weights.
  let gamma: Int
  let beta: Int
  let epsilon: Double

  private func statistics(_ x: Floats) -> (mean: Scalar, factor: Scalar) {
    let count = Scalar(x.count)
    var mean: Scalar = 0
    for index in 0..<x.count { mean += x[index] }
    mean /= count
    var variance: Scalar = 0
    for index in 0..<x.count { variance += (x[index] - mean) * (x[index] - mean) }
    return (mean, 1 / (variance / count + Scalar(epsilon)).squareRoot())
  }

  /// Normalises x, with the part of gamma and beta that begins at `part` times its length.
  func normalize(_ x: Floats, into out: Floats, _ weights: [Floats], part: Int) {
    let (mean, factor) = statistics(x)
    let (scale, shift) = (weights[gamma].slice(part * x.count, x.count), weights[beta].slice(part * x.count, x.count))
    for index in 0..<x.count { out[index] = (x[index] - mean) * factor * scale[index] + shift[index] }
  }

  /// Turns the gradient of the result into that of x, in place, and adds those of gamma and beta.
  func backward(_ x: Floats, _ d: Floats, _ weights: [Floats], _ gradients: [Floats?], part: Int) {
    let (mean, factor) = statistics(x)
    let scale = weights[gamma].slice(part * x.count, x.count)
    let (dScale, dShift) = (gradients[gamma]?.slice(part * x.count, x.count), gradients[beta]?.slice(part * x.count, x.count))
    var (sum, product): (Scalar, Scalar) = (0, 0)
    for index in 0..<x.count {
      let normal = (x[index] - mean) * factor
      if let dScale { dScale[index] += d[index] * normal }
      if let dShift { dShift[index] += d[index] }
      d[index] *= scale[index]
      sum += d[index]
      product += d[index] * normal
    }
    let count = Scalar(x.count)
    for index in 0..<x.count { d[index] = factor * (d[index] - sum / count - (x[index] - mean) * factor * product / count) }
  }
}
