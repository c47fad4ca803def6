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

extension KernelTable: CustomTestStringConvertible {
  public var testDescription: String { name }
}
