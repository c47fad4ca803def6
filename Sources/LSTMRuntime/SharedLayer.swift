import LSTMCaller

/// A recurrent layer as a step that several threads share, each with blocks of its own.
@safe final class SharedLayer: TeamTask {
  /// Does a part of a step on prepared memory, the blocks from one up to another.
  typealias Part = @Sendable (UnsafeMutableRawPointer, UnsafePointer<Scalar>, Int, Int) -> Void
  typealias Finish = @Sendable (UnsafeMutableRawPointer, UnsafeMutablePointer<Scalar>) -> Void

  private let team: Team
  @unsafe private let parts: [(run: Part, blocks: Int)]
  @unsafe private let finish: Finish
  @unsafe private let memory: UnsafeMutableRawPointer
  private var current = 0
  @unsafe private var x: UnsafePointer<Scalar>?

  /// A step that is made of `parts` with so many blocks, one after the other.
  @unsafe init(_ team: Team, _ parts: [(run: Part, blocks: Int)], _ finish: @escaping Finish, _ memory: UnsafeMutableRawPointer) {
    self.team = team
    unsafe self.parts = parts
    unsafe self.finish = finish
    // SAFETY: prepared for the kernels and kept as long as this object.
    unsafe self.memory = memory
  }

  static let function: DirectStep.Function = { memory, x, y in
    // SAFETY: the DirectStream that calls this keeps the object; x and y hold the layer's numbers.
    unsafe Unmanaged<SharedLayer>.fromOpaque(memory)._withUnsafeGuaranteedRef {
      unsafe $0.step(x.assumingMemoryBound(to: Scalar.self), y.assumingMemoryBound(to: Scalar.self))
    }
  }

  private func step(_ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>) {
    unsafe self.x = x
    for index in unsafe parts.indices {
      current = index
      team.run(self)
    }
    // SAFETY: all blocks are done; y holds the layer's numbers.
    unsafe finish(memory, y)
  }

  override func part(_ index: Int, of count: Int) {
    guard let x = unsafe x else { return }
    let (run, blocks) = unsafe parts[current]
    // SAFETY: set by step, which waits for all parts.
    unsafe run(memory, x, blocks * index / count, blocks * (index + 1) / count)
  }
}
