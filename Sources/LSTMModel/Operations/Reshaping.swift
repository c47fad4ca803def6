/// Another shape for the same numbers: Flatten, Reshape.
///
/// - Shapes: `[N, …] → [N] + target`; one entry of the target may be ``Shape/unknown`` and is then computed.
public struct Reshape: OperationRules {
  /// The new dimensions after the batch; empty for a flat row.
  public var target: [Int]

  /// Reshapes to `target`.
  public init(target: [Int]) { self.target = target }

  /// All dimensions but the batch become one.
  public static let flatten = Reshape(target: [Shape.unknown])

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "Reshape")
    guard target.count < Shape.maximumRank, target.filter({ $0 < 0 }).count <= 1 else {
      throw .shape("Reshape to \(Shape(target)) is not possible: at most one dimension may be left open")
    }
    guard let count = Shape.product(shape.withoutBatch) else { return [Shape([shape[0]] + target)] }
    guard let known = Shape.product(target.filter { $0 >= 0 }[...]) else { throw .shape("Reshape to \(Shape(target)) is too large") }
    var result = target
    if let open = target.firstIndex(where: { $0 < 0 }) {
      guard known > 0 ? count % known == 0 : count == 0 else { throw .shape("\(shape) cannot be reshaped to \(Shape(target))") }
      result[open] = known > 0 ? count / known : 0
    } else if known != count {
      throw .shape("\(shape) cannot be reshaped to \(Shape(target))")
    }
    return [Shape([shape[0]] + result)]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.first == true ? .refused("reshapes the whole sequence") : .pointwise
  }
}

/// Dimensions in another order.
public struct Permute: OperationRules {
  /// For each output dimension the input dimension that it is, batch included: `[0, 2, 1]`.
  public var order: [Int]

  /// Permutes to `order`, which must be a permutation of `0 ..< rank`.
  public init(order: [Int]) { self.order = order }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "Permute")
    guard order.sorted() == Array(0..<shape.rank) else { throw .shape("Permute to the order \(order) does not fit an input of \(shape)") }
    return [Shape(order.map { shape[$0] })]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    guard timeInputs.first == true, order.count > 1, order[1] != 1 else { return .pointwise }
    return .refused("moves the time axis")
  }
}

/// The same vector for `count` steps: `[N, F] → [N, count, F]`.
public struct RepeatVector: OperationRules {
  /// Steps.
  public var count: Int

  /// Repeats `count` times.
  public init(count: Int) { self.count = count }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "RepeatVector", rank: 2)
    return [[shape[0], count, shape[1]]]
  }

  public var maskRule: MaskRule { .drop }
}

/// Steps cut off, or steps of zeros added, at both ends: Cropping1D, ZeroPadding1D.
public struct TimeWindow: OperationRules {
  /// Steps added before the first (negative: cut off).
  public var before: Int
  /// Steps added after the last (negative: cut off).
  public var after: Int

  /// Adds or cuts.
  public init(before: Int, after: Int) {
    self.before = before
    self.after = after
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "cropping or padding", rank: 3)
    guard shape[1] >= 0 else { return [shape] }
    let steps = shape[1] + before + after
    guard steps >= 0, shape[1] + min(before, 0) >= 0, shape[1] + min(after, 0) >= 0 else {
      throw .shape("cropping \(-before) and \(-after) steps leaves nothing of \(shape)")
    }
    return [[shape[0], steps, shape[2]]]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.first == true ? .refused("changes the number of steps") : .pointwise
  }
}

/// Each step repeated: `[N, T, F] → [N, size · T, F]`.
public struct Upsampling1D: OperationRules {
  /// Copies of each step.
  public var size: Int

  /// Repeats each step `size` times.
  public init(size: Int) { self.size = size }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "UpSampling1D", rank: 3)
    return [[shape[0], try Dimension.product(shape[1], size), shape[2]]]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.first == true ? .refused("changes the number of steps") : .pointwise
  }
}

/// One step of a sequence: `[N, T, F] → [N, 1, F]`.
public struct StepSelection: OperationRules {
  /// Which step; negative ones count from the end.
  public var index: Int

  /// Takes the step of this index.
  public init(index: Int) { self.index = index }

  /// The step among so many.
  public func place(of steps: Int) -> Int { index < 0 ? steps + index : index }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "SelectStep", rank: 3)
    guard shape[1] < 0 || 0..<shape[1] ~= place(of: shape[1]) else { throw .shape("a sequence of \(shape[1]) steps has no step \(index)") }
    return [[shape[0], 1, shape[2]]]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    // What is last so far changes from instant to instant.
    timeInputs.first == true && index != -1 ? .refused("takes a step that is not the last") : .pointwise
  }
}

/// The steps of a sequence become rows of the batch, so that an inner layer sees one step at a time: `[N, T, …] → [N·T, …]`.
public struct FoldTime: OperationRules {
  /// A fold.
  public init() {}

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "TimeDistributed")
    guard shape.rank >= 3 else { throw .shape("TimeDistributed takes [batch, steps, …], not \(shape)") }
    return [Shape([try Dimension.product(shape[0], shape[1])] + shape.dimensions.dropFirst(2))]
  }

  public var maskRule: MaskRule { .drop }
}

/// Undoes ``FoldTime``. Inputs: the folded value `[N·T, …]` and the sequence `[N, T, …]` that was folded.
public struct UnfoldTime: OperationRules {
  /// An unfold.
  public init() {}

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    guard inputs.count == 2, inputs[0].rank >= 1, inputs[0].rank < Shape.maximumRank, inputs[1].rank >= 2 else {
      throw .shape("TimeDistributed cannot put its steps together again")
    }
    return [Shape([inputs[1][0], inputs[1][1]] + inputs[0].dimensions.dropFirst())]
  }

  /// The sequence's mask; the graph builder passes the second input's.
  public var maskRule: MaskRule { .drop }
}

/// Steps in the opposite order.
public struct ReverseTime: OperationRules {
  /// A reversal.
  public init() {}

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "Bidirectional")
    guard shape.rank >= 2 else { throw .shape("a sequence is [batch, steps, …], not \(shape)") }
    return [shape]
  }

  public var maskRule: MaskRule { .pass }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    .refused("reads the sequence backwards, so it needs the last step first")
  }
}
