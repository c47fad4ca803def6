import LSTMModel

/// An LSTM with any of ``CellOptions``.
final class ExtendedLSTMCell: Cell, @unchecked Sendable {
  private let it: Recurrent
  private let recurrent: PackedMatrix
  /// `[H, P]`.
  private let projection: PackedMatrix?
  /// p of i, f and o, one after the other.
  private let peepholes: [Scalar]?
  /// What the normalised products start from.
  private let bias: [Scalar]?
  private let kernelScale: LayerScale?
  private let recurrentScale: LayerScale?
  private let gateScale: LayerScale?
  private let stateScale: LayerScale?

  init(_ it: Recurrent, _ weights: RecurrentWeights, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    let options = it.options
    func scale(_ name: String) -> LayerScale {
      LayerScale(gamma: weights.option(name + "_gamma"), beta: weights.option(name + "_beta"), epsilon: Scalar(options.epsilon))
    }
    let products = options.normalization == .products
    recurrent = try Cell.pack(weights.recurrent, it.outputSize, it, gates: 0..<4, bias: nil, kernels)
    projection = try options.projection.map { (size) throws(LSTMError) in
      try PackedMatrix(weights.option("projection_kernel"), count: it.units, columns: size, bias: nil, lanes: kernels.lanes)
    }
    peepholes = options.peepholes ? weights.option("peephole_kernel") : nil
    bias = products ? weights.bias : nil
    kernelScale = products ? scale("kernel") : nil
    recurrentScale = products ? scale("recurrent") : nil
    gateScale = options.normalization == .gates ? scale("gates") : nil
    stateScale = options.normalization == nil ? nil : scale("state")
    super.init(
      units: it.units,
      input: try Cell.pack(weights.kernel, weights.inputSize, it, gates: 0..<4, bias: products ? nil : weights.bias, kernels), kernels: kernels,
      outputSize: it.outputSize, outputStride: projection?.width)
  }

  override var gateNames: [String] { PlainLSTMCell.names }
  override var hasCellState: Bool { true }
  override var packed: [PackedMatrix] { [input, recurrent] + [projection].compactMap { $0 } }
  override func scratch(rows: Int) -> Int { rows * (recurrent.width + stride) }
  override func place(gate: Int, unit: Int) -> Int { gate * stride + unit }

  override func step(_ s: CellStep) {
    let width = recurrent.width
    let sums = s.scratch.slice(0, s.rows * width)
    let hidden = s.scratch.slice(s.rows * width, s.rows * stride)
    let separately = kernelScale != nil
    kernels.project(
      s.h, stride: outputStride, rows: s.rows, recurrent, addend: separately ? nil : s.z, addendStride: separately ? 0 : s.zStride, into: sums,
      stride: width)
    for row in 0..<s.rows {
      let a = sums.slice(row * width, 4 * stride)
      if separately { joinProducts(a, s.z.slice(row * s.zStride, 4 * stride)) }
      if let gateScale { for gate in 0..<4 { gateScale.normalize(a, at: gate * stride, of: gate, units) } }
      advance(a, c: s.c.slice(row * stride, units), hidden: hidden.slice(row * stride, units))
      s.gates?.slice(row * s.zStride, 4 * stride).copy(from: a)
      if projection == nil { s.hNew.slice(row * outputStride, units).copy(from: hidden.slice(row * stride, units)) }
    }
    if let projection { kernels.project(hidden, stride: stride, rows: s.rows, projection, into: s.hNew, stride: outputStride) }
  }

  /// `a = LN(a) + LN(z) + bias`, each over all gates.
  private func joinProducts(_ a: Floats, _ z: Floats) {
    recurrentScale?.normalize(a, gates: 4, stride: stride, units)
    kernelScale?.normalize(z, gates: 4, stride: stride, units)
    for gate in 0..<4 {
      for unit in 0..<units {
        let place = gate * stride + unit
        a[place] = z[place] + a[place] + (bias?[gate * units + unit] ?? 0)
      }
    }
  }

  /// From the gates' sums to c′ and o ⊙ tanh(c′); the sums become the gates.
  private func advance(_ a: Floats, c: Floats, hidden: Floats) {
    let i = a.slice(0, units)
    let f = a.slice(stride, units)
    let g = a.slice(2 * stride, units)
    let o = a.slice(3 * stride, units)
    if let peepholes {
      for unit in 0..<units {
        i[unit] += peepholes[unit] * c[unit]
        f[unit] += peepholes[units + unit] * c[unit]
      }
    }
    activate(i, it.recurrentActivation)
    if it.options.couplesForget {
      for unit in 0..<units { f[unit] = 1 - i[unit] }
    } else {
      activate(f, it.recurrentActivation)
    }
    activate(g, it.activation)
    for unit in 0..<units { c[unit] = f[unit] * c[unit] + i[unit] * g[unit] }
    stateScale?.normalize(c, at: 0, of: 0, units)
    if let peepholes { for unit in 0..<units { o[unit] += peepholes[2 * units + unit] * c[unit] } }
    activate(o, it.recurrentActivation)
    hidden.copy(from: c)
    kernels.apply(it.options.outputActivation ?? it.activation, to: hidden, width: units)
    for unit in 0..<units { hidden[unit] = o[unit] * hidden[unit] }
  }

  private func activate(_ values: Floats, _ function: Activation) {
    values.limit(to: it.options.clip)
    kernels.apply(function, to: values, width: units)
  }
}

extension Floats {
  /// Limits each number to ±`limit`, if there is one.
  func limit(to limit: Double?) {
    guard let limit = limit.map({ Scalar($0) }) else { return }
    for index in 0..<count {
      let value = self[index]
      if value > limit { self[index] = limit } else if value < -limit { self[index] = -limit }
    }
  }
}

/// Layer normalisation inside a cell: `gamma ⊙ (x − mean) / √(variance + epsilon) + beta`.
struct LayerScale {
  let gamma: [Scalar]
  let beta: [Scalar]
  let epsilon: Scalar

  /// Normalises `count` numbers from `place` on, with the part of gamma and beta that belongs to gate `gate`.
  func normalize(_ values: Floats, at place: Int, of gate: Int, _ count: Int) {
    normalize(values.slice(place, count), gates: 1, stride: count, count, from: gate * count)
  }

  /// Normalises the numbers of several gates, `stride` apart, together.
  func normalize(_ values: Floats, gates: Int, stride: Int, _ units: Int, from first: Int = 0) {
    let count = Scalar(gates * units)
    var mean: Scalar = 0
    for gate in 0..<gates { for unit in 0..<units { mean += values[gate * stride + unit] } }
    mean /= count
    var variance: Scalar = 0
    for gate in 0..<gates {
      for unit in 0..<units {
        let difference = values[gate * stride + unit] - mean
        variance += difference * difference
      }
    }
    let factor = 1 / (variance / count + epsilon).squareRoot()
    for gate in 0..<gates {
      for unit in 0..<units {
        let weight = first + gate * units + unit
        values[gate * stride + unit] = (values[gate * stride + unit] - mean) * factor * gamma[weight] + beta[weight]
      }
    }
  }
}
