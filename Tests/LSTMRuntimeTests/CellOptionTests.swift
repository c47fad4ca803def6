import LSTMModel
import Testing

@testable import LSTMRuntime

/// Cells with options that have code of their own.
private let optionCases: [(String, Recurrent.Cell, CellOptions)] = {
  func options(_ change: (inout CellOptions) -> Void) -> CellOptions {
    var options = CellOptions()
    change(&options)
    return options
  }
  return [
    ("peepholes", .lstm, options { $0.peepholes = true }), ("projection", .lstm, options { $0.projection = 3 }),
    ("a projection wider than the cell", .lstm, options { $0.projection = 40 }), ("coupled", .lstm, options { $0.couplesForget = true }),
    ("clip", .lstm, options { $0.clip = 0.25 }), ("gates", .lstm, options { $0.normalization = .gates }),
    ("products", .lstm, options { $0.normalization = .products }), ("two biases", .lstm, options { $0.separateBiases = true }),
    ("stored", .lstm, options { $0.storesInitialState = true }), ("GRU", .gru(resetAfter: false), options { $0.clip = 0.25 }),
    ("stored GRU", .gru(resetAfter: true), options { $0.storesInitialState = true }),
    (
      "all", .lstm,
      options {
        ($0.peepholes, $0.projection, $0.couplesForget, $0.clip, $0.separateBiases, $0.storesInitialState) = (true, 5, true, 0.5, true, true)
      }
    ),
  ]
}()

@Suite struct `A cell with options` {
  @Test(arguments: optionCases.indices, [1, 4, 7, 8, 16, 17, 33]) func `gives the same bits alone, in a batch, on threads and step by step`(
    _ index: Int, _ units: Int
  ) throws {
    let (name, cell, options) = optionCases[index]
    let it = try Case(cell, inputSize: 3, units: units, options: options)
    let (rows, steps) = (13, 5)
    let x = it.input(rows: rows, steps: steps)
    for kernels in KernelTable.supported {
      let whole = try it.predict(x, rows: rows, steps: steps, kernels: kernels)
      #expect(whole.allSatisfy { $0.isFinite }, "\(name), \(kernels.name)")
      #expect(try it.predict(x, rows: rows, steps: steps, kernels: kernels, threads: 4) == whole, "\(name), \(kernels.name)")
      let first = try it.predict(Array(x[..<(steps * 3)]), rows: 1, steps: steps, kernels: kernels)
      #expect(first[...] == whole[..<(steps * it.width)], "\(name), \(kernels.name)")
      #expect(try it.stream(Array(x[..<(steps * 3)]), steps: steps, kernels: kernels) == first, "\(name), \(kernels.name)")
    }
  }

  @Test func `adds two biases where they meet in one sum`() throws {
    var options = CellOptions()
    options.separateBiases = true
    let it = try Case(.lstm, inputSize: 3, units: 5, options: options)
    var plain = try Case(.lstm, inputSize: 3, units: 5).model
    for place in 0..<2 { plain.weights[place].values = it.model.weights[place].values }
    guard case .float32(let both) = it.model.weights[2].values else { throw LSTMError.internalFault("no floats") }
    plain.weights[2].values = .float32((0..<20).map { both[$0] + both[20 + $0] })
    let x = it.input(rows: 2, steps: 4)
    #expect(try it.predict(x, rows: 2, steps: 4) == Case(plain, like: it).predict(x, rows: 2, steps: 4))
  }

  @Test func `knows which options have a gradient`() {
    var layer = Recurrent(cell: .lstm, units: 2, activation: .tanh, recurrentActivation: .sigmoid, useBias: true)
    #expect(layer.isPlain)
    layer.options.separateBiases = true
    #expect(layer.isPlain)
    layer.options.peepholes = true
    #expect(!layer.isPlain)
  }
}
