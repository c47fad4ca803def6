import LSTMCaller
import LSTMModel

/// A packed matrix product over the last dimension, with bias and activation.
final class DenseOperator: Operator, @unchecked Sendable {
  private let it: Dense
  let matrix: PackedMatrix
  let kernels: KernelTable

  /// Numbers in a row of the result.
  var units: Int { it.units }
  /// What is applied to the sums.
  var activation: Activation { it.activation }
  /// Whether a stream may run it on one row of numbers by itself.
  var isDirect: Bool { matrix.count > 0 }

  init(_ it: Dense, _ weights: [Weight], inputSize: Int, form: WeightForm, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.kernels = kernels
    matrix = try PackedMatrix(
      weights[0].scalars, count: inputSize, columns: it.units, bias: it.useBias ? weights[1].scalars : nil, lanes: kernels.lanes,
      form: form)
    #if !LSTM_FLOAT64
      if form != .full { matrix.describe(for: kernels) }
    #endif
  }

  override var packed: [PackedMatrix] { [matrix] }

  override var takesAnyPlace: Bool { matrix.form == .full }

  override func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] {
    let rows = outputs[0].dropLast().reduce(1, *)
    return [rows * matrix.width, rows * matrix.quantizedStride]
  }

  override func run(_ call: Call) throws(LSTMError) {
    let out = call.outputs[0]
    let rows = out.count(before: out.shape.count - 1)
    var (x, stride) = (call.inputs[0].values, matrix.count)
    #if !LSTM_FLOAT64
      if matrix.form != .full {
        kernels.quantize(x, stride: stride, rows: rows, for: matrix, into: call.scratch[1])
        (x, stride) = (call.scratch[1], matrix.quantizedStride)
      }
    #endif
    // A product without padding goes where it belongs. Few weights stay near anyway: then some rows at a time do too.
    let isWhole = it.units == matrix.width && out.values.isAligned(kernels.lanes)
    let some = isWhole || matrix.weights.count > DenseOperator.nearNumbers ? max(rows, 1) : DenseOperator.nearRows
    for first in Swift.stride(from: 0, to: rows, by: some) {
      let count = min(some, rows - first)
      let to = out.values.slice(first * it.units, count * it.units)
      let product = isWhole ? to : call.scratch[0]
      kernels.project(x.from(first * stride), stride: stride, rows: count, matrix, into: product, stride: matrix.width)
      if !isWhole { to.copyRows(count, count: it.units, stride: it.units, from: product, stride: matrix.width) }
      kernels.apply(it.activation, to: to, width: it.units)
    }
  }

  /// Numbers of weights that a core's second cache keeps beside other things, and rows that are taken at a time with so few.
  private static let nearNumbers = 1 << 15
  private static let nearRows = 48
}

/// Looks tokens up in a table.
final class EmbeddingOperator: Operator, @unchecked Sendable {
  private let it: Embedding
  private let name: String
  private let table: Floats
  private let arena: Arena

  init(_ it: Embedding, _ weights: [Weight], layer: String) throws(LSTMError) {
    // Tokens arrive as numbers of the computing type; beyond this they would not be whole.
    guard it.inputSize <= 1 << Scalar.significandBitCount else {
      throw .unsupported("layer ‘\(layer)’ has \(it.inputSize) tokens, too many for float32; use float64")
    }
    self.it = it
    name = layer
    let numbers = weights[0].scalars
    arena = try Arena(capacity: numbers.count, for: "an embedding table")
    table = arena.floats(numbers)
  }

  override var takesAnyPlace: Bool { true }

  override var mayRefuse: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let (tokens, out, table) = (call.inputs[0].values, call.outputs[0].values, table)
    let (size, end) = (it.outputSize, Scalar(it.inputSize))
    for index in 0..<tokens.count {
      let token = tokens[index]
      // A fraction is cut off, so that −0.5 is token 0; NaN is no token.
      guard token > -1 && token < end else {
        throw .argument("layer ‘\(name)’ has tokens 0 to \(it.inputSize - 1); the input holds \(token)")
      }
    }
    for index in 0..<tokens.count {
      // Tokens may lie in the caller's array, where another thread of his may have put something else by now: that is no reason to stop the process.
      let token = tokens[index]
      out.slice(index * size, size).copy(from: table.slice(token > 0 && token < end ? Int(token) * size : 0, size))
    }
  }
}

/// Scales and shifts each channel: BatchNormalization with its averages folded in.
final class BatchNormalizationOperator: Operator, @unchecked Sendable {
  private let axis: Int
  private let mean: Floats
  private let factor: Floats
  private let shift: Floats
  private let arena: Arena

