import LSTMModel

/// How Keras names a variable in the files that it writes since 2.12: `layers/lstm/cell/vars/0`.
///
/// Paths are made of class names, counted in the order of the model's layers, and of the attributes in which a layer keeps others.
struct VariableStyle: Sendable, Equatable {
  /// The group that holds a model's layers.
  var group: String
  /// The same in models inside models.
  var innerGroup: String
  /// Keras 2.12 lists layers with weights twice, so that they count twice.
  var countsTwice: Bool

  /// What every Keras since 2.13 writes.
  static let current = VariableStyle(group: "layers", innerGroup: "layers", countsTwice: false)
  /// All styles that were ever written.
  static let all = [
    current,
    VariableStyle(group: "_layer_checkpoint_dependencies", innerGroup: "_layer_checkpoint_dependencies", countsTwice: true),
    VariableStyle(group: "_layer_checkpoint_dependencies", innerGroup: "layers", countsTwice: false),
  ]
}

/// A place in such a file, and the weight that belongs there.
struct VariablePath {
  /// The group of the variables: `layers/lstm/cell/vars`.
  var group: String
  /// Which of them.
  var index: Int
  /// The weight's place in the model.
  var slot: Int

  /// `layers/lstm/cell/vars/0`.
  var path: String { group + "/" + String(index) }
}

/// Names for a list of layers: `lstm`, `lstm_1`, …
enum LayerGroupNames {
  /// The names, each class counted by itself.
  static func names(of layers: [KerasLayer], style: VariableStyle) -> [String] {
    var counts: [String: Int] = [:]
    return layers.map { layer in
      let base = snakeCase(layer.config.type)
      let count = counts[base, default: 0]
      let twice = style.countsTwice && !layer.variables(at: "", style: style).isEmpty
      counts[base] = count + (twice ? 2 : 1)
      return count == 0 ? base : base + "_\(count)"
    }
  }

  /// `BatchNormalization` as `batch_normalization`, `PReLU` as `p_re_lu`.
  static func snakeCase(_ type: String) -> String {
    // The class is called GroupedQueryAttention; configurations have the name under which it is exported.
    let type = type == "GroupQueryAttention" ? "GroupedQueryAttention" : type
    let letters = type.unicodeScalars.filter { $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil }.map(Character.init)
    var result = ""
    for (position, letter) in letters.enumerated() {
      if letter.isUppercase, position > 0 {
        let next = position + 1 < letters.count && letters[position + 1].isLowercase
        if next || letters[position - 1].isLowercase { result += "_" }
      }
      result += letter.lowercased()
    }
    return result
  }
}

extension KerasLayer {
  /// Variables of its own, in the group `path/vars`.
  func ownVariables(at path: String) -> [VariablePath] {
    (weights.own ?? []).enumerated().map { VariablePath(group: path + "/vars", index: $0.offset, slot: $0.element.index) }
  }
}
