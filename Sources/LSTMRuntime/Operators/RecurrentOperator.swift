import LSTMCaller
import LSTMModel

/// Runs a cell over the steps of a sequence: input products first, then step by step, with masks, states and both directions.
final class RecurrentOperator: Operator, @unchecked Sendable {
  /// What the layer does.
  let it: Recurrent
  /// One step.
  let cell: Cell
  private let inputSize: Int
  private let isMasked: Bool
  /// The stored states that a sequence begins with, or none.
  private let initial: [[Scalar]]
  /// Numbers of z at once: 1 MiB of floats, which stays in a core's L2 cache.
  private static let zLimit = 1 << 18
  /// Numbers of weights that the caches of one core do not keep.
  private static let farNumbers = 1 << 20
  /// Blocks of units from which on several threads share a step: below, handing over costs more than half a step takes.
  static let sharedBlocks = 6

  init(_ it: Recurrent, _ weights: [Weight], inputSize: Int, isMasked: Bool, form: WeightForm, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.inputSize = inputSize
    self.isMasked = isMasked
    let numbers = try RecurrentWeights(it, weights, inputSize: inputSize)
    initial = numbers.initialStates(it)
    let usual = it.activation == .tanh && it.recurrentActivation == .sigmoid && it.options.keepsEquations
    #if !LSTM_FLOAT64
      if form != .full && usual && (it.cell == .lstm || it.cell == .gru(resetAfter: true)) {
        cell = try LowCell(it, numbers, form: form, kernels: kernels)
        return
      }
    #endif
    switch it.cell {
    case .lstm where !it.options.keepsEquations: cell = try ExtendedLSTMCell(it, numbers, kernels: kernels)
    case .lstm:
      cell = usual ? try FusedLSTMCell(it, numbers, kernels: kernels) : try PlainLSTMCell(it, numbers, kernels: kernels)
    case .gru(let resetAfter):
      if !usual {
        cell = try PlainGRUCell(it, resetAfter: resetAfter, numbers, kernels: kernels)
      } else {
        cell = resetAfter ? try FusedGRUCell(it, numbers, kernels: kernels) : try ResetGRUCell(it, numbers, kernels: kernels)
      }
    case .simple: cell = try SimpleCell(it, numbers, kernels: kernels)
    }
  }

  /// Steps whose z is computed at once: all if they fit the limit; else one if there are rows enough for a tile, or as many as fit.
  private func chunk(rows: Int, steps: Int) -> Int {
    let perStep = max(rows, 1) * cell.input.width
    if perStep * steps <= RecurrentOperator.zLimit { return max(steps, 1) }
    return rows >= 6 ? 1 : max(1, RecurrentOperator.zLimit / perStep)
  }

  override var packed: [PackedMatrix] { cell.packed }

  /// x is read number by number and the output written at any alignment; all else is scratch.
  override var takesAnyPlace: Bool { true }

  /// They can with cells that run by themselves; masked ones go step by step.
  override var sharesSteps: Bool { cell.runsWhole(rows: 2) && cell.sharesSteps && !isMasked }

  /// It is where the weights are so many that each thread would wait for all of them.
  override var prefersSharedSteps: Bool { sharesSteps && cell.packed.contains { $0.weights.count >= RecurrentOperator.farNumbers } }

