#if !LSTM_FLOAT64
  import LSTMCaller
  import LSTMModel

  /// An LSTM with the usual functions, or a GRU with them and the reset gate after the product, whose weights have few bytes.
  final class LowCell: Cell, @unchecked Sendable {
    let recurrent: PackedMatrix
    private let gates: Int

    init(_ it: Recurrent, _ weights: RecurrentWeights, form: WeightForm, kernels: KernelTable) throws(LSTMError) {
      gates = it.gates
      let order = Cell.interleaved(units: it.units, gates: gates, lanes: kernels.lanes)
      let columns = gates * it.units
      let bias = weights.bias
      let second: ((Int) -> Scalar)? = it.cell == .lstm ? nil : bias.map { values in { values[columns + $0] } }
      recurrent = try PackedMatrix(
        weights.recurrent, count: it.units, columns: columns, order: order, panels: gates, bias: second, lanes: kernels.lanes, form: form)
      let input = try PackedMatrix(
        weights.kernel, count: weights.inputSize, columns: columns, order: order, panels: gates, bias: bias.map { values in { values[$0] } },
        lanes: kernels.lanes, form: form)
      recurrent.describe(for: kernels)
      input.describe(for: kernels)
      super.init(units: it.units, input: input, kernels: kernels)
    }

    override func runsWhole(rows: Int) -> Bool { true }
    override var gateNames: [String] { hasCellState ? PlainLSTMCell.names : PlainGRUCell.names }
    override var hasCellState: Bool { gates == 4 }
    override var packed: [PackedMatrix] { [input, recurrent] }

    override func scratch(rows: Int) -> Int { Arena.rounded(rows * recurrent.width) + rows * recurrent.quantizedStride }

    override func place(gate: Int, unit: Int) -> Int {
      (unit / kernels.lanes * gates + gate) * kernels.lanes + unit % kernels.lanes
    }

    override func step(_ it: CellStep) {
      let (sums, quantized) = parts(it.scratch, it.rows)
      let one = CellSteps(
        rows: it.rows, steps: 1, z: it.z, zStart: 0, zStride: it.zStride, zStep: 0, h: it.h, hNew: it.hNew, c: it.c, out: nil, outStart: 0,
        outStride: 0, outStep: 0, scratch: it.scratch)
      kernels.lowSteps(one, stride: stride, recurrent, sums: sums, quantized: quantized, gates: it.gates)
    }

    override func advance(_ it: CellSteps, _ share: Share?) -> Bool {
      let (sums, quantized) = parts(it.scratch, it.rows)
      guard let share else {
        kernels.lowSteps(it, stride: stride, recurrent, sums: sums, quantized: quantized)
        return true
      }
      // Where threads share a step, it is a step of its own: first h is quantised, as x was before the input's product.
      var one = it
      one.steps = 1
      for step in 0..<it.steps {
        share.meeting.share(own: share.own, step: 2 + 2 * step) { part in
          if part == 0 { kernels.quantize(one.h, stride: stride, rows: it.rows, for: recurrent, into: quantized) }
        }
        share.meeting.share(own: share.own, step: 3 + 2 * step) { part in
          kernels.lowSteps(
            one, stride: stride, recurrent, sums: sums, quantized: quantized, isQuantized: true, isBackward: step % 2 == 1,
            part: part, of: share.meeting.parts)
        }
        swap(&one.h, &one.hNew)
        one.zStart = it.zStart + (step + 1) * it.zStep
        one.outStart = it.outStart + (step + 1) * it.outStep
      }
      return true
    }

    /// The sums' and the quantised rows' part of the scratch.
    private func parts(_ scratch: Floats, _ rows: Int) -> (Floats, Floats) {
      let sums = rows * recurrent.width
      return (scratch.slice(0, sums), scratch.slice(Arena.rounded(sums), rows * recurrent.quantizedStride))
    }
  }
#endif
