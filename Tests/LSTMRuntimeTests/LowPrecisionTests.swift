import LSTMCaller
import LSTMModel
import Testing

@testable import LSTMRuntime

/// The cells that have kernels for weights of few bytes.
private let lowCells: [Recurrent.Cell] = [.lstm, .gru(resetAfter: true)]
private let lowForms: [WeightForm] = [.bf16, .int8, .w8a8]
private let lowSizes = Array(1...33) + [64, 70, 130]

/// The number with 8 significant bits that is nearest, ties to even, by plain arithmetic.
private func nearestBF16(_ x: Float) -> Float {
  guard x != 0, x.isFinite else { return x }
  let unit = Float(sign: .plus, exponent: x.exponent - 7, significand: 1)
  return (x / unit).rounded(.toNearestOrEven) * unit
}

extension Case {
  /// The same layer with its products' weights rounded as a form keeps them, in plain Float64.
  fileprivate func rounded(_ form: WeightForm) -> Reference {
    let columns = reference.kernel.count / inputSize
    func round(_ matrix: [Double]) -> [Double] {
      if form == .bf16 { return matrix.map { Double(nearestBF16(Float($0))) } }
      var result = matrix
      for column in 0..<columns {
        let places = stride(from: column, to: matrix.count, by: columns)
        let scale = Float(places.map { abs(matrix[$0]) }.max() ?? 0) / 127
        for place in places { result[place] = Double(scale) * Double((Float(matrix[place]) / scale).rounded(.toNearestOrEven)) }
      }
      return result
    }
    return Reference(
      cell: reference.cell, units: units, kernel: round(reference.kernel), recurrent: round(reference.recurrent), bias: reference.bias)
  }

  fileprivate func expected(_ x: [Float], rows: Int, steps: Int, by reference: Reference) -> [Double] {
    (0..<rows).flatMap { row -> [Double] in
      reference.run((0..<steps).map { step in (0..<inputSize).map { Double(x[(row * steps + step) * inputSize + $0]) } }).flatMap { $0 }
    }
  }

  /// What plain Float64 gives where x and h meet weights as a form has them: with bf16 both are rounded, h as `found` holds it.
  fileprivate func expected(_ x: [Float], rows: Int, steps: Int, in form: WeightForm, found: [Float]) -> [Double] {
    let reference = rounded(form)
    guard form == .bf16 else { return expected(x, rows: rows, steps: steps, by: reference) }
    let zeros = [Double](repeating: 0, count: units)
    return (0..<rows).flatMap { row -> [Double] in
      let numbers = (0..<steps).map { step in (0..<inputSize).map { Double(nearestBF16(x[(row * steps + step) * inputSize + $0])) } }
      let multiplied = [zeros] + (0..<steps).map { step in (0..<units).map { Double(nearestBF16(found[(row * steps + step) * units + $0])) } }
      return reference.run(numbers, multiplied: multiplied).flatMap { $0 }
    }
  }

  /// The largest distance between what a form gives and what its rounded weights give in Float64, as a multiple of what may be.
  fileprivate func worst(_ form: WeightForm, _ found: [Float], _ expected: [Double]) -> Double {
    let distance = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 0
    // bf16: sums of up to 135 products of magnitude 1 in float32, then functions with slopes of at most 1. int8: besides, x and h are rounded to
    // 2⁻¹⁶ of their largest magnitude, 1, and meet weights of 0.5, with errors that average out; those of h pass on from step to step. w8a8: to 2⁻⁸.
    let count = Double(inputSize + units)
    let unit = form == .bf16 ? 0 : form == .int8 ? 0x1p-16 : 0x1p-8
    return distance / (2e-6 + 0.5 * unit * 3 * count.squareRoot())
  }
}

@Suite struct `Weights of few bytes` {
  @Test(arguments: lowForms, lowSizes) func `agree with Float64 on the rounded weights, on every kernel table`(
    _ form: WeightForm, _ units: Int
  ) throws {
    for cell in lowCells {
      let it = try Case(cell, inputSize: 5, units: units)
      for (rows, steps) in [(1, 6), (2, 3), (8, 4)] {
        let x = it.input(rows: rows, steps: steps)
        for kernels in KernelTable.supported {
          let found = try it.predict(x, rows: rows, steps: steps, kernels: kernels, weights: form)
          let expected = it.expected(x, rows: rows, steps: steps, in: form, found: found)
          #expect(it.worst(form, found, expected) < 1, "\(cell), \(kernels.name), \(rows) rows, \(steps) steps")
        }
      }
    }
  }

