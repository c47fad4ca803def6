import LSTMModel

/// Decides whether a model can run one instant at a time, and which of its values have a time axis.
public struct StreamAnalysis {
  /// For each input of the model whether its second dimension is time.
  public let timeInputs: [Bool]

  /// Follows the time axis through the graph.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming the first layer that needs the future or the whole sequence.
  public init(_ model: Model) throws(LSTMError) {
    var time: [[Bool]] = []
    for (index, node) in model.nodes.enumerated() {
      guard let operation = node.operation else {
        let port = model.inputs.first { $0.value.node == index }
        time.append([port.map { StreamAnalysis.hasTime($0, in: model) } ?? false])
        continue
      }
      let inputs = node.inputs.map { time[$0.node][$0.output] }
      let isTime: Bool
      switch operation.rules.streaming(timeInputs: inputs, shapes: node.inputs.map { model.shape(of: $0) }) {
      case .refused(let reason):
        throw .unsupported("the model cannot run step by step: layer ‘\(model.layers[node.layer].name)’ \(reason)")
      case .stateful(let keepsTime): isTime = keepsTime
      case .pointwise:
        switch operation {
        case .foldTime, .repeatVector: isTime = false
        case .unfoldTime: isTime = inputs.last ?? false
        default: isTime = inputs.contains(true)
        }
      }
      time.append(node.outputs.indices.map { $0 == 0 && isTime })
    }
    timeInputs = model.inputs.map { time[$0.value.node][0] }
    guard timeInputs.contains(true) else {
      throw .unsupported("the model cannot run step by step: none of its inputs is a sequence")
    }
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
