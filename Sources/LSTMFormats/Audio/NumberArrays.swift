import LSTMModel

/// Arrays of numbers written out in JSON: lists of lists.
enum NumberArrays {
  /// The array that nested lists are. All lists of a level must be of one length.
  ///
  /// - Throws: ``LSTMError/format(_:)`` under the given name.
  static func array(_ json: JSON?, _ name: String) throws(LSTMError) -> StoredArray {
    guard let json else { throw .format("the file has no numbers ‘\(name)’") }
    var shape: [Int] = []
    var level = json
    while let list = level.array {
      guard shape.count < Shape.maximumRank else { throw .format("‘\(name)’ is nested deeper than any weight") }
      shape.append(list.count)
      guard let first = list.first else { break }
      level = first
    }
    var numbers: [Double] = []
    try collect(json, shape[...], name, into: &numbers)
    return stored(numbers, Shape(shape), name)
  }

  /// Numbers as a weight: in single precision if that holds each of them exactly.
  static func stored(_ numbers: [Double], _ shape: Shape, _ name: String) -> StoredArray {
    let isSingle = numbers.allSatisfy { Double(Float($0)) == $0 }
    let values: Values = isSingle ? .float32(numbers.map { Float($0) }) : .float64(numbers)
    return StoredArray(name: name, shape: shape) { () throws(LSTMError) in values }
  }

  private static func collect(_ json: JSON, _ shape: ArraySlice<Int>, _ name: String, into numbers: inout [Double]) throws(LSTMError) {
    guard let count = shape.first else {
      guard let number = json.real else { throw .format("‘\(name)’ holds \(json.brief) where a number should be") }
      numbers.append(number)
      return
    }
    guard let list = json.array, list.count == count else { throw .format("‘\(name)’ has lists of different lengths: \(json.brief)") }
    for element in list { try collect(element, shape.dropFirst(), name, into: &numbers) }
  }

  /// A whole number of an object, within bounds that hold for every model.
  static func size(_ json: JSON?, _ name: String, _ range: ClosedRange<Int>) throws(LSTMError) -> Int {
    guard let number = json?.integer, range.contains(number) else {
      throw .format("‘\(name)’ is \(json?.brief ?? "missing"); expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}
