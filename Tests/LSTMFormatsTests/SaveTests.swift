import LSTMModel
import Testing

@testable import LSTMFormats

@Suite struct `Saving` {
  private func model(_ path: String) throws -> Model { try ModelFile.load(path: Fixtures.folder + path, options: LoadOptions()) }

  private func config(_ type: String, _ options: String, from generation: KerasGeneration, to target: KerasTarget) throws -> JSON {
    let entry = try JSON("{\"class_name\": \"\(type)\", \"config\": \(options)}", what: "a layer")
    return try ConfigTranslation(target: target, generation: generation, isStateful: false).layer(entry, path: "")
  }

  @Test func `options that one generation does not know are left out where they say nothing`() throws {
    let lstm = try config(
      "LSTM", "{\"name\": \"a\", \"units\": 2, \"time_major\": false, \"implementation\": 2, \"dtype\": \"float32\"}", from: .keras2, to: .keras3)
    #expect(lstm["config"]?["time_major"] == nil && lstm["config"]?["implementation"] == nil && lstm["config"]?["units"] == .integer(2))
    #expect(lstm["module"] == .string("keras.layers"))
    let dense = try config(
      "Dense", "{\"name\": \"d\", \"units\": 2, \"activation\": \"silu\", \"quantization_config\": null}", from: .keras3, to: .both)
    #expect(dense["config"]?["quantization_config"] == nil && dense["config"]?["activation"] == .string("swish"))
  }

  @Test func `an option that matters is refused by name`() {
    #expect(throws: LSTMError.self) { try config("LSTM", "{\"name\": \"a\", \"units\": 2, \"time_major\": true}", from: .keras2, to: .keras3) }
    do {
      _ = try config("Dense", "{\"name\": \"d\", \"units\": 2, \"activation\": \"celu\"}", from: .keras3, to: .keras2)
      Issue.record("celu was accepted")
    } catch {
      #expect((error as? LSTMError)?.message.contains("layer ‘d’ (Dense) has the activation ‘celu’") == true)
    }
  }

  @Test func `a policy becomes its name, and an initializer keeps what both know`() throws {
    let policy = "{\"class_name\": \"DTypePolicy\", \"config\": {\"name\": \"mixed_float16\"}}"
    let initializer = "{\"class_name\": \"GlorotUniform\", \"config\": {\"seed\": 3, \"input_axes\": null}, \"shared_object_id\": 17}"
    let dense = try config(
      "Dense", "{\"name\": \"d\", \"units\": 2, \"dtype\": \(policy), \"kernel_initializer\": \(initializer)}", from: .keras3, to: .keras2)
    #expect(dense["config"]?["dtype"] == .string("mixed_float16"))
    #expect(dense["config"]?["kernel_initializer"]?.text == "{\"class_name\":\"GlorotUniform\",\"config\":{\"seed\":3}}")
  }

  @Test func `hard_sigmoid of Keras 2 is read back from its spelling in Keras 3`() {
    #expect(HardSigmoid.read(HardSigmoid.keras2) == .hardSigmoid(slope: 0.2))
    #expect(HardSigmoid.read(.object(["class_name": .string("Sequential"), "config": .object(["layers": .array([])])])) == nil)
  }

  @Test func `text is written in ASCII, beyond the first plane as pairs`() {
    #expect(JSON.string("é𝄞\u{7F}\n").asciiText == "\"\\u00e9\\ud834\\udd1e\\u007f\\n\"")
  }

  @Test func `safetensors have a header of a multiple of 8 bytes and the numbers after it`() throws {
    let bytes = Safetensors.bytes([SavedArray(name: "a", shape: [2], values: .float32([1, -2]))], metadata: [("format", "pt")])
    let size = Int(bytes[0]) + Int(bytes[1]) << 8
    #expect(size % 8 == 0 && bytes.count == 8 + size + 8)
    let header = try JSON(String(decoding: bytes[8..<8 + size], as: UTF8.self), what: "the header")
    #expect(header["a"]?.text == "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}")
    #expect(Array(bytes.suffix(8)) == [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
  }

  @Test func `the endings of names mean formats`() {
    #expect(SaveFormat(path: "a.weights.h5") == .keras3Weights && SaveFormat(path: "A.H5") == .kerasHDF5)
    #expect(SaveFormat(path: "a.keras") == .kerasArchive && SaveFormat(path: "a.safetensors") == .safetensors && SaveFormat(path: "a.h5.txt") == nil)
  }

  @Test(arguments: SaveFormat.allCases) func `the same model makes the same bytes`(_ format: SaveFormat) throws {
    let model = try model("keras/text_lstm/text_lstm.k3.h5")
    let bytes = try ModelFile.bytes(of: model, format: format, options: SaveOptions())
    #expect(try ModelFile.bytes(of: model, format: format, options: SaveOptions()) == bytes)
    guard [.kerasHDF5, .keras2HDF5, .keras3HDF5, .kerasArchive].contains(format) else { return }
    let again = try ModelFile.load(bytes: bytes, options: LoadOptions())
    #expect(again.weights.map(\.name) == model.weights.map(\.name) && again.weights.map(\.values) == model.weights.map(\.values))
  }
}