  override func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] {
    let rows = inputs[0][0]
    let (output, state) = (rows * cell.outputStride, rows * cell.stride)
    // z, h, hNew, c, the c before a masked step, the output before a masked step, the cell's own, x quantised
    return [
      rows * chunk(rows: rows, steps: inputs[0][1]) * cell.input.width, output, output, cell.hasCellState ? state : 0,
      cell.hasCellState ? state : 0, output, cell.scratch(rows: rows),
      rows * chunk(rows: rows, steps: inputs[0][1]) * cell.input.quantizedStride,
    ]
  }

  override func stateParts(streaming: Bool, _ inputs: [[Int]]) -> [StatePart] {
    guard streaming || it.stateful else { return [] }
    // A live series also remembers its last output: a masked instant repeats it.
    var parts = [StatePart(name: "h", count: it.outputSize, stride: cell.outputStride, initial: initial.first)]
    if cell.hasCellState { parts.append(StatePart(name: "c", count: it.units, stride: cell.stride, initial: initial.last)) }
    if streaming && isMasked { parts.append(StatePart(name: "output", count: it.outputSize, stride: cell.outputStride)) }
    return parts
  }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let rows = x.shape[0]
    let steps = x.shape[1]
    let chunk = chunk(rows: rows, steps: steps)
    let z = call.scratch[0]
    let zWidth = cell.input.width
    var h = call.scratch[1]
    var hNew = call.scratch[2]
    let c = call.scratch[3]
    let previous = call.scratch[5]
    begin(call, h, c, previous, rows)
    if call.masks[0] == nil && call.trace == nil && cell.runsWhole(rows: rows) {
      runWhole(call, x, chunk, &h, &hNew, c)
      return finish(call, h, c, previous, rows)
    }
    for step in 0..<steps {
      let time = it.goBackwards ? steps - 1 - step : step
      let first = it.goBackwards ? max(0, steps - (step / chunk + 1) * chunk) : step / chunk * chunk
      if step % chunk == 0 { projectInputs(InputSteps(x: x, first: first, chunk: chunk, steps: steps, z: z, quantized: call.scratch[7])) }
      if call.masks[0] != nil || it.options.zoneoutC > 0 { call.scratch[4].copy(from: c) }
      let place = (time - first) * zWidth
      let zHere = z.slice(place, z.count - place)
      cell.step(
        CellStep(
          rows: rows, z: zHere, zStride: chunk * zWidth, h: h, hNew: hNew, c: c, gates: call.trace == nil ? nil : zHere,
          scratch: call.scratch[6]))
      hNew.keepMean(it.options.zoneoutH, of: h)
      c.keepMean(it.options.zoneoutC, of: call.scratch[4])
      if let mask = call.masks[0] { keepMasked(mask, time, rows, h: h, hNew: hNew, c: c, cBefore: call.scratch[4]) }
      let output = emit(call, time: time, step: step, rows: rows, hNew: hNew, previous: previous)
      if let trace = call.trace {
        record(trace, z: zHere, zStride: chunk * zWidth, c: c, output: output, time: time, steps: steps, rows: rows)
      }
      swap(&h, &hNew)
    }
    finish(call, h, c, previous, rows)
  }

  /// Without masks and traces the cell takes all steps of a chunk by itself, on several threads if there is a team and enough to do.
  private func runWhole(_ call: Call, _ x: Tensor, _ chunk: Int, _ h: inout Floats, _ hNew: inout Floats, _ c: Floats) {
    let rows = x.shape[0]
    let steps = x.shape[1]
    let zWidth = cell.input.width
    let team = cell.sharesSteps ? call.team : nil
    let task = call.task as? StepsTask ?? StepsTask(self)
    if call.task == nil { call.task = task }
    for step in stride(from: 0, to: steps, by: chunk) {
      let count = min(chunk, steps - step)
      let first = it.goBackwards ? max(0, steps - step - chunk) : step
      let work = CellSteps(
        rows: rows, steps: count, z: call.scratch[0], zStart: it.goBackwards ? (count - 1) * zWidth : 0, zStride: chunk * zWidth,
        zStep: it.goBackwards ? -zWidth : zWidth, h: h, hNew: hNew, c: c, out: it.returnSequences ? call.outputs[0].values : nil,
        outStart: step * it.units, outStride: steps * it.units, outStep: it.units, scratch: call.scratch[6])
      let inputs = InputSteps(x: x, first: first, chunk: chunk, steps: steps, z: call.scratch[0], quantized: call.scratch[7])
      if let team {
        team.meeting.reset()
        task.work = (inputs, work, team.meeting)
        team.run(task)
        task.work = nil
      } else {
        projectInputs(inputs)
        advance(work, nil)
      }
      if count % 2 == 1 { swap(&h, &hNew) }
    }
  }

  /// One thread's share of a chunk of steps.
  fileprivate func run(_ inputs: InputSteps, _ work: CellSteps, _ share: Share) {
    #if !LSTM_FLOAT64
      if cell.input.form != .full {
        share.meeting.share(own: share.own, step: 0) { if $0 == 0 { quantizeInputs(inputs) } }
        share.meeting.share(own: share.own, step: 1) { projectQuantized(inputs, part: $0, of: share.meeting.parts) }
        return advance(work, share)
      }
    #endif
    share.meeting.share(own: share.own, step: 0) { projectInputs(inputs, part: $0, of: share.meeting.parts) }
    advance(work, share)
  }

  private func advance(_ work: CellSteps, _ share: Share?) {
    let ran = cell.advance(work, share)
    precondition(ran, "a cell with prepared steps that does not take them")
  }

  /// The states before the first step: given, kept or zero.
  private func begin(_ call: Call, _ h: Floats, _ c: Floats, _ previous: Floats, _ rows: Int) {
    previous.fill(0)
    if it.takesInitialState {
      h.fill(0)
      h.copyRows(rows, count: it.outputSize, stride: cell.outputStride, from: call.inputs[1].values, stride: it.outputSize)
      if cell.hasCellState {
        c.fill(0)
        c.copyRows(rows, count: it.units, stride: cell.stride, from: call.inputs[2].values, stride: it.units)
      }
    } else if let kept = call.state.first {
      h.copy(from: kept)
      if cell.hasCellState { c.copy(from: call.state[1]) }
      if call.state.count > it.stateCount { previous.copy(from: call.state[it.stateCount]) }
    } else {
      h.fill(0)
      c.fill(0)
      if let first = initial.first, let last = initial.last {
        h.fillRows(rows, stride: cell.outputStride, with: first)
        if cell.hasCellState { c.fillRows(rows, stride: cell.stride, with: last) }
      }
    }
  }

  /// z of the steps from `first` on, `chunk` of them for each row; of it the blocks of part `index` of `count`.
  private func projectInputs(_ it: InputSteps, part index: Int = 0, of count: Int = 1) {
    #if !LSTM_FLOAT64
      if cell.input.form != .full {
        quantizeInputs(it)
        return projectQuantized(it, part: index, of: count)
      }
    #endif
    let rows = it.x.shape[0]
    let width = cell.input.width
    let values = it.x.values
    if it.chunk >= it.steps {
      cell.kernels.project(values, stride: inputSize, rows: rows * it.steps, cell.input, into: it.z, stride: width, part: index, of: count)
    } else if it.chunk == 1 {
      let here = values.slice(it.first * inputSize, values.count - it.first * inputSize)
      cell.kernels.project(here, stride: it.steps * inputSize, rows: rows, cell.input, into: it.z, stride: width, part: index, of: count)
    } else {
      let taken = min(it.chunk, it.steps - it.first)
      for row in 0..<rows {
        cell.kernels.project(
          values.slice((row * it.steps + it.first) * inputSize, taken * inputSize), stride: inputSize, rows: taken, cell.input,
          into: it.z.slice(row * it.chunk * width, taken * width), stride: width, part: index, of: count)
      }
    }
  }

  #if !LSTM_FLOAT64
    /// x of these steps as a product with weights of few bytes wants them.
    private func quantizeInputs(_ it: InputSteps) {
      let taken = min(it.chunk, it.steps - it.first)
      let stride = cell.input.quantizedStride
      for row in 0..<it.x.shape[0] {
        cell.kernels.quantize(
          it.x.values.slice((row * it.steps + it.first) * inputSize, taken * inputSize), stride: inputSize, rows: taken, for: cell.input,
          into: it.quantized.slice(row * it.chunk * stride, taken * stride))
      }
    }

    /// z from x quantised; where a row has fewer steps than a chunk, its last places hold what they held.
    private func projectQuantized(_ it: InputSteps, part index: Int, of count: Int) {
      cell.kernels.project(
        it.quantized, stride: cell.input.quantizedStride, rows: it.x.shape[0] * it.chunk, cell.input, into: it.z, stride: cell.input.width,
        part: index, of: count)
    }
  #endif

  /// A masked row keeps the states that it had.
  private func keepMasked(_ mask: Tensor, _ time: Int, _ rows: Int, h: Floats, hNew: Floats, c: Floats, cBefore: Floats) {
    let (output, state) = (cell.outputStride, cell.stride)
    for row in 0..<rows where mask.values[row * mask.shape[1] + time] == 0 {
      hNew.slice(row * output, output).copy(from: h.slice(row * output, output))
      if cell.hasCellState { c.slice(row * state, state).copy(from: cBefore.slice(row * state, state)) }
    }
  }

  /// The step's output, which is hNew or, where rows are masked, what came before; stored if all steps are returned.
  private func emit(_ call: Call, time: Int, step: Int, rows: Int, hNew: Floats, previous: Floats) -> Floats {
    let stride = cell.outputStride
    var output = hNew
    if let mask = call.masks[0] {
      for row in 0..<rows {
        let kept = previous.slice(row * stride, stride)
        if mask.values[row * mask.shape[1] + time] != 0 {
          kept.copy(from: hNew.slice(row * stride, stride))
        } else if it.zeroOutputForMask {
          kept.fill(0)
        }
      }
      output = previous
    }
    if it.returnSequences {
      let out = call.outputs[0]
      let steps = out.shape[1]
      out.values.slice(step * it.outputSize, out.values.count - step * it.outputSize)
        .copyRows(rows, count: it.outputSize, stride: steps * it.outputSize, from: output, stride: stride)
    }
    return output
  }

  /// Stores the last output and the final states.
  private func finish(_ call: Call, _ h: Floats, _ c: Floats, _ previous: Floats, _ rows: Int) {
    let (size, stride) = (it.outputSize, cell.outputStride)
    if !it.returnSequences {
      call.outputs[0].values.copyRows(
        rows, count: size, stride: size, from: call.masks[0] == nil ? h : previous, stride: stride)
    }
    if it.returnState {
      call.outputs[1].values.copyRows(rows, count: size, stride: size, from: h, stride: stride)
      if cell.hasCellState { call.outputs[2].values.copyRows(rows, count: it.units, stride: it.units, from: c, stride: cell.stride) }
    }
    guard let kept = call.state.first else { return }
    kept.copy(from: h)
    if cell.hasCellState { call.state[1].copy(from: c) }
    if call.state.count > it.stateCount { call.state[it.stateCount].copy(from: call.masks[0] == nil ? h : previous) }
  }

  /// Copies what happened in a step into a trace.
  private func record(
    _ trace: TraceBuffers, z: Floats, zStride: Int, c: Floats, output: Floats, time: Int, steps: Int, rows: Int
  ) {
    for row in 0..<rows {
      let at = row * steps + time
      for unit in 0..<it.units {
        for gate in cell.gateNames.indices {
          trace.series[gate][at * it.units + unit] = z[row * zStride + cell.place(gate: gate, unit: unit)]
        }
        if cell.hasCellState { trace.series[cell.gateNames.count][at * it.units + unit] = c[row * cell.stride + unit] }
      }
      let last = trace.series[trace.series.count - 1]
      for unit in 0..<it.outputSize { last[at * it.outputSize + unit] = output[row * cell.outputStride + unit] }
    }
  }
}

