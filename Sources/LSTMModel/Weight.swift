/// The numbers of a weight, in the precision of the file that they came from.
public enum Values: Sendable, Equatable {
  case float32([Float])
  case float64([Double])

  /// How many there are.
  public var count: Int {
    switch self {
    case .float32(let values): return values.count
    case .float64(let values): return values.count
    }
  }
}

/// A trained array under the name, orientation and gate order that Keras gives it.
///
/// `lstm/kernel` is `[features, 4 · units]` with the gates in the order i, f, g, o; `gru/kernel` is `[features, 3 · units]` in the order
/// z, r, h. That is also the order of the equations here, so that packing reads a kernel row by row (docs/decisions/0001).
public struct Weight: Sendable {
  /// `layer/kernel`, `bidirectional/forward_lstm/bias`, `outer/inner/kernel`.
  public var name: String
  /// Its dimensions.
  public let shape: Shape
  /// Its numbers, row-major.
  public var values: Values
  /// Index of the layer that it belongs to.
  public let layer: Int
  /// Whether training may change it.
  public let trainable: Bool
  /// What its layer asks of it in training.
  public var rules = WeightRules()

  /// A weight whose values have exactly `shape.count` numbers.
  public init(name: String, shape: Shape, values: Values, layer: Int, trainable: Bool) {
    self.name = name
    self.shape = shape
    self.values = values
    self.layer = layer
    self.trainable = trainable
  }
}

/// A weight that an operation needs: what a file must provide.
public struct WeightSpec: Sendable, Equatable {
  /// Keras' short name: `kernel`.
  public var name: String
  /// The only shape that fits.
  public var shape: Shape
  /// Whether training changes it (a moving average is not trained).
  public var trainable: Bool

  /// A need for a weight of this name and shape.
  public init(_ name: String, _ shape: Shape, trainable: Bool = true) {
    self.name = name
    self.shape = shape
    self.trainable = trainable
  }
}
