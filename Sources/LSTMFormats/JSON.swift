import CJansson
import LSTMModel

/// A JSON value, parsed by jansson.
enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([Member])

  /// A name and its value; objects keep the order of the file.
  struct Member: Sendable, Equatable {
    /// The key.
    var name: String
    /// What it holds.
    var value: JSON
  }

  // JSON_DECODE_ANY, a macro: a text may be a lone value.
  private static let decodeAny = 4

  /// The value that a text states. Of two members of one name, the last counts, as in Python.
  ///
  /// - Throws: ``LSTMError/format(_:)`` with the place of the fault; `what` is named as its owner.
  init(_ text: String, what: String) throws(LSTMError) {
    let bytes = try JSONText.prepared(text, what: what)
    var fault = json_error_t()
    // SAFETY: jansson reads `count` bytes of the buffer and fills `fault`; both outlive the call.
    let root = unsafe bytes.withUnsafeBytes { buffer in
      unsafe json_loadb(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count, JSON.decodeAny, &fault)
    }
    guard let root = unsafe root else {
      // SAFETY: jansson closes the text with a NUL inside the array of 160 bytes, of which the last is a code.
      let reason = unsafe withUnsafeBytes(of: &fault.text) { unsafe String(decoding: $0.prefix(159).prefix { $0 != 0 }, as: UTF8.self) }
      throw .format("\(what) is not valid JSON: \(reason) (at byte \(fault.position))")
    }
    // SAFETY: `root` came from json_loadb and is given back once, after the last use of anything below it.
    defer { unsafe json_decref(root) }
    self = try unsafe JSON(root, depth: 0)
  }

  private init(_ value: UnsafeMutablePointer<json_t>, depth: Int) throws(LSTMError) {
    guard depth <= JSONText.maximumDepth else { throw .format("the JSON is nested too deeply") }
    // SAFETY: `value` is alive as long as the root, which the caller holds; each call fits the type that was asked for.
    switch unsafe value.pointee.type {
    case JSON_TRUE: self = .bool(true)
    case JSON_FALSE: self = .bool(false)
    case JSON_INTEGER: self = unsafe .integer(Int(json_integer_value(value)))
    case JSON_REAL: self = unsafe .number(json_real_value(value))
    case JSON_STRING: self = unsafe .string(JSON.string(json_string_value(value), json_string_length(value)))
    case JSON_ARRAY:
      var elements: [JSON] = []
      for index in unsafe 0..<json_array_size(value) {
        guard let element = unsafe json_array_get(value, index) else { continue }
        elements.append(try unsafe JSON(element, depth: depth + 1))
      }
      self = .array(elements)
    case JSON_OBJECT:
      var members: [Member] = []
      var position = unsafe json_object_iter(value)
      while let place = unsafe position {
        if let member = unsafe json_object_iter_value(place) {
          let name = unsafe JSON.string(json_object_iter_key(place), json_object_iter_key_len(place))
          members.append(Member(name: name, value: try unsafe JSON(member, depth: depth + 1)))
        }
        unsafe position = unsafe json_object_iter_next(value, place)
      }
      self = .object(members)
    default: self = .null
    }
  }

  private static func string(_ start: UnsafePointer<CChar>?, _ count: Int) -> String {
    guard let start = unsafe start else { return "" }
    // SAFETY: jansson states the length of its own string.
    return unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
  }
}

extension JSON {
  /// The same object with a member of this name set, at its place or at the end.
  func setting(_ name: String, _ value: JSON) -> JSON {
    guard case .object(var members) = self else { return self }
    if let place = members.lastIndex(where: { $0.name == name }) {
      members[place].value = value
    } else {
      members.append(Member(name: name, value: value))
    }
    return .object(members)
  }
}
