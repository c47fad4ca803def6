import LSTMModel

/// The series of one recurrent node: gates, cell state, output, each `[rows, steps, units]`.
final class TraceBuffers {
  /// Names of the series.
  let names: [String]
  /// Their numbers.
  let series: [Floats]
  /// `[rows, steps, units]`, or, for the output of a cell with a projection, `[rows, steps, P]`.
  let shapes: [[Int]]
  private let arena: Arena

  /// Buffers for a cell over so many rows and steps.
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  init(cell: Cell, rows: Int, steps: Int) throws(LSTMError) {
    let names = cell.gateNames + (cell.hasCellState ? ["cell"] : []) + ["output"]
    let shapes = names.map { [rows, steps, $0 == "output" ? cell.outputSize : cell.units] }
    guard let count = Shape([rows, steps, max(cell.units, cell.outputSize)]).count,
      let total = Shape([Arena.rounded(count), names.count]).count
    else { throw .memory("a trace of \(rows) rows and \(steps) steps is too large") }
    let arena = try Arena(capacity: total, for: "a trace")
    self.shapes = shapes
    self.names = names
    series = shapes.map { arena.floats($0.reduce(1, *)) }
    self.arena = arena
  }
}
