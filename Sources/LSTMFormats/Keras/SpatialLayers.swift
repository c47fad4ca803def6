import LSTMModel

/// Conv2D, Conv3D, ConvLSTM, and pooling and resizing over two or three axes.
enum SpatialLayers {
  /// Conv2D, Conv3D.
  static func convolution(_ config: LayerConfig, rank: Int) throws(LSTMError) -> Operation {
    .spatialConvolution(
      SpatialConvolution(
        window: try window(config, rank), filters: try config.integer("filters"), groups: try config.integer("groups", default: 1),
        activation: try config.activation("activation"), useBias: try config.bool("use_bias", default: true)))
  }

  /// ConvLSTM1D, ConvLSTM2D, ConvLSTM3D.
  static func recurrent(_ config: LayerConfig, rank: Int) throws(LSTMError) -> Operation {
    var cell = ConvolutionalLSTM(
      window: try window(config, rank), filters: try config.integer("filters"),
      activation: try config.activation("activation", default: "tanh"),
      recurrentActivation: try config.activation("recurrent_activation", default: "hard_sigmoid"),
      useBias: try config.bool("use_bias", default: true))
    guard !cell.activation.isRowWise, !cell.recurrentActivation.isRowWise else { throw config.unsupported("has a softmax as an activation") }
    cell.returnSequences = try config.bool("return_sequences", default: false)
    cell.returnState = try config.bool("return_state", default: false)
    cell.goBackwards = try config.bool("go_backwards", default: false)
    cell.stateful = try config.bool("stateful", default: false)
    for key in ["zero_output_for_mask", "time_major"] { try config.require(key, .bool(false)) }
    config.ignore("unit_forget_bias", "dropout", "recurrent_dropout", "implementation", "unroll")
    return .convolutionalLSTM(cell)
  }

  /// MaxPooling2D, AveragePooling2D and their kin of three axes.
  static func pooling(_ config: LayerConfig, rank: Int, _ kind: Pooling1D.Kind) throws(LSTMError) -> Operation {
    try config.requireChannelsLast()
    let sizes = try list(config, "pool_size", rank, default: Array(repeating: 2, count: rank))
    let window = SpatialWindow(
      sizes: sizes, strides: try list(config, "strides", rank, default: sizes), dilations: Array(repeating: 1, count: rank),
      padding: try padding(config))
    return .spatialPooling(SpatialPooling(kind, window: window))
  }

  /// GlobalMaxPooling2D, GlobalAveragePooling2D and their kin.
  static func globalPooling(_ config: LayerConfig, rank: Int, _ kind: Pooling1D.Kind) throws(LSTMError) -> Operation {
    try config.requireChannelsLast()
    return .spatialGlobalPooling(SpatialGlobalPooling(kind, rank: rank, keepDimensions: try config.bool("keepdims", default: false)))
  }

  /// Cropping2D (`sign` −1), ZeroPadding2D (+1).
  static func resize(_ config: LayerConfig, _ key: String, rank: Int, sign: Int) throws(LSTMError) -> Operation {
    try config.requireChannelsLast()
    let refusal = config.wrong(key, expected: "\(rank) pairs of whole numbers")
    guard let pairs = config.value(key)?.array, pairs.count == rank else { throw refusal }
    var (before, after): ([Int], [Int]) = ([], [])
    for pair in pairs {
      let ends = pair.array?.compactMap(\.integer) ?? pair.integer.map { [$0, $0] } ?? []
      guard ends.count == 2, ends.allSatisfy({ 0...(1 << 24) ~= $0 }) else { throw refusal }
      before.append(sign * ends[0])
      after.append(sign * ends[1])
    }
    return .spatialResize(SpatialResize(before: before, after: after, factors: Array(repeating: 1, count: rank)))
  }

  /// UpSampling2D.
  static func upsampling(_ config: LayerConfig, rank: Int) throws(LSTMError) -> Operation {
    try config.requireChannelsLast()
    try config.require("interpolation", .string("nearest"))
    let zeros = Array(repeating: 0, count: rank)
    return .spatialResize(
      SpatialResize(before: zeros, after: zeros, factors: try list(config, "size", rank, default: Array(repeating: 2, count: rank))))
  }

  private static func window(_ config: LayerConfig, _ rank: Int) throws(LSTMError) -> SpatialWindow {
    try config.requireChannelsLast()
    let ones = Array(repeating: 1, count: rank)
    return SpatialWindow(
      sizes: try list(config, "kernel_size", rank, default: nil), strides: try list(config, "strides", rank, default: ones),
      dilations: try list(config, "dilation_rate", rank, default: ones), padding: try padding(config))
  }

  private static func padding(_ config: LayerConfig) throws(LSTMError) -> Padding {
    try config.word("padding", ["valid", "same"], default: "valid") == "same" ? .same : .valid
  }

  /// A size for each axis, or one for all.
  private static func list(_ config: LayerConfig, _ key: String, _ rank: Int, default absent: [Int]?) throws(LSTMError) -> [Int] {
    let sizes = try config.integers(key, in: 1...(1 << 20), count: 1...rank, default: absent)
    if sizes.count == 1 { return Array(repeating: sizes[0], count: rank) }
    guard sizes.count == rank else { throw config.wrong(key, expected: "\(rank) whole numbers") }
    return sizes
  }
}

/// A layer with a cell that Keras keeps as an object of its own: ConvLSTM.
final class ConvolutionalLSTMLayer: KerasLayer {
  private let operation: Operation
  private let keepsState: Bool

  override var isStateful: Bool { keepsState }

  /// Reads a ConvLSTM of `rank` axes.
  init(_ config: LayerConfig, rank: Int) throws(LSTMError) {
    operation = try SpatialLayers.recurrent(config, rank: rank)
    keepsState = try config.bool("stateful", default: false)
    try config.finish()
    super.init(config)
  }

  override func variables(at path: String, style: VariableStyle) -> [VariablePath] { ownVariables(at: path + "/cell") }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    let mask = try call.mask(config)
    try call.finish(config)
    guard call.inputs.count == 1 else { throw config.unsupported("is given an initial state") }
    for key in ["dropout", "recurrent_dropout"] where config.values[key]?.double ?? 0 != 0 {
      builder.setTrainingFault(.unsupported("\(config.title) has ‘\(key)’, with which liblstm cannot train it"), of: index)
    }
    let weights = try builder.weights(for: operation, call.inputs, in: weights, config, layer: index)
    return try builder.add(operation, call.inputs, weights: weights, layer: index, mask: mask)
  }
}
