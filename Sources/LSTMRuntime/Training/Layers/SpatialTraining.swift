import LSTMModel

/// Conv2D and Conv3D in training: windows are gathered as rows, so that both directions are matrix products.
final class SpatialConvolutionTraining: TrainingLayer, @unchecked Sendable {
  private let it: SpatialConvolution
  private let channels: Int
  private let gather: WindowGather
  /// One for each group.
  private let matrices: [TrainedMatrix]
  private let kernels: KernelTable

  init(_ it: SpatialConvolution, channels: Int, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.channels = channels
    self.kernels = kernels
    gather = WindowGather(it.window)
    let columns = it.filters / it.groups
    var matrices: [TrainedMatrix] = []
    for group in 0..<it.groups {
      matrices.append(
        try TrainedMatrix(
          count: it.window.count * (channels / it.groups), columns: it.filters, order: (0..<columns).map { group * columns + $0 }, kernels: kernels))
    }
    self.matrices = matrices
  }

  override func refresh(_ weights: [Floats]) {
    for matrix in matrices { matrix.refresh(weights[0], bias: it.useBias ? weights[1] : nil) }
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let rows = outputs[0].dropLast().reduce(1, *)
    let matrix = matrices[0]
    return TrainingSizes(
      // the windows of each group; the sums
      kept: [matrices.count * rows * matrix.count, it.activation.slopeNeedsArgument ? rows * it.filters : 0],
      scratch: [rows * matrix.width, rows * matrix.backwardWidth, matrix.gradientScratch, rows * it.filters])
  }

  private func dimensions(_ x: Tensor) -> [Int] { Array(x.shape[1...it.window.rank]) }

  private func windows(_ call: TrainingCall, _ group: Int, _ rows: Int) -> Floats {
    call.kept[0].slice(group * rows * matrices[0].count, rows * matrices[0].count)
  }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0]
    let rows = out.count(before: out.shape.count - 1)
    let (size, each, mine, columns) = (x.count(from: 1), rows / max(x.shape[0], 1), channels / it.groups, it.filters / it.groups)
    for (group, matrix) in matrices.enumerated() {
      let windows = windows(call, group, rows)
      for row in 0..<x.shape[0] {
        gather.gather(
          x.values.slice(row * size, size), dimensions(x), channels: channels, from: group * mine, count: mine,
          into: windows.slice(row * each * matrix.count, each * matrix.count))
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
    let rows = out.count(before: out.shape.count - 1)
    guard rows > 0 else { return }
    let (size, each, mine, columns) = (x.count(from: 1), rows / x.shape[0], channels / it.groups, it.filters / it.groups)
    let d = call.scratch[3]
    d.copy(from: call.outputGradients[0])
    kernels.backward(
      it.activation, before: it.activation.slopeNeedsArgument ? call.kept[1] : nil, after: out.values, gradient: d, width: it.filters)
    for (group, matrix) in matrices.enumerated() {
      let dz = call.scratch[0]
      dz.fill(0)
      dz.copyRows(rows, count: columns, stride: matrix.width, from: d.slice(group * columns, d.count - group * columns), stride: it.filters)
      matrix.addGradient(
        x: windows(call, group, rows), stride: matrix.count, dz: dz, stride: matrix.width, rows: rows, to: call.weightGradients[0],
        bias: it.useBias ? call.weightGradients[1] : nil, scratch: call.scratch[2])
      guard let dx = call.inputGradients[0] else { continue }
      matrix.applyTransposed(dz, stride: matrix.width, rows: rows, into: call.scratch[1])
      for row in 0..<x.shape[0] {
        gather.scatter(
          call.scratch[1].slice(row * each * matrix.backwardWidth, each * matrix.backwardWidth), stride: matrix.backwardWidth, dimensions(x),
          channels: channels, from: group * mine, count: mine, to: dx.slice(row * size, size))
      }
    }
  }
}

extension WindowGather {
  /// Adds windows, rows of `elements · count` numbers that are `stride` apart, to the places that ``gather(_:_:channels:from:count:into:)``
  /// takes them from.
  func scatter(_ windows: Floats, stride: Int, _ dimensions: [Int], channels: Int, from: Int, count: Int, to row: Floats) {
    forEach(dimensions) { window, element, place in
      row.slice(place * channels + from, count).add(windows.slice(window * stride + element * count, count))
    }
  }
}

/// Pooling over several axes: the first largest number of a window gets its whole gradient, or all numbers get their share.
final class SpatialPoolingTraining: PlainTraining, @unchecked Sendable {
  private let it: SpatialPooling
  private let gather: WindowGather

  init(_ it: SpatialPooling, _ plain: Operator) {
    self.it = it
    gather = WindowGather(it.window)
    super.init(plain)
  }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    // how many places a window has; whether its largest number was found
    TrainingSizes(scratch: [outputs[0].dropFirst().dropLast().reduce(1, *), outputs[0].dropFirst().reduce(1, *)])
  }

  override func backward(_ call: TrainingCall) {
    guard let dx = call.inputGradients[0] else { return }
    let x = call.inputs[0]
    let dimensions = Array(x.shape[1...it.window.rank])
    let (size, channels) = (x.count(from: 1), x.last)
    let (counts, found) = (call.scratch[0], call.scratch[1])
    counts.fill(0)
    gather.forEach(dimensions) { window, _, _ in counts[window] += 1 }
    for row in 0..<x.shape[0] {
      found.fill(0)
      let start = row * found.count
      gather.forEach(dimensions) { window, _, place in
        for channel in 0..<channels {
          let (from, to) = (row * size + place * channels + channel, window * channels + channel)
          let dy = call.outputGradients[0][start + to]
          if it.kind == .average {
            dx[from] += dy / counts[window]
          } else if found[to] == 0, x.values[from] == call.outputs[0].values[start + to] {
            found[to] = 1
            dx[from] += dy
          }
        }
      }
    }
  }
}

/// Pooling over all places.
final class SpatialGlobalPoolingTraining: PlainTraining, @unchecked Sendable {
  private let kind: Pooling1D.Kind

  init(_ it: SpatialGlobalPooling, _ plain: Operator) {
    kind = it.kind
    super.init(plain)
  }

  override func backward(_ call: TrainingCall) {
    guard let dx = call.inputGradients[0] else { return }
    let x = call.inputs[0]
    let channels = x.last
    let places = x.count(from: 1) / max(channels, 1)
    for row in 0..<x.shape[0] {
      for channel in 0..<channels {
        let (dy, y) = (call.outputGradients[0][row * channels + channel], call.outputs[0].values[row * channels + channel])
        let each = (0..<places).map { (row * places + $0) * channels + channel }
        // As TensorFlow's reduce_max: equal largest numbers share the gradient.
        let taken = kind == .maximum ? each.filter { x.values[$0] == y } : each
        for place in taken { dx[place] += dy / Scalar(taken.count) }
      }
    }
  }
}

/// Places cut off, added as zeros or repeated: each gives its gradient to the place that it is a copy of.
final class SpatialResizeTraining: PlainTraining, @unchecked Sendable {
  private let it: SpatialResize

  init(_ it: SpatialResize, _ plain: Operator) {
    self.it = it
    super.init(plain)
  }

  override func backward(_ call: TrainingCall) {
    guard let dx = call.inputGradients[0] else { return }
    let channels = call.inputs[0].last
    it.forEachPlace(call.inputs[0].shape, call.outputs[0].shape) { target, source in
      if let source { dx.slice(source * channels, channels).add(call.outputGradients[0].slice(target * channels, channels)) }
    }
  }
}
