import LSTMModel

/// A safetensors file: a JSON header that says what lies where, then the numbers.
///
/// - Source: the format's description at github.com/huggingface/safetensors. What its own reader refuses is refused here.
struct Safetensors {
  private static let widths = [
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
  ]
  // As in the format's own reader.
  private static let largestHeader = 100_000_000

  /// The tensors in the header's order.
  let tensors: [StoredArray]
  /// Strings about the whole file.
  let metadata: [String: String]

  /// Whether bytes look like such a file: a length of a header, then a header. A text has no byte of 0 among its first eight.
  static func isPresent(in bytes: [UInt8]) -> Bool {
    bytes.count > 8 && bytes[8] == UInt8(ascii: "{") && bytes[..<8].contains(0)
  }

  /// Reads the header and checks it against the file.
  ///
  /// - Throws: ``LSTMError/format(_:)`` naming the tensor and what is wrong with it.
  init(_ bytes: [UInt8]) throws(LSTMError) {
    guard bytes.count >= 8 else { throw .format("the safetensors file is \(bytes.isEmpty ? "empty" : "too short"): it has no header") }
    let stated = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let length = Int(exactly: stated), length <= bytes.count - 8 else {
      throw .format("the safetensors header states a length of \(stated) bytes; the file has \(bytes.count - 8) after it")
    }
    guard length <= Safetensors.largestHeader else { throw .format("the safetensors header has \(length) bytes, too many") }
    guard let text = String(validating: bytes[8..<8 + length], as: UTF8.self) else {
      throw .format("the safetensors header is no UTF-8 text, so no JSON")
    }
    let header = try JSON(text, what: "the safetensors header")
    guard case .object(let members) = header else { throw .format("the safetensors header is no JSON object") }
    if let name = DuplicateKeys.first(in: bytes[8..<8 + length]) {
      throw .format("the safetensors header has a duplicate name: ‘\(name)’ is given twice")
    }

    let data = bytes[(8 + length)...]
    var metadata: [String: String] = [:]
    var places: [(range: Range<Int>, name: String)] = []
    var tensors: [StoredArray] = []
    for member in members {
      if member.name == "__metadata__" {
        guard case .object(let notes) = member.value else { throw .format("the safetensors ‘__metadata__’ is \(member.value.brief), not an object") }
        for note in notes { metadata[note.name] = note.value.string ?? note.value.text }
        continue
      }
      let (array, range) = try Safetensors.tensor(member, data)
      tensors.append(array)
      places.append((range, member.name))
    }
    var end = 0
    for place in places.sorted(by: { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }) {
      guard place.range.lowerBound == end else {
        let fault = place.range.lowerBound < end ? "overlaps the tensor before it" : "leaves a hole before it"
        throw .format("tensor ‘\(place.name)’ has the offset \(place.range.lowerBound), which \(fault); expected \(end)")
      }
      end = place.range.upperBound
    }
    guard end == data.count else {
      throw .format("the tensors end at offset \(end) but there are \(data.count) bytes of data: a hole after the last")
    }
    self.tensors = tensors
    self.metadata = metadata
  }

