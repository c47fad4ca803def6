import LSTMModel

/// How a new weight of a layer begins: its initializer, with the LSTM's ones in the forget gate's bias.
struct WeightInitializer {
  private let initializer: Initializer
  private let seed: UInt64?
  /// Whether the second quarter of the numbers is ones.
  private let onesInForgetGate: Bool

  /// Reads what a layer says of its weight `name`: `kernel`, `query/kernel`.
  init(_ name: String, _ config: LayerConfig, of operation: Operation) throws(LSTMError) {
    let short = name.split(separator: "/").last.map(String.init) ?? name
    let key = WeightRulesConfig.stem(name) + "_initializer"
    switch config.values[key] {
    case nil:
      initializer = InitializerConfig.standard(for: short, layerType: config.type)
      seed = nil
    case .null?:
      // Keras' add_weight without an initializer.
      initializer = .glorotUniform
      seed = nil
    case let json?:
      let read = try InitializerConfig(json, key: key, of: config.title)
      (initializer, seed) = (read.initializer, read.seed)
    }
    onesInForgetGate = short == "bias" && WeightInitializer.hasForgetGate(operation) ? try config.bool("unit_forget_bias", default: true) : false
  }

  private static func hasForgetGate(_ operation: Operation) -> Bool {
    switch operation {
    case .recurrent(let recurrent): return recurrent.cell == .lstm
    case .convolutionalLSTM: return true
    default: return false
    }
  }

  /// The numbers, in the layer's type. `stream` tells the model's weights apart.
  func values(for slot: ModelBuilder.Slot, seed modelSeed: UInt64, stream: Int) throws(LSTMError) -> Values {
    let random = CounterRandom(seed: seed ?? modelSeed, stream: UInt64(stream))
    var numbers: [Double]
    do { numbers = try initializer.values(for: slot.shape, random) } catch { throw error.at(slot.name) }
    if onesInForgetGate {
      let quarter = numbers.count / 4
      for index in quarter..<2 * quarter { numbers[index] = 1 }
    }
    return slot.dtype == "float64" ? .float64(numbers) : .float32(numbers.map { Float($0) })
  }
}
