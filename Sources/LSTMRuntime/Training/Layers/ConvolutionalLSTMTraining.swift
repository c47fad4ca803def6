import LSTMModel

/// A convolutional LSTM in training: windows of input and state as rows of two products, step by step and row by row.
final class ConvolutionalLSTMTraining: TrainingLayer, @unchecked Sendable {
  private let it: ConvolutionalLSTM
  private let channels: Int
  private let frame: [Int]
  private let stateDimensions: [Int]
  private let places: Int
  private let inputs: WindowGather
  private let states: WindowGather
  private let input: TrainedMatrix
  private let recurrent: TrainedMatrix
  private let kernels: KernelTable

  init(_ it: ConvolutionalLSTM, shape: Shape, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.kernels = kernels
    channels = shape.last
    frame = Array(shape.dimensions[2..<2 + it.window.rank])
    stateDimensions = it.window.geometry(frame).map(\.outputs)
    places = stateDimensions.reduce(1, *)
    let ones = Array(repeating: 1, count: it.window.rank)
    inputs = WindowGather(it.window)
    states = WindowGather(SpatialWindow(sizes: it.window.sizes, strides: ones, dilations: ones, padding: .same))
    input = try TrainedMatrix(count: it.window.count * channels, columns: 4 * it.filters, kernels: kernels)
    recurrent = try TrainedMatrix(count: it.window.count * it.filters, columns: 4 * it.filters, kernels: kernels)
  }

  /// Numbers of a state.
  private var size: Int { places * it.filters }
  private var frameSize: Int { frame.reduce(channels, *) }

  override func refresh(_ weights: [Floats]) {
    input.refresh(weights[0], bias: it.useBias ? weights[2] : nil)
    recurrent.refresh(weights[1], bias: nil)
  }

  override func stateParts(_ inputs: [[Int]]) -> [StatePart] {
    it.stateful ? ["h", "c"].map { StatePart(name: $0, count: size, stride: size) } : []
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let (rows, steps) = (inputs[0][0], inputs[0][1])
    let (state, all) = ((steps + 1) * rows * size, steps * rows * size)
    let matrices = [input, recurrent]
    return TrainingSizes(
      // h, c, the gates, their sums
      kept: [state, state, 4 * all, 4 * all],
      scratch: [
        // windows of input and state, both products or the sums' gradient, what comes back of them, sums of gradients
        places * input.count, places * recurrent.count, places * input.width, places * recurrent.width,
        places * (matrices.map(\.backwardWidth).max() ?? 0), matrices.map(\.gradientScratch).max() ?? 0,
        // the last output or its gradient; dh, dc; two of a row
        rows * size, rows * size, rows * size, size, size,
      ])
  }

  /// One row's part of a step.
  private func part(_ floats: Floats, _ call: TrainingCall, _ step: Int, _ row: Int, _ count: Int) -> Floats {
    floats.slice((step * call.inputs[0].shape[0] + row) * count, count)
  }

  private func time(_ call: TrainingCall, _ step: Int) -> Int { it.goBackwards ? call.inputs[0].shape[1] - 1 - step : step }

  private func isReal(_ call: TrainingCall, _ step: Int, _ row: Int) -> Bool {
    call.masks[0].map { $0.values[row * $0.shape[1] + time(call, step)] != 0 } ?? true
  }

