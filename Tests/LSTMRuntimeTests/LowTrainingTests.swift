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

/// A matrix of some gates, numbers that it meets, and what plain Float64 makes of them, rounded as training in bf16 rounds.
private struct RoundedProducts {
  let (rows, count, columns, gates): (Int, Int, Int, Int)
  let x: [Float], dz: [Float], weights: [Float], bias: [Float]
  /// `x · W + bias`, `dz · Wᵀ`, `1 + xᵀ · dz`, and the sums of dz, which is not rounded there.
  private(set) var expected: [[Double]] = []
  /// How many numbers a sum has at most.
  private var lengths: [Int] { [count + 1, all, min(rows, 512) + rows / 512 + 1, min(rows, 512) + rows / 512] }
  private var all: Int { gates * columns }

  init(rows: Int, count: Int, columns: Int, gates: Int) {
    (self.rows, self.count, self.columns, self.gates) = (rows, count, columns, gates)
    var random = Random(seed: UInt64(rows * 1000 + count))
    let all = gates * columns
    let draw = { (count: Int) in random.numbers(count).map { Float($0) } }
    (x, dz, weights, bias) = (draw(rows * count), draw(rows * all), draw(count * all), draw(all))
    let (x, dz, weights) = (self.x.map(rounded), self.dz.map(rounded), self.weights.map(rounded))
    var forward = (0..<rows).flatMap { _ in bias.map { Double($0) } }
    var backward = [Double](repeating: 0, count: rows * count)
    var gradient = [Double](repeating: 1, count: count * all)
    var sums = [Double](repeating: 0, count: all)
    for row in 0..<rows {
      for k in 0..<count {
        let number = x[row * count + k]
        var sum = 0.0
        for column in 0..<all {
          let (z, weight) = (dz[row * all + column], weights[k * all + column])
          forward[row * all + column] += number * weight
          gradient[k * all + column] += number * z
          sum += z * weight
        }
        backward[row * count + k] = sum
      }
      for column in 0..<all { sums[column] += Double(self.dz[row * all + column]) }
    }
    expected = [forward, backward, gradient, sums]
  }

  /// The same by a matrix in training, without padding.
  func found(_ kernels: KernelTable) throws -> [[Float]] {
    let matrix = try TrainedMatrix(
      count: count, columns: all, order: Cell.gateMajor(units: columns, gates: 0..<gates, lanes: kernels.lanes),
      panels: gates == 1 ? nil : gates, form: .bf16, kernels: kernels)
    let stride = (columns + kernels.lanes - 1) / kernels.lanes * kernels.lanes
    let places = (0..<all).map { $0 / columns * stride + $0 % columns }
    let sizes = [
      rows * count, rows * matrix.width, count * all, all, rows * matrix.width, rows * matrix.backwardWidth, count * all, all,
      matrix.gradientScratch, matrix.lowScratch(rows: rows),
    ]
    let arena = try Arena(capacity: sizes.reduce(0) { $0 + Arena.rounded($1) }, for: "a test")
    let parts = sizes.map { arena.floats($0) }
    let (x, dz, weights, bias) = (parts[0], parts[1], parts[2], parts[3])
    x.copy(from: self.x)
    bias.copy(from: self.bias)
    for row in 0..<rows { for column in 0..<all { dz[row * matrix.width + places[column]] = self.dz[row * all + column] } }
    // A second refresh must leave nothing of the first.
    weights.fill(3)
    matrix.refresh(weights, bias: bias)
    weights.copy(from: self.weights)
    matrix.refresh(weights, bias: bias)
    let (out, dx, gradient, sums, scratch, low) = (parts[4], parts[5], parts[6], parts[7], parts[8], parts[9])
    gradient.fill(1)
    scratch.fill(.nan)
    low.fill(.nan)
    matrix.apply(x, stride: count, rows: rows, into: out, stride: matrix.width, low: low)
    matrix.applyTransposed(dz, stride: matrix.width, rows: rows, into: dx, low: low)
    matrix.addGradient(x: x, stride: count, dz: dz, stride: matrix.width, rows: rows, to: gradient, bias: sums, scratch: scratch)
    return [
      (0..<rows).flatMap { row in places.map { out[row * matrix.width + $0] } },
      (0..<rows).flatMap { row in (0..<count).map { dx[row * matrix.backwardWidth + $0] } }, gradient.array, sums.array,
    ]
  }

  /// The largest distance, as a multiple of what may be: a float32 sum of n numbers around 1 that have either sign is off by less than n · 2⁻²².
  func worst(_ found: [[Float]]) -> Double {
    var worst = 0.0
    for (product, length) in lengths.enumerated() {
      let allowed = Double(length + 4) / 4_194_304
      for (number, sum) in zip(found[product], expected[product]) { worst = max(worst, abs(Double(number) - sum) / allowed) }
    }
    return worst
  }
}

@Suite struct `Training in bf16` {
  /// Rows around where sums are closed and numbers are rounded at once, odd ones too; sizes around vectors, tiles and squares.
  static let shapes = [(1, 1, 1), (2, 3, 5), (7, 17, 33), (64, 40, 16), (65, 65, 48), (511, 5, 70), (513, 70, 12), (1030, 9, 7), (3, 600, 2)]

  @Test(arguments: [1, 3, 4]) func `multiplies rounded numbers, with the same bits on every processor that fuses`(_ gates: Int) throws {
    for (rows, count, columns) in Self.shapes {
      let products = RoundedProducts(rows: rows, count: count, columns: columns, gates: gates)
      var first: [[Float]]?
      for kernels in KernelTable.supported {
        let found = try products.found(kernels)
        let shape = "\(kernels.name), \(rows) rows, \(count) × \(gates) · \(columns)"
        #expect(products.worst(found) <= 1, "\(shape): off by \(products.worst(found)) times what is allowed")
        guard kernels.name != "baseline" else { continue }
        if let first { #expect(found == first, "\(shape): other bits") }
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
