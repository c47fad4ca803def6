import LSTMCaller
import LSTMModel

/// What a recurrent layer's gates, state and output were at each step and unit.
public final class Trace: RunningTrace {
  /// `input`, `forward/forget`, …: names of the series, forward ones first.
  public let names: [String]
  private let values: [CallerArray]
  private let buffers: [TraceBuffers]

  /// Runs a plan from zero states over the inputs and keeps what happened inside a layer.
  ///
  /// - Throws: ``LSTMError/argument(_:)`` naming the recurrent layers if `layer` is none; what ``Session/predict()`` throws.
  public init(_ plan: Plan, layer name: String, _ inputs: [CallerArray]) throws(LSTMError) {
    guard let layer = plan.model.layers.first(where: { $0.name == name && !$0.traceable.isEmpty }) else {
      let known = plan.model.layers.filter { !$0.traceable.isEmpty }.map { "‘\($0.name)’" }.joined(separator: ", ")
      throw .argument("there is no recurrent layer ‘\(name)’; " + (known.isEmpty ? "the model has none" : "the model has \(known)"))
    }
    let workspace = Workspace(plan, streaming: false)
    try workspace.prepare(inputs.map { $0.shape })
    var names: [String] = []
    var values: [CallerArray] = []
    var buffers: [TraceBuffers] = []
    for traceable in layer.traceable {
      guard let call = workspace.calls[traceable.node], let it = plan.operators[traceable.node] as? RecurrentOperator else {
        throw .internalFault("layer ‘\(name)’ cannot be traced")
      }
      let made = try TraceBuffers(cell: it.cell, rows: call.inputs[0].shape[0], steps: call.inputs[0].shape[1])
      call.trace = made
      buffers.append(made)
      for (index, part) in made.names.enumerated() {
        names.append(traceable.prefix + part)
        values.append(made.series[index].exposed(as: made.shapes[index]))
      }
    }
    for (array, tensor) in zip(inputs, workspace.inputs) { array.read(into: tensor.values, fromRow: 0) }
    try workspace.run()
    self.names = names
    self.values = values
    self.buffers = buffers
  }

  public func series(_ index: Int) -> CallerArray { values[index] }
}
