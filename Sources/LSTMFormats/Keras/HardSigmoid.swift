import LSTMModel

/// Keras 2's hard_sigmoid in the words of Keras 3, whose own function of that name is another: `min(max(0.2 x + 0.5, 0), 1)`, as a small
/// Sequential of Rescaling and ReLU that takes the place of an activation's name.
enum HardSigmoid {
  /// The activation that computes what Keras 2 did.
  static let keras2 = JSON.object([
    "module": .string("keras"), "class_name": .string("Sequential"),
    "config": .object([
      "name": .string("hard_sigmoid_of_keras_2"),
      "layers": .array([
        layer("Rescaling", ["scale": .number(0.2), "offset": .number(0.5)]), layer("ReLU", ["max_value": .number(1)]),
      ]),
    ]),
    "registered_name": .null,
  ])

  private static func layer(_ type: String, _ config: KeyValuePairs<String, JSON>) -> JSON {
    .object(["module": .string("keras.layers"), "class_name": .string(type), "config": .object(config), "registered_name": .null])
  }

  /// The function that such a Sequential is; nil if it is something else. Keras adds an input when it saves it again.
  static func read(_ entry: JSON) -> Activation? {
    guard entry["class_name"]?.string == "Sequential", let all = entry["config"]?["layers"]?.array else { return nil }
    let layers = all.filter { $0["class_name"]?.string != "InputLayer" }
    guard layers.map({ $0["class_name"]?.string }) == ["Rescaling", "ReLU"], let slope = layers[0]["config"]?["scale"]?.double,
      layers[0]["config"]?["offset"]?.double == 0.5, let relu = layers[1]["config"], relu["max_value"]?.double == 1,
      (relu["negative_slope"]?.double ?? 0) == 0, (relu["threshold"]?.double ?? 0) == 0
    else { return nil }
    return .hardSigmoid(slope: slope)
  }
}
