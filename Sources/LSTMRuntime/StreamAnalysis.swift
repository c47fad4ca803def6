import LSTMModel

/// Decides whether a model can run one instant at a time, and which of its values have a time axis.
public struct StreamAnalysis {
  /// For each input of the model whether its second dimension is time.
  public let timeInputs: [Bool]

  /// Follows the time axis through the graph.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming the first layer that needs the future or the whole sequence.
  public init(_ model: Model) throws(LSTMError) {
    do throws(LSTMError) {
      try self.init(model, stepsFirst: false)
    } catch {
      // A model that turns its first axis may have meant it as time: `[steps, batch, features]`.
      guard !model.rowsAreIndependent, let other = try? StreamAnalysis(model, stepsFirst: true) else { throw error }
      self = other
    }
  }

  /// The same for inputs whose time axis is the second one, or the first.
  private init(_ model: Model, stepsFirst: Bool) throws(LSTMError) {
    var time: [[Bool]] = []
    // Of values with time whether it is their first axis. An instant of one row has 1 there either way.
    var isFirst: [Bool] = []
    for (index, node) in model.nodes.enumerated() {
      guard let operation = node.operation else {
        let port = model.inputs.first { $0.value.node == index }
        time.append([port.map { StreamAnalysis.hasTime($0, in: model) } ?? false])
        isFirst.append(stepsFirst)
        continue
      }
      let inputs = node.inputs.map { time[$0.node][$0.output] }
      let turned = zip(node.inputs, inputs).contains { $1 && isFirst[$0.node] }
      let turns = stepsFirst && inputs.first == true && StreamAnalysis.exchangesFirstAxes(operation)
      let name = model.layers[node.layer].name
      if turned, !turns, !operation.isByFeatures || zip(node.inputs, inputs).contains(where: { $1 && !isFirst[$0.node] }) {
        throw .unsupported("the model cannot run step by step: layer ‘\(name)’ works along the first axis, which is time")
      }
      let isTime: Bool
      switch turns ? .pointwise : operation.rules.streaming(timeInputs: inputs, shapes: node.inputs.map { model.shape(of: $0) }) {
      case .refused(let reason): throw .unsupported("the model cannot run step by step: layer ‘\(name)’ \(reason)")
      case .stateful(let keepsTime): isTime = keepsTime
      case .pointwise:
        switch operation {
        case .foldTime, .repeatVector: isTime = false
        case .unfoldTime: isTime = inputs.last ?? false
        default: isTime = inputs.contains(true)
        }
      }
      time.append(node.outputs.indices.map { $0 == 0 && isTime })
      isFirst.append(turns ? !turned : turned)
    }
    timeInputs = model.inputs.map { time[$0.value.node][0] }
    guard timeInputs.contains(true) else {
      throw .unsupported("the model cannot run step by step: none of its inputs is a sequence")
    }
  }

  /// Whether an operation exchanges the first two axes and nothing else.
  private static func exchangesFirstAxes(_ operation: Operation) -> Bool {
    guard case .permute(let it) = operation else { return false }
    return it.order.starts(with: [1, 0]) && it.order.dropFirst(2).elementsEqual(it.order.indices.dropFirst(2))
  }

  /// Whether an input is a sequence: `[batch, steps, features, …]`, or tokens.
  private static func hasTime(_ port: Model.Port, in model: Model) -> Bool {
    model.shape(of: port.value).rank >= 3 || model.isTokens(port)
  }

  /// Whether a stream can be made of the model.
  public static func canStream(_ model: Model) -> Bool {
    do throws(LSTMError) {
      _ = try StreamAnalysis(model)
      return true
    } catch {
      return false
    }
  }
}

extension Operation {
  /// Whether each vector of features is treated by itself, wherever it stands in the array.
  fileprivate var isByFeatures: Bool {
    switch self {
    case .dense, .embedding, .identity, .activation, .merge, .rescale: return true
    case .concatenate(let it): return it.axis == -1
    case .layerNormalization(let it): return it.axes == [-1]
    case .batchNormalization(let it): return it.axis == -1
    default: return false
    }
  }
}
