import LSTMModel

extension Trainer {
  public func weightValues() -> [Values] { plan.parameters.weights.map { Trainer.values($0) } }

  public func setWeightValues(_ values: [Values]) throws(LSTMError) {
    guard values.count == plan.parameters.weights.count, zip(values, plan.parameters.weights).allSatisfy({ $0.count == $1.count }) else {
      throw .shape("these are the weights of another model")
    }
    for (numbers, weight) in zip(values, plan.parameters.weights) { Trainer.copy(numbers, to: weight) }
    plan.refresh()
  }

  /// Numbers of the runtime as numbers of a model.
  static func values(_ numbers: Floats) -> Values {
    #if LSTM_FLOAT64
      return .float64(numbers.array)
    #else
      return .float32(numbers.array)
    #endif
  }

  /// The other way round; both have the same length.
  static func copy(_ values: Values, to floats: Floats) {
    switch values {
    case .float32(let list): for (place, number) in list.enumerated() { floats[place] = Scalar(number) }
    case .float64(let list): for (place, number) in list.enumerated() { floats[place] = Scalar(number) }
    }
  }
}
