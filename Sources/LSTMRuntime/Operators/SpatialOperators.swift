import LSTMModel

/// Windows over up to three axes, written as three: missing axes come first and have one place.
struct WindowGather {
  private let sizes: [Int]
  private let strides: [Int]
  private let dilations: [Int]
  private let window: SpatialWindow

  /// Gathers these windows.
  init(_ window: SpatialWindow) {
    let missing = Array(repeating: 1, count: 3 - window.rank)
    sizes = missing + window.sizes
    strides = missing + window.strides
    dilations = missing + window.dilations
    self.window = window
  }

  /// Places and windows of an array with these dimensions, as three axes, and the number of windows.
  func extent(_ dimensions: [Int]) -> (places: [Int], before: [Int], outputs: [Int], count: Int) {
    let geometry = window.geometry(dimensions)
    let missing = 3 - window.rank
    let outputs = Array(repeating: 1, count: missing) + geometry.map(\.outputs)
    return (
      Array(repeating: 1, count: missing) + dimensions, Array(repeating: 0, count: missing) + geometry.map(\.before), outputs,
      outputs.reduce(1, *)
    )
  }

  /// Calls `body` for each window and each element of it that lies inside the array: (window, element, place).
  func forEach(_ dimensions: [Int], _ body: (_ window: Int, _ element: Int, _ place: Int) -> Void) {
    let (places, before, outputs, _) = extent(dimensions)
    var window = 0
    for a in 0..<outputs[0] {
      for b in 0..<outputs[1] {
        for c in 0..<outputs[2] {
          var element = 0
          for i in 0..<sizes[0] {
            let x = a * strides[0] + i * dilations[0] - before[0]
            for j in 0..<sizes[1] {
              let y = b * strides[1] + j * dilations[1] - before[1]
              for k in 0..<sizes[2] {
                let z = c * strides[2] + k * dilations[2] - before[2]
                if x >= 0 && x < places[0] && y >= 0 && y < places[1] && z >= 0 && z < places[2] {
                  body(window, element, (x * places[1] + y) * places[2] + z)
                }
                element += 1
              }
            }
          }
          window += 1
        }
      }
    }
  }

  /// The windows of one row as rows of `elements · count` numbers: channels `from ..< from + count` of each element; zeros outside.
  func gather(_ row: Floats, _ dimensions: [Int], channels: Int, from: Int, count: Int, into windows: Floats) {
    let width = window.count * count
    windows.fill(0)
    forEach(dimensions) { window, element, place in
      windows.slice(window * width + element * count, count).copy(from: row.slice(place * channels + from, count))
    }
  }
}

/// Windows over several axes times a kernel: Conv2D, Conv3D.
final class SpatialConvolutionOperator: Operator, @unchecked Sendable {
  private let it: SpatialConvolution
  private let channels: Int
  private let gather: WindowGather
  /// One for each group.
  private let matrices: [PackedMatrix]
  private let kernels: KernelTable

  init(_ it: SpatialConvolution, _ weights: [Weight], channels: Int, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.channels = channels
    self.kernels = kernels
    gather = WindowGather(it.window)
    let kernel = weights[0].scalars
    let bias = it.useBias ? weights[1].scalars : nil
    let columns = it.filters / it.groups
    var matrices: [PackedMatrix] = []
    for group in 0..<it.groups {
      matrices.append(
        try PackedMatrix(
          kernel, count: it.window.count * (channels / it.groups), columns: it.filters, order: (0..<columns).map { group * columns + $0 },
          panels: PackedMatrix.panels(columns, kernels.lanes), bias: bias.map { values in { values[$0] } }, lanes: kernels.lanes))
    }
    self.matrices = matrices
  }

  override func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] {
    let windows = outputs[0].dropFirst().dropLast().reduce(1, *)
    return [windows * matrices[0].count, windows * matrices[0].width]
  }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0]
    let dimensions = Array(x.shape[1...it.window.rank])
    let windows = gather.extent(dimensions).count
    let (size, mine, columns) = (x.count(from: 1), channels / it.groups, it.filters / it.groups)
    for row in 0..<x.shape[0] {
      for (group, matrix) in matrices.enumerated() {
        gather.gather(x.values.slice(row * size, size), dimensions, channels: channels, from: group * mine, count: mine, into: call.scratch[0])
        kernels.project(call.scratch[0], stride: matrix.count, rows: windows, matrix, into: call.scratch[1], stride: matrix.width)
        let start = row * windows * it.filters + group * columns
        out.values.slice(start, out.values.count - start)
          .copyRows(windows, count: columns, stride: it.filters, from: call.scratch[1], stride: matrix.width)
      }
    }
    kernels.apply(it.activation, to: out.values, width: it.filters)
  }
}

/// The largest or the average number of each window over several axes.
final class SpatialPoolingOperator: Operator, @unchecked Sendable {
  private let it: SpatialPooling
  private let gather: WindowGather

  init(_ it: SpatialPooling) {
    self.it = it
    gather = WindowGather(it.window)
  }

  override func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] { [outputs[0].dropFirst().dropLast().reduce(1, *)] }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    let dimensions = Array(x.shape[1...it.window.rank])
    let (size, channels) = (x.count(from: 1), x.last)
    let counts = call.scratch[0]
    for row in 0..<x.shape[0] {
      let to = out.slice(row * counts.count * channels, counts.count * channels)
      to.fill(it.kind == .maximum ? -Scalar.infinity : 0)
      counts.fill(0)
      gather.forEach(dimensions) { window, _, place in
        counts[window] += 1
        let numbers = x.values.slice(row * size + place * channels, channels)
        let target = to.slice(window * channels, channels)
        if it.kind == .maximum { target.raise(to: numbers) } else { target.add(numbers) }
      }
      guard it.kind == .average else { continue }
      for window in 0..<counts.count { to.slice(window * channels, channels).divide(by: counts[window]) }
    }
  }
}

/// The largest or the average number over all places.
final class SpatialGlobalPoolingOperator: Operator, @unchecked Sendable {
  private let kind: Pooling1D.Kind

  init(_ it: SpatialGlobalPooling) { kind = it.kind }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    let (size, channels) = (x.count(from: 1), x.last)
    for row in 0..<x.shape[0] {
      let from = x.values.slice(row * size, size)
      let to = out.slice(row * channels, channels)
      if kind == .maximum { to.maximum(ofRows: from) } else { to.average(ofRows: from) }
    }
  }
}

/// Places cut off, added as zeros or repeated along several axes.
final class SpatialResizeOperator: Operator, @unchecked Sendable {
  private let it: SpatialResize

  init(_ it: SpatialResize) { self.it = it }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0]
    let channels = x.last
    it.forEachPlace(x.shape, out.shape) { target, source in
      let to = out.values.slice(target * channels, channels)
      if let source { to.copy(from: x.values.slice(source * channels, channels)) } else { to.fill(0) }
    }
  }
}

extension SpatialResize {
  /// Names for each place of the output, over all rows, the place of the input that it is a copy of; nil for a zero.
  func forEachPlace(_ input: [Int], _ output: [Int], _ body: (_ target: Int, _ source: Int?) -> Void) {
    let rank = before.count
    for target in 0..<output.dropLast().reduce(1, *) {
      var rest = target
      var source = 0
      var scale = 1
      var isInside = true
      for axis in (1...rank).reversed() {
        let place = rest % output[axis] / factors[axis - 1] - before[axis - 1]
        rest /= output[axis]
        isInside = isInside && place >= 0 && place < input[axis]
        source += place * scale
        scale *= input[axis]
      }
      body(target, isInside ? rest * scale + source : nil)
    }
  }
}
