/// Everything that the future of a trainer depends on, as named arrays: what a checkpoint holds.
public struct TrainingSnapshot: Sendable {
  /// An array with its name, a path: `weights/lstm/kernel`.
  public struct Entry: Sendable {
    /// Its name.
    public var name: String
    /// Its dimensions.
    public var shape: Shape
    /// Its numbers.
    public var values: Values

    /// A named array.
    public init(name: String, shape: Shape, values: Values) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// The arrays.
  public var entries: [Entry]

  /// A snapshot of these arrays.
  public init(_ entries: [Entry] = []) { self.entries = entries }

  /// Adds an array.
  public mutating func add(_ name: String, _ shape: Shape, _ values: Values) {
    entries.append(Entry(name: name, shape: shape, values: values))
  }

  /// Adds numbers in double precision.
  public mutating func add(_ name: String, _ numbers: [Double]) { add(name, [numbers.count], .float64(numbers)) }

  /// An array of exactly this shape.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` if it is missing or another.
  public func values(_ name: String, _ shape: Shape) throws(LSTMError) -> Values {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw .shape("the checkpoint has no ‘\(name)’: it is of another model or optimizer")
    }
    guard entry.shape == shape else { throw .shapeMismatch(tensor: "‘\(name)’ of the checkpoint", expected: shape, found: entry.shape) }
    return entry.values
  }

  /// Numbers; nil if there are none of this name.
  public func numbers(_ name: String) -> [Double]? {
    guard let entry = entries.first(where: { $0.name == name }) else { return nil }
    switch entry.values {
    case .float32(let list): return list.map { Double($0) }
    case .float64(let list): return list
    }
  }
}