  init(_ it: BatchNormalization, _ weights: [Weight], rank: Int) throws(LSTMError) {
    axis = it.axis < 0 ? it.axis + rank : it.axis
    var numbers = weights.map { $0.scalars }[...]
    let gamma = it.scale ? numbers.popFirst() : nil
    let beta = it.center ? numbers.popFirst() : nil
    guard let mean = numbers.popFirst(), let variance = numbers.popFirst() else {
      throw .internalFault("BatchNormalization without its averages")
    }
    arena = try Arena(capacity: 3 * Arena.rounded(mean.count), for: "the numbers of a normalization")
    self.mean = arena.floats(mean)
    factor = arena.floats(variance.indices.map { (gamma?[$0] ?? 1) / (variance[$0] + Scalar(it.epsilon)).squareRoot() })
    shift = arena.floats(mean.indices.map { beta?[$0] ?? 0 })
  }

  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    let inner = x.count(from: axis + 1)
    let channels = mean.count
    let width = inner == 1 ? channels : inner
    guard width > 0 else { return }
    for row in 0..<(out.count / width) {
      let (from, to) = (x.values.slice(row * width, width), out.slice(row * width, width))
      if inner == 1 {
        to.rescale(from, mean: mean, factor: factor, shift: shift)
      } else {
        let channel = row % channels
        to.rescale(from, mean: mean[channel], factor: factor[channel], shift: shift[channel])
      }
    }
  }
}

/// Scales and shifts each row by its own average and spread.
final class LayerNormalizationOperator: Operator, @unchecked Sendable {
  private let axes: [Int]
  private let epsilon: Scalar
  /// For each member of a group; with one alone the other is ones or zeros.
  private let weights: (gamma: Floats, beta: Floats)?
  private let arena: Arena

  init(_ it: LayerNormalization, _ weights: [Weight], shape: Shape) throws(LSTMError) {
    axes = try it.indices(in: shape)
    epsilon = Scalar(it.epsilon)
    var numbers = weights.map { $0.scalars }[...]
    let count = numbers.first?.count ?? 0
    arena = try Arena(capacity: 2 * Arena.rounded(count), for: "the numbers of a normalization")
    let gamma = arena.floats((it.scale ? numbers.popFirst() : nil) ?? [Scalar](repeating: 1, count: count))
    let beta = arena.floats((it.center ? numbers.popFirst() : nil) ?? [Scalar](repeating: 0, count: count))
    self.weights = weights.isEmpty ? nil : (gamma, beta)
  }

  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    if axes.count == 1 && axes[0] == x.shape.count - 1 { return normalizeRows(x, out) }
    // Offsets of one group's members, and of the groups.
    let members = LayerNormalizationOperator.offsets(x.shape, axes)
    let groups = LayerNormalizationOperator.offsets(x.shape, x.shape.indices.filter { !axes.contains($0) })
    let count = Scalar(members.count)
    for group in groups {
      var mean: Scalar = 0
      for member in members { mean += x.values[group + member] }
      mean /= count
      var variance: Scalar = 0
      for member in members { variance += (x.values[group + member] - mean) * (x.values[group + member] - mean) }
      let factor = 1 / (variance / count + epsilon).squareRoot()
      for (index, member) in members.enumerated() {
        out[group + member] = (x.values[group + member] - mean) * factor * (weights?.gamma[index] ?? 1) + (weights?.beta[index] ?? 0)
      }
    }
  }

  /// The usual case, the last axis alone: nothing is allocated, so that a live series may pass.
  private func normalizeRows(_ x: Tensor, _ out: Floats) {
    let width = x.last
    guard width > 0 else { return }
    for start in stride(from: 0, to: out.count, by: width) {
      let (from, to) = (x.values.slice(start, width), out.slice(start, width))
      let mean = from.sum() / Scalar(width)
      let factor = 1 / (from.sumOfSquares(around: mean) / Scalar(width) + epsilon).squareRoot()
      if let weights {
        to.normalize(from, mean: mean, factor: factor, gamma: weights.gamma, beta: weights.beta)
      } else {
        to.rescale(from, mean: mean, factor: factor, shift: 0)
      }
    }
  }

  /// Where the elements along some axes lie, relative to the first.
  static func offsets(_ shape: [Int], _ axes: [Int]) -> [Int] {
    var result = [0]
    for axis in axes {
      let stride = shape[(axis + 1)...].reduce(1, *)
      result = result.flatMap { base in (0..<shape[axis]).map { base + $0 * stride } }
    }
    return result
  }
}
