/// Several arrays joined number by number: Add, Subtract, Multiply, Average, Maximum, Minimum. Dimensions of 1 are broadcast.
public struct Merge: OperationRules {
  /// How two numbers become one.
  public enum Kind: Sendable, Equatable { case add, subtract, multiply, average, maximum, minimum }

  /// How.
  public var kind: Kind

  /// A merge.
  public init(_ kind: Kind) { self.kind = kind }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    if kind == .subtract && inputs.count != 2 { throw .shape("Subtract takes two inputs, not \(inputs.count)") }
    return [try Merge.broadcast(inputs, "a merge layer")]
  }

  public var maskRule: MaskRule { .join }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.contains(true) && timeInputs.contains(false) ? .refused("joins a sequence with a value that is no sequence") : .pointwise
  }

  /// The shape that all inputs can be stretched to, aligned at the last dimension as in Keras' backends, batch first.
  static func broadcast(_ inputs: [Shape], _ name: String) throws(LSTMError) -> Shape {
    guard var result = inputs.first else { throw .shape("\(name) takes at least one input") }
    for shape in inputs.dropFirst() {
      // Keras inserts dimensions of 1 after the batch where ranks differ.
      let rank = max(result.rank, shape.rank)
      let a = aligned(result, rank)
      let b = aligned(shape, rank)
      var joined: [Int] = []
      for (p, q) in zip(a, b) {
        if p == q || q == 1 {
          joined.append(p)
        } else if p == 1 {
          joined.append(q)
        } else if p < 0 {
          joined.append(q)
        } else if q < 0 {
          joined.append(p)
        } else {
          throw .shape("\(name) cannot join \(result) and \(shape)")
        }
      }
      result = Shape(joined)
    }
    return result
  }

  /// The dimensions with ones inserted behind the batch until there are `rank`.
  public static func aligned(_ shape: Shape, _ rank: Int) -> [Int] {
    guard shape.rank < rank, let batch = shape.dimensions.first else { return shape.dimensions }
    return [batch] + Array(repeating: 1, count: rank - shape.rank) + shape.dimensions.dropFirst()
  }
}

/// Several arrays side by side along an axis.
public struct Concatenate: OperationRules {
  /// The axis, batch included; negative from the end.
  public var axis: Int

  /// Joins along `axis`.
  public init(axis: Int) { self.axis = axis }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    guard var result = inputs.first, let index = result.axis(axis), index > 0 else {
      throw .shape("Concatenate along axis \(axis) does not fit \(inputs.first ?? [])")
    }
    for shape in inputs.dropFirst() {
      var other = shape
      guard other.rank == result.rank else { throw .shape("Concatenate cannot join \(result) and \(shape)") }
      let total = try Dimension.sum(result[index], other[index])
      other.dimensions[index] = result[index]
      guard other.isCompatible(with: result) else { throw .shape("Concatenate cannot join \(result) and \(shape) along axis \(axis)") }
      for (position, dimension) in other.dimensions.enumerated() where result[position] < 0 { result.dimensions[position] = dimension }
      result.dimensions[index] = total
    }
    return [result]
  }

  public var maskRule: MaskRule { .join }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    if timeInputs.contains(true) && timeInputs.contains(false) { return .refused("joins a sequence with a value that is no sequence") }
    return timeInputs.first == true && shapes[0].axis(axis) == 1 ? .refused("joins sequences one after the other") : .pointwise
  }
}

/// Sums of products along an axis of each of two arrays.
public struct Dot: OperationRules {
  /// The axis of the first and of the second input, batch included.
  public var axes: (Int, Int)
  /// Whether both are first scaled to length 1 along their axis.
  public var normalize: Bool

  /// A dot product.
  public init(axes: (Int, Int), normalize: Bool) {
    self.axes = axes
    self.normalize = normalize
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    guard inputs.count == 2, let a = inputs[0].axis(axes.0), let b = inputs[1].axis(axes.1), a > 0, b > 0,
      inputs[0][a] < 0 || inputs[1][b] < 0 || inputs[0][a] == inputs[1][b]
    else {
      throw .shape("Dot along axes \(axes.0) and \(axes.1) does not fit \(inputs)")
    }
    var left = inputs[0].dimensions
    var right = inputs[1].dimensions
    left.remove(at: a)
    right.remove(at: b)
    let result = left + right.dropFirst()
    guard result.count <= Shape.maximumRank else { throw .shape("Dot of \(inputs) has too many dimensions") }
    return [result.count == 1 ? [result[0], 1] : Shape(result)]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.contains(true) ? .refused("multiplies whole sequences") : .pointwise
  }
}
