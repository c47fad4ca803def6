import LSTMCaller
import LSTMModel

extension CallerArray {
  /// Whether its elements are such as are computed with, so that a call may work on them in place.
  var isLent: Bool { unsafe type == scalarType && data != nil }

  /// The rows from `first` on, `count` numbers, in place; nil unless it ``isLent``. Not to be kept after the call.
  func part(_ count: Int, fromRow first: Int) -> Floats? {
    let start = first * rowCount
    precondition(start >= 0 && count <= rows * rowCount - start, "rows outside the caller's array")
    guard isLent, let data = unsafe data else { return nil }
    // SAFETY: data holds the elements of the shape; these were checked to be among them.
    return unsafe Floats(base: data.assumingMemoryBound(to: Scalar.self) + start, count: count)
  }

  /// Reads rows from `first` on, as many as `numbers` holds.
  func read(into numbers: Floats, fromRow first: Int) {
    let start = first * rowCount
    precondition(start >= 0 && numbers.count <= rows * rowCount - start, "rows outside the caller's array")
    // SAFETY: data holds the elements of the shape; those read were checked to be among them.
    guard let data = unsafe data else { return }
    switch type {
    case .float32: unsafe numbers.convert(from: data.assumingMemoryBound(to: Float.self) + start)
    case .float64: unsafe numbers.convert(from: data.assumingMemoryBound(to: Double.self) + start)
    case .int32: unsafe numbers.convert(fromIntegers: data.assumingMemoryBound(to: Int32.self) + start)
    case .int64: unsafe numbers.convert(fromIntegers: data.assumingMemoryBound(to: Int64.self) + start)
    }
  }

  /// Writes rows from `first` on, as many as `numbers` holds.
  func write(_ numbers: Floats, fromRow first: Int) {
    let start = first * rowCount
    precondition(start >= 0 && numbers.count <= rows * rowCount - start, "rows outside the caller's array")
    // SAFETY: as in read.
    guard let data = unsafe data else { return }
    if type == .float32 {
      unsafe numbers.convert(to: data.assumingMemoryBound(to: Float.self) + start)
    } else {
      unsafe numbers.convert(to: data.assumingMemoryBound(to: Double.self) + start)
    }
  }
}

extension CallerNumbers {
  /// Reads as many numbers as `numbers` holds, from `start` on.
  func read(into numbers: Floats, from start: Int) {
    precondition(start >= 0 && numbers.count <= count - start, "numbers outside the caller's array")
    // SAFETY: checked above.
    if let floats = unsafe floats {
      unsafe numbers.convert(from: floats + start)
    } else if let doubles = unsafe doubles {
      unsafe numbers.convert(from: doubles + start)
    }
  }

  /// Writes the numbers, from `start` on.
  func write(_ numbers: Floats, from start: Int) {
    precondition(start >= 0 && numbers.count <= count - start, "numbers outside the caller's array")
    // SAFETY: checked above.
    if let floats = unsafe floats {
      unsafe numbers.convert(to: floats + start)
    } else if let doubles = unsafe doubles {
      unsafe numbers.convert(to: doubles + start)
    }
  }
}

extension Floats {
  /// The numbers as an array of the caller's, who must not use it longer than their arena lives.
  func exposed(as shape: [Int]) -> CallerArray {
    var dimensions = InlineArray<8, Int>(repeating: 0)
    for (axis, dimension) in shape.enumerated() { dimensions[axis] = dimension }
    // SAFETY: the shape's elements are these numbers.
    return unsafe CallerArray(data: base, type: scalarType, rank: shape.count, dimensions: dimensions)
  }

  // SAFETY of all four: the other side holds `count` elements, as the functions above have checked.

  fileprivate func convert<Number: BinaryFloatingPoint>(from source: UnsafePointer<Number>) {
    for index in 0..<count { unsafe base[index] = Scalar(source[index]) }
  }

  fileprivate func convert<Number: BinaryInteger>(fromIntegers source: UnsafePointer<Number>) {
    for index in 0..<count { unsafe base[index] = Scalar(source[index]) }
  }

  fileprivate func convert(to target: UnsafeMutablePointer<Float>) {
    for index in 0..<count { unsafe target[index] = Float(base[index]) }
  }

  fileprivate func convert(to target: UnsafeMutablePointer<Double>) {
    for index in 0..<count { unsafe target[index] = Double(base[index]) }
  }
}
