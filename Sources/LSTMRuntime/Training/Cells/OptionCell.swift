import LSTMModel

/// What a recurrent layer with options keeps of a block's forward pass: rows within steps, steps in processing order, nothing padded but z.
struct OptionMemory {
  let rows: Int
  let steps: Int
  /// Numbers of h.
  let size: Int
  /// Numbers of c; 0 for cells without one.
  let units: Int
  /// Gates times H.
  let width: Int
  /// Numbers from row to row of z.
  let zWidth: Int
  /// The inputs as the cell saw them, `[steps, rows, I]`.
  let x: Floats
  /// `x · W + b`; on the way back its gradient, zeros in the padding.
  let z: Floats
  /// The states, `[steps + 1, rows, …]`.
  let h: Floats
  let c: Floats
  /// h after recurrent dropout; empty without.
  let usedH: Floats
  /// What the gates' functions get, `[steps, rows, width]`, and what they give.
  let sums: Floats
  let gates: Floats
  /// The cell's own.
  let kept: [Floats]
  let scratch: [Floats]
  let goBackwards: Bool
  let mask: Tensor?

  func h(_ step: Int) -> Floats { h.slice(step * rows * size, rows * size) }
  func c(_ step: Int) -> Floats { c.slice(step * rows * units, rows * units) }
  func used(_ step: Int) -> Floats { usedH.count == 0 ? h(step) : usedH.slice(step * rows * size, rows * size) }
  /// The same for all steps.
  var allUsed: Floats { usedH.count == 0 ? h.slice(0, steps * rows * size) : usedH }
  func z(_ step: Int) -> Floats { z.slice(step * rows * zWidth, rows * zWidth) }
  /// A part of a row of z.
  func z(_ step: Int, _ row: Int) -> Floats { z.slice((step * rows + row) * zWidth, width) }
  func sums(_ step: Int, _ row: Int) -> Floats { sums.slice((step * rows + row) * width, width) }
  func gates(_ step: Int, _ row: Int) -> Floats { gates.slice((step * rows + row) * width, width) }

  /// Where a step lies in the input.
  func time(_ step: Int) -> Int { goBackwards ? steps - 1 - step : step }

  /// Whether a row's step is real.
  func isReal(_ row: Int, _ step: Int) -> Bool { mask.map { $0.values[row * steps + time(step)] != 0 } ?? true }
}

/// One step of a recurrent layer with options in training, and its gradient.
class OptionCell: @unchecked Sendable {  // as TrainingLayer
  let it: Recurrent
  let input: TrainedMatrix
  let kernels: KernelTable
  /// The weights in the order of the operation's specs.
  private(set) var weights: [Floats] = []

  init(_ it: Recurrent, inputSize: Int, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.kernels = kernels
    input = try TrainedMatrix(count: inputSize, columns: it.gates * it.units, kernels: kernels)
  }

  /// Whether the bias is part of the input's product.
  var addsBiasFirst: Bool { true }
  /// Numbers that a step keeps, for so many rows in all steps.
  func keptSizes(_ all: Int) -> [Int] { [] }
  /// Numbers of scratch for the rows of a step.
  func scratchSizes(_ rows: Int) -> [Int] { [] }
  /// Numbers of scratch for the weights' gradients.
  var gradientScratch: Int { input.gradientScratch }

  func refresh(_ weights: [Floats]) {
    self.weights = weights
    input.refresh(weights[0], bias: addsBiasFirst ? bias(weights, row: 0) : nil)
  }

  /// The bias, or its gradient: `row` 0 is the input's, 1 the recurrent product's if it has one.
  func bias(_ parts: [Floats?], row: Int) -> Floats? {
    guard it.useBias, let bias = parts[2] else { return nil }
    let width = it.gates * it.units
    return row * width < bias.count ? bias.slice(row * width, width) : nil
  }

  /// Advances all rows: reads `m.z(step)`, `m.used(step)`, `m.c(step)`, writes the states of step + 1 as they are without masks and zoneout.
  func forward(_ m: OptionMemory, _ step: Int) {}

