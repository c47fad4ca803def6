/// Windows over one to three axes of an array `[N, s₁, …, channels]`.
public struct SpatialWindow: Sendable, Equatable {
  /// Elements of a window along each axis.
  public var sizes: [Int]
  /// From one window to the next.
  public var strides: [Int]
  /// From one element of a window to the next.
  public var dilations: [Int]
  /// What happens at the ends: `valid` or `same`.
  public var padding: Padding

  /// Windows; all lists are as long as there are axes.
  public init(sizes: [Int], strides: [Int], dilations: [Int], padding: Padding) {
    self.sizes = sizes
    self.strides = strides
    self.dilations = dilations
    self.padding = padding
  }

  /// Axes.
  public var rank: Int { sizes.count }
  /// Elements of a window.
  public var count: Int { sizes.reduce(1, *) }

  /// Elements missing before the first and the number of windows, along each axis.
  public func geometry(_ dimensions: [Int]) -> [(before: Int, outputs: Int)] {
    sizes.indices.map { axis in
      padding.geometry(steps: dimensions[axis], span: (sizes[axis] - 1) * dilations[axis] + 1, stride: strides[axis])
    }
  }

  /// The dimensions between batch and channels, if the shape has as many as the window.
  func dimensions(of shape: Shape, _ name: String) throws(LSTMError) -> [Int] {
    guard shape.rank == rank + 2 else {
      throw .shape("\(name) takes an input of \(rank + 2) dimensions, batch included, not \(shape)")
    }
    return Array(shape.dimensions[1...rank])
  }
}

/// Windows over several axes times a kernel: Conv2D, Conv3D.
///
/// - Shapes: `[N, s₁, …, I] → [N, o₁, …, filters]`; `kernel [k₁, …, I / groups, filters]`.
public struct SpatialConvolution: OperationRules {
  /// The windows.
  public var window: SpatialWindow
  /// Outputs per window.
  public var filters: Int
  /// Parts into which the channels are split.
  public var groups: Int
  /// Applied to the result.
  public var activation: Activation
  /// Whether there is a bias.
  public var useBias: Bool

  /// A convolution over several axes.
  public init(window: SpatialWindow, filters: Int, groups: Int, activation: Activation, useBias: Bool) {
    self.window = window
    self.filters = filters
    self.groups = groups
    self.activation = activation
    self.useBias = useBias
  }

  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] {
    let shape = try single(inputs, "a convolution", rank: window.rank + 2)
    let channels = try features(shape, "a convolution")
    guard channels % groups == 0, filters % groups == 0 else {
      throw .shape("a convolution with \(groups) groups does not fit \(channels) channels and \(filters) filters")
    }
    return [WeightSpec("kernel", Shape(window.sizes + [channels / groups, filters]))] + (useBias ? [WeightSpec("bias", [filters])] : [])
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "a convolution")
    let outputs = window.geometry(try window.dimensions(of: shape, "a convolution")).map(\.outputs)
    return [Shape([shape[0]] + outputs + [filters])]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.first == true ? .refused("convolves several steps") : .pointwise
  }
}

/// The largest or the average number of each window over several axes.
public struct SpatialPooling: OperationRules {
  /// What becomes of a window.
  public var kind: Pooling1D.Kind
  /// The windows; padding is not counted in an average.
  public var window: SpatialWindow

  /// A pooling over several axes.
  public init(_ kind: Pooling1D.Kind, window: SpatialWindow) {
    self.kind = kind
    self.window = window
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "pooling")
    let outputs = window.geometry(try window.dimensions(of: shape, "pooling")).map(\.outputs)
    return [Shape([shape[0]] + outputs + [shape.last])]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.first == true ? .refused("pools several steps into one") : .pointwise
  }
}

/// The largest or the average number over all places: `[N, s₁, …, C] → [N, C]`, or with axes of one place if dimensions are kept.
public struct SpatialGlobalPooling: OperationRules {
  /// What becomes of the places.
  public var kind: Pooling1D.Kind
  /// Axes between batch and channels.
  public var rank: Int
  /// Whether the axes stay.
  public var keepDimensions: Bool

  /// A pooling over all places.
  public init(_ kind: Pooling1D.Kind, rank: Int, keepDimensions: Bool) {
    self.kind = kind
    self.rank = rank
    self.keepDimensions = keepDimensions
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    let shape = try single(inputs, "global pooling", rank: rank + 2)
    return [Shape([shape[0]] + (keepDimensions ? Array(repeating: 1, count: rank) : []) + [shape.last])]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.first == true ? .refused("pools over the whole sequence") : .pointwise
  }
}

/// Places cut off, added as zeros or repeated along several axes: Cropping2D, ZeroPadding2D, UpSampling2D.
public struct SpatialResize: OperationRules {
  /// Places put before each axis (negative: cut off).
  public var before: [Int]
  /// Places put behind each axis (negative: cut off).
  public var after: [Int]
  /// How often each place is repeated.
  public var factors: [Int]

  /// New dimensions: `(s + before + after) · factor`.
  public init(before: [Int], after: [Int], factors: [Int]) {
    self.before = before
    self.after = after
    self.factors = factors
  }

  public func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape] {
    var shape = try single(inputs, "a layer that changes sizes", rank: before.count + 2)
    for axis in before.indices where shape[axis + 1] >= 0 {
      let size = shape[axis + 1] + before[axis] + after[axis]
      guard size > 0 else { throw .shape("cropping leaves nothing of \(shape[axis + 1]) places") }
      shape.dimensions[axis + 1] = try Dimension.product(size, factors[axis])
    }
    return [shape]
  }

  public var maskRule: MaskRule { .drop }

  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming {
    timeInputs.first == true ? .refused("changes the number of steps") : .pointwise
  }
}
