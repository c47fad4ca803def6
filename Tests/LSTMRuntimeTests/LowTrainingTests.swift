import LSTMCaller
import LSTMModel
import Testing

@testable import LSTMRuntime

/// The number with 8 significant bits that is nearest, ties to even, by plain arithmetic.
private func rounded(_ x: Float) -> Double {
  guard x != 0 else { return 0 }
  let unit = Float(sign: .plus, exponent: x.exponent - 7, significand: 1)
  return Double((x / unit).rounded(.toNearestOrEven) * unit)
}

/// Random numbers in an arena, which must be kept.
private func numbers(_ count: Int, _ random: inout Random) throws -> (Floats, Arena) {
  let arena = try Arena(capacity: max(count, 1), for: "a test")
  return (arena.floats(random.numbers(count).map { Float($0) }), arena)
}

@Suite struct `Training in bf16` {
  /// Rows around where sums are closed and numbers are rounded at once, odd ones too; sizes around vectors, tiles and squares.
  static let shapes = [(1, 1, 1), (2, 3, 5), (7, 17, 33), (64, 40, 64), (65, 65, 48), (511, 5, 130), (513, 130, 12), (1030, 9, 7)]

  /// What one matrix makes of x and dz: the three products, each without padding.
  private func products(_ kernels: KernelTable, rows: Int, count: Int, columns: Int, gates: Int) throws -> (
    forward: [Float], backward: [Float], gradient: [Float], bias: [Float], worst: Double
  ) {
    var random = Random(seed: UInt64(rows * 1000 + count))
    let all = gates * columns
    let matrix = try TrainedMatrix(
      count: count, columns: all, order: Cell.gateMajor(units: columns, gates: 0..<gates, lanes: kernels.lanes),
      panels: gates == 1 ? nil : gates, form: .bf16, kernels: kernels)
    let (weights, keepWeights) = try numbers(count * all, &random)
    let (bias, keepBias) = try numbers(all, &random)
    // A second refresh must leave nothing of the first.
    matrix.refresh(weights, bias: bias)
    for index in 0..<weights.count { weights[index] = -0.7 * weights[index] }
    matrix.refresh(weights, bias: bias)
    let stride = (columns + kernels.lanes - 1) / kernels.lanes * kernels.lanes
    func place(_ column: Int) -> Int { column / columns * stride + column % columns }

    let (x, keepX) = try numbers(rows * count, &random)
    let (given, keepGiven) = try numbers(rows * all, &random)
    let arena = try Arena(
      capacity: rows * (2 * matrix.width + matrix.backwardWidth) + 2 * count * all + all + matrix.gradientScratch + matrix.lowScratch(rows: rows) + 128,
      for: "a test")
    let dz = arena.floats(rows * matrix.width)
    for row in 0..<rows { for column in 0..<all { dz[row * matrix.width + place(column)] = given[row * all + column] } }
    let out = arena.floats(rows * matrix.width)
    let dx = arena.floats(rows * matrix.backwardWidth)
    let gradient = arena.floats(count * all)
    let biasGradient = arena.floats(all)
    let scratch = arena.floats(matrix.gradientScratch)
    let low = arena.floats(matrix.lowScratch(rows: rows))
    scratch.fill(.nan)
    low.fill(.nan)
    matrix.apply(x, stride: count, rows: rows, into: out, stride: matrix.width, low: low)
    matrix.applyTransposed(dz, stride: matrix.width, rows: rows, into: dx, low: low)
    gradient.fill(1)
    matrix.addGradient(
      x: x, stride: count, dz: dz, stride: matrix.width, rows: rows, to: gradient, bias: biasGradient, scratch: scratch)

    // A float32 sum of n numbers below 1 is off by n · n · 2⁻²⁴ at most, in practice by far less.
    var worst = 0.0
    func check(_ found: Float, _ sum: Double, _ count: Int) { worst = max(worst, abs(Double(found) - sum) / (2e-7 * Double(count + 4))) }
    for row in 0..<rows {
      for column in 0..<all {
        var sum = Double(bias[column])
        for k in 0..<count { sum += rounded(x[row * count + k]) * rounded(weights[k * all + column]) }
        check(out[row * matrix.width + place(column)], sum, count)
      }
      for k in 0..<count {
        var sum = 0.0
        for column in 0..<all { sum += rounded(given[row * all + column]) * rounded(weights[k * all + column]) }
        check(dx[row * matrix.backwardWidth + k], sum, all)
      }
    }
    for column in 0..<all {
      for k in 0..<count {
        var sum = 1.0
        for row in 0..<rows { sum += rounded(x[row * count + k]) * rounded(given[row * all + column]) }
        check(gradient[k * all + column], sum, min(rows, 512) + rows / 512)
      }
      check(biasGradient[column], (0..<rows).reduce(0) { $0 + Double(given[$1 * all + column]) }, min(rows, 512) + rows / 512)
    }
    defer { withExtendedLifetime((keepWeights, keepBias, keepX, keepGiven, arena)) {} }
    return (
      (0..<rows).flatMap { row in (0..<all).map { out[row * matrix.width + place($0)] } },
      (0..<rows).flatMap { row in (0..<count).map { dx[row * matrix.backwardWidth + $0] } }, gradient.array, biasGradient.array, worst
    )
  }