  private static func tensor(_ member: JSON.Member, _ data: ArraySlice<UInt8>) throws(LSTMError) -> (StoredArray, Range<Int>) {
    let name = member.name
    guard let type = member.value["dtype"]?.string, let width = widths[type] else {
      throw .format("tensor ‘\(name)’ has the dtype \(member.value["dtype"]?.brief ?? "none"), which safetensors does not have")
    }
    guard let listed = member.value["shape"]?.array, listed.count <= Shape.maximumRank, listed.allSatisfy({ ($0.integer ?? -1) >= 0 }) else {
      let found = member.value["shape"]?.brief ?? "none"
      throw .format("tensor ‘\(name)’ has the shape \(found); expected up to \(Shape.maximumRank) sizes of at least 0")
    }
    let shape = Shape(listed.compactMap(\.integer))
    guard let count = shape.count, case (let size, false) = count.multipliedReportingOverflow(by: width) else {
      throw .format("tensor ‘\(name)’ has a shape of \(shape), more than any memory holds")
    }
    let offsets = member.value["data_offsets"]?.array?.compactMap(\.integer) ?? []
    guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= data.count else {
      throw .format(
        "tensor ‘\(name)’ has the offsets \(member.value["data_offsets"]?.brief ?? "none"); expected two within the \(data.count) bytes of data")
    }
    guard offsets[1] - offsets[0] == size else {
      throw .format("tensor ‘\(name)’ of the shape \(shape) needs \(size) bytes; its offsets give \(offsets[1] - offsets[0])")
    }
    let bytes = data[(data.startIndex + offsets[0])..<(data.startIndex + offsets[1])]
    let array = StoredArray(name: name, shape: shape) { () throws(LSTMError) in try values(bytes, type, name) }
    return (array, offsets[0]..<offsets[1])
  }

  private static func values(_ bytes: ArraySlice<UInt8>, _ type: String, _ name: String) throws(LSTMError) -> Values {
    switch type {
    case "F32":
      try FileBytes.probe(bytes.count, for: "‘\(name)’")
      return .float32(numbers(bytes, 4) { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) })
    case "F64":
      try FileBytes.probe(bytes.count, for: "‘\(name)’")
      return .float64(numbers(bytes, 8) { Double(bitPattern: $0) })
    case "BF16": return .float32(numbers(bytes, 2) { Float(bitPattern: UInt32(truncatingIfNeeded: $0) << 16) })
    case "F16": return .float32(numbers(bytes, 2) { HalfFloat.value(UInt16(truncatingIfNeeded: $0)) })
    default: throw .format("tensor ‘\(name)’ has elements of the type \(type); a weight has floating-point numbers")
    }
  }

  private static func numbers<Number>(_ bytes: ArraySlice<UInt8>, _ width: Int, _ number: (UInt64) -> Number) -> [Number] {
    var result: [Number] = []
    result.reserveCapacity(bytes.count / width)
    var place = bytes.startIndex
    while place < bytes.endIndex {
      var bits: UInt64 = 0
      for byte in 0..<width { bits |= UInt64(bytes[place + byte]) << (8 * UInt64(byte)) }
      result.append(number(bits))
      place += width
    }
    return result
  }
}

/// Half-precision numbers.
enum HalfFloat {
  /// The number that 16 bits stand for.
  static func value(_ bits: UInt16) -> Float {
    let sign = UInt32(bits >> 15) << 31
    let exponent = UInt32(bits >> 10 & 31)
    let fraction = UInt32(bits & 1023)
    switch exponent {
    // Subnormal numbers are multiples of 2⁻²⁴.
    case 0: return (sign == 0 ? 1 : -1) * Float(fraction) * 0x1p-24
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}

/// Finds names that an object states twice, which parsers pass over in silence.
enum DuplicateKeys {
  /// The first name of the outermost object that occurs twice.
  static func first(in text: ArraySlice<UInt8>) -> String? {
    var seen: Set<ArraySlice<UInt8>> = []
    var depth = 0
    var place = text.startIndex
    while place < text.endIndex {
      let byte = text[place]
      if byte == UInt8(ascii: "\"") {
        let start = place + 1
        place = start
        while place < text.endIndex, text[place] != UInt8(ascii: "\"") { place += text[place] == UInt8(ascii: "\\") ? 2 : 1 }
        guard place < text.endIndex else { return nil }
        var next = place + 1
        while next < text.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(text[next]) { next += 1 }
        if depth == 1, next < text.endIndex, text[next] == UInt8(ascii: ":"), !seen.insert(text[start..<place]).inserted {
          return String(decoding: text[start..<place], as: UTF8.self)
        }
      } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
        depth += 1
      } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
        depth -= 1
      }
      place += 1
    }
    return nil
  }
}
