import LSTMModel

/// Conv1D and SeparableConv1D in training: windows are gathered as rows, so that both directions are matrix products.
final class ConvolutionTraining: TrainingLayer, @unchecked Sendable {
  private let it: Convolution1D
  private let channels: Int
  /// One for each group; for a separable convolution the pointwise part.
  private let matrices: [TrainedMatrix]
  private let kernels: KernelTable

  init(_ it: Convolution1D, channels: Int, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.channels = channels
    self.kernels = kernels
    let columns = it.filters / it.groups
    let count = it.depthMultiplier.map { channels * $0 } ?? it.size * (channels / it.groups)
    var matrices: [TrainedMatrix] = []
    for group in 0..<it.groups {
      matrices.append(
        try TrainedMatrix(count: count, columns: it.filters, order: (0..<columns).map { group * columns + $0 }, kernels: kernels))
    }
    self.matrices = matrices
  }

  /// Where kernel and bias lie among the weights.
  private var kernelPlace: Int { it.depthMultiplier == nil ? 0 : 1 }
  private var biasPlace: Int? { it.useBias ? kernelPlace + 1 : nil }

  override func refresh(_ weights: [Floats]) {
    for matrix in matrices { matrix.refresh(weights[kernelPlace], bias: biasPlace.map { weights[$0] }) }
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let rows = outputs[0][0] * outputs[0][1]
    let matrix = matrices[0]
    return TrainingSizes(
      // the windows of each group; the sums
      kept: [matrices.count * rows * matrix.count, it.activation.slopeNeedsArgument ? rows * it.filters : 0],
      scratch: [rows * matrix.width, rows * matrix.backwardWidth, matrix.gradientScratch])
  }

  private func windows(_ call: TrainingCall, _ group: Int, _ rows: Int) -> Floats {
    call.kept[0].slice(group * rows * matrices[0].count, rows * matrices[0].count)
  }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0]
    let rows = out.shape[0] * out.shape[1]
    let columns = it.filters / it.groups
    for (group, matrix) in matrices.enumerated() {
      let windows = windows(call, group, rows)
      if it.depthMultiplier == nil {
        // What lies outside the sequence was zero from the start, and stays so.
        eachRun(x, out, group) { from, output, place, count in
          windows.slice(output * matrix.count + place, count).copy(from: x.values.slice(from, count))
        }
      } else {
        windows.fill(0)
        eachPlace(x, out) { from, output, place, weight in
          windows[output * matrix.count + place] += x.values[from] * call.weights[0][weight]
        }
      }
      if matrices.count == 1 {
        matrix.apply(windows, rows: rows, columns: columns, into: out.values, by: call.scratch[0])
        continue
      }
      matrix.apply(windows, stride: matrix.count, rows: rows, into: call.scratch[0], stride: matrix.width)
      let start = group * columns
      out.values.slice(start, max(out.values.count - start, 0))
        .copyRows(rows, count: columns, stride: it.filters, from: call.scratch[0], stride: matrix.width)
    }
    if it.activation.slopeNeedsArgument { call.kept[1].copy(from: out.values) }
    kernels.apply(it.activation, to: out.values, width: it.filters)
  }

  override func backward(_ call: TrainingCall) {
    let x = call.inputs[0]
    let out = call.outputs[0]
    let rows = out.shape[0] * out.shape[1]
    guard rows > 0 else { return }
    let columns = it.filters / it.groups
    // Nobody looks at the output's gradient after this.
    let d = call.outputGradients[0]
    kernels.backward(
      it.activation, before: it.activation.slopeNeedsArgument ? call.kept[1] : nil, after: out.values, gradient: d, width: it.filters)
    for (group, matrix) in matrices.enumerated() {
      let windows = windows(call, group, rows)
      var dz = d
      if matrices.count > 1 || columns < matrix.width {
        dz = call.scratch[0]
        dz.fill(0)
        dz.copyRows(rows, count: columns, stride: matrix.width, from: d.from(group * columns), stride: it.filters)
      }
      matrix.addGradient(
        x: windows, stride: matrix.count, dz: dz, stride: matrix.width, rows: rows, to: call.weightGradients[kernelPlace],
        bias: biasPlace.flatMap { call.weightGradients[$0] }, scratch: call.scratch[2])
      // Nobody may ask for the input's gradient; depthwise weights have theirs from it.
      guard it.depthMultiplier != nil || call.inputGradients[0] != nil else { continue }
      let back = call.scratch[1]
      matrix.applyTransposed(dz, stride: matrix.width, rows: rows, into: back)
      let width = matrix.backwardWidth
      if it.depthMultiplier == nil {
        guard let gradients = call.inputGradients[0] else { continue }
        eachRun(x, out, group) { from, output, place, count in gradients.slice(from, count).add(back.slice(output * width + place, count)) }
      } else {
        eachPlace(x, out) { from, output, place, weight in
          let gradient = back[output * width + place]
          call.inputGradients[0]?[from] += gradient * call.weights[0][weight]
          call.weightGradients[0]?[weight] += gradient * x.values[from]
        }
      }
    }
  }

  /// Names for each element of each window of a group where its channels come from, the window's row, their place in it and how many they are.
  /// Elements outside the sequence are left out.
  private func eachRun(_ x: Tensor, _ out: Tensor, _ group: Int, _ body: (_ from: Int, _ output: Int, _ place: Int, _ count: Int) -> Void) {
    let (steps, outputs) = (x.shape[1], out.shape[1])
    let before = it.geometry(steps: steps).before
    let mine = channels / it.groups
    for row in 0..<out.shape[0] {
      for output in 0..<outputs {
        for element in 0..<it.size {
          let time = output * it.stride + element * it.dilation - before
          guard time >= 0 && time < steps else { continue }
          body((row * steps + time) * channels + group * mine, row * outputs + output, element * mine, mine)
        }
      }
    }
  }

  /// Names for each number of each window of a separable convolution where it comes from, the window's row, the places that it goes to and the
  /// depthwise weights that it is multiplied by.
  private func eachPlace(_ x: Tensor, _ out: Tensor, _ body: (_ from: Int, _ output: Int, _ place: Int, _ weight: Int) -> Void) {
    let multiplier = it.depthMultiplier ?? 1
    eachRun(x, out, 0) { from, output, place, count in
      let element = place / channels
      for channel in 0..<count {
        for copy in 0..<multiplier {
          body(from + channel, output, channel * multiplier + copy, (element * channels + channel) * multiplier + copy)
        }
      }
    }
  }
}
