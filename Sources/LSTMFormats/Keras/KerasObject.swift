import LSTMModel

/// An initializer, regularizer, loss, optimizer, … as Keras writes it: a name, or `{"class_name": …, "config": {…}}`.
///
/// Its options are read key by key; one that nobody read makes the object unsupported, by name.
final class KerasObject {
  /// The name as stated.
  let name: String
  /// The name without capitals and underscores, so that `GlorotUniform` is `glorot_uniform`.
  let word: String
  /// Whom it belongs to and what it is, for messages: `layer ‘lstm’ (LSTM): the kernel_initializer ‘GlorotUniform’`.
  let title: String
  /// The options.
  let values: JSON
  private var known: Set<String> = ["name", "dtype"]

  /// Reads an object; `place` says whose it is, `kind` what.
  ///
  /// - Throws: ``LSTMError/format(_:)`` if it is none, ``LSTMError/unsupported(_:)`` if it is a program's own class.
  init(_ json: JSON, kind: String, of place: String) throws(LSTMError) {
    if let text = json.string {
      name = text
      values = .object([])
    } else if let type = json["class_name"]?.string {
      // A function of Keras by its name: {"class_name": "function", "config": "mean_squared_error"}.
      if type == "function", let function = json["config"]?.string {
        name = function
        values = .object([])
      } else {
        name = type
        values = json["config"] ?? .object([])
      }
    } else {
      throw .format("\(place) states the \(kind) as \(json.brief); expected a name or an object of Keras")
    }
    let plain = name.split(separator: ">").last.map(String.init) ?? name
    word = plain.lowercased().filter { $0 != "_" }
    title = "\(place): the \(kind) ‘\(name)’"
    let root = json["module"]?.string?.split(separator: ".").first.map(String.init) ?? "keras"
    guard ["keras", "tf_keras", "keras_core", "tensorflow", "builtins"].contains(root) else {
      throw .unsupported("\(title) is of \(root), a class of its author's own, which liblstm does not support")
    }
    if case .object = values { return }
    throw .format("\(title) has the config \(values.brief); expected an object")
  }

  /// Says that this object or an option of it is not supported.
  func unsupported(_ reason: String) -> LSTMError { .unsupported("\(title) \(reason), which liblstm does not support") }

  /// Says that liblstm has no such object.
  var unknown: LSTMError { .unsupported("\(title) is unknown: liblstm does not support it") }

  /// Says that the value of a key makes no sense.
  func wrong(_ key: String, expected: String) -> LSTMError {
    guard let value = values[key] else { return .format("\(title) states no ‘\(key)’; expected \(expected)") }
    return .format("\(title) states ‘\(key)’ as \(value.brief); expected \(expected)")
  }

  /// The value of a key; nil if it is absent or null.
  func value(_ key: String) -> JSON? {
    known.insert(key)
    if let value = values[key], value != .null { return value }
    return nil
  }

  /// Takes note of keys that change nothing.
  func ignore(_ keys: String...) { known.formUnion(keys) }

  /// A number; nil if it is absent.
  func optionalNumber(_ key: String) throws(LSTMError) -> Double? {
    switch value(key) {
    case nil: return nil
    case .integer(let value): return Double(value)
    case .number(let value): return value
    case .object(let members)?:
      let object = JSON.object(members)
      let inner = object["value"] ?? object["config"]?["value"]
      if case .number(let value)? = inner { return value }
      if case .integer(let value)? = inner { return Double(value) }
      throw wrong(key, expected: "a number")
    default: throw wrong(key, expected: "a number")
    }
  }

  /// A number.
  func number(_ key: String, default absent: Double) throws(LSTMError) -> Double { try optionalNumber(key) ?? absent }

  /// A number that older versions stated under another key.
  func number(_ key: String, _ older: String, default absent: Double) throws(LSTMError) -> Double {
    if let number = try optionalNumber(older) { return number }
    return try number(key, default: absent)
  }

  /// Numbers.
  func numbers(_ key: String) throws(LSTMError) -> [Double] {
    guard let entries = value(key)?.array else { throw wrong(key, expected: "a list of numbers") }
    var numbers: [Double] = []
    for entry in entries {
      switch entry {
      case .integer(let value): numbers.append(Double(value))
      case .number(let value): numbers.append(value)
      default: throw wrong(key, expected: "a list of numbers")
      }
    }
    return numbers
  }

  /// Yes or no.
  func bool(_ key: String, default absent: Bool) throws(LSTMError) -> Bool {
    switch value(key) {
    case nil: return absent
    case .bool(let value): return value
    case .integer(0): return false
    case .integer(1): return true
    default: throw wrong(key, expected: "true or false")
    }
  }

  /// A whole number; nil if it is absent.
  func optionalInteger(_ key: String, in range: ClosedRange<Int>) throws(LSTMError) -> Int? {
    guard let value = value(key) else { return nil }
    var whole = value.integer
    if case .number(let number) = value, number == number.rounded() { whole = Int(exactly: number) }
    guard let whole, range.contains(whole) else {
      throw wrong(key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return whole
  }

  /// Axes: one or a list.
  func axes(_ key: String, default absent: [Int]) throws(LSTMError) -> [Int] {
    guard let value = value(key) else { return absent }
    let axes = (value.array ?? [value]).compactMap(\.integer)
    guard axes.count == value.array?.count ?? 1, axes.allSatisfy({ -8...8 ~= $0 }) else { throw wrong(key, expected: "axes") }
    return axes
  }

  /// One of some words.
  func word(_ key: String, _ words: [String], default absent: String) throws(LSTMError) -> String {
    guard let value = value(key) else { return absent }
    guard let word = value.string else { throw wrong(key, expected: "one of " + words.joined(separator: ", ")) }
    guard words.contains(word) else { throw unsupported("has ‘\(key)’ = ‘\(word)’") }
    return word
  }

  /// Refuses the object if a key was neither read nor known to be harmless. A null says that an option is not used.
  func finish() throws(LSTMError) {
    guard case .object(let members) = values else { return }
    for member in members where member.value != .null && !known.contains(member.name) {
      throw .unsupported("\(title) has an option ‘\(member.name)’ (\(member.value.brief)) that liblstm does not know")
    }
  }
}
