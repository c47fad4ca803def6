import LSTMCaller
import LSTMModel

/// A recurrent layer whose cell has no kernel of its own for one instant, as a step of a stream: its products and functions, nothing else.
@safe final class DirectCell {
  private let cell: Cell
  private let arena: Arena
  private let z: Floats
  private let c: Floats
  private let scratch: Floats
  /// Where the stream looks for the state.
  private let home: Floats
  private var h: Floats
  private var hNew: Floats

  /// Numbers of an output.
  var width: Int { cell.outputSize }

  /// A step of `cell` whose state lies in `states`.
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  init(_ cell: Cell, _ states: [Floats]) throws(LSTMError) {
    self.cell = cell
    let (width, own) = (cell.input.width, cell.scratch(rows: 1))
    arena = try Arena(capacity: Arena.rounded(width) + Arena.rounded(cell.outputStride) + Arena.rounded(own), for: "a stream's arrays")
    z = arena.floats(width)
    hNew = arena.floats(cell.outputStride)
    scratch = arena.floats(own)
    home = states[0]
    h = home
    c = cell.hasCellState ? states[1] : scratch.slice(0, 0)
    precondition(h.count == cell.outputStride && (!cell.hasCellState || c.count == cell.stride), "a state of another size than its cell's")
  }

  static let function: DirectStep.Function = { memory, x, y in
    // SAFETY: the DirectStream that calls this keeps the object; x and y hold the layer's numbers.
    unsafe Unmanaged<DirectCell>.fromOpaque(memory)._withUnsafeGuaranteedRef {
      unsafe $0.run(x.assumingMemoryBound(to: Scalar.self), y.assumingMemoryBound(to: Scalar.self))
    }
  }

  private func run(_ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>) {
    unsafe cell.kernels.project(one: x, cell.input, into: z)
    cell.step(CellStep(rows: 1, z: z, zStride: z.count, h: h, hNew: hNew, c: c, gates: nil, scratch: scratch))
    swap(&h, &hNew)
    // SAFETY: y holds `width` numbers, as h does.
    unsafe y.update(from: h.base, count: width)
  }

  /// Brings the state to where the stream looks for it.
  func settle() {
    guard unsafe h.base != home.base else { return }
    home.copy(from: h)
    swap(&h, &hNew)
  }
}
