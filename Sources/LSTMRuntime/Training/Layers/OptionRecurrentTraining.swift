import LSTMModel

/// A recurrent layer with ``CellOptions`` in training: peepholes, projection, coupled gates, clip, layer normalisation, zoneout, stored
/// initial states. Row by row and plain; layers without such options have ``RecurrentTraining``.
final class OptionRecurrentTraining: TrainingLayer, @unchecked Sendable {
  private let it: Recurrent
  private let cell: OptionCell
  private let inputSize: Int
  /// Places of the stored initial states among the weights; empty if there are none.
  private let initial: [Int]

  init(_ it: Recurrent, inputSize: Int, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.inputSize = inputSize
    let names = try it.weightSpecs(for: [[Shape.unknown, Shape.unknown, inputSize]]).map(\.name)
    initial = names.indices.filter { names[$0].hasPrefix("initial_") }
    switch it.cell {
    case .lstm: cell = try OptionLSTMCell(it, inputSize: inputSize, names: names, kernels: kernels)
    case .gru(let resetAfter): cell = try OptionGRUCell(it, resetAfter: resetAfter, inputSize: inputSize, kernels: kernels)
    case .simple: cell = try OptionSimpleCell(it, inputSize: inputSize, kernels: kernels)
    }
  }

  private var hasCellState: Bool { it.stateCount > 1 }

  override func refresh(_ weights: [Floats]) { cell.refresh(weights) }

  override func stateParts(_ inputs: [[Int]]) -> [StatePart] {
    guard it.stateful else { return [] }
    // Whether a row has begun: until then it has the stored initial states, through which gradients flow.
    return zip(it.stateNames, it.stateSizes).map { StatePart(name: $0, count: $1, stride: $1) } + [StatePart(name: "begun", count: 1, stride: 1)]
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let (rows, steps, size, units) = (inputs[0][0], inputs[0][1], it.outputSize, hasCellState ? it.units : 0)
    let all = rows * steps
    return TrainingSizes(
      kept: [
        all * inputSize, all * cell.input.width, (all + rows) * size, (all + rows) * units, it.recurrentDropout > 0 ? all * size : 0,
        all * it.gates * it.units, all * it.gates * it.units, it.options.zoneoutH > 0 ? all * size : 0,
        it.options.zoneoutC > 0 ? all * units : 0, rows * inputSize, rows * size,
      ] + cell.keptSizes(all),
      scratch: [
        rows * size, rows * size, rows * units, rows * size, rows * size, all * cell.input.backwardWidth, cell.gradientScratch,
        rows * size, rows * units,
      ] + cell.scratchSizes(rows))
  }

  private func memory(_ call: TrainingCall) -> OptionMemory {
    let shape = call.inputs[0].shape
    let (kept, scratch) = (call.kept, call.scratch)
    return OptionMemory(
      rows: shape[0], steps: shape[1], size: it.outputSize, units: hasCellState ? it.units : 0, width: it.gates * it.units, zWidth: cell.input.width,
      x: kept[0], z: kept[1], h: kept[2], c: kept[3], usedH: drops(call) ? kept[4] : kept[4].slice(0, 0), sums: kept[5], gates: kept[6],
      kept: Array(kept.dropFirst(11)), scratch: Array(scratch.dropFirst(9)), goBackwards: it.goBackwards, mask: call.masks[0])
  }

