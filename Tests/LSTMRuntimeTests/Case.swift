import LSTMCaller
import LSTMModel

@testable import LSTMRuntime

/// A recurrent layer with random weights, as a model and as its reference.
struct Case {
  let model: Model
  let reference: Reference
  let inputSize: Int
  let units: Int
  /// Numbers of an output: H, or P with a projection.
  let width: Int

  /// `masked`: steps of zeros are masked.
  init(
    _ cell: Recurrent.Cell, inputSize: Int, units: Int, masked: Bool = false, activation: Activation = .tanh, options: CellOptions = CellOptions(),
    seed: UInt64 = 7, scale: Double = 0.5
  ) throws {
    var random = Random(seed: seed)
    var layer = Recurrent(cell: cell, units: units, activation: activation, recurrentActivation: .sigmoid, useBias: true)
    layer.returnSequences = true
    layer.options = options
    width = layer.outputSize
    var graph = GraphBuilder(generation: .keras3)
    let input = graph.addInput([-1, -1, inputSize], layer: 0)
    var value = input
    if masked { value = try graph.add(.masking(Masking(value: 0)), [value], layer: 0)[0] }
    let specs = try layer.weightSpecs(for: [[-1, -1, inputSize]])
    let weights = specs.map { spec in
      Weight(
        name: "layer/" + spec.name, shape: spec.shape, values: .float32(random.numbers(spec.shape.count ?? 0).map { Float($0 * scale) }), layer: 0,
        trainable: true)
    }
    let output = try graph.add(.recurrent(layer), [value], weights: Array(weights.indices), layer: 0)[0]
    var info = Layer(name: "layer", type: "LSTM", options: "{}", trainable: true)
    info.traceable = [Layer.Traceable(prefix: "", node: output.node)]
    model = Model(
      name: "case", writer: "", format: "", generation: .keras3, inputs: [Model.Port(name: "x", dtype: "float32", value: input)],
      outputs: [Model.Port(name: "y", dtype: "float32", value: output)], layers: [info], weights: weights, nodes: graph.nodes)
    let numbers = weights.map { weight -> [Double] in
      guard case .float32(let values) = weight.values else { return [] }
      return values.map { Double($0) }
    }
    reference = Reference(cell: cell, units: units, kernel: numbers[0], recurrent: numbers[1], bias: numbers[2])
    self.inputSize = inputSize
    self.units = units
  }

  /// Another model of the same sizes.
  init(_ model: Model, like other: Case) {
    self.model = model
    (reference, inputSize, units, width) = (other.reference, other.inputSize, other.units, other.width)
  }

  /// Random sequences `[rows, steps, inputSize]`.
  func input(rows: Int, steps: Int, seed: UInt64 = 3) -> [Float] {
    var random = Random(seed: seed)
    return random.numbers(rows * steps * inputSize).map { Float($0) }
  }

  /// Runs a session over a batch.
  func predict(
    _ x: [Float], rows: Int, steps: Int, kernels: KernelTable = .best, threads: Int = 1, weights: WeightForm = .full
  ) throws -> [Float] {
    let session = Session(try Plan(model, weights: weights, kernels: kernels), threads: threads)
    var x = x
    var y = [Float](repeating: .nan, count: rows * steps * width)
    try x.withUnsafeMutableBytes { from in
      try y.withUnsafeMutableBytes { to in
        session.setInput(0, array(from, [rows, steps, inputSize]))
        session.setOutput(0, array(to, [rows, steps, width]))
        try session.predict()
      }
    }
    return y
  }

  private func array(_ bytes: UnsafeMutableRawBufferPointer, _ shape: [Int]) -> CallerArray {
    var dimensions = InlineArray<8, Int>(repeating: 0)
    for (axis, dimension) in shape.enumerated() { dimensions[axis] = dimension }
    return CallerArray(data: bytes.baseAddress, type: .float32, rank: shape.count, dimensions: dimensions)
  }

  /// Runs a stream over one sequence, step by step.
  func stream(_ x: [Float], steps: Int, kernels: KernelTable = .best, threads: Int = 1, weights: WeightForm = .full) throws -> [Float] {
    let stream = try Stream(try Plan(model, weights: weights, kernels: kernels), threads: threads)
    var x = x
    var y = [Float](repeating: .nan, count: steps * width)
    try x.withUnsafeMutableBufferPointer { from in
      try y.withUnsafeMutableBufferPointer { to in
        let input = CallerNumbers(floats: from.baseAddress, count: from.count)
        let output = CallerNumbers(floats: to.baseAddress, count: to.count)
        for step in 0..<steps { try stream.step(input, from: step * inputSize, output, from: step * width) }
      }
    }
    return y
  }

  /// The reference's outputs for a batch.
  func expected(_ x: [Float], rows: Int, steps: Int, masked: Bool = false) -> [Double] {
    (0..<rows).flatMap { row -> [Double] in
      let sequence = (0..<steps).map { step in (0..<inputSize).map { Double(x[(row * steps + step) * inputSize + $0]) } }
      return reference.run(sequence, mask: masked ? sequence.map { step in step.contains { $0 != 0 } } : nil).flatMap { $0 }
    }
  }
}
