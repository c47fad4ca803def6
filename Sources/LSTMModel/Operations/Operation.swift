/// One computation of the graph: what it needs and what it makes of shapes and masks. How it is computed is the runtime's affair.
///
/// To add one: a struct that conforms to ``OperationRules``, a case here, and its forward in the runtime.
public enum Operation: Sendable {
  case recurrent(Recurrent)
  case dense(Dense)
  case embedding(Embedding)
  case masking(Masking)
  case identity(Identity)
  case activation(Activate)
  case prelu(ParametricRelu)
  case reshape(Reshape)
  case permute(Permute)
  case repeatVector(RepeatVector)
  case window(TimeWindow)
  case upsampling(Upsampling1D)
  case step(StepSelection)
  case foldTime(FoldTime)
  case unfoldTime(UnfoldTime)
  case reverseTime(ReverseTime)
  case merge(Merge)
  case concatenate(Concatenate)
  case dot(Dot)
  case batchNormalization(BatchNormalization)
  case layerNormalization(LayerNormalization)
  case convolution1D(Convolution1D)
  case pooling1D(Pooling1D)
  case globalPooling1D(GlobalPooling1D)
  case attention(Attention)
  case multiHeadAttention(MultiHeadAttention)
  case groupNormalization(GroupNormalization)
  case lengthNormalization(LengthNormalization)
  case rescale(Rescale)
  case categoryEncoding(CategoryEncoding)
  case discretize(Discretize)
  case convolutionalLSTM(ConvolutionalLSTM)
  case spatialConvolution(SpatialConvolution)
  case spatialPooling(SpatialPooling)
  case spatialGlobalPooling(SpatialGlobalPooling)
  case spatialResize(SpatialResize)
  case logic(Logic)

  /// What the operation needs and makes.
  public var rules: any OperationRules {
    switch self {
    case .recurrent(let it): return it
    case .dense(let it): return it
    case .embedding(let it): return it
    case .masking(let it): return it
    case .identity(let it): return it
    case .activation(let it): return it
    case .prelu(let it): return it
    case .reshape(let it): return it
    case .permute(let it): return it
    case .repeatVector(let it): return it
    case .window(let it): return it
    case .upsampling(let it): return it
    case .step(let it): return it
    case .foldTime(let it): return it
    case .unfoldTime(let it): return it
    case .reverseTime(let it): return it
    case .merge(let it): return it
    case .concatenate(let it): return it
    case .dot(let it): return it
    case .batchNormalization(let it): return it
    case .layerNormalization(let it): return it
    case .convolution1D(let it): return it
    case .pooling1D(let it): return it
    case .globalPooling1D(let it): return it
    case .attention(let it): return it
    case .multiHeadAttention(let it): return it
    case .groupNormalization(let it): return it
    case .lengthNormalization(let it): return it
    case .rescale(let it): return it
    case .categoryEncoding(let it): return it
    case .discretize(let it): return it
    case .convolutionalLSTM(let it): return it
    case .spatialConvolution(let it): return it
    case .spatialPooling(let it): return it
    case .spatialGlobalPooling(let it): return it
    case .spatialResize(let it): return it
    case .logic(let it): return it
    }
  }
}

/// What an operation needs of weights and makes of shapes and masks.
public protocol OperationRules: Sendable {
  /// The weights needed for inputs of such shapes, in Keras' order.
  func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec]

  /// The outputs' shapes; unknown dimensions stay unknown.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` if the inputs do not fit.
  func outputShapes(for inputs: [Shape]) throws(LSTMError) -> [Shape]

  /// What becomes of the inputs' masks.
  var maskRule: MaskRule { get }

  /// How the operation relates to time when the model runs one instant at a time.
  func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming
}

/// What an operation makes of its inputs' masks, as Keras does.
public enum MaskRule: Sendable, Equatable {
  /// The first output has the first input's mask.
  case pass
  /// No output has a mask.
  case drop
  /// The mask is computed from the first input, before the operation: a step is real if … (`notEqual` 0 for tokens).
  case create(Logic)
  /// The inputs' masks are joined as the file's generation of Keras does.
  case join
}

/// How an operation behaves when the model runs one instant at a time.
public enum Streaming: Sendable, Equatable {
  /// Each instant by itself; the outputs have a time axis if the first input has one.
  case pointwise
  /// Keeps a state from instant to instant; whether its output still has a time axis.
  case stateful(keepsTime: Bool)
  /// Needs more than the past; the reason completes "layer x …".
  case refused(String)
}

extension OperationRules {
  /// Most operations have no weights.
  public func weightSpecs(for inputs: [Shape]) throws(LSTMError) -> [WeightSpec] { [] }

  /// Most operations treat each instant by itself.
  public func streaming(timeInputs: [Bool], shapes: [Shape]) -> Streaming { .pointwise }

  /// The only input's shape.
  func single(_ inputs: [Shape], _ name: String) throws(LSTMError) -> Shape {
    guard inputs.count == 1 else { throw .shape("\(name) takes one input, not \(inputs.count)") }
    return inputs[0]
  }

  /// The only input's shape, which must have `rank` dimensions, batch included.
  func single(_ inputs: [Shape], _ name: String, rank: Int) throws(LSTMError) -> Shape {
    let shape = try single(inputs, name)
    guard shape.rank == rank else { throw .shape("\(name) takes an input of \(rank) dimensions, batch included, not \(shape)") }
    return shape
  }

  /// The input's last dimension, which a weight's shape depends on.
  func features(_ shape: Shape, _ name: String) throws(LSTMError) -> Int {
    guard shape.rank >= 2, shape.last >= 0 else { throw .shape("\(name) needs to know the last dimension of its input \(shape)") }
    return shape.last
  }
}
