import Glibc
import LSTMModel
import Testing

@testable import LSTMRuntime

@Suite struct `σ and tanh` {
  /// Arguments of every magnitude, both signs.
  private var arguments: [Float] {
    var numbers: [Float] = [0, -0.0, 1e-45, 1e-38]
    var x: Float = 1e-30
    while x < 100 {
      numbers.append(x)
      x *= 1.003
    }
    return numbers + numbers.map { -$0 }
  }

  private func worst(_ kernel: (Floats) -> Void, _ exact: (Double) -> Double) throws -> Double {
    let numbers = arguments
    let arena = try Arena(capacity: numbers.count, for: "a test")
    let floats = arena.floats(numbers.count)
    floats.copy(from: numbers)
    kernel(floats)
    return zip(numbers, floats.array).map { x, y in
      let right = exact(Double(x))
      return abs(right) < Double(Float.leastNormalMagnitude) ? 0 : abs(Double(y) - right) / Double(Float(right).ulp)
    }.max() ?? .infinity
  }

  @Test(arguments: KernelTable.supported) func `are within 2 units in the last place`(_ kernels: KernelTable) throws {
    // Below −87 float32's σ is held at e⁻⁸⁷, about 1e-38.
    #expect(try worst({ kernels.sigmoid($0) }, { 1 / (1 + exp(-max($0, -87))) }) <= 2)
    let ofTanh = try worst({ kernels.tanh($0) }, { Glibc.tanh($0) })
    // Without fused multiply-adds two more roundings come in.
    #expect(ofTanh <= (kernels.name == "baseline" ? 2.3 : 2), "tanh is off by \(ofTanh)")
  }

  @Test(arguments: KernelTable.supported) func `keep NaN and know infinity`(_ kernels: KernelTable) throws {
    let arena = try Arena(capacity: 64, for: "a test")
    let floats = arena.floats(3)
    floats.copy(from: [.nan, .infinity, -.infinity])
    kernels.tanh(floats)
    #expect(floats[0].isNaN && floats[1] == 1 && floats[2] == -1)
    floats.copy(from: [.nan, .infinity, -.infinity])
    kernels.sigmoid(floats)
    #expect(floats[0].isNaN && floats[1] == 1 && floats[2] < 1e-37)
  }
}

/// Each activation that a kernel computes by vectors, and its definition in Float64.
private let functions: [(activation: Activation, exact: @Sendable (Double) -> Double)] = [
  (.swish, { $0 / (1 + exp(-$0)) }),
  (.elu(alpha: 0.7), { $0 > 0 ? $0 : 0.7 * expm1($0) }),
  (.selu, { 1.0507009873554805 * ($0 > 0 ? $0 : 1.6732632423543772 * expm1($0)) }),
  (.gelu(approximate: true), { 0.5 * $0 * (1 + Glibc.tanh(0.7978845608028654 * ($0 + 0.044715 * $0 * $0 * $0))) }),
  (.gelu(approximate: false), { 0.5 * $0 * (1 + erf($0 * 0.7071067811865476)) }),
  (.relu(maximum: nil, slope: 0, threshold: 0), { max($0, 0) }),
  (.relu(maximum: 6, slope: 0.1, threshold: 1.5), { min($0 >= 1.5 ? $0 : 0.1 * ($0 - 1.5), 6) }),
  (.leakyRelu(slope: 0.3), { $0 > 0 ? $0 : 0.3 * $0 }),
  (.hardSigmoid(slope: 0.2), { min(max(0.2 * $0 + 0.5, 0), 1) }),
  (.hardSwish, { $0 * min(max($0 / 6 + 0.5, 0), 1) }),
  (.softsign, { $0 / (1 + abs($0)) }),
]

