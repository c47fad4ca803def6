import LSTMModel
public struct LoadOptions: Sendable { public var maxBytes = 4 << 30; public init() {} }
public enum ModelFile {
  public static func load(path: String, options: LoadOptions) throws(LSTMError) -> Model { throw .unsupported("") }
  public static func load(bytes: [UInt8], options: LoadOptions) throws(LSTMError) -> Model { throw .unsupported("") }
  public static func loadWeights(path: String, into model: inout Model, options: LoadOptions) throws(LSTMError) {}
  public static func report(path: String, options: LoadOptions) throws(LSTMError) -> (text: String, loads: Bool) { ("", false) }
}
