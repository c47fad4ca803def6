import LSTMModel

/// One step of a recurrent layer for all rows, with its packed weights.
///
/// `z` holds the input's part of the gates, bias included, as ``input`` makes it; the step adds the recurrent part and updates the states.
class Cell: @unchecked Sendable {  // as Operator
  /// H.
  let units: Int
  /// H rounded up to whole vectors: the distance from row to row of a cell state, and from gate to gate.
  let stride: Int
  /// Numbers of h: H, or fewer with a projection.
  let outputSize: Int
  /// The distance from row to row of h.
  let outputStride: Int
  /// Makes z from x.
  let input: PackedMatrix
  let kernels: KernelTable

  init(units: Int, input: PackedMatrix, kernels: KernelTable, outputSize: Int? = nil, outputStride: Int? = nil) {
    self.units = units
    self.stride = (units + kernels.lanes - 1) / kernels.lanes * kernels.lanes
    self.outputSize = outputSize ?? units
    self.outputStride = outputStride ?? stride
    self.input = input
    self.kernels = kernels
  }

  /// Names of the gates, in the order in which a step reports them.
  var gateNames: [String] { [] }

  /// Whether there is a cell state beside h.
  var hasCellState: Bool { false }

  /// What a stream needs to run the cell by one kernel call, or nil.
  var instant: InstantLayer? { nil }

  /// Whether ``advance(_:_:)`` takes all steps of a sequence of so many rows by itself.
  func runsWhole(rows: Int) -> Bool { instant != nil }

  /// Whether threads may share such steps of a row: of smaller ones handing over costs more than half a step takes.
  var sharesSteps: Bool { input.groups >= RecurrentOperator.sharedBlocks }

  /// The matrices, for their bytes.
  var packed: [PackedMatrix] { [input] + (instant?.packed ?? []) }

  /// Numbers of scratch for so many rows.
  func scratch(rows: Int) -> Int { 0 }

  /// Where a unit's gate lies in a row of reported gates.
  func place(gate: Int, unit: Int) -> Int { 0 }

  /// Advances all rows: `h → hNew`, `c` in place; activated gates go to `gates` (rows as far apart as z's) if it is given.
  func step(_ it: CellStep) {}

  /// Advances all rows by several steps if the cell can do so by itself; otherwise does nothing and returns false. Several threads may share the
  /// units of each step, in a meeting whose step 0 is over.
  func advance(_ it: CellSteps, _ share: Share?) -> Bool { false }

  /// The packed order in which a block of units has its gates side by side.
  static func interleaved(units: Int, gates: Int, lanes: Int) -> [Int?] {
    let blocks = (units + lanes - 1) / lanes
    return (0..<blocks).flatMap { block in
      (0..<gates).flatMap { gate in
        (0..<lanes).map { lane in
          let unit = block * lanes + lane
          return unit < units ? gate * units + unit : nil
        }
      }
    }
  }

  /// The packed order in which each gate has its units side by side, padded to whole vectors.
  static func gateMajor(units: Int, gates: Range<Int>, lanes: Int) -> [Int?] {
    let stride = (units + lanes - 1) / lanes * lanes
    return gates.flatMap { gate in (0..<stride).map { unit in unit < units ? gate * units + unit : nil } }
  }
}

/// What one step of a cell reads and writes.
struct CellStep {
  var rows: Int
  /// The input's part of the gates; rows `zStride` apart.
  var z: Floats
  var zStride: Int
  /// h before and after, `[rows, outputStride]`.
  var h: Floats
  var hNew: Floats
  /// The cell state `[rows, stride]`, in place; empty for cells without one.
  var c: Floats
  /// Receives the activated gates, or nil.
  var gates: Floats?
  var scratch: Floats
}

/// What several steps of a cell read and write. After an odd number of steps the state is in `hNew`.
struct CellSteps {
  var rows: Int
  var steps: Int
  /// The input's part of the gates from `zStart` on; rows `zStride` apart, steps `zStep`, which is negative where time runs backwards.
  var z: Floats
  var zStart: Int
  var zStride: Int
  var zStep: Int
  /// The states, `[rows, stride]`.
  var h: Floats
  var hNew: Floats
  var c: Floats
  /// Receives the new state of each step from `outStart` on, rows and steps so far apart; nil: it is not wanted.
  var out: Floats?
  var outStart: Int
  var outStride: Int
  var outStep: Int
  /// The cell's own.
  var scratch: Floats
}