@Suite struct `Activations by vectors` {
  @Test(arguments: KernelTable.supported) func `are what they are defined to be, whatever the length`(_ kernels: KernelTable) throws {
    let arena = try Arena(capacity: 4_096, for: "a test")
    for (activation, exact) in functions {
      for count in [1, 7, 16, 33, 4_001] {
        let numbers = (0..<count).map { Float($0 - count / 2) * (count > 100 ? 0.01 : 0.9) }
        let floats = arena.floats(at: 0, count)
        floats.copy(from: numbers)
        kernels.apply(activation, to: floats, width: count)
        for (x, y) in zip(numbers, floats.array) {
          // A few roundings of numbers of at most 1 or |x|.
          let allowed = 4e-7 * max(1, abs(Double(x)))
          #expect(abs(Double(y) - exact(Double(x))) <= allowed, "\(activation) of \(x) is \(y)")
        }
      }
      let floats = arena.floats(at: 0, 2)
      floats.copy(from: [.nan, -3e38])
      kernels.apply(activation, to: floats, width: 2)
      #expect(floats[0].isNaN, "\(activation) of NaN is \(floats[0])")
      #expect(abs(Double(floats[1]) - exact(Double(-3e38 as Float))) <= 4e-7 * 3e38, "\(activation) of -3e38 is \(floats[1])")
    }
  }

  @Test(arguments: KernelTable.supported) func `have the slopes that their definitions have, whatever the length`(_ kernels: KernelTable) throws {
    let arena = try Arena(capacity: 8_192, for: "a test")
    for (activation, exact) in functions.prefix(5) {
      for count in [1, 7, 16, 33, 4_001] {
        // No number is 0, where elu and selu have a kink.
        let numbers = (0..<count).map { Float($0 - count / 2) * (count > 100 ? 0.01 : 0.9) + 0.003 }
        let (x, gradient) = (arena.floats(at: 0, count), arena.floats(at: 4_096, count))
        x.copy(from: numbers)
        for index in 0..<count { gradient[index] = Float(index % 3) - 1 }
        kernels.backward(activation, before: x, after: x, gradient: gradient, width: count)
        for (index, number) in numbers.enumerated() {
          let place = Double(number)
          let slope = (exact(place + 1e-6) - exact(place - 1e-6)) / 2e-6
          #expect(abs(Double(gradient[index]) - Double(index % 3 - 1) * slope) <= 2e-6, "the slope of \(activation) at \(number)")
        }
        #expect(x.array == numbers)
      }
      let (x, gradient) = (arena.floats(at: 0, 3), arena.floats(at: 4_096, 3))
      x.copy(from: [.nan, -1e4, 1e4])
      gradient.fill(1)
      kernels.backward(activation, before: x, after: x, gradient: gradient, width: 3)
      #expect(gradient[0].isNaN && abs(gradient[1]) <= 1e-6 && abs(gradient[2] - 1) <= 0.051, "slopes of \(activation) far out: \(gradient.array)")
    }
  }

  @Test(arguments: KernelTable.supported) func `make softmax sum up to 1`(_ kernels: KernelTable) throws {
    var random = Random(seed: 9)
    let arena = try Arena(capacity: 4_096, for: "a test")
    for count in [1, 2, 15, 16, 17, 100, 1_000] {
      for shift: Float in [0, -50, 1e4] {
        let numbers = random.numbers(count).map { 30 * Float($0) + shift }
        let row = arena.floats(at: 0, count)
        row.copy(from: numbers)
        kernels.softmax(row)
        let largest = Double(numbers.max() ?? 0)
        let sum = numbers.reduce(0) { $0 + exp(Double($1) - largest) }
        for (x, y) in zip(numbers, row.array) {
          let right = exp(Double(x) - largest) / sum
          #expect(abs(Double(y) - right) <= 5e-6 * right + 1e-37)
        }
        // A penalty leaves nothing.
        row.copy(from: numbers)
        row[0] = -1e9
        kernels.softmax(row)
        #expect(count == 1 || row[0] == 0)
      }
    }
    let row = arena.floats(at: 0, 20)
    row.fill(1)
    row[3] = .nan
    kernels.softmax(row)
    #expect(row.array.allSatisfy { $0.isNaN })
  }
}

extension KernelTable: CustomTestStringConvertible {
  public var testDescription: String { name }
}