  @Test(arguments: [1, 3, 4]) func `multiplies rounded numbers, with the same bits on every processor that fuses`(_ gates: Int) throws {
    for (rows, count, columns) in Self.shapes {
      var first: (forward: [Float], backward: [Float], gradient: [Float], bias: [Float], worst: Double)?
      for kernels in KernelTable.supported {
        let found = try products(kernels, rows: rows, count: count, columns: columns, gates: gates)
        let shape = "\(kernels.name), \(rows) rows, \(count) × \(gates) · \(columns)"
        #expect(found.worst <= 1, "\(shape): off by \(found.worst) times what is allowed")
        guard kernels.name != "baseline" else { continue }
        if let first {
          #expect(found.forward == first.forward && found.backward == first.backward, "\(shape): other products")
          #expect(found.gradient == first.gradient && found.bias == first.bias, "\(shape): other gradients")
        }
        first = first ?? found
      }
    }
  }

  @Test(arguments: [Recurrent.Cell.lstm, .gru(resetAfter: true)]) func `computes forward with the bits of a session`(_ cell: Recurrent.Cell) throws {
    var separate = CellOptions()
    separate.separateBiases = true
    for (units, inputSize, masked) in [(1, 1, false), (9, 5, true), (16, 3, false), (40, 17, false), (70, 70, true)] {
      for options in cell == .lstm ? [CellOptions(), separate] : [CellOptions()] {
        let it = try Case(cell, inputSize: inputSize, units: units, masked: masked, options: options)
        let (rows, steps) = (33, 7)
        var x = it.input(rows: rows, steps: steps)
        if masked { for index in 0..<inputSize { x[(2 * steps + 3) * inputSize + index] = 0 } }
        for kernels in KernelTable.supported {
          let plan = try TrainingPlan(it.model, weights: .bf16, kernels: kernels)
          let arena = try Arena(capacity: x.count, for: "a test")
          let input = arena.floats(x)
          for threads in 1...2 {
            let engine = try TrainingEngine(plan, threads: threads, seed: 0)
            try engine.prepare([Shape([rows, steps, inputSize])])
            try engine.forward([input], .training, step: 0)
            let expected = try it.predict(x, rows: rows, steps: steps, kernels: kernels, weights: .bf16)
            #expect(engine.outputs[0].values.array == expected, "\(cell), \(units) units, \(kernels.name), \(threads) threads")
          }
          withExtendedLifetime(arena) {}
        }
      }
    }
  }
}