  private func drops(_ call: TrainingCall) -> Bool { call.mode == .training && it.recurrentDropout > 0 }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let m = memory(call)
    gather(call, m)
    begin(call, m)
    let previous = call.scratch[4]
    previous.fill(0)
    if m.rows * m.steps > 0 { cell.input.apply(m.x, stride: inputSize, rows: m.rows * m.steps, into: m.z, stride: m.zWidth) }
    for step in 0..<m.steps {
      if m.usedH.count > 0 {
        let (from, to) = (m.h(step), m.used(step))
        for index in 0..<to.count { to[index] = from[index] * call.kept[10][index] }
      }
      cell.forward(m, step)
      zoneOut(call, rate: it.options.zoneoutH, factors: call.kept[7], place: 42, m.h(step), m.h(step + 1), step)
      if hasCellState { zoneOut(call, rate: it.options.zoneoutC, factors: call.kept[8], place: 43, m.c(step), m.c(step + 1), step) }
      for row in 0..<m.rows {
        let (h, kept) = (m.h(step + 1).slice(row * m.size, m.size), previous.slice(row * m.size, m.size))
        if m.isReal(row, step) {
          kept.copy(from: h)
          continue
        }
        h.copy(from: m.h(step).slice(row * m.size, m.size))
        m.c(step + 1).slice(row * m.units, m.units).copy(from: m.c(step).slice(row * m.units, m.units))
        if it.zeroOutputForMask { kept.fill(0) }
      }
      guard it.returnSequences else { continue }
      let out = call.outputs[0].values
      out.slice(step * m.size, out.count - step * m.size)
        .copyRows(m.rows, count: m.size, stride: m.steps * m.size, from: previous, stride: m.size)
    }
    if !it.returnSequences { call.outputs[0].values.copy(from: m.steps > 0 ? previous : m.h(0)) }
    guard it.returnState else { return }
    call.outputs[1].values.copy(from: m.h(m.steps))
    if hasCellState { call.outputs[2].values.copy(from: m.c(m.steps)) }
  }

  /// Keeps each number of a state with the probability `rate`, or (in use) the mean of that.
  ///
  /// - Source: Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden activations", ICLR 2017.
  private func zoneOut(_ call: TrainingCall, rate: Double, factors: Floats, place: Int, _ before: Floats, _ after: Floats, _ step: Int) {
    guard rate > 0, before.count > 0 else { return }
    let own = factors.slice(step * before.count, before.count)
    let steps = call.inputs[0].shape[1]
    let width = before.count / call.inputs[0].shape[0]
    for index in 0..<own.count {
      if call.mode == .inference {
        own[index] = Scalar(rate)
      } else {
        let row = call.chance.firstRow + index / width
        own[index] = call.chance.uniform(1 << place + (row * steps + step) * width + index % width) < rate ? 1 : 0
      }
      after[index] = own[index] * before[index] + (1 - own[index]) * after[index]
    }
  }

  private func gather(_ call: TrainingCall, _ m: OptionMemory) {
    let x = call.inputs[0].values
    let drops = call.mode == .training && it.dropout > 0
    if drops { DropoutFactors.fill(call.kept[9], rate: it.dropout, call.chance, rows: m.rows, count: inputSize, stride: inputSize) }
    if self.drops(call) {
      DropoutFactors.fill(call.kept[10], rate: it.recurrentDropout, call.chance.second, rows: m.rows, count: m.size, stride: m.size)
    }
    for step in 0..<m.steps {
      for row in 0..<m.rows {
        let to = m.x.slice((step * m.rows + row) * inputSize, inputSize)
        to.copy(from: x.slice((row * m.steps + m.time(step)) * inputSize, inputSize))
        guard drops else { continue }
        for index in 0..<inputSize { to[index] *= call.kept[9][row * inputSize + index] }
      }
    }
  }

  /// Whether a row begins with the stored initial states.
  private func beginsAnew(_ call: TrainingCall, _ row: Int) -> Bool {
    !it.takesInitialState && !initial.isEmpty && (call.state.isEmpty || call.state[it.stateCount][row] == 0)
  }

  private func begin(_ call: TrainingCall, _ m: OptionMemory) {
    let states = hasCellState ? [m.h(0), m.c(0)] : [m.h(0)]
    for (place, state) in states.enumerated() {
      let size = it.stateSizes[place]
      if it.takesInitialState {
        state.copy(from: call.inputs[1 + place].values)
      } else if call.state.isEmpty {
        state.fill(0)
      } else {
        state.copy(from: call.state[place])
      }
      for row in 0..<m.rows where beginsAnew(call, row) { state.slice(row * size, size).copy(from: call.weights[initial[place]]) }
    }
  }

  override func commit(_ call: TrainingCall) {
    guard !call.state.isEmpty else { return }
    let m = memory(call)
    call.state[0].copy(from: m.h(m.steps))
    if hasCellState { call.state[1].copy(from: m.c(m.steps)) }
    call.state[it.stateCount].fill(1)
  }

  override func backward(_ call: TrainingCall) {
    let m = memory(call)
    var (dh, dhBefore) = (call.scratch[0], call.scratch[1])
    let (dc, waiting) = (call.scratch[2], call.scratch[3])
    for floats in [dh, dc, waiting] { floats.fill(0) }
    if !it.returnSequences { (m.steps > 0 ? waiting : dh).add(call.outputGradients[0]) }
    if it.returnState {
      dh.add(call.outputGradients[1])
      if hasCellState { dc.add(call.outputGradients[2]) }
    }
    let (keptH, keptC) = (call.scratch[7], call.scratch[8])
    for step in (0..<m.steps).reversed() {
      receive(call, m, step, dh: dh, waiting: waiting)
      keptH.fill(0)
      keptC.fill(0)
      shareOut(m, step, dh, keptH, rate: it.options.zoneoutH, factors: call.kept[7], size: m.size)
      shareOut(m, step, dc, keptC, rate: it.options.zoneoutC, factors: call.kept[8], size: m.units)
      cell.backward(m, step, dh: dh, dc: dc, dhBefore: dhBefore, call.weightGradients)
      for row in 0..<m.rows {
        let to = dhBefore.slice(row * m.size, m.size)
        if m.isReal(row, step) {
          if m.usedH.count > 0 { for unit in 0..<m.size { to[unit] *= call.kept[10][row * m.size + unit] } }
          to.add(keptH.slice(row * m.size, m.size))
          dc.slice(row * m.units, m.units).add(keptC.slice(row * m.units, m.units))
        } else {
          to.copy(from: dh.slice(row * m.size, m.size))
        }
      }
      swap(&dh, &dhBefore)
    }
    cell.addGradients(m, to: call.weightGradients, scratch: call.scratch[6])
    let states = hasCellState ? [dh, dc] : [dh]
    for (place, gradient) in states.enumerated() {
      if it.takesInitialState { call.inputGradients[1 + place]?.add(gradient) }
      let size = it.stateSizes[place]
      for row in 0..<m.rows where beginsAnew(call, row) { call.weightGradients[initial[place]]?.add(gradient.slice(row * size, size)) }
    }
    if let dx = call.inputGradients[0] { addInputGradient(dx, call, m) }
  }

  /// Zoneout backwards: the part of a state's gradient that the state before has, and the rest.
  private func shareOut(_ m: OptionMemory, _ step: Int, _ gradient: Floats, _ kept: Floats, rate: Double, factors: Floats, size: Int) {
    guard rate > 0, size > 0 else { return }
    for row in 0..<m.rows where m.isReal(row, step) {
      for unit in 0..<size {
        let (place, factor) = (row * size + unit, factors[(step * m.rows + row) * size + unit])
        kept[place] = gradient[place] * factor
        gradient[place] *= 1 - factor
      }
    }
  }

  /// The step's output gradient: at once for a real step, at the real step before for a masked one, which repeated it.
  private func receive(_ call: TrainingCall, _ m: OptionMemory, _ step: Int, dh: Floats, waiting: Floats) {
    for row in 0..<m.rows {
      let own = waiting.slice(row * m.size, m.size)
      if it.returnSequences, m.isReal(row, step) || !it.zeroOutputForMask {
        own.add(call.outputGradients[0].slice((row * m.steps + step) * m.size, m.size))
      }
      if m.isReal(row, step) { dh.slice(row * m.size, m.size).add(own) }
      if m.isReal(row, step) || it.zeroOutputForMask { own.fill(0) }
    }
  }

  private func addInputGradient(_ dx: Floats, _ call: TrainingCall, _ m: OptionMemory) {
    guard m.rows * m.steps > 0 else { return }
    let (product, width) = (call.scratch[5], cell.input.backwardWidth)
    cell.input.applyTransposed(m.z, stride: m.zWidth, rows: m.rows * m.steps, into: product)
    for step in 0..<m.steps {
      for row in 0..<m.rows {
        let from = product.slice((step * m.rows + row) * width, inputSize)
        if call.mode == .training, it.dropout > 0 { for index in 0..<inputSize { from[index] *= call.kept[9][row * inputSize + index] } }
        dx.slice((row * m.steps + m.time(step)) * inputSize, inputSize).add(from)
      }
    }
  }
}
