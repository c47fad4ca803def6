import LSTMModel
import Testing

@testable import LSTMFormats

@Suite struct `Reading safetensors` {
  private func file(_ header: String, _ data: [UInt8]) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
  }

  private func values(_ type: String, _ bytes: [UInt8], _ count: Int) throws -> Values {
    let header = "{\"w\":{\"dtype\":\"\(type)\",\"shape\":[\(count)],\"data_offsets\":[0,\(bytes.count)]}}"
    return try Safetensors(file(header, bytes)).tensors[0].checkedValues()
  }

  @Test func `numbers of every floating-point type are read`() throws {
    #expect(try values("F32", [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC1], 2) == .float32([1, -10]))
    #expect(try values("F64", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F], 1) == .float64([1]))
    #expect(try values("BF16", [0x80, 0x3F, 0x20, 0xC1], 2) == .float32([1, -10]))
    // 1, -2, the least subnormal, the largest number, infinity, -0.
    let halves: [UInt8] = [0, 0x3C, 0, 0xC0, 1, 0, 0xFF, 0x7B, 0, 0x7C, 0, 0x80]
    #expect(try values("F16", halves, 6) == .float32([1, -2, 0x1p-24, 65504, .infinity, -0.0]))
  }

  @Test(arguments: [
    ("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", "shape"),
    ("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,12]}}", "offsets"),
    ("{\"w\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", "shape"),
    ("{\"w\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,8],\"data_offsets\":[0,8]}}", "shape"),
    ("{\"w\":{\"dtype\":\"F24\",\"shape\":[2],\"data_offsets\":[0,8]}}", "F24"),
    ("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "hole"),
    ("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "hole"),
    ("{\"v\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "overlaps"),
    ("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "duplicate"),
    ("{\"w\":3}", "dtype"), ("{\"w\":{\"dtype\":\"F32\"}}", "shape"), ("{w}", "JSON"), ("[1]", "object"),
  ]) func `what its header states wrongly is refused by name`(_ header: String, _ word: String) {
    #expect { _ = try Safetensors(file(header, [0, 0, 0, 0, 0, 0, 0, 0])) } throws: { "\(($0 as? LSTMError)?.message ?? "")".contains(word) }
  }

  @Test func `JSON text is never taken for it`() {
    #expect(!Safetensors.isPresent(in: Array("{\"a\": {\"b\": 1}}".utf8)))
    #expect(!Safetensors.isPresent(in: Array("{      {".utf8) + [0x7B]))
    #expect(Safetensors.isPresent(in: file("{}", [])))
  }
}
