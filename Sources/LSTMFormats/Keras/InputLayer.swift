import LSTMModel

/// An input of a functional or Sequential model.
final class InputLayer: KerasLayer {
  /// Its shape with the batch first; nil if the file does not say.
  let shape: Shape?
  /// The type of what goes in: `float32`, `int32`.
  let inputType: String

  /// Reads an input.
  init(_ config: LayerConfig) throws(LSTMError) {
    let older = try config.shape("batch_input_shape")
    shape = try config.shape("batch_shape") ?? older
    inputType = config.values["dtype"]?.string ?? "float32"
    guard !["string", "complex64", "complex128"].contains(inputType) else { throw config.unsupported("takes ‘\(inputType)’") }
    try config.require("sparse", .bool(false))
    try config.require("ragged", .bool(false))
    config.ignore("optional")
    try config.finish()
    super.init(config)
  }
}