  private func gather(_ call: TrainingCall, _ step: Int, _ row: Int) {
    let x = call.inputs[0].values.slice((row * call.inputs[0].shape[1] + time(call, step)) * frameSize, frameSize)
    inputs.gather(x, frame, channels: channels, from: 0, count: channels, into: call.scratch[0])
    states.gather(
      part(call.kept[0], call, step, row, size), stateDimensions, channels: it.filters, from: 0, count: it.filters, into: call.scratch[1])
  }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let (rows, steps) = (call.inputs[0].shape[0], call.inputs[0].shape[1])
    for (place, state) in [call.kept[0], call.kept[1]].enumerated() {
      let first = state.slice(0, rows * size)
      if call.state.isEmpty { first.fill(0) } else { first.copy(from: call.state[place]) }
    }
    let last = call.scratch[6]
    last.fill(0)
    for step in 0..<steps {
      for row in 0..<rows {
        let (h, c) = (part(call.kept[0], call, step + 1, row, size), part(call.kept[1], call, step + 1, row, size))
        let output = last.slice(row * size, size)
        if isReal(call, step, row) {
          advance(call, step, row, h, c)
          output.copy(from: h)
        } else {
          h.copy(from: part(call.kept[0], call, step, row, size))
          c.copy(from: part(call.kept[1], call, step, row, size))
        }
        if it.returnSequences { call.outputs[0].values.slice((row * steps + step) * size, size).copy(from: output) }
      }
    }
    if !it.returnSequences { call.outputs[0].values.copy(from: last) }
    guard it.returnState else { return }
    for index in 0..<2 { call.outputs[1 + index].values.copy(from: call.kept[index].slice(steps * rows * size, rows * size)) }
  }

  private func advance(_ call: TrainingCall, _ step: Int, _ row: Int, _ h: Floats, _ cNew: Floats) {
    gather(call, step, row)
    let (z, zState) = (call.scratch[2], call.scratch[3])
    input.apply(call.scratch[0], stride: input.count, rows: places, into: z, stride: input.width)
    recurrent.apply(call.scratch[1], stride: recurrent.count, rows: places, into: zState, stride: recurrent.width)
    let (gates, sums) = (part(call.kept[2], call, step, row, 4 * size), part(call.kept[3], call, step, row, 4 * size))
    for place in 0..<places {
      for gate in 0..<4 {
        for channel in 0..<it.filters {
          let column = gate * it.filters + channel
          sums[gate * size + place * it.filters + channel] = z[place * input.width + column] + zState[place * recurrent.width + column]
        }
      }
    }
    gates.copy(from: sums)
    for gate in 0..<4 { kernels.apply(function(gate), to: gates.slice(gate * size, size), width: it.filters) }
    let c = part(call.kept[1], call, step, row, size)
    for index in 0..<size { cNew[index] = gates[size + index] * c[index] + gates[index] * gates[2 * size + index] }
    h.copy(from: cNew)
    kernels.apply(it.activation, to: h, width: it.filters)
    for index in 0..<size { h[index] *= gates[3 * size + index] }
  }

  private func function(_ gate: Int) -> Activation { gate == 2 ? it.activation : it.recurrentActivation }

  override func commit(_ call: TrainingCall) {
    let (rows, steps) = (call.inputs[0].shape[0], call.inputs[0].shape[1])
    for (index, state) in call.state.enumerated() { state.copy(from: call.kept[index].slice(steps * rows * size, rows * size)) }
  }

  override func backward(_ call: TrainingCall) {
    let (rows, steps) = (call.inputs[0].shape[0], call.inputs[0].shape[1])
    let (waiting, dh, dc) = (call.scratch[6], call.scratch[7], call.scratch[8])
    for floats in [waiting, dh, dc] { floats.fill(0) }
    if !it.returnSequences { waiting.add(call.outputGradients[0]) }
    if it.returnState {
      dh.add(call.outputGradients[1])
      dc.add(call.outputGradients[2])
    }
    for step in (0..<steps).reversed() {
      for row in 0..<rows {
        let own = waiting.slice(row * size, size)
        // A masked step repeated the output before, so its gradient waits for that.
        if it.returnSequences { own.add(call.outputGradients[0].slice((row * steps + step) * size, size)) }
        guard isReal(call, step, row) else { continue }
        let (dhRow, dcRow) = (dh.slice(row * size, size), dc.slice(row * size, size))
        dhRow.add(own)
        own.fill(0)
        retreat(call, step, row, dh: dhRow, dc: dcRow)
      }
    }
  }

  /// The gradient of one step of one row: dh and dc become those of the states before.
  private func retreat(_ call: TrainingCall, _ step: Int, _ row: Int, dh: Floats, dc: Floats) {
    let (gates, sums) = (part(call.kept[2], call, step, row, 4 * size), part(call.kept[3], call, step, row, 4 * size))
    let (c, cNew) = (part(call.kept[1], call, step, row, size), part(call.kept[1], call, step + 1, row, size))
    let (t, d) = (call.scratch[9], call.scratch[10])
    t.copy(from: cNew)
    kernels.apply(it.activation, to: t, width: it.filters)
    for index in 0..<size { d[index] = dh[index] * gates[3 * size + index] }
    kernels.backward(it.activation, before: cNew, after: t, gradient: d, width: it.filters)
    dc.add(d)
    let dz = call.scratch[2]
    dz.fill(0)
    for gate in 0..<4 {
      for index in 0..<size {
        switch gate {
        case 0: d[index] = dc[index] * gates[2 * size + index]
        case 1: d[index] = dc[index] * c[index]
        case 2: d[index] = dc[index] * gates[index]
        default: d[index] = dh[index] * t[index]
        }
      }
      kernels.backward(
        function(gate), before: sums.slice(gate * size, size), after: gates.slice(gate * size, size), gradient: d, width: it.filters)
      dz.slice(gate * it.filters, dz.count - gate * it.filters)
        .copyRows(places, count: it.filters, stride: input.width, from: d, stride: it.filters)
    }
    for index in 0..<size { dc[index] *= gates[size + index] }
    gather(call, step, row)
    input.addGradient(
      x: call.scratch[0], stride: input.count, dz: dz, stride: input.width, rows: places, to: call.weightGradients[0],
      bias: it.useBias ? call.weightGradients[2] : nil, scratch: call.scratch[5])
    recurrent.addGradient(
      x: call.scratch[1], stride: recurrent.count, dz: dz, stride: input.width, rows: places, to: call.weightGradients[1], bias: nil,
      scratch: call.scratch[5])
    let back = call.scratch[4]
    recurrent.applyTransposed(dz, stride: input.width, rows: places, into: back.slice(0, places * recurrent.backwardWidth))
    dh.fill(0)
    states.scatter(back, stride: recurrent.backwardWidth, stateDimensions, channels: it.filters, from: 0, count: it.filters, to: dh)
    guard let dx = call.inputGradients[0] else { return }
    input.applyTransposed(dz, stride: input.width, rows: places, into: back.slice(0, places * input.backwardWidth))
    let place = (row * call.inputs[0].shape[1] + time(call, step)) * frameSize
    inputs.scatter(
      back, stride: input.backwardWidth, frame, channels: channels, from: 0, count: channels, to: dx.slice(place, frameSize))
  }
}
