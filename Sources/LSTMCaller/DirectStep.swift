/// A step of a stream without detours: the C interface calls it with the caller's numbers, as many as the stream's sizes say, in its precision.
@unsafe public struct DirectStep {
  /// Reads x, writes y, which may be the same; the first argument is ``memory``.
  public typealias Function = @convention(c) (UnsafeMutableRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void

  /// What to call.
  public let function: Function
  /// With what; it lives as long as the stream.
  public let memory: UnsafeMutableRawPointer

  /// A function with its memory.
  @unsafe public init(function: Function, memory: UnsafeMutableRawPointer) {
    // SAFETY: the caller vouches for both.
    unsafe self.function = function
    unsafe self.memory = memory
  }
}
