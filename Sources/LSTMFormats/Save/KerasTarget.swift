import LSTMModel

/// The generation of Keras that a file is written for.
enum KerasTarget {
  case keras2
  case keras3
  /// A file that both open.
  case both

  /// The generations that are to open it.
  var generations: [KerasGeneration] {
    switch self {
    case .keras2: return [.keras2]
    case .keras3: return [.keras3]
    case .both: return [.keras2, .keras3]
    }
  }

  /// Whether Keras 2 is to open it.
  var isForKeras2: Bool { self != .keras3 }
  /// Whether Keras 3 is to open it.
  var isForKeras3: Bool { self != .keras2 }

  /// For messages.
  var name: String {
    switch self {
    case .keras2: return "a file for Keras 2"
    case .keras3: return "a file for Keras 3"
    case .both: return "a file for both Keras 2 and Keras 3"
    }
  }

  /// The version whose way of writing is followed.
  var version: String { self == .keras3 ? "3.15.1" : "2.15.0" }

  /// Says that the target cannot express something.
  func refuses(_ what: String) -> LSTMError {
    .unsupported("\(what), which \(name) cannot express" + (self == .both ? "; a file for one of them may be able to" : ""))
  }
}

extension JSON {
  /// An object of these members, in this order.
  static func object(_ pairs: KeyValuePairs<String, JSON>) -> JSON { .object(pairs.map { Member(name: $0.key, value: $0.value) }) }

  /// The members of an object; none if this is no object.
  var members: [Member] {
    if case .object(let members) = self { return members }
    return []
  }

  /// The same object without some members.
  func removing(_ names: Set<String>) -> JSON {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { !names.contains($0.name) })
  }

  /// The number that this is.
  var double: Double? {
    switch self {
    case .integer(let value): return Double(value)
    case .number(let value): return value
    default: return nil
    }
  }

  /// The value as text in ASCII, as Python writes it, so that files of every age are read.
  var asciiText: String {
    var result = ""
    for unit in text.utf16 {
      if unit < 0x7F, let letter = Unicode.Scalar(unit) {
        result.unicodeScalars.append(letter)
      } else {
        let digits = String(unit, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return result
  }
}
