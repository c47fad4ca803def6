import LSTMCaller
import LSTMModel

extension Operator {
  /// Makes an operation of the model ready to run.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming the layer, ``LSTMError/memory(_:)``.
  static func make(_ operation: Operation, node: Node, in model: Model, form: WeightForm, kernels: KernelTable) throws(LSTMError) -> Operator {
    let weights = node.weights.map { model.weights[$0] }
    let shapes = node.inputs.map { model.shape(of: $0) }
    let name = model.layers.indices.contains(node.layer) ? model.layers[node.layer].name : ""
    for (position, mask) in node.masks.enumerated() {
      if let mask, model.shape(of: mask).rank != min(2, shapes[position].rank), operation.consumesMask {
        throw .unsupported("layer ‘\(name)’ has a mask of \(model.shape(of: mask)); only masks of [batch, steps] are supported")
      }
    }
    switch operation {
    case .recurrent(let it):
      return try RecurrentOperator(it, weights, inputSize: shapes[0].last, isMasked: node.masks[0] != nil, form: form, kernels: kernels)
    case .dense(let it): return try DenseOperator(it, weights, inputSize: shapes[0].last, form: form, kernels: kernels)
    case .embedding(let it): return try EmbeddingOperator(it, weights, layer: name)
    case .masking(let it): return MaskingOperator(it)
    case .identity, .reshape, .foldTime, .unfoldTime: return CopyOperator()
    case .activation(let it): return ActivationOperator(it.activation, kernels: kernels)
    case .prelu: return try ParametricReluOperator(weights, input: shapes[0])
    case .permute(let it): return PermuteOperator(it)
    case .repeatVector: return StepOperator { _, _ in 0 }
    case .window(let it): return StepOperator { step, _ in step - it.before }
    case .step(let it): return StepOperator { _, steps in it.place(of: steps) }
    case .upsampling(let it): return StepOperator { step, _ in step / it.size }
    case .reverseTime: return StepOperator { step, steps in steps - 1 - step }
    case .merge(let it): return MergeOperator(it)
    case .concatenate(let it): return ConcatenateOperator(it)
    case .dot(let it): return DotOperator(it)
    case .batchNormalization(let it): return try BatchNormalizationOperator(it, weights, rank: shapes[0].rank)
    case .layerNormalization(let it): return try LayerNormalizationOperator(it, weights, shape: shapes[0])
    case .convolution1D(let it): return try ConvolutionOperator(it, weights, channels: shapes[0].last, kernels: kernels)
    case .pooling1D(let it): return PoolingOperator(it)
    case .globalPooling1D(let it): return GlobalPoolingOperator(it)
    case .attention(let it): return AttentionOperator(it, weights, kernels: kernels)
    case .multiHeadAttention(let it): return try MultiHeadAttentionOperator(it, weights, kernels: kernels)
    case .groupNormalization(let it): return GroupNormalizationOperator(it, weights, channels: shapes[0].last)
    case .lengthNormalization(let it): return try LengthNormalizationOperator(it, weights, shape: shapes[0])
    case .rescale(let it): return RescaleOperator(it, weights)
    case .categoryEncoding(let it): return CategoryEncodingOperator(it, layer: name)
    case .discretize(let it): return DiscretizeOperator(it)
    case .convolutionalLSTM(let it):
      return try ConvolutionalLSTMOperator(it, weights, shape: shapes[0], isMasked: node.masks[0] != nil, kernels: kernels)
    case .spatialConvolution(let it): return try SpatialConvolutionOperator(it, weights, channels: shapes[0].last, kernels: kernels)
    case .spatialPooling(let it): return SpatialPoolingOperator(it)
    case .spatialGlobalPooling(let it): return SpatialGlobalPoolingOperator(it)
    case .spatialResize(let it): return SpatialResizeOperator(it)
    case .logic(let it): return LogicOperator(it)
    }
  }
}

extension Operation {
  /// Whether the arithmetic reads a mask of [batch, steps], rather than only passing it on.
  fileprivate var consumesMask: Bool {
    switch self {
    case .recurrent, .convolutionalLSTM, .globalPooling1D, .attention, .multiHeadAttention: return true
    default: return false
    }
  }
}
