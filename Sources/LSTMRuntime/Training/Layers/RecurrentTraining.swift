import LSTMCaller
import LSTMModel

/// A recurrent layer in training: forward over the steps keeping what the way back needs, then back through time.
final class RecurrentTraining: TrainingLayer, @unchecked Sendable {
  private let it: Recurrent
  private let cell: TrainedCell
  private let inputSize: Int
  /// Rows of a product at once: so many sums that the packed weights are read often enough to stay in the nearest cache.
  private static let productRows = 256

  init(_ it: Recurrent, inputSize: Int, form: WeightForm, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.inputSize = inputSize
    switch it.cell {
    case .lstm: cell = try TrainedLSTMCell(it, inputSize: inputSize, form: form, kernels: kernels)
    case .gru(let resetAfter): cell = try TrainedGRUCell(it, resetAfter: resetAfter, inputSize: inputSize, form: form, kernels: kernels)
    case .simple: cell = try TrainedSimpleCell(it, inputSize: inputSize, kernels: kernels)
    }
  }

  private var hasCellState: Bool { it.stateCount > 1 }

  override func refresh(_ weights: [Floats]) { cell.refresh(weights) }

  override func stateParts(_ inputs: [[Int]]) -> [StatePart] {
    it.stateful ? it.stateNames.map { StatePart(name: $0, count: it.units, stride: cell.stride) } : []
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let (rows, steps) = (inputs[0][0], inputs[0][1])
    let all = steps * rows
    let states = (steps + 1) * rows * cell.stride
    let products = max(rows, min(all, RecurrentTraining.productRows + rows))
    return TrainingSizes(
      kept: [
        all * inputSize, all * cell.zWidth, states, hasCellState ? states : 0, all * cell.extraWidth, cell.keepsSums ? all * cell.zWidth : 0,
        it.recurrentDropout > 0 ? all * cell.stride : 0, it.dropout > 0 ? rows * inputSize : 0, it.recurrentDropout > 0 ? rows * cell.stride : 0,
      ],
      scratch: [
        // dh and dh before, dc and a copy, the output's gradient that waits for a real step, the last real output
        rows * cell.dhStride, rows * cell.dhStride, hasCellState ? rows * cell.stride : 0, hasCellState ? rows * cell.stride : 0,
        rows * cell.stride, rows * cell.stride, rows * cell.scratchWidth, cell.gradientScratch, products * cell.input.backwardWidth,
        cell.lowScratch(rows: max(all, rows)),
      ])
  }

  private func memory(_ call: TrainingCall, dropsState: Bool) -> RecurrentMemory {
    let shape = call.inputs[0].shape
    let kept = call.kept
    return RecurrentMemory(
      rows: shape[0], steps: shape[1], stride: cell.stride, zWidth: cell.zWidth, extraWidth: cell.extraWidth, x: kept[0], z: kept[1], h: kept[2],
      c: kept[3], extra: kept[4], before: kept[5], used: dropsState ? kept[6] : kept[6].slice(0, 0), low: call.scratch[9])
  }

  private func dropsInput(_ call: TrainingCall) -> Bool { call.mode == .training && it.dropout > 0 }