  @Test(arguments: lowForms, lowSizes) func `give the same bits however called`(_ form: WeightForm, _ units: Int) throws {
    for cell in lowCells {
      // An input of as many numbers as the sizes, so that their tails are met too.
      let it = try Case(cell, inputSize: units % 7 + 1, units: units)
      let (rows, steps) = (8, 5)
      let x = it.input(rows: rows, steps: steps)
      for kernels in KernelTable.supported {
        let whole = try it.predict(x, rows: rows, steps: steps, kernels: kernels, weights: form)
        for threads in [2, 3] {
          #expect(try it.predict(x, rows: rows, steps: steps, kernels: kernels, threads: threads, weights: form) == whole, "\(cell), \(kernels.name)")
        }
        for count in [1, 2, 3, 7] {
          let part = try it.predict(Array(x[..<(count * steps * it.inputSize)]), rows: count, steps: steps, kernels: kernels, weights: form)
          #expect(part[...] == whole[..<(count * steps * units)], "\(cell), \(kernels.name), \(count) rows")
        }
        let first = Array(x[..<(steps * it.inputSize)])
        let stream = try it.stream(first, steps: steps, kernels: kernels, weights: form)
        #expect(stream[...] == whole[..<(steps * units)], "\(cell), \(kernels.name), stream")
        let shared = try it.predict(first, rows: 1, steps: steps, kernels: kernels, threads: 2, weights: form)
        #expect(shared == stream, "\(cell), \(kernels.name), one row on two threads")
        #expect(try it.stream(first, steps: steps, kernels: kernels, threads: 2, weights: form) == stream, "\(cell), \(kernels.name), threads")
      }
    }
  }

  @Test(arguments: lowForms, [9, 64, 70, 130]) func `give the same bits with and without instructions of their own`(
    _ form: WeightForm, _ units: Int
  ) throws {
    for cell in lowCells {
      let it = try Case(cell, inputSize: 13, units: units)
      for rows in [1, 2, 3, 4, 5, 6, 7, 32] {
        let x = it.input(rows: rows, steps: 4)
        let found = try KernelTable.supported.filter { $0.lanes == KernelTable.best.lanes }.map {
          try it.predict(x, rows: rows, steps: 4, kernels: $0, weights: form)
        }
        #expect(found.allSatisfy { $0 == found[0] }, "\(cell), \(rows) rows")
      }
    }
  }

  @Test(arguments: lowCells, lowForms) func `give the same bits however much of the input's product is computed at once`(
    _ cell: Recurrent.Cell, _ form: WeightForm
  ) throws {
    let it = try Case(cell, inputSize: 2, units: 40)
    for (rows, steps) in [(2, 2_500), (8, 700)] {
      let x = it.input(rows: rows, steps: steps)
      let whole = try it.predict(x, rows: rows, steps: steps, weights: form)
      let first = try it.predict(Array(x[..<(steps * 2)]), rows: 1, steps: steps, weights: form)
      #expect(first[...] == whole[..<(steps * 40)])
      #expect(try it.predict(Array(x[..<(steps * 2)]), rows: 1, steps: steps, threads: 2, weights: form) == first)
      #expect(try it.stream(Array(x[..<(steps * 2)]), steps: steps, weights: form) == first)
    }
  }

  @Test(arguments: lowCells, lowForms) func `repeat state and output at masked steps`(_ cell: Recurrent.Cell, _ form: WeightForm) throws {
    let it = try Case(cell, inputSize: 3, units: 6, masked: true)
    var x = it.input(rows: 2, steps: 8)
    for step in [0, 1, 4, 7] { for index in 0..<3 { x[step * 3 + index] = 0 } }
    let found = try it.predict(x, rows: 2, steps: 8, weights: form)
    #expect(try it.stream(Array(x[..<24]), steps: 8, weights: form)[...] == found[..<48])
    #expect(found[18..<24] == found[24..<30] && found[36..<42] == found[42..<48])
    #expect(found[..<12].allSatisfy { $0 == 0 })
  }

  @Test(arguments: lowCells, lowForms) func `stay within their rounding of the weights as they are`(
    _ cell: Recurrent.Cell, _ form: WeightForm
  ) throws {
    let it = try Case(cell, inputSize: 16, units: 128, scale: 1 / 11.3)
    let x = it.input(rows: 1, steps: 200)
    let expected = it.expected(x, rows: 1, steps: 200)
    let found = try it.predict(x, rows: 1, steps: 200, weights: form)
    let worst = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 1
    // A weight, and with bf16 what it meets, is off by up to 2⁻⁹ of itself, or 1/254 of its column's largest; √144 products of such errors, functions with slopes of 1, a state
    // that remembers several steps.
    #expect(worst < (form == .bf16 ? 2e-3 : 4e-3), "off by \(worst)")
    #expect(worst > 1e-6, "nothing was rounded")
  }

