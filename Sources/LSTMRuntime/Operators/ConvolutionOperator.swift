import LSTMModel

/// Windows of steps times a kernel: Conv1D and SeparableConv1D.
///
/// Each row is copied behind its padding (or, in a live series, behind the steps that came before); windows without gaps are then read in
/// place, others are gathered. A product per group of channels follows.
final class ConvolutionOperator: Operator, @unchecked Sendable {
  private let it: Convolution1D
  private let channels: Int
  /// One for each group; for a separable convolution the pointwise part.
  private let matrices: [PackedMatrix]
  private let depthwise: [Scalar]
  private let kernels: KernelTable

  init(_ it: Convolution1D, _ weights: [Weight], channels: Int, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.channels = channels
    self.kernels = kernels
    let separable = it.depthMultiplier != nil
    depthwise = separable ? weights[0].scalars : []
    let kernel = weights[separable ? 1 : 0].scalars
    let bias = it.useBias ? weights[separable ? 2 : 1].scalars : nil
    let count = separable ? weights[1].shape[1] : it.size * (channels / it.groups)
    let columns = it.filters / it.groups
    var matrices: [PackedMatrix] = []
    for group in 0..<it.groups {
      matrices.append(
        try PackedMatrix(
          kernel, count: count, columns: it.filters, order: (0..<columns).map { group * columns + $0 },
          panels: PackedMatrix.panels(columns, kernels.lanes),
          bias: bias.map { values in { values[$0] } }, lanes: kernels.lanes))
    }
    self.matrices = matrices
  }

  /// Steps before the first that are kept in a live series.
  private var history: Int { it.padding == .causal ? it.span - 1 : 0 }

  override var takesAnyPlace: Bool { true }

  override func stateParts(streaming: Bool, _ inputs: [[Int]]) -> [StatePart] {
    guard streaming, history > 0 else { return [] }
    let count = history * channels
    return [StatePart(name: "history", count: count, stride: Arena.rounded(count))]
  }

  override func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] {
    let steps = inputs[0][1]
    let (before, after) = (it.geometry(steps: steps).before, it.span)
    // the padded row, gathered windows, the product
    return [(before + steps + after) * channels, outputs[0][1] * matrices[0].count, outputs[0][1] * matrices[0].width]
  }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0]
    let (steps, outputs) = (x.shape[1], out.shape[1])
    let before = it.geometry(steps: steps).before
    let padded = call.scratch[0]
    for row in 0..<x.shape[0] {
      padded.fill(0)
      padded.slice(before * channels, steps * channels).copy(from: x.values.slice(row * steps * channels, steps * channels))
      if let kept = call.state.first {
        let count = history * channels
        let mine = kept.slice(row * (kept.count / x.shape[0]), count)
        padded.slice(0, count).copy(from: mine)
        mine.copy(from: padded.slice(steps * channels, count))
      }
      for (group, matrix) in matrices.enumerated() {
        let (windows, stride) = gather(padded, call.scratch[1], group, outputs)
        kernels.project(windows, stride: stride, rows: outputs, matrix, into: call.scratch[2], stride: matrix.width)
        let columns = it.filters / it.groups
        let start = row * outputs * it.filters + group * columns
        out.values.slice(start, out.values.count - start)
          .copyRows(outputs, count: columns, stride: it.filters, from: call.scratch[2], stride: matrix.width)
      }
    }
    kernels.apply(it.activation, to: out.values, width: it.filters)
  }

  /// The windows of one group as rows, and the distance between them.
  private func gather(_ padded: Floats, _ gathered: Floats, _ group: Int, _ outputs: Int) -> (Floats, Int) {
    if let multiplier = it.depthMultiplier { return (separate(padded, gathered, multiplier, outputs), channels * multiplier) }
    if it.dilation == 1 && it.groups == 1 { return (padded, it.stride * channels) }
    let mine = channels / it.groups
    let width = it.size * mine
    for output in 0..<outputs {
      for element in 0..<it.size {
        let from = (output * it.stride + element * it.dilation) * channels + group * mine
        gathered.slice(output * width + element * mine, mine).copy(from: padded.slice(from, mine))
      }
    }
    return (gathered, width)
  }

  /// The depthwise part: each channel by itself.
  private func separate(_ padded: Floats, _ gathered: Floats, _ multiplier: Int, _ outputs: Int) -> Floats {
    for output in 0..<outputs {
      for channel in 0..<channels {
        for copy in 0..<multiplier {
          var sum: Scalar = 0
          for element in 0..<it.size {
            let from = (output * it.stride + element * it.dilation) * channels + channel
            sum += padded[from] * depthwise[(element * channels + channel) * multiplier + copy]
          }
          gathered[(output * channels + channel) * multiplier + copy] = sum
        }
      }
    }
    return gathered
  }
}
