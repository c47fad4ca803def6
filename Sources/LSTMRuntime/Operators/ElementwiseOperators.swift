import LSTMModel

/// Copies its input: Identity, Reshape, and the folding of steps into rows.
final class CopyOperator: Operator, @unchecked Sendable {
  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) { call.outputs[0].values.copy(from: call.inputs[0].values) }
}

/// An activation as a layer.
final class ActivationOperator: Operator, @unchecked Sendable {
  private let activation: Activation
  private let kernels: KernelTable

  init(_ activation: Activation, kernels: KernelTable) {
    self.activation = activation
    self.kernels = kernels
  }

  override var takesAnyPlace: Bool { true }

  override func scratch(_ inputs: [[Int]], _ outputs: [[Int]]) -> [Int] { [inputs[0].max() ?? 0] }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    guard case .softmax(let stated) = activation else { return kernels.apply(activation, from: x.values, to: out, width: x.last) }
    let axis = stated < 0 ? stated + x.shape.count : stated
    let count = x.shape[axis]
    let inner = x.count(from: axis + 1)
    if inner == 1 && call.masks[0] == nil { return kernels.apply(activation, from: x.values, to: out, width: count) }
    out.copy(from: x.values)
    if axis == x.shape.count - 1 { maskRows(call, out, count) }
    if inner == 1 { return kernels.apply(activation, to: out, width: count) }
    let row = call.scratch[0].slice(0, count)
    for outer in 0..<x.count(before: axis) {
      for column in 0..<inner {
        let start = outer * count * inner + column
        for index in 0..<count { row[index] = out[start + index * inner] }
        kernels.softmax(row)
        for index in 0..<count { out[start + index * inner] = row[index] }
      }
    }
  }

  /// A mask of the same shape takes its positions out of the softmax, as Keras' Softmax layer does.
  private func maskRows(_ call: Call, _ out: Floats, _ count: Int) {
    guard let mask = call.masks[0], mask.values.count == out.count else { return }
    for index in 0..<out.count where mask.values[index] == 0 { out[index] = out[index] - 1e9 }
  }
}

/// PReLU: a slope of its own for each position.
final class ParametricReluOperator: Operator, @unchecked Sendable {
  private let alpha: Floats
  private let shape: [Int]
  private let isPeriodic: Bool
  private let arena: Arena

  init(_ weights: [Weight], input: Shape) throws(LSTMError) {
    let slopes = weights[0].scalars
    arena = try Arena(capacity: slopes.count, for: "the slopes of PReLU")
    alpha = arena.floats(slopes)
    shape = weights[0].shape.dimensions
    // The first axes may be shared, the rest must be whole.
    let whole = zip(shape, input.withoutBatch).drop { $0.0 == 1 }
    isPeriodic = !slopes.isEmpty && whole.allSatisfy { $0.0 == $0.1 }
  }

  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    // Shared along leading axes only (in a live series always): the slopes repeat, and nothing is allocated.
    if isPeriodic {
      let width = alpha.count
      for start in stride(from: 0, to: out.count, by: width) {
        out.slice(start, width).rectify(x.values.slice(start, width), slopes: alpha)
      }
      return
    }
    let reader = BroadcastReader(from: [1] + shape, to: x.shape)
    for index in 0..<out.count {
      let value = x.values[index]
      out[index] = value > 0 ? value : alpha[reader.offset(index)] * value
    }
  }
}

/// Sets masked steps to zero.
final class MaskingOperator: Operator, @unchecked Sendable {
  private let value: Scalar

  init(_ it: Masking) { value = Scalar(it.value) }

  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    let width = x.last
    guard width > 0 else { return }
    for row in 0..<(out.count / width) {
      let from = x.values.slice(row * width, width)
      let to = out.slice(row * width, width)
      if from.holdsOnly(value) { to.fill(0) } else { to.copy(from: from) }
    }
  }
}

/// Finds for each position of an array the position in another that is broadcast to it.
struct BroadcastReader {
  private let shape: [Int]
  private let strides: [Int]

  /// `from` has the rank of `to` or less; dimensions of 1 are repeated.
  init(from source: [Int], to shape: [Int]) {
    self.shape = shape
    let aligned = Merge.aligned(Shape(source), shape.count)
    var strides = [Int](repeating: 0, count: shape.count)
    var stride = 1
    for axis in shape.indices.reversed() {
      strides[axis] = aligned[axis] == 1 ? 0 : stride
      stride *= aligned[axis]
    }
    self.strides = strides
  }

  /// Whether the numbers of the last axis are one number repeated; else they lie side by side.
  var repeatsLast: Bool { strides.last == 0 }

  /// Where the number for position `index` lies.
  func offset(_ index: Int) -> Int {
    var rest = index
    var offset = 0
    for axis in shape.indices.reversed() {
      offset += rest % shape[axis] * strides[axis]
      rest /= shape[axis]
    }
    return offset
  }
}

/// Mask arithmetic: numbers 0 and 1.
final class LogicOperator: Operator, @unchecked Sendable {
  private let kind: Logic.Kind

  init(_ it: Logic) { kind = it.kind }

  override var takesAnyPlace: Bool { true }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    switch kind {
    case .notEqual(let value): for index in 0..<out.count { out[index] = x.values[index] != Scalar(value) ? 1 : 0 }
    case .anyNotEqual(let value):
      let width = x.last
      for row in 0..<out.count { out[row] = x.values.slice(row * width, width).holdsOnly(Scalar(value)) ? 0 : 1 }
    case .any(let axis):
      reduce(x, axis: axis < 0 ? axis + x.shape.count : axis, into: out) { found, number in found || number != 0 }
    case .all(let axis):
      // All are not 0: no one is 0.
      reduce(x, axis: axis < 0 ? axis + x.shape.count : axis, into: out) { found, number in found || number == 0 }
      for index in 0..<out.count { out[index] = 1 - out[index] }
    case .not: for index in 0..<out.count { out[index] = x.values[index] == 0 ? 1 : 0 }
    case .zerosLike: out.fill(0)
    case .onesLike: out.fill(1)
    case .expandDims: out.copy(from: x.values)
    case .withinLength:
      let steps = call.outputs[0].shape[1]
      for index in 0..<out.count { out[index] = Scalar(index % steps) < call.inputs[1].values[index / steps] ? 1 : 0 }
    case .or, .and:
      let conjunction = kind == .and
      out.fill(conjunction ? 1 : 0)
      for input in call.inputs {
        let reader = BroadcastReader(from: input.shape, to: call.outputs[0].shape)
        for index in 0..<out.count {
          let holds = input.values[reader.offset(index)] != 0
          if holds != conjunction { out[index] = holds ? 1 : 0 }
        }
      }
    }
  }

  /// 1 where a number along the axis makes `body` true.
  private func reduce(_ x: Tensor, axis: Int, into out: Floats, _ body: (Bool, Scalar) -> Bool) {
    let inner = x.count(from: axis + 1)
    let count = x.shape[axis]
    for outer in 0..<x.count(before: axis) {
      for column in 0..<inner {
        var found = false
        for index in 0..<count { found = body(found, x.values[(outer * count + index) * inner + column]) }
        out[outer * inner + column] = found ? 1 : 0
      }
    }
  }
}
