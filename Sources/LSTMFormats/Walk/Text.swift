import LSTMModel

extension HDF5Walk {
  /// Checks that a name is UTF-8 without NUL, and returns nothing: names stay in the file until a message needs one.
  static func requireName(_ range: Range<Int>, _ bytes: [UInt8], of what: String) throws(LSTMError) {
    let name = bytes[range.clamped(to: 0..<bytes.count)]
    guard !name.isEmpty else { throw .format("\(what) has an empty name: the file is damaged") }
    var isASCII = true
    for byte in name {
      guard byte != 0 else { throw .format("\(what) has a name with a zero byte: the file is damaged") }
      if byte >= 0x80 { isASCII = false }
    }
    guard isASCII || String(validating: name, as: UTF8.self) != nil else {
      throw .format("\(what) has a name that is not UTF-8: \(text(range, bytes))")
    }
  }

  /// Text of the file as a message may show it: no control characters, not too long.
  static func text(_ range: Range<Int>, _ bytes: [UInt8]) -> String {
    let range = range.clamped(to: 0..<bytes.count)
    let shown = bytes[range].prefix(120).map { $0 < 0x20 || $0 == 0x7f ? 0x3f : $0 }
    return String(decoding: shown, as: UTF8.self) + (range.count > 120 ? "…" : "")
  }
}
