import LSTMCaller
import LSTMModel

/// What a recurrent layer keeps of a block's forward pass, step by step: row after row within a step, steps in processing order.
struct RecurrentMemory {
  let rows: Int
  let steps: Int
  /// Numbers from row to row of a state.
  let stride: Int
  let zWidth: Int
  let extraWidth: Int
  /// The inputs as the cell saw them, `[steps, rows, I]`.
  let x: Floats
  /// Sums, then activated gates, then what reaches the sums backwards, `[steps, rows, zWidth]`.
  let z: Floats
  /// The states, `[steps + 1, rows, stride]`; c is empty for cells without one.
  let h: Floats
  let c: Floats
  /// What the cell keeps besides.
  let extra: Floats
  /// The sums, for functions whose derivative needs them; empty otherwise.
  let before: Floats
  /// h after recurrent dropout, `[steps, rows, stride]`; empty without dropout.
  let used: Floats
  /// In bf16 the cell's room for rounded numbers.
  let low: Floats

  func z(_ step: Int) -> Floats { z.slice(step * rows * zWidth, rows * zWidth) }
  func h(_ step: Int) -> Floats { h.slice(step * rows * stride, rows * stride) }
  func c(_ step: Int) -> Floats { c.slice(step * rows * stride, rows * stride) }
  func extra(_ step: Int) -> Floats { extra.slice(step * rows * extraWidth, rows * extraWidth) }
  func before(_ step: Int) -> Floats { before.slice(step * rows * zWidth, rows * zWidth) }

  /// The state that a step's products read.
  func used(_ step: Int) -> Floats { used.count == 0 ? h(step) : used.slice(step * rows * stride, rows * stride) }

  /// The same for all steps.
  var allUsed: Floats { used.count == 0 ? h.slice(0, steps * rows * stride) : used }
}

/// What flows backwards through a step.
struct CellGradients {
  /// dL/dh after the step, rows ``TrainedCell/dhStride`` apart.
  var dh: Floats
  /// Receives dL/dh before the step, by way of the cell alone.
  var dhBefore: Floats
  /// dL/dc, in place: after the step, then before it; empty for cells without c.
  var dc: Floats
  /// At least ``TrainedCell/scratchWidth`` numbers for each row.
  var scratch: Floats
}

/// One step of a recurrent layer in training and its gradient. Each gate has its units side by side, padded to whole vectors.
class TrainedCell: @unchecked Sendable {  // as TrainingLayer
  let it: Recurrent
  let stride: Int
  let input: TrainedMatrix
  let kernels: KernelTable
  let training: TrainingKernels
  /// Whether the sums must be kept.
  let keepsSums: Bool

  init(_ it: Recurrent, inputSize: Int, panels: Int?, form: WeightForm, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.kernels = kernels
    training = TrainingKernels(kernels)
    stride = (it.units + kernels.lanes - 1) / kernels.lanes * kernels.lanes
    input = try TrainedMatrix(
      count: inputSize, columns: it.gates * it.units, order: Cell.gateMajor(units: it.units, gates: 0..<it.gates, lanes: kernels.lanes),
      panels: panels, form: form, kernels: kernels)
    keepsSums = it.activation.slopeNeedsArgument || (it.cell != .simple && it.recurrentActivation.slopeNeedsArgument)
  }

  var zWidth: Int { input.width }
  /// Numbers that a step keeps for a row besides gates and states.
  var extraWidth: Int { 0 }
  /// Numbers of scratch for a row.
  var scratchWidth: Int { stride }
  /// Numbers from row to row of dh.
  var dhStride: Int { stride }
  /// Numbers of scratch for the weights' gradients.
  var gradientScratch: Int { input.gradientScratch }
  /// Numbers of scratch for products of so many rows in bf16.
  func lowScratch(rows: Int) -> Int { input.lowScratch(rows: rows) }

  func refresh(_ weights: [Floats]) {}

  /// The bias, or its gradient, of the input's product or (`second`) of the recurrent one; nil if it has none of its own.
  func bias(_ parts: [Floats?], second: Bool) -> Floats? {
    guard it.useBias, let bias = parts[2] else { return nil }
    guard it.options.separateBiases else { return second ? nil : bias }
    let width = it.gates * it.units
    return bias.slice(second ? width : 0, width)
  }

  /// Advances all rows: reads `m.z(step)`, `m.used(step)`, `m.c(step)`, writes the states of step + 1.
  func forward(_ m: RecurrentMemory, _ step: Int, scratch: Floats) {}

  /// Turns `m.z(step)` into the gradient of its sums, and passes the states' gradients on.
  func backward(_ m: RecurrentMemory, _ step: Int, _ gradients: CellGradients) {}

  /// Forgets the gradients of a masked row at a step.
  func clear(_ m: RecurrentMemory, _ step: Int, row: Int) { m.z(step).slice(row * zWidth, zWidth).fill(0) }

  /// Adds the weights' gradients over all steps.
  func addGradients(_ m: RecurrentMemory, to gradients: [Floats?], scratch: Floats) {}

  /// One gate of a row.
  func gate(_ index: Int, _ row: Floats) -> Floats { row.slice(index * stride, it.units) }

  /// Multiplies a gradient by a function's derivative, for one gate of one row.
  func backward(_ activation: Activation, _ gradient: Floats, after: Floats, m: RecurrentMemory, step: Int, row: Int, gate index: Int) {
    let before = keepsSums ? gate(index, m.before(step).slice(row * zWidth, zWidth)) : nil
    kernels.backward(activation, before: before, after: after, gradient: gradient, width: it.units)
  }
}
