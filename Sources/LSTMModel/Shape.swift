/// The dimensions of an array, outermost first; an unknown one is ``unknown``.
///
/// Shapes of a model's values include the batch: `[batch, steps, features]`.
public struct Shape: Sendable, Equatable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// Stands for a dimension that only a call decides: the batch, a free number of steps.
  public static let unknown = -1
  /// The most dimensions that a value may have.
  public static let maximumRank = 8

  /// The dimensions.
  public var dimensions: [Int]

  /// A shape of these dimensions.
  public init(_ dimensions: [Int]) { self.dimensions = dimensions }

  /// A shape of these dimensions.
  public init(arrayLiteral elements: Int...) { dimensions = elements }

  /// How many dimensions there are.
  public var rank: Int { dimensions.count }

  /// The last dimension; `unknown` for a scalar.
  public var last: Int { dimensions.last ?? Shape.unknown }

  /// One dimension; `unknown` where there is none of that index.
  public subscript(index: Int) -> Int {
    index >= 0 && index < dimensions.count ? dimensions[index] : Shape.unknown
  }

  /// Whether every dimension is known.
  public var isKnown: Bool { !dimensions.contains { $0 < 0 } }

  /// The number of elements; `nil` if a dimension is unknown or the product overflows.
  public var count: Int? { Shape.product(dimensions[...]) }

  /// The product of some dimensions; `nil` if one is unknown or it overflows.
  public static func product(_ dimensions: ArraySlice<Int>) -> Int? {
    var product = 1
    for dimension in dimensions {
      guard dimension >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }

  /// Whether both can be the same shape, unknown dimensions fitting any.
  public func isCompatible(with other: Shape) -> Bool {
    rank == other.rank && zip(dimensions, other.dimensions).allSatisfy { $0 < 0 || $1 < 0 || $0 == $1 }
  }

  /// The same shape with its last dimension replaced.
  public func withLast(_ dimension: Int) -> Shape {
    Shape(Array(dimensions.dropLast()) + [dimension])
  }

  /// The same shape without the batch dimension.
  public var withoutBatch: ArraySlice<Int> { dimensions.dropFirst() }

  /// `[?, 10, 4]`.
  public var description: String {
    "[" + dimensions.map { $0 < 0 ? "?" : String($0) }.joined(separator: ", ") + "]"
  }

  /// The index of axis `axis` counted from the end if negative, or `nil` if there is no such axis.
  public func axis(_ axis: Int) -> Int? {
    let index = axis < 0 ? axis &+ rank : axis
    return index >= 0 && index < rank ? index : nil
  }
}

/// Dimension arithmetic that knows unknown dimensions and refuses to overflow.
public enum Dimension {
  /// The product; unknown if either is.
  public static func product(_ a: Int, _ b: Int) throws(LSTMError) -> Int {
    if a < 0 || b < 0 { return Shape.unknown }
    let (result, overflow) = a.multipliedReportingOverflow(by: b)
    guard !overflow else { throw .shape("a dimension of \(a) × \(b) is too large") }
    return result
  }

  /// The sum; unknown if either is.
  public static func sum(_ a: Int, _ b: Int) throws(LSTMError) -> Int {
    if a < 0 || b < 0 { return Shape.unknown }
    let (result, overflow) = a.addingReportingOverflow(b)
    guard !overflow else { throw .shape("a dimension of \(a) + \(b) is too large") }
    return result
  }
}
