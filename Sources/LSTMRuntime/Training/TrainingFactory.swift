import LSTMCaller
import LSTMModel

extension TrainingLayer {
  /// Makes an operation of the model ready to be trained. `plain` is its inference operator. A form is a permission, as for sessions.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming a layer that has no gradient, ``LSTMError/memory(_:)``.
  static func make(
    _ operation: Operation, node: Node, in model: Model, plain: Operator, form: WeightForm, kernels: KernelTable
  ) throws(LSTMError) -> TrainingLayer {
    let shapes = node.inputs.map { model.shape(of: $0) }
    let layer = model.layers.indices.contains(node.layer) ? model.layers[node.layer] : nil
    switch operation {
    case .recurrent(let it) where !it.isPlain: return try OptionRecurrentTraining(it, inputSize: shapes[0].last, kernels: kernels)
    case .recurrent(let it): return try RecurrentTraining(it, inputSize: shapes[0].last, form: form, kernels: kernels)
    case .dense(let it): return try DenseTraining(it, inputSize: shapes[0].last, form: form, kernels: kernels)
    case .embedding(let it): return EmbeddingTraining(it, layer: layer?.name ?? "")
    case .masking(let it): return MaskingTraining(it, plain)
    case .identity(let it): return NoiseTraining(it)
    case .reshape, .foldTime, .unfoldTime: return CopyTraining(plain)
    case .activation(let it): return ActivationTraining(it.activation, plain, kernels: kernels)
    case .prelu: return ParametricReluTraining(alpha: model.weights[node.weights[0]].shape)
    case .permute(let it): return PermuteTraining(it, plain)
    case .repeatVector: return StepTraining(plain) { _, _ in 0 }
    case .window(let it): return StepTraining(plain) { step, _ in step - it.before }
    case .step(let it): return StepTraining(plain) { _, steps in it.place(of: steps) }
    case .upsampling(let it): return StepTraining(plain) { step, _ in step / it.size }
    case .reverseTime: return StepTraining(plain) { step, steps in steps - 1 - step }
    case .merge(let it): return MergeTraining(it, plain)
    case .concatenate(let it): return ConcatenateTraining(it, plain)
    case .dot(let it): return DotTraining(it, plain)
    case .batchNormalization(let it):
      return BatchNormalizationTraining(it, rank: shapes[0].rank, isFrozen: layer.map { !$0.trainable } ?? false)
    case .layerNormalization(let it): return LayerNormalizationTraining(it, axes: try it.indices(in: shapes[0]))
    case .convolution1D(let it): return try ConvolutionTraining(it, channels: shapes[0].last, kernels: kernels)
    case .pooling1D(let it): return PoolingTraining(it, plain)
    case .globalPooling1D(let it): return GlobalPoolingTraining(it, plain)
    case .attention(let it): return AttentionTraining(it, kernels: kernels)
    case .multiHeadAttention(let it): return try MultiHeadAttentionTraining(it, node.weights.map { model.weights[$0].shape }, kernels: kernels)
    case .groupNormalization(let it): return GroupNormalizationTraining(it)
    case .lengthNormalization(let it): return LengthNormalizationTraining(it, axes: try it.indices(in: shapes[0]))
    case .rescale(let it): return RescaleTraining(it, node.weights.map { model.weights[$0] }, plain)
    case .logic, .categoryEncoding, .discretize: return FlatTraining(plain)
    case .convolutionalLSTM(let it): return try ConvolutionalLSTMTraining(it, shape: shapes[0], kernels: kernels)
    case .spatialConvolution(let it): return try SpatialConvolutionTraining(it, channels: shapes[0].last, kernels: kernels)
    case .spatialPooling(let it): return SpatialPoolingTraining(it, plain)
    case .spatialGlobalPooling(let it): return SpatialGlobalPoolingTraining(it, plain)
    case .spatialResize(let it): return SpatialResizeTraining(it, plain)
    }
  }
}
