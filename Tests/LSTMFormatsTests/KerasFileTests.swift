import LSTMModel
import Testing

@testable import LSTMFormats

@Suite struct `Keras files` {
  @Test func `the manifest lists the files that these tests read`() {
    #expect(Fixtures.models.count > 100)
    #expect(Fixtures.weights.count > 10)
  }

  @Test(arguments: Fixtures.models) func `every whole model of Keras 2 and 3 loads`(_ entry: Fixtures.Entry) throws {
    let model = try Fixtures.load(entry.file)
    #expect(!model.inputs.isEmpty && !model.outputs.isEmpty)
    #expect(model.saved.flatMap(\.weights).sorted() == Array(model.weights.indices))
    for weight in model.weights { #expect(weight.values.count == weight.shape.count) }
    for (index, node) in model.nodes.enumerated() {
      for value in node.inputs + node.masks.compactMap({ $0 }) { #expect(value.node < index) }
    }
    for layer in model.layers { #expect(layer.output.rank > 0) }
  }

  @Test(arguments: Fixtures.weights) func `weights are matched by order`(_ entry: Fixtures.Entry) throws {
    let onto = try #require(entry.onto)
    let whole = try Fixtures.load(onto)
    var model = whole
    for index in model.weights.indices { model.weights[index].values = .float32([]) }
    try ModelFile.loadWeights(path: Fixtures.folder + entry.file, into: &model, options: LoadOptions())
    for (loaded, original) in zip(model.weights, whole.weights) { #expect(loaded.values == original.values, "\(loaded.name)") }
  }

  @Test func `weights of another architecture change nothing`() throws {
    var model = try Fixtures.load("keras/lstm_basic/lstm_basic.k2.h5")
    let before = model.weights.map(\.values)
    #expect(throws: LSTMError.self) {
      try ModelFile.loadWeights(path: Fixtures.folder + "keras/tiny/tiny.k2.w.h5", into: &model, options: LoadOptions())
    }
    #expect(model.weights.map(\.values) == before)
  }

  @Test func `weights have Keras' names and shapes`() throws {
    let model = try Fixtures.load("keras/lstm_basic/lstm_basic.k2.h5")
    #expect(model.weights.map(\.name) == ["lstm/kernel", "lstm/recurrent_kernel", "lstm/bias"])
    #expect(model.weights.map(\.shape) == [[4, 32], [8, 32], [32]])
    #expect(model.writer == "Keras 2.21.0" && model.generation == .keras2)
  }

  @Test func `both directions can be traced`() throws {
    let model = try Fixtures.load("keras/bilstm_concat/bilstm_concat.k224.h5")
    #expect(model.layers.map(\.name) == ["bidirectional_1"])
    #expect(model.layers[0].traceable.map(\.prefix) == ["forward/", "backward/"])
    #expect(model.weights.map(\.name).contains("bidirectional_1/backward_lstm_1/recurrent_kernel"))
  }

  @Test func `a nested model's layers are layers of the whole`() throws {
    let model = try Fixtures.load("keras/nested_frozen_bn/nested_frozen_bn.k2.h5")
    #expect(model.layers.map(\.name) == ["block/a_dense", "block/bn", "block/b_frozen", "block/c_lstm", "head"])
    #expect(model.layers.map(\.trainable) == [true, true, false, true, true])
    // In the file, the trained weights of the block come first.
    #expect(
      model.saved[0].weights.map { model.weights[$0].name }.suffix(4) == [
        "block/bn/moving_mean", "block/bn/moving_variance", "block/b_frozen/kernel", "block/b_frozen/bias",
      ])
  }

  @Test func `a shared layer has one set of weights and several nodes`() throws {
    let model = try Fixtures.load("keras/shared_lstm/shared_lstm.k2.h5")
    let recurrent = model.nodes.filter { node in
      if case .recurrent = node.operation { return true }
      return false
    }
    #expect(recurrent.count == 2 && recurrent[0].weights == recurrent[1].weights)
  }

  @Test func `hard_sigmoid is what it was in the version that wrote the file`() throws {
    for (file, slope) in [("k2", 0.2), ("k224", 0.2), ("k3", 1.0 / 6)] {
      let model = try Fixtures.load("keras/lstm_hard_sigmoid/lstm_hard_sigmoid.\(file).h5")
      guard case .recurrent(let lstm)? = model.nodes.last?.operation else { continue }
      #expect(lstm.recurrentActivation == .hardSigmoid(slope: slope))
    }
  }

  @Test func `an input shape that the file forgot is recovered from the kernel`() throws {
    let model = try Fixtures.load("keras/lstm_hard_sigmoid/lstm_hard_sigmoid.k224.h5")
    #expect(model.shape(of: model.inputs[0].value) == [-1, -1, 3])
  }

  @Test func `a fixed batch binds only a stateful model`() throws {
    let free = try Fixtures.load("keras/deferred_sequential/deferred_sequential.k2.h5")
    #expect(free.shape(of: free.inputs[0].value)[0] == Shape.unknown)
    let bound = try Fixtures.load("keras/lstm_stateful/lstm_stateful.k2.h5")
    #expect(bound.shape(of: bound.inputs[0].value)[0] == 3)
  }

  @Test func `attributes that Keras split are put together`() throws {
    let model = try Fixtures.load("keras/split_attributes/split_attributes.k2.h5")
    #expect(model.parameterCount > 0)
  }

  @Test func `a report says what is understood and what is not`() throws {
    let good = try ModelFile.report(path: Fixtures.folder + "keras/lstm_basic/lstm_basic.k3.h5", options: LoadOptions())
    #expect(good.loads && good.text.contains("lstm") && good.text.contains("The file loads."))
    // A layer's class becomes one that there is not, of the same length.
    var bytes = try FileBytes.read(Fixtures.folder + "keras/convlstm2d/convlstm2d.k2.h5", maxBytes: 1 << 20)
    let name = Array("\"ConvLSTM2D\"".utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: name) })
    bytes[place + 9] = UInt8(ascii: "9")
    let bad = KerasReport(bytes)
    #expect(!bad.loads && bad.text.contains("ConvLSTM9D") && bad.text.contains("unknown layer") && bad.text.contains("understood"))
    #expect(throws: LSTMError.self) { try ModelFile.report(path: Fixtures.folder + "no such file", options: LoadOptions()) }
  }
}