  /// Turns `m.z(step)` into its gradient (zeros for masked rows) and passes the states' gradients on: dh becomes dhBefore by way of the
  /// products alone, dc is changed in place. Rows that are masked keep dc. Adds the gradients of weights that no product has.
  func backward(_ m: OptionMemory, _ step: Int, dh: Floats, dc: Floats, dhBefore: Floats, _ gradients: [Floats?]) {}

  /// Adds the gradients of the products' weights over all steps.
  func addGradients(_ m: OptionMemory, to gradients: [Floats?], scratch: Floats) {}

  /// The input's product.
  final func addInputGradients(_ m: OptionMemory, to gradients: [Floats?], scratch: Floats) {
    input.addGradient(
      x: m.x, stride: input.count, dz: m.z, stride: m.zWidth, rows: m.rows * m.steps, to: gradients[0], bias: bias(gradients, row: 0),
      scratch: scratch)
  }

  /// One gate of a row.
  final func gate(_ index: Int, _ row: Floats) -> Floats { row.slice(index * it.units, it.units) }

  /// A gate's function: limits the sums in place, and puts the results into `out`.
  final func activate(_ function: Activation, _ sums: Floats, into out: Floats) {
    sums.limit(to: it.options.clip)
    out.copy(from: sums)
    kernels.apply(function, to: out, width: it.units)
  }

  /// Multiplies a gradient by the derivative of that function; a sum that was limited has none.
  final func slope(_ function: Activation, _ gradient: Floats, sums: Floats, out: Floats) {
    kernels.backward(function, before: sums, after: out, gradient: gradient, width: it.units)
    guard let limit = it.options.clip.map({ Scalar($0) }) else { return }
    for unit in 0..<gradient.count where sums[unit].magnitude >= limit { gradient[unit] = 0 }
  }
}

/// `h′ = activation(clip(x·W + h·R + b))`.
final class OptionSimpleCell: OptionCell, @unchecked Sendable {
  private let recurrent: TrainedMatrix

  override init(_ it: Recurrent, inputSize: Int, kernels: KernelTable) throws(LSTMError) {
    recurrent = try TrainedMatrix(count: it.units, columns: it.units, kernels: kernels)
    try super.init(it, inputSize: inputSize, kernels: kernels)
  }

  override func scratchSizes(_ rows: Int) -> [Int] { [rows * max(recurrent.width, recurrent.backwardWidth)] }
  override var gradientScratch: Int { max(input.gradientScratch, recurrent.gradientScratch) }

  override func refresh(_ weights: [Floats]) {
    super.refresh(weights)
    recurrent.refresh(weights[1], bias: bias(weights, row: 1))
  }

  override func forward(_ m: OptionMemory, _ step: Int) {
    let width = recurrent.width
    let product = m.scratch[0].slice(0, m.rows * width)
    recurrent.apply(m.used(step), stride: m.size, rows: m.rows, into: product, stride: width)
    for row in 0..<m.rows {
      let (sums, out) = (m.sums(step, row), m.gates(step, row))
      sums.copy(from: m.z(step, row))
      sums.add(product.slice(row * width, m.width))
      activate(it.activation, sums, into: out)
      m.h(step + 1).slice(row * m.size, m.size).copy(from: out)
    }
  }

  override func backward(_ m: OptionMemory, _ step: Int, dh: Floats, dc: Floats, dhBefore: Floats, _ gradients: [Floats?]) {
    m.z(step).fill(0)
    for row in 0..<m.rows where m.isReal(row, step) {
      let d = m.z(step, row)
      d.copy(from: dh.slice(row * m.size, m.size))
      slope(it.activation, d, sums: m.sums(step, row), out: m.gates(step, row))
    }
    let product = m.scratch[0].slice(0, m.rows * recurrent.backwardWidth)
    recurrent.applyTransposed(m.z(step), stride: m.zWidth, rows: m.rows, into: product)
    dhBefore.copyRows(m.rows, count: m.size, stride: m.size, from: product, stride: recurrent.backwardWidth)
  }

  override func addGradients(_ m: OptionMemory, to gradients: [Floats?], scratch: Floats) {
    addInputGradients(m, to: gradients, scratch: scratch)
    recurrent.addGradient(
      x: m.allUsed, stride: m.size, dz: m.z, stride: m.zWidth, rows: m.rows * m.steps, to: gradients[1], bias: bias(gradients, row: 1),
      scratch: scratch)
  }
}
