import LSTMModel

/// Class names and what is made of them. To add a layer: a line here, and its options in the file of its family.
enum LayerRegistry {
  /// Models in models, at most.
  static let maximumDepth = 16
  /// Classes whose `dtype` is the type of a value, not a rule of computing.
  static let withoutPolicy: Set<String> = [
    "InputLayer", "NotEqual", "Any", "All", "LogicalAnd", "LogicalOr", "LogicalNot", "ExpandDims", "ZerosLike", "OnesLike", "Transpose", "Flip",
  ]

  /// The layer that an entry of a configuration describes.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` for an unknown class or option, ``LSTMError/format(_:)`` for a senseless one.
  static func make(
    _ entry: JSON, prefix: String, frozen: Bool, generation: KerasGeneration, depth: Int
  ) throws(LSTMError) -> KerasLayer {
    guard depth <= maximumDepth else { throw .format("models are nested deeper than \(maximumDepth) levels") }
    let config = try LayerConfig(entry, prefix: prefix, frozen: frozen, generation: generation)
    switch config.type {
    case "LSTM", "GRU", "SimpleRNN", "RNN", "CuDNNLSTM", "CuDNNGRU": return try RecurrentLayer(config)
    case "Bidirectional": return try BidirectionalLayer(config)
    case "TimeDistributed": return try TimeDistributedLayer(config, depth: depth)
    case "Sequential": return try SequentialModel(config, entry: entry, depth: depth)
    case "Functional", "Model": return try FunctionalModel(config, depth: depth)
    case "InputLayer": return try InputLayer(config)
    case "Transpose": return try TransposeLayer(config)
    case "Flip": return try FlipLayer(config)
    case "SequenceMask": return try SequenceMaskLayer(config)
    case "NotEqual", "Any", "All", "LogicalAnd", "LogicalOr", "LogicalNot", "ExpandDims", "ZerosLike", "OnesLike":
      return try MaskArithmetic(config)
    case "ConvLSTM1D": return try ConvolutionalLSTMLayer(config, rank: 1)
    case "ConvLSTM2D": return try ConvolutionalLSTMLayer(config, rank: 2)
    case "ConvLSTM3D": return try ConvolutionalLSTMLayer(config, rank: 3)
    case "Discretization": return try DiscretizationLayer(config)
    case "Attention", "AdditiveAttention": return try AttentionLayer(config)
    case "MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention": return try MultiHeadAttentionLayer(config)
    default: break
    }
    guard let operation = try operation(config) else {
      throw .unsupported("layer ‘\(config.path)’ is a \(config.type), an unknown layer: liblstm does not support it")
    }
    return try OperationLayer(config, operation)
  }

  /// The operation of a layer that is one; nil for an unknown class.
  private static func operation(_ config: LayerConfig) throws(LSTMError) -> Operation? {
    switch config.type {
    case "Dense": return try CommonLayers.dense(config)
    case "Embedding": return try CommonLayers.embedding(config)
    case "Masking": return try CommonLayers.masking(config)
    case "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianNoise", "GaussianDropout", "AlphaDropout",
      "ActivityRegularization", "Identity":
      return try NoiseLayers.identity(config)
    case "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "ThresholdedReLU": return try ActivationLayers.activate(config)
    case "PReLU": return try ActivationLayers.prelu(config)
    case "Flatten": return try ReshapingLayers.flatten(config)
    case "Reshape": return try ReshapingLayers.reshape(config)
    case "Permute": return try ReshapingLayers.permute(config)
    case "RepeatVector": return .repeatVector(RepeatVector(count: try config.integer("n")))
    case "Cropping1D": return try ReshapingLayers.window(config, "cropping", sign: -1)
    case "ZeroPadding1D": return try ReshapingLayers.window(config, "padding", sign: 1)
    case "SelectStep": return .step(StepSelection(index: try config.integer("index", in: -(1 << 31)...(1 << 31), default: -1)))
    case "UpSampling1D": return .upsampling(Upsampling1D(size: try config.integer("size", default: 2)))
    case "Add": return .merge(Merge(.add))
    case "Subtract": return .merge(Merge(.subtract))
    case "Multiply": return .merge(Merge(.multiply))
    case "Average": return .merge(Merge(.average))
    case "Maximum": return .merge(Merge(.maximum))
    case "Minimum": return .merge(Merge(.minimum))
    case "Concatenate": return .concatenate(Concatenate(axis: try config.integer("axis", in: -8...8, default: -1)))
    case "Dot": return try CommonLayers.dot(config)
    case "BatchNormalization": return try NormalizationLayers.batch(config)
    case "LayerNormalization": return try NormalizationLayers.layer(config)
    case "GroupNormalization": return try NormalizationLayers.group(config)
    case "UnitNormalization": return try NormalizationLayers.unit(config)
    case "RMSNormalization": return try NormalizationLayers.rms(config)
    case "Rescaling": return try PreprocessingLayers.rescaling(config)
    case "Normalization": return try PreprocessingLayers.normalization(config)
    case "CategoryEncoding": return try PreprocessingLayers.category(config)
    case "Conv2D": return try SpatialLayers.convolution(config, rank: 2)
    case "Conv3D": return try SpatialLayers.convolution(config, rank: 3)
    case "MaxPooling2D": return try SpatialLayers.pooling(config, rank: 2, .maximum)
    case "AveragePooling2D": return try SpatialLayers.pooling(config, rank: 2, .average)
    case "MaxPooling3D": return try SpatialLayers.pooling(config, rank: 3, .maximum)
    case "AveragePooling3D": return try SpatialLayers.pooling(config, rank: 3, .average)
    case "GlobalMaxPooling2D": return try SpatialLayers.globalPooling(config, rank: 2, .maximum)
    case "GlobalAveragePooling2D": return try SpatialLayers.globalPooling(config, rank: 2, .average)
    case "GlobalMaxPooling3D": return try SpatialLayers.globalPooling(config, rank: 3, .maximum)
    case "GlobalAveragePooling3D": return try SpatialLayers.globalPooling(config, rank: 3, .average)
    case "Cropping2D": return try SpatialLayers.resize(config, "cropping", rank: 2, sign: -1)
    case "ZeroPadding2D": return try SpatialLayers.resize(config, "padding", rank: 2, sign: 1)
    case "UpSampling2D": return try SpatialLayers.upsampling(config, rank: 2)
    case "Conv1D": return try ConvolutionLayers.convolution(config)
    case "SeparableConv1D": return try ConvolutionLayers.separable(config)
    case "MaxPooling1D": return try ConvolutionLayers.pooling(config, .maximum)
    case "AveragePooling1D": return try ConvolutionLayers.pooling(config, .average)
    case "GlobalMaxPooling1D": return try ConvolutionLayers.globalPooling(config, .maximum)
    case "GlobalAveragePooling1D": return try ConvolutionLayers.globalPooling(config, .average)
    default: return nil
    }
  }
}
