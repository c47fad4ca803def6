import LSTMModel
import Testing

@testable import LSTMRuntime

/// The cells that have kernels or code of their own.
let cells: [Recurrent.Cell] = [.lstm, .gru(resetAfter: true), .gru(resetAfter: false), .simple]
/// Sizes around the edges of vectors and blocks.
let sizes = [1, 3, 4, 5, 8, 9, 15, 16, 17, 33, 70]

@Suite struct `A recurrent layer` {
  @Test(arguments: cells, sizes) func `agrees with plain Float64 on every kernel table`(_ cell: Recurrent.Cell, _ units: Int) throws {
    let it = try Case(cell, inputSize: 5, units: units)
    for (rows, steps) in [(1, 1), (2, 7), (7, 5), (13, 3)] {
      let x = it.input(rows: rows, steps: steps)
      let expected = it.expected(x, rows: rows, steps: steps)
      for kernels in KernelTable.supported {
        let found = try it.predict(x, rows: rows, steps: steps, kernels: kernels)
        // Sums of up to 75 products of magnitude 1 in float32, then functions with slopes of at most 1.
        let worst = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 0
        #expect(worst < 2e-6, "\(kernels.name), \(rows) rows, \(steps) steps")
      }
    }
  }

  @Test(arguments: cells, sizes) func `gives a row the same bits alone, in any batch and on any number of threads`(
    _ cell: Recurrent.Cell, _ units: Int
  ) throws {
    let it = try Case(cell, inputSize: 3, units: units)
    let (rows, steps) = (14, 4)
    let x = it.input(rows: rows, steps: steps)
    for kernels in KernelTable.supported {
      let whole = try it.predict(x, rows: rows, steps: steps, kernels: kernels)
      for threads in [2, 3, 7] { #expect(try it.predict(x, rows: rows, steps: steps, kernels: kernels, threads: threads) == whole) }
      // Every tile of rows, and what is left over behind it.
      for count in [1, 2, 3, 4, 5, 6, 7, 9, 13] {
        let part = try it.predict(Array(x[..<(count * steps * 3)]), rows: count, steps: steps, kernels: kernels)
        #expect(part[...] == whole[..<(count * steps * units)], "\(kernels.name), \(count) rows")
      }
    }
  }

  @Test(arguments: cells) func `gives a single row the same bits on any number of threads, as a sequence and as a stream`(
    _ cell: Recurrent.Cell
  ) throws {
    // Units enough that threads share them on every table; 40 · 130 · 4 numbers at once, and more steps than are projected at once.
    for (units, steps) in [(130, 9), (117, 700), (400, 4)] {
      let it = try Case(cell, inputSize: 3, units: units)
      let x = it.input(rows: 1, steps: steps)
      for kernels in KernelTable.supported {
        let alone = try it.predict(x, rows: 1, steps: steps, kernels: kernels)
        for threads in [2, 3, 4] {
          #expect(try it.predict(x, rows: 1, steps: steps, kernels: kernels, threads: threads) == alone, "\(kernels.name), \(threads) threads")
        }
        let few = Array(x[..<(min(steps, 20) * 3)])
        #expect(try it.stream(few, steps: min(steps, 20), kernels: kernels, threads: 2)[...] == alone[..<(min(steps, 20) * units)])
      }
    }
  }

  @Test func `keeps its rounding errors below 6e-8 over a thousand steps`() throws {
    let it = try Case(.lstm, inputSize: 16, units: 128, scale: 1 / 11.3)
    let x = it.input(rows: 1, steps: 1_000)
    let expected = it.expected(x, rows: 1, steps: 1_000)
    let found = try it.predict(x, rows: 1, steps: 1_000)
    let worst = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 1
    // Weights of ±1/√H, as networks have them; PyTorch's largest error there is 5.4e-8.
    #expect(worst <= 6e-8, "off by \(worst)")
  }

  @Test(arguments: cells, sizes) func `gives the same bits step by step as over the whole sequence`(_ cell: Recurrent.Cell, _ units: Int) throws {
    for activation in [Activation.tanh, .plainRelu, .sigmoid, .linear, .softsign] {
      let it = try Case(cell, inputSize: 4, units: units, activation: activation)
      let x = it.input(rows: 2, steps: 9)
      let first = Array(x[..<36])
      for kernels in KernelTable.supported {
        let whole = try it.predict(first, rows: 1, steps: 9, kernels: kernels)
        #expect(whole.allSatisfy { $0.isFinite })
        #expect(try it.stream(first, steps: 9, kernels: kernels) == whole, "\(activation), \(kernels.name)")
        // Cells with code of their own for single rows.
        #expect(try it.predict(x, rows: 2, steps: 9, kernels: kernels)[..<(9 * units)] == whole[...], "\(activation), \(kernels.name)")
      }
    }
  }

  @Test(arguments: cells) func `gives the same bits however much of its input product is computed at once`(_ cell: Recurrent.Cell) throws {
    let it = try Case(cell, inputSize: 2, units: 40)
    // Too long for one product with few rows (chunks of steps) and with many (step by step).
    for (rows, steps) in [(2, 2_500), (8, 700)] {
      let x = it.input(rows: rows, steps: steps)
      let whole = try it.predict(x, rows: rows, steps: steps)
      let first = try it.predict(Array(x[..<(steps * 2)]), rows: 1, steps: steps)
      #expect(first[...] == whole[..<(steps * 40)])
      #expect(try it.stream(Array(x[..<(steps * 2)]), steps: steps) == first)
    }
  }

  @Test(arguments: cells) func `repeats state and output at masked steps, before the first real one too`(_ cell: Recurrent.Cell) throws {
    let it = try Case(cell, inputSize: 3, units: 6, masked: true)
    let (rows, steps) = (4, 8)
    var x = it.input(rows: rows, steps: steps)
    // Row 0: the first two steps; row 1: a hole; row 2: the end; row 3: all.
    for (row, masked) in [[0, 1], [3, 4], [6, 7], Array(0..<8)].enumerated() {
      for step in masked { for index in 0..<3 { x[(row * steps + step) * 3 + index] = 0 } }
    }
    let expected = it.expected(x, rows: rows, steps: steps, masked: true)
    let found = try it.predict(x, rows: rows, steps: steps)
    #expect((zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 1) < 2e-6)
    #expect(found[(3 * steps * 6)...].allSatisfy { $0 == 0 })
    #expect(try it.stream(Array(x[..<(steps * 3)]), steps: steps)[...] == found[..<(steps * 6)])
  }

  @Test func `makes nothing of an empty batch or of no steps`() throws {
    let it = try Case(.lstm, inputSize: 2, units: 3)
    #expect(try it.predict([], rows: 0, steps: 5).isEmpty)
    #expect(try it.predict([], rows: 3, steps: 0).isEmpty)
  }
}
