import LSTMModel

/// Reading options as what they must be; anything else is refused with the layer's and the key's name.
extension LayerConfig {
  /// The most that a size may be.
  static let largestSize = 1 << 31

  /// A whole number within `range`.
  func integer(_ key: String, in range: ClosedRange<Int> = 1...LayerConfig.largestSize, default absent: Int? = nil) throws(LSTMError) -> Int {
    guard let value = value(key) else {
      if let absent { return absent }
      throw wrong(key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    guard let number = value.integer, range.contains(number) else {
      throw wrong(key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Whole numbers, given as a list; a single number stands for a list of one.
  func integers(_ key: String, in range: ClosedRange<Int>, count: ClosedRange<Int>, default absent: [Int]? = nil) throws(LSTMError) -> [Int] {
    guard let value = value(key) else {
      if let absent { return absent }
      throw wrong(key, expected: "whole numbers")
    }
    let numbers = (value.array ?? [value]).compactMap(\.integer)
    guard numbers.count == value.array?.count ?? 1, count.contains(numbers.count), numbers.allSatisfy({ range.contains($0) }) else {
      let amount = count.lowerBound == count.upperBound ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
      throw wrong(key, expected: "\(amount) whole number\(count.upperBound == 1 ? "" : "s") from \(range.lowerBound) to \(range.upperBound)")
    }
    return numbers
  }

  /// Yes or no.
  func bool(_ key: String, default absent: Bool) throws(LSTMError) -> Bool {
    switch value(key) {
    case nil: return absent
    case .bool(let value): return value
    default: throw wrong(key, expected: "true or false")
    }
  }

  /// A number; nil if it is absent.
  func optionalNumber(_ key: String) throws(LSTMError) -> Double? {
    switch value(key) {
    case nil: return nil
    case .integer(let value): return Double(value)
    case .number(let value): return value
    case .object(let members)?:  // some versions wrote a number as {"type": "ndarray", "value": 0.3}
      if case .number(let value)? = members.first(where: { $0.name == "value" })?.value { return value }
      throw wrong(key, expected: "a number")
    default: throw wrong(key, expected: "a number")
    }
  }

  /// A number.
  func number(_ key: String, default absent: Double) throws(LSTMError) -> Double { try optionalNumber(key) ?? absent }

  /// A part of 1 that training drops.
  func rate(_ key: String) throws(LSTMError) -> Double {
    let value = try number(key, default: 0)
    guard value >= 0, value <= 1 else { throw wrong(key, expected: "a number from 0 to 1") }
    return value
  }

  /// One of some words.
  func word(_ key: String, _ words: [String], default absent: String) throws(LSTMError) -> String {
    guard let value = value(key) else { return absent }
    guard let word = value.string else { throw wrong(key, expected: "one of " + words.joined(separator: ", ")) }
    guard words.contains(word) else { throw unsupported("has ‘\(key)’ = ‘\(word)’") }
    return word
  }

  /// An activation by its name, as the file's generation of Keras meant it. Absent or null means `absent`.
  func activation(_ key: String, default absent: String = "linear") throws(LSTMError) -> Activation {
    let name: String
    switch value(key) {
    case nil: name = values[key] == .null ? "linear" : absent
    case .string(let text): name = text
    case .object(let members):
      let entry = JSON.object(members)
      if generation >= .keras3, let found = HardSigmoid.read(entry) { return found }
      guard entry["class_name"]?.string == "function", let function = entry["config"]?.string else {
        throw unsupported("has the \(key) ‘\(entry["class_name"]?.string ?? entry.brief)’")
      }
      name = function
    default: throw wrong(key, expected: "the name of an activation")
    }
    guard let activation = Activation(kerasName: name, generation: generation) else {
      throw unsupported("has the \(key) ‘\(name)’")
    }
    return activation
  }

  /// Refuses the layout with channels before steps.
  func requireChannelsLast() throws(LSTMError) { try require("data_format", .string("channels_last")) }

  /// A shape with the batch first: `[null, 10, 4]`; nil if the key is absent.
  func shape(_ key: String) throws(LSTMError) -> Shape? {
    guard let value = value(key) else { return nil }
    let refusal = wrong(key, expected: "a shape: a list of 2 to 8 dimensions, null where unknown")
    guard let entries = value.array, 2...Shape.maximumRank ~= entries.count else { throw refusal }
    var dimensions: [Int] = []
    for entry in entries {
      if entry == .null {
        dimensions.append(Shape.unknown)
      } else if let size = entry.integer, 1...(1 << 40) ~= size {
        dimensions.append(size)
      } else {
        throw refusal
      }
    }
    return Shape(dimensions)
  }
}
