import Glibc
import LSTMModel

/// Recurrent layers in plain Float64, straight from the equations: the oracle of the tests.
struct Reference {
  let cell: Recurrent.Cell
  let units: Int
  /// `[I, gates · H]`, `[H, gates · H]`, and the bias (two rows for a GRU that resets after the product).
  let kernel: [Double]
  let recurrent: [Double]
  let bias: [Double]

  private var gates: Int { cell == .lstm ? 4 : cell == .simple ? 1 : 3 }

  private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  private func product(_ x: [Double], _ matrix: [Double], _ column: Int) -> Double {
    x.indices.reduce(0) { $0 + x[$1] * matrix[$1 * gates * units + column] }
  }

  /// The outputs `[steps][units]` of one sequence; masked steps repeat the state and the output before.
  ///
  /// Where products take h rounded, `multiplied` holds what they take at each step: rounded from the outputs that are tested, since numbers that are
  /// nearly the same may be rounded apart.
  func run(_ sequence: [[Double]], mask: [Bool]? = nil, multiplied: [[Double]]? = nil) -> [[Double]] {
    var h = [Double](repeating: 0, count: units)
    var c = h
    var output = h
    return sequence.indices.map { step in
      let (newH, newC) = self.step(sequence[step], h, c, multiplied: multiplied?[step] ?? h)
      if mask?[step] ?? true {
        (h, c) = (newH, newC)
        output = h
      }
      return output
    }
  }

  private func step(_ x: [Double], _ h: [Double], _ c: [Double], multiplied: [Double]) -> ([Double], [Double]) {
    func a(_ gate: Int, _ unit: Int) -> Double {
      let column = gate * units + unit
      return bias[column] + product(x, kernel, column) + product(multiplied, recurrent, column)
    }
    var newH = h
    var newC = c
    let reset = (0..<units).map { cell == .lstm || cell == .simple ? 0 : sigmoid(a(1, $0) + secondBias(1, $0)) }
    for unit in 0..<units {
      switch cell {
      case .lstm:
        newC[unit] = sigmoid(a(1, unit)) * c[unit] + sigmoid(a(0, unit)) * tanh(a(2, unit))
        newH[unit] = sigmoid(a(3, unit)) * tanh(newC[unit])
      case .simple: newH[unit] = tanh(a(0, unit))
      case .gru(let resetAfter):
        let column = 2 * units + unit
        let update = sigmoid(a(0, unit) + secondBias(0, unit))
        let fromX = bias[column] + product(x, kernel, column)
        let fromH =
          resetAfter
          ? reset[unit] * (product(multiplied, recurrent, column) + secondBias(2, unit))
          : product(h.indices.map { reset[$0] * h[$0] }, recurrent, column)
        newH[unit] = update * h[unit] + (1 - update) * tanh(fromX + fromH)
      }
    }
    return (newH, newC)
  }

  private func secondBias(_ gate: Int, _ unit: Int) -> Double {
    cell == .gru(resetAfter: true) ? bias[gates * units + gate * units + unit] : 0
  }
}

/// A small generator, the same on every machine (Knuth's MMIX constants).
struct Random {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A number between −1 and 1 that float32 holds exactly.
  mutating func next() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(Int(state >> 40) - (1 << 23)) / Double(1 << 23)
  }

  /// So many numbers.
  mutating func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in next() } }
}