/// Steps whose input products are to be made.
private struct InputSteps {
  let x: Tensor
  /// The first of them, how many for each row, and of how many in all.
  let first: Int
  let chunk: Int
  let steps: Int
  /// Where they go.
  let z: Floats
  /// Room for x quantised, where the weights need it.
  let quantized: Floats
}

/// A chunk of steps as several threads' work.
private final class StepsTask: TeamTask {
  private let it: RecurrentOperator
  var work: (inputs: InputSteps, steps: CellSteps, meeting: Meeting)?

  init(_ it: RecurrentOperator) { self.it = it }

  override func part(_ index: Int, of count: Int) {
    guard let work else { return }
    it.run(work.inputs, work.steps, Share(meeting: work.meeting, own: index))
  }
}

extension Floats {
  /// The mean of what zoneout makes of a state: `rate` of it is what it was.
  fileprivate func keepMean(_ rate: Double, of before: Floats) {
    guard rate > 0 else { return }
    let rate = Scalar(rate)
    for index in 0..<count { self[index] = rate * before[index] + (1 - rate) * self[index] }
  }

  /// Copies the same numbers to the start of each of `rows` rows.
  fileprivate func fillRows(_ rows: Int, stride: Int, with numbers: [Scalar]) {
    for row in 0..<rows { slice(row * stride, numbers.count).copy(from: numbers) }
  }
}
