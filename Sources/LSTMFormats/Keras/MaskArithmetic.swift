import LSTMModel

/// The steps that Keras 3 adds to functional models to compute masks: `NotEqual(tokens, 0)`, `Any(…, axis=-1)`, …
final class MaskArithmetic: KerasLayer {
  /// Reads such a step. Its options are read at the call: some are given there.
  init(_ config: LayerConfig) throws(LSTMError) {
    guard config.generation >= .keras3 else {
      throw .unsupported("layer ‘\(config.path)’ is a \(config.type), an unknown layer: liblstm does not support it")
    }
    _ = config.value("axis")
    _ = config.value("keepdims")
    try config.finish()
    super.init(config)
  }

  override func call(_ call: LayerCall, in builder: ModelBuilder) throws(LSTMError) -> [Value] {
    for (name, argument) in call.named where !argument.isNothing && !["axis", "keepdims"].contains(name) {
      throw config.unsupported("is called with ‘\(name)’")
    }
    let kind: Logic.Kind
    switch config.type {
    case "NotEqual": kind = .notEqual(try comparand(call))
    case "Any": kind = .any(axis: try axis(call))
    case "All": kind = .all(axis: try axis(call))
    case "LogicalAnd": kind = .and
    case "LogicalOr": kind = .or
    case "LogicalNot": kind = .not
    case "ExpandDims": kind = .expandDims(axis: try axis(call))
    case "OnesLike": kind = .onesLike
    default: kind = .zerosLike
    }
    let result = try builder.addOne(.logic(Logic(kind)), call.inputs, layer: index)
    guard ["Any", "All"].contains(config.type), try keepsDimension(call) else { return [result] }
    return [try builder.addOne(.logic(Logic(.expandDims(axis: try axis(call)))), [result], layer: index)]
  }

  private func option(_ call: LayerCall, _ name: String) -> JSON? {
    if case .constant(let value)? = call.named[name] { return value }
    return config.values[name]
  }

  private func axis(_ call: LayerCall) throws(LSTMError) -> Int {
    let value = option(call, "axis")
    guard let axis = value?.integer ?? (value?.array?.count == 1 ? value?.array?.first?.integer : nil), -8...8 ~= axis else {
      throw config.wrong("axis", expected: "one axis")
    }
    return axis
  }

  private func keepsDimension(_ call: LayerCall) throws(LSTMError) -> Bool { option(call, "keepdims") == .bool(true) }

  private func comparand(_ call: LayerCall) throws(LSTMError) -> Double {
    guard call.positional.count == 2, case .constant(let value) = call.positional[1] else {
      throw config.unsupported("compares two values of the graph")
    }
    switch value {
    case .integer(let number): return Double(number)
    case .number(let number): return number
    default: throw config.unsupported("compares with \(value.brief)")
    }
  }
}
