import LSTMModel

/// One call of a layer: the values that it gets, and what is stated by name.
struct LayerCall {
  /// An argument: a value of the graph, a list, or something fixed.
  indirect enum Argument {
    case value(Value)
    case list([Argument])
    case constant(JSON)

    /// All values in it, in order.
    var values: [Value] {
      switch self {
      case .value(let value): return [value]
      case .list(let arguments): return arguments.flatMap(\.values)
      case .constant: return []
      }
    }

    /// Whether it says nothing: null, false, or an empty list.
    var isNothing: Bool {
      switch self {
      case .value: return false
      case .list(let arguments): return arguments.allSatisfy(\.isNothing)
      case .constant(let json): return json == .null || json == .bool(false)
      }
    }
  }

  /// What is given by position.
  let positional: [Argument]
  /// What is given by name.
  let named: [String: Argument]
  /// The values given by position.
  let inputs: [Value]
  /// Names that some layer has a meaning for.
  private let understood: Set<String>

  /// A call with values alone.
  init(_ inputs: [Value]) {
    self.init(positional: inputs.map { .value($0) }, named: [:])
  }

  /// A call with arguments.
  init(positional: [Argument], named: [String: Argument]) {
    self.init(positional, named, [])
  }

  private init(_ positional: [Argument], _ named: [String: Argument], _ understood: Set<String>) {
    self.positional = positional
    self.named = named
    self.understood = understood
    inputs = positional.flatMap(\.values)
  }

  /// The same call, in which these names have a meaning for the layer.
  func understanding(_ names: String...) -> LayerCall { LayerCall(positional, named, understood.union(names)) }

  /// The value or values of that name; nil if there are none.
  func values(_ name: String) -> [Value]? {
    guard let values = named[name]?.values, !values.isEmpty else { return nil }
    return values
  }

  /// Whether a name is given as true.
  func flag(_ name: String) -> Bool {
    if case .constant(.bool(true))? = named[name] { return true }
    return false
  }

  /// The mask that the call states, or else those that the inputs carry.
  func mask(_ config: LayerConfig) throws(LSTMError) -> GraphBuilder.CallMask {
    switch named["mask"] {
    case nil: return .carried
    case .value(let value): return .given([value])
    case .constant(.null): return .carried
    case .list(let masks):
      if masks.allSatisfy(\.isNothing) { return .carried }
      return .given(masks.map { $0.values.first })
    default: throw config.unsupported("is called with a mask that is no value of the graph")
    }
  }

  /// Refuses what is given by name and has no meaning for the layer.
  func finish(_ config: LayerConfig) throws(LSTMError) {
    for (name, argument) in named where !argument.isNothing && name != "mask" && !understood.contains(name) {
      throw config.unsupported("is called with ‘\(name)’")
    }
    for argument in positional {
      if case .constant(let json) = argument, json != .null { throw config.unsupported("is called with the constant \(json.brief)") }
    }
  }
}
