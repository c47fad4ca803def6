import LSTMModel

/// JSON as text: what Python writes and other parsers refuse is put right first; and the way back to text.
enum JSONText {
  /// Deeper nesting than any model has (a nested model takes four levels).
  static let maximumDepth = 128
  private static let maximumBytes = 64 << 20

  /// The bytes of `text` for a strict parser: NaN and the infinities become null, whole numbers beyond 64 bits become real ones.
  static func prepared(_ text: String, what: String) throws(LSTMError) -> [UInt8] {
    let bytes = Array(text.utf8)
    guard bytes.count <= maximumBytes else { throw .format("\(what) has \(bytes.count) bytes of JSON; the limit is \(maximumBytes)") }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var depth = 0
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        let end = endOfString(bytes, position)
        result += bytes[position..<end]
        position = end
        continue
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        guard depth <= maximumDepth else { throw .format("\(what) is JSON nested deeper than \(maximumDepth) levels") }
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
        let end = bytes[position...].firstIndex { !isWord($0) } ?? bytes.count
        result += word(bytes[position..<end])
        position = end
        continue
      default: break
      }
      result.append(byte)
      position += 1
    }
    return result
  }

  private static func endOfString(_ bytes: [UInt8], _ start: Int) -> Int {
    var position = start + 1
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "\"") { return position + 1 }
      position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    return bytes.count
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): return true
    default: return byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
    }
  }

  private static func word(_ word: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    for literal in ["NaN", "Infinity", "-Infinity"] where word.elementsEqual(literal.utf8) { return Array("null".utf8)[...] }
    let digits = word.first == UInt8(ascii: "-") ? word.dropFirst() : word
    let isLong = digits.count >= 19 && digits.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    return isLong ? word + Array("e0".utf8) : word
  }
}

extension JSON {
  /// The value as text, without spaces.
  var text: String {
    switch self {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .integer(let value): return String(value)
    case .number(let value): return value.isFinite ? value.description : "null"
    case .string(let value): return JSON.quoted(value)
    case .array(let elements): return "[" + elements.map(\.text).joined(separator: ",") + "]"
    case .object(let members): return "{" + members.map { JSON.quoted($0.name) + ":" + $0.value.text }.joined(separator: ",") + "}"
    }
  }

  /// A short form for messages.
  var brief: String {
    let text = text
    return text.count <= 60 ? text : text.prefix(57) + "…"
  }

  /// A member of an object; nil if there is none or this is no object.
  subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The string that this is.
  var string: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  /// The whole number that this is.
  var integer: Int? {
    if case .integer(let value) = self { return value }
    return nil
  }

  /// The number that this is, whole or not.
  var real: Double? {
    switch self {
    case .integer(let value): return Double(value)
    case .number(let value): return value
    default: return nil
    }
  }

  /// The elements, if this is a list.
  var array: [JSON]? {
    if case .array(let elements) = self { return elements }
    return nil
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