  private func dropsState(_ call: TrainingCall) -> Bool { call.mode == .training && it.recurrentDropout > 0 }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let m = memory(call, dropsState: dropsState(call))
    let (rows, stride) = (m.rows, m.stride)
    gather(call, m)
    begin(call, m)
    let previous = call.scratch[5]
    previous.fill(0)
    let all = m.steps * rows
    if all > 0 { cell.input.apply(m.x, stride: inputSize, rows: all, into: m.z, stride: m.zWidth, low: m.low) }
    let factors = call.kept[8]
    for step in 0..<m.steps {
      if m.used.count > 0 {
        let from = m.h(step)
        let to = m.used(step)
        for index in 0..<to.count { to[index] = from[index] * factors[index] }
      }
      cell.forward(m, step, scratch: call.scratch[6])
      let h = m.h(step + 1)
      if let mask = call.masks[0] {
        for row in 0..<rows {
          let place = row * stride
          if isReal(mask, row, step, m.steps) {
            previous.slice(place, stride).copy(from: h.slice(place, stride))
            continue
          }
          h.slice(place, stride).copy(from: m.h(step).slice(place, stride))
          if hasCellState { m.c(step + 1).slice(place, stride).copy(from: m.c(step).slice(place, stride)) }
          if it.zeroOutputForMask { previous.slice(place, stride).fill(0) }
        }
      }
      if it.returnSequences {
        let out = call.outputs[0].values
        out.slice(step * it.units, out.count - step * it.units)
          .copyRows(rows, count: it.units, stride: m.steps * it.units, from: call.masks[0] == nil ? h : previous, stride: stride)
      }
    }
    let last = m.h(m.steps)
    if !it.returnSequences {
      call.outputs[0].values.copyRows(
        rows, count: it.units, stride: it.units, from: call.masks[0] == nil ? last : previous, stride: stride)
    }
    if it.returnState {
      call.outputs[1].values.copyRows(rows, count: it.units, stride: it.units, from: last, stride: stride)
      if hasCellState { call.outputs[2].values.copyRows(rows, count: it.units, stride: it.units, from: m.c(m.steps), stride: stride) }
    }
  }

  /// Whether a row's step, in processing order, is real.
  private func isReal(_ mask: Tensor, _ row: Int, _ step: Int, _ steps: Int) -> Bool {
    mask.values[row * steps + (it.goBackwards ? steps - 1 - step : step)] != 0
  }

  /// Lays the inputs out step by step in processing order, with dropout.
  private func gather(_ call: TrainingCall, _ m: RecurrentMemory) {
    let x = call.inputs[0].values
    let factors = call.kept[7]
    let drops = dropsInput(call)
    if drops { DropoutFactors.fill(factors, rate: it.dropout, call.chance, rows: m.rows, count: inputSize, stride: inputSize) }
    if dropsState(call) {
      DropoutFactors.fill(call.kept[8], rate: it.recurrentDropout, call.chance.second, rows: m.rows, count: it.units, stride: m.stride)
    }
    for step in 0..<m.steps {
      let time = it.goBackwards ? m.steps - 1 - step : step
      for row in 0..<m.rows {
        let to = m.x.slice((step * m.rows + row) * inputSize, inputSize)
        to.copy(from: x.slice((row * m.steps + time) * inputSize, inputSize))
        guard drops else { continue }
        for index in 0..<inputSize { to[index] *= factors[row * inputSize + index] }
      }
    }
  }

  /// The states before the first step: given, kept or zero.
  private func begin(_ call: TrainingCall, _ m: RecurrentMemory) {
    m.h(0).fill(0)
    if hasCellState { m.c(0).fill(0) }
    if it.takesInitialState {
      m.h(0).copyRows(m.rows, count: it.units, stride: m.stride, from: call.inputs[1].values, stride: it.units)
      if hasCellState { m.c(0).copyRows(m.rows, count: it.units, stride: m.stride, from: call.inputs[2].values, stride: it.units) }
    } else if call.state.count == it.stateCount {
      m.h(0).copy(from: call.state[0])
      if hasCellState { m.c(0).copy(from: call.state[1]) }
    }
  }

  override func commit(_ call: TrainingCall) {
    guard call.state.count == it.stateCount else { return }
    let m = memory(call, dropsState: false)
    call.state[0].copy(from: m.h(m.steps))
    if hasCellState { call.state[1].copy(from: m.c(m.steps)) }
  }

  override func backward(_ call: TrainingCall) {
    let m = memory(call, dropsState: dropsState(call))
    let (rows, stride) = (m.rows, m.stride)
    var dh = call.scratch[0]
    var dhBefore = call.scratch[1]
    let dc = call.scratch[2]
    let waiting = call.scratch[4]
    for floats in [dh, dc, waiting] { floats.fill(0) }
    let last = call.masks[0] == nil ? dh : waiting
    let lastStride = call.masks[0] == nil ? cell.dhStride : stride
    if !it.returnSequences { last.addRows(rows, count: it.units, stride: lastStride, from: call.outputGradients[0], stride: it.units) }
    if it.returnState {
      dh.addRows(rows, count: it.units, stride: cell.dhStride, from: call.outputGradients[1], stride: it.units)
      if hasCellState { dc.addRows(rows, count: it.units, stride: stride, from: call.outputGradients[2], stride: it.units) }
    }
    for step in (0..<m.steps).reversed() {
      receive(call, m, step, dh: dh, waiting: waiting)
      if call.masks[0] != nil { call.scratch[3].copy(from: dc) }
      cell.backward(m, step, CellGradients(dh: dh, dhBefore: dhBefore, dc: dc, scratch: call.scratch[6]))
      if m.used.count > 0 {
        for row in 0..<rows {
          for unit in 0..<it.units { dhBefore[row * cell.dhStride + unit] *= call.kept[8][row * stride + unit] }
        }
      }
      if let mask = call.masks[0] {
        for row in 0..<rows where !isReal(mask, row, step, m.steps) {
          cell.clear(m, step, row: row)
          dhBefore.slice(row * cell.dhStride, cell.dhStride).copy(from: dh.slice(row * cell.dhStride, cell.dhStride))
          if hasCellState { dc.slice(row * stride, stride).copy(from: call.scratch[3].slice(row * stride, stride)) }
        }
      }
      swap(&dh, &dhBefore)
    }
    cell.addGradients(m, to: call.weightGradients, scratch: call.scratch[7])
    if it.takesInitialState {
      call.inputGradients[1]?.addRows(rows, count: it.units, stride: it.units, from: dh, stride: cell.dhStride)
      if hasCellState { call.inputGradients[2]?.addRows(rows, count: it.units, stride: it.units, from: dc, stride: stride) }
    }
    if let dx = call.inputGradients[0] { addInputGradient(dx, call, m) }
  }

  /// The step's output gradient: at once for a real step, later (that is, at the real step before) for a masked one, which repeated it.
  private func receive(_ call: TrainingCall, _ m: RecurrentMemory, _ step: Int, dh: Floats, waiting: Floats) {
    let units = it.units
    guard it.returnSequences || call.masks[0] != nil else { return }
    for row in 0..<m.rows {
      let own = waiting.slice(row * m.stride, units)
      let given = it.returnSequences ? call.outputGradients[0].slice((row * m.steps + step) * units, units) : nil
      let target = dh.slice(row * cell.dhStride, units)
      guard let mask = call.masks[0] else {
        if let given { target.add(given) }
        continue
      }
      if isReal(mask, row, step, m.steps) {
        if let given { target.add(given) }
        target.add(own)
        own.fill(0)
      } else if it.zeroOutputForMask {
        own.fill(0)
      } else if let given {
        own.add(given)
      }
    }
  }

  /// `dz · Wᵀ` for some steps at a time, back in the input's order.
  private func addInputGradient(_ dx: Floats, _ call: TrainingCall, _ m: RecurrentMemory) {
    guard m.rows > 0 else { return }
    let width = cell.input.backwardWidth
    let chunk = max(1, RecurrentTraining.productRows / m.rows)
    let product = call.scratch[8]
    let factors = call.kept[7]
    let drops = dropsInput(call)
    for first in Swift.stride(from: 0, to: m.steps, by: chunk) {
      let steps = min(chunk, m.steps - first)
      let dz = m.z.slice(first * m.rows * m.zWidth, steps * m.rows * m.zWidth)
      cell.input.applyTransposed(dz, stride: m.zWidth, rows: steps * m.rows, into: product, low: m.low)
      for step in 0..<steps {
        let time = it.goBackwards ? m.steps - 1 - first - step : first + step
        for row in 0..<m.rows {
          let from = product.slice((step * m.rows + row) * width, inputSize)
          if drops { for index in 0..<inputSize { from[index] *= factors[row * inputSize + index] } }
          dx.slice((row * m.steps + time) * inputSize, inputSize).add(from)
        }
      }
    }
  }
}
