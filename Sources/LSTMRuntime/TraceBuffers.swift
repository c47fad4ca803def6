import LSTMModel

/// The series of one recurrent node: gates, cell state, output, each `[rows, steps, units]`.
final class TraceBuffers {
  /// Names of the series.
  let names: [String]
  /// Their numbers.
  let series: [Floats]
  /// `[rows, steps, units]`.
  let shape: [Int]
  private let arena: Arena

  /// Buffers for a cell over so many rows and steps.
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  init(cell: Cell, rows: Int, steps: Int) throws(LSTMError) {
    let names = cell.gateNames + (cell.hasCellState ? ["cell"] : []) + ["output"]
    shape = [rows, steps, cell.units]
    guard let count = Shape(shape).count, let total = Shape([Arena.rounded(count), names.count]).count else {
      throw .memory("a trace of \(Shape(shape)) is too large")
    }
    let arena = try Arena(capacity: total, for: "a trace")
    self.names = names
    series = names.map { _ in arena.floats(count) }
    self.arena = arena
  }
}
