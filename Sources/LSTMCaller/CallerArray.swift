import LSTMModel

/// Types of elements in the caller's arrays; the values are those of lstm.h.
public enum ElementType: Int32, Sendable {
  case float32 = 1
  case float64 = 2
  case int32 = 3
  case int64 = 4

  /// Bytes of an element.
  public var size: Int { self == .float32 || self == .int32 ? 4 : 8 }
}

/// An array of the caller's: an input to read or an output to write. It must stay alive through the call that it is given to.
///
/// Its dimensions lie in place, so that handing it over allocates nothing.
@safe public struct CallerArray {
  /// The type of its elements.
  public let type: ElementType
  /// How many dimensions it has.
  public let rank: Int
  private let dimensions: InlineArray<8, Int>
  /// Its elements; nil if there are none.
  @unsafe public let data: UnsafeMutableRawPointer?

  /// An array that the C interface has checked: `data` holds as many elements as the first `rank` dimensions say, or nothing is read from it.
  @unsafe public init(data: UnsafeMutableRawPointer?, type: ElementType, rank: Int, dimensions: InlineArray<8, Int>) {
    // SAFETY: the caller vouches for data.
    unsafe self.data = data
    self.type = type
    self.rank = rank
    self.dimensions = dimensions
  }

  /// An array of no elements.
  public static var empty: CallerArray {
    // SAFETY: nothing is read from it.
    unsafe CallerArray(data: nil, type: .float32, rank: 1, dimensions: InlineArray(repeating: 0))
  }

  /// Its dimensions.
  public var shape: Shape { Shape((0..<rank).map { dimensions[$0] }) }

  /// Its first dimension.
  public var rows: Int { rank > 0 ? dimensions[0] : 1 }

  /// Elements of one row.
  public var rowCount: Int {
    var count = 1
    for axis in stride(from: 1, to: rank, by: 1) { count *= dimensions[axis] }
    return count
  }

  /// Whether it has these dimensions.
  public func has(_ shape: Shape) -> Bool {
    guard shape.rank == rank else { return false }
    for axis in 0..<rank where dimensions[axis] != shape[axis] { return false }
    return true
  }
}

/// Numbers of the caller's without a shape: what goes in and out of a stream's step. Must stay alive through the call.
@safe public struct CallerNumbers {
  /// How many there are.
  public let count: Int
  /// Floats, or nil if these are doubles.
  @unsafe public let floats: UnsafeMutablePointer<Float>?
  /// Doubles, or nil if these are floats.
  @unsafe public let doubles: UnsafeMutablePointer<Double>?

  /// `count` floats.
  @unsafe public init(floats: UnsafeMutablePointer<Float>?, count: Int) {
    // SAFETY: the caller vouches for the pointer.
    unsafe self.floats = floats
    unsafe doubles = nil
    self.count = count
  }

  /// `count` doubles.
  @unsafe public init(doubles: UnsafeMutablePointer<Double>?, count: Int) {
    // SAFETY: the caller vouches for the pointer.
    unsafe floats = nil
    unsafe self.doubles = doubles
    self.count = count
  }
}