  @Test(arguments: [Recurrent.Cell.gru(resetAfter: false), .simple], lowForms) func `leave the other cells in float32`(
    _ cell: Recurrent.Cell, _ form: WeightForm
  ) throws {
    let it = try Case(cell, inputSize: 3, units: 9)
    let x = it.input(rows: 3, steps: 4)
    #expect(try it.predict(x, rows: 3, steps: 4, weights: form) == it.predict(x, rows: 3, steps: 4))
  }

  @Test func `round to bf16 as plain arithmetic does`() {
    var random = Random(seed: 11)
    for power in [-90, -20, 0, 3, 90] {
      for number in random.numbers(2_000) {
        let x = Float(number) * Float(sign: .plus, exponent: power, significand: 1)
        #expect(Float(bitPattern: UInt32(x.bf16) << 16) == nearestBF16(x))
      }
    }
    // Ties go to the even neighbour; what is no number stays none.
    #expect(Float(bitPattern: 0x3f80_8000).bf16 == 0x3f80 && Float(bitPattern: 0x3f81_8000).bf16 == 0x3f82)
    #expect(Float.infinity.bf16 == 0x7f80 && (-Float.infinity).bf16 == 0xff80 && Float(bitPattern: 0x7f80_0001).bf16 & 0x7f > 0)
    #expect(Float.greatestFiniteMagnitude.bf16 == 0x7f80)
  }

  @Test(arguments: [WeightForm.int8, .w8a8]) func `multiply integers exactly, whatever the sizes`(_ form: WeightForm) throws {
    var random = Random(seed: 5)
    for kernels in KernelTable.supported {
      for (count, columns, rows) in [(1, 1, 1), (3, 5, 2), (4, 8, 7), (9, 33, 3), (37, 64, 8), (600, 17, 5)] {
        let matrix = random.numbers(count * columns).map { Float($0) }
        let packed = try PackedMatrix(
          matrix, count: count, columns: columns, bias: random.numbers(columns).map { Float($0) }, lanes: kernels.lanes, form: form)
        packed.describe(for: kernels)
        let arena = try Arena(capacity: 1 << 17, for: "a test")
        let x = arena.floats(rows * count)
        x.copy(from: random.numbers(rows * count).map { Float($0) })
        let quantized = arena.floats(rows * packed.quantizedStride)
        let out = arena.floats(rows * packed.width)
        kernels.quantize(x, stride: count, rows: rows, for: packed, into: quantized)
        kernels.project(quantized, stride: packed.quantizedStride, rows: rows, packed, into: out, stride: packed.width)
        for row in 0..<rows {
          let numbers = (0..<count).map { x[row * count + $0] }
          let scale = (numbers.map { $0.magnitude }.max() ?? 0) / Float(packed.quantizedLimit)
          for column in 0..<columns {
            let (unit, integers) = PackedMatrix.quantized((0..<count).map { matrix[$0 * columns + column] })
            var exact = 0.0
            var slack = 0.0
            for k in 0..<count {
              let q = (Double(numbers[k]) / Double(scale)).rounded(.toNearestOrEven)
              exact += Double(integers[k]) * q
              // Where the quotient lies between two integers, float32 may take the other.
              if abs(abs(Double(numbers[k]) / Double(scale) - q) - 0.5) < 0.01 { slack += abs(Double(integers[k])) }
            }
            let expected = Double(packed.start[column]) + exact * Double(unit) * Double(scale)
            let allowed = slack * Double(unit) * Double(scale) + 1e-6 * (1 + abs(expected))
            #expect(abs(Double(out[row * packed.width + column]) - expected) <= allowed, "\(kernels.name), \(count) × \(columns), row \(row)")
          }
        }
      }
    }
  }

  @Test func `pass on what is no number, and take zeros for zeros`() throws {
    let it = try Case(.lstm, inputSize: 3, units: 9)
    for (bad, form) in [(Float.nan, WeightForm.int8), (.infinity, .int8), (.nan, .w8a8), (.infinity, .w8a8), (.nan, .bf16)] {
      var x = it.input(rows: 2, steps: 3)
      x[4] = bad
      let found = try it.predict(x, rows: 2, steps: 3, weights: form)
      let clean = try it.predict(Array(x[9...]), rows: 1, steps: 3, weights: form)
      #expect(found[..<9].allSatisfy { !$0.isNaN } && found[9..<27].allSatisfy { $0.isNaN })
      #expect(found[27...] == clean[...])
    }
    let zeros = [Float](repeating: 0, count: 9)
    let full = try it.predict(Array(zeros[..<3]), rows: 1, steps: 1)
    for form in lowForms { #expect(try it.predict(Array(zeros[..<3]), rows: 1, steps: 1, weights: form) == full) }
  }
}
