import LSTMModel
import Testing

@testable import LSTMFormats

@Suite struct `Layer configurations` {
  private func fault(_ config: String, _ type: String = "LSTM", entry: String = "") -> LSTMError? {
    do throws(LSTMError) {
      let json = try JSON("{\"class_name\": \"\(type)\", \"config\": {\"name\": \"it\", \(config)} \(entry)}", what: "the test")
      _ = try LayerRegistry.make(json, prefix: "", frozen: false, generation: .keras2, depth: 1)
      return nil
    } catch { return error }
  }

  @Test func `options that do not change a trained layer are accepted`() {
    #expect(fault(#""units": 4, "dropout": 0.3, "implementation": 2, "kernel_initializer": {"class_name": "Zeros"}"#) == nil)
    #expect(fault(#""units": 4, "something_new": null"#) == nil)
  }

  @Test func `an option that nobody knows is refused by name`() {
    #expect(fault(#""units": 4, "quantum": true"#) == .unsupported("layer ‘it’ (LSTM) has an option ‘quantum’ (true) that liblstm does not know"))
  }

  @Test(arguments: ["-4", "0", "2.5", "true", "[2]", "null", "1e30", "9223372036854775808", #""eight""#])
  func `units must be a whole number in range`(_ units: String) {
    let message = fault("\"units\": \(units)")?.message ?? ""
    #expect(message.contains("layer ‘it’") && message.contains("units"), "\(units): \(message)")
  }

  @Test func `an unknown activation is refused by name`() {
    #expect(fault(#""units": 4, "activation": "supertanh""#)?.message.contains("supertanh") == true)
  }

  @Test func `an unknown class and a class of its author's own are refused by name`() {
    #expect(fault(#""units": 4"#, "HyperLSTM")?.message.contains("HyperLSTM") == true)
    let own = fault(#""units": 4"#, entry: #", "module": "my.layers", "registered_name": "my>LSTM""#)
    #expect(own?.message.contains("my>LSTM") == true)
  }

  @Test func `channels before steps are refused`() {
    #expect(fault(#""filters": 2, "kernel_size": 3, "data_format": "channels_first""#, "Conv1D")?.message.contains("data_format") == true)
  }

  @Test func `GRU without reset_after is the older kind`() throws {
    let json = try JSON(#"{"class_name": "GRU", "config": {"name": "g", "units": 3}}"#, what: "the test")
    let config = try LayerConfig(json, prefix: "", frozen: false, generation: .keras2)
    #expect(try RecurrentCell.read(config, kind: "GRU").cell == .gru(resetAfter: false))
  }

  @Test func `models nested without end are refused`() {
    var text = #"{"class_name": "Dense", "config": {"name": "d", "units": 1}}"#
    for depth in 0..<20 { text = #"{"class_name": "Sequential", "config": {"name": "s\#(depth)", "layers": [\#(text)]}}"# }
    #expect(throws: LSTMError.self) {
      try LayerRegistry.make(try JSON(text, what: "the test"), prefix: "", frozen: false, generation: .keras3, depth: 0)
    }
  }
}
