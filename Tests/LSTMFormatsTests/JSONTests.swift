import LSTMModel
import Testing

@testable import LSTMFormats

@Suite struct `JSON texts` {
  @Test func `what Python writes beyond the standard is read`() throws {
    #expect(try JSON("[NaN, -Infinity, \"NaN\", 1e3]", what: "it") == .array([.null, .null, .string("NaN"), .number(1000)]))
    #expect(try JSON("{\"a\": 9223372036854775808}", what: "it")["a"] == .number(9_223_372_036_854_775_808))
  }

  @Test func `of two members of one name the last counts`() throws {
    #expect(try JSON(#"{"a": 1, "a": 2}"#, what: "it")["a"] == .integer(2))
  }

  @Test func `text and value are one`() throws {
    let text = #"{"b":[1,-2.5,true,null,"é \"\\\n😀"],"a":{}}"#
    #expect(try JSON(text, what: "it").text == text)
  }

  @Test(arguments: ["[", "{\"a\":"]) func `nesting without end is an error, not a crash`(_ opening: String) {
    #expect(throws: LSTMError.self) { try JSON(String(repeating: opening, count: 100_000), what: "it") }
  }

  @Test(arguments: ["", "{", "[1,]", "\"\\ud800\"", "\"", "nul", "{\"a\" 1}"]) func `what is no JSON is an error`(_ text: String) {
    #expect(throws: LSTMError.self) { try JSON(text, what: "it") }
  }
}
