import LSTMModel

/// Runs a convolutional LSTM: for each step and row, the windows of input and state as two products, then the gates.
final class ConvolutionalLSTMOperator: Operator, @unchecked Sendable {
  private let it: ConvolutionalLSTM
  private let channels: Int
  private let inputs: WindowGather
  private let states: WindowGather
  private let input: PackedMatrix
  private let recurrent: PackedMatrix
  private let places: Int
  private let stateDimensions: [Int]
  private let isMasked: Bool
  private let kernels: KernelTable

  init(_ it: ConvolutionalLSTM, _ weights: [Weight], shape: Shape, isMasked: Bool, kernels: KernelTable) throws(LSTMError) {
    guard Shape(Array(shape.dimensions[2...])).isKnown else { throw .shape("a ConvLSTM needs to know the dimensions of its frames: \(shape)") }
    self.it = it
    self.isMasked = isMasked
    self.kernels = kernels
    channels = shape.last
    inputs = WindowGather(it.window)
    let ones = Array(repeating: 1, count: it.window.rank)
    states = WindowGather(SpatialWindow(sizes: it.window.sizes, strides: ones, dilations: ones, padding: .same))
    stateDimensions = it.window.geometry(Array(shape.dimensions[2..<2 + it.window.rank])).map(\.outputs)
    places = stateDimensions.reduce(1, *)
    let bias = it.useBias ? weights[2].scalars : nil
    let columns = 4 * it.filters
    input = try PackedMatrix(weights[0].scalars, count: it.window.count * channels, columns: columns, bias: bias, lanes: kernels.lanes)
    recurrent = try PackedMatrix(weights[1].scalars, count: it.window.count * it.filters, columns: columns, bias: nil, lanes: kernels.lanes)
  }

  /// Numbers of a state.
  private var size: Int { places * it.filters }

  override func stateParts(streaming: Bool, _ inputs: [[Int]]) -> [StatePart] {
    guard streaming || it.stateful else { return [] }
    return (["h", "c"] + (streaming && isMasked ? ["output"] : [])).map { StatePart(name: $0, count: size, stride: Arena.rounded(size)) }
  }

  override func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] {
    let state = inputs[0][0] * size
    // h, c, the last output, windows of the input and of the state, z, the four gates
    return [
      state, state, state, places * input.count, places * recurrent.count, places * input.width, places * recurrent.width, 4 * size,
    ]
  }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let (rows, steps) = (x.shape[0], x.shape[1])
    let frame = x.count(from: 2)
    let kept = Array(call.scratch[0..<3])
    for (part, array) in kept.enumerated() {
      array.fill(0)
      if part < call.state.count { array.copyRows(rows, count: size, stride: size, from: call.state[part], stride: Arena.rounded(size)) }
    }
    let (h, c, last) = (kept[0], kept[1], kept[2])
    for step in 0..<steps {
      let time = it.goBackwards ? steps - 1 - step : step
      for row in 0..<rows {
        let here = last.slice(row * size, size)
        if call.masks[0].map({ $0.values[row * $0.shape[1] + time] != 0 }) ?? true {
          let state = h.slice(row * size, size)
          advance(call, x.values.slice((row * steps + time) * frame, frame), Array(x.shape[2..<2 + it.window.rank]), state, c.slice(row * size, size))
          here.copy(from: state)
        }
        if it.returnSequences { call.outputs[0].values.slice((row * steps + step) * size, size).copy(from: here) }
      }
    }
    if !it.returnSequences { call.outputs[0].values.copy(from: last) }
    if it.returnState {
      call.outputs[1].values.copy(from: h)
      call.outputs[2].values.copy(from: c)
    }
    for (part, array) in kept.enumerated() where part < call.state.count {
      call.state[part].copyRows(rows, count: size, stride: Arena.rounded(size), from: array, stride: size)
    }
  }

  /// One step of one row.
  private func advance(_ call: Call, _ x: Floats, _ dimensions: [Int], _ h: Floats, _ c: Floats) {
    inputs.gather(x, dimensions, channels: channels, from: 0, count: channels, into: call.scratch[3])
    states.gather(h, stateDimensions, channels: it.filters, from: 0, count: it.filters, into: call.scratch[4])
    let (z, zState, gates) = (call.scratch[5], call.scratch[6], call.scratch[7])
    kernels.project(call.scratch[3], stride: input.count, rows: places, input, into: z, stride: input.width)
    kernels.project(call.scratch[4], stride: recurrent.count, rows: places, recurrent, into: zState, stride: recurrent.width)
    for place in 0..<places {
      for gate in 0..<4 {
        for channel in 0..<it.filters {
          let column = gate * it.filters + channel
          gates[gate * size + place * it.filters + channel] = z[place * input.width + column] + zState[place * recurrent.width + column]
        }
      }
    }
    let (i, f, g, o) = (gates.slice(0, size), gates.slice(size, size), gates.slice(2 * size, size), gates.slice(3 * size, size))
    for gate in [i, f, o] { kernels.apply(it.recurrentActivation, to: gate, width: it.filters) }
    kernels.apply(it.activation, to: g, width: it.filters)
    for index in 0..<size { c[index] = f[index] * c[index] + i[index] * g[index] }
    h.copy(from: c)
    kernels.apply(it.activation, to: h, width: it.filters)
    for index in 0..<size { h[index] *= o[index] }
  }
}
