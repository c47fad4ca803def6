import LSTMCaller
import LSTMModel

/// A model made ready to be trained: a layer for each node, and through which values gradients flow.
final class TrainingPlan {
  let model: Model
  /// The same for inference: shapes, and the operators of layers without weights.
  let plan: Plan
  /// One for each node; nil for inputs.
  let layers: [TrainingLayer?]
  /// For each node whether a gradient flows through it.
  let needsGradient: [Bool]
  let parameters: Parameters
  /// Nodes whose output's gradient is given by the argument of their activation.
  var byArgument: Set<Int> = []
  /// Whether a batch may be split into blocks of rows.
  let splitsBatch: Bool

  /// Prepares a model. `inputGradients`: gradients are wanted for the model's inputs too. `form`: what large products multiply.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming a layer, ``LSTMError/memory(_:)``.
  init(_ model: Model, inputGradients: Bool = false, weights form: WeightForm = .full, kernels: KernelTable = .best) throws(LSTMError) {
    self.model = model
    plan = try Plan(model, kernels: kernels)
    parameters = try Parameters(model)
    var layers: [TrainingLayer?] = []
    var needs: [Bool] = []
    for layer in model.layers { if let fault = layer.trainingFault { throw fault } }
    for (index, node) in model.nodes.enumerated() {
      guard let operation = node.operation, let plain = plan.operators[index] else {
        layers.append(nil)
        needs.append(inputGradients)
        continue
      }
      let flows = operation.hasGradient && (node.inputs.contains { needs[$0.node] } || node.weights.contains { model.weights[$0].trainable })
      needs.append(flows)
      layers.append(try TrainingLayer.make(operation, node: node, in: model, plain: plain, form: form, kernels: kernels))
    }
    self.layers = layers
    needsGradient = needs
    splitsBatch = plan.rowsAreIndependent && !layers.contains { $0?.couplesRows ?? false }
    refresh()
  }

  /// Packs the weights after they changed.
  func refresh() {
    for (node, layer) in zip(model.nodes, layers) where !node.weights.isEmpty { layer?.refresh(node.weights.map { parameters.weights[$0] }) }
  }
}

extension Operation {
  /// Whether its outputs change smoothly with its inputs.
  fileprivate var hasGradient: Bool {
    switch self {
    case .logic, .categoryEncoding, .discretize: return false
    default: return true
    }
  }
}
