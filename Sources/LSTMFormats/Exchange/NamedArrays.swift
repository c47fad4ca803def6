import LSTMModel

/// Weights that have the names of the model's: `lstm/kernel`. Readers of other formats bring theirs into this form.
struct NamedArrays: WeightSource {
  /// The arrays, in the orientation and gate order of the model.
  private(set) var arrays: [String: StoredArray] = [:]

  /// No weights yet.
  init() {}

  /// One of the arrays.
  subscript(name: String) -> StoredArray? {
    get { arrays[name] }
    set { arrays[name] = newValue }
  }

  func arrays(for model: ModelAssembly) throws(LSTMError) -> [Int: [StoredArray]] {
    var result: [Int: [StoredArray]] = [:]
    var rest = Set(arrays.keys)
    for (place, slot) in model.slots.enumerated() {
      guard let array = arrays[slot.name] else { throw .format("the file has no tensor ‘\(slot.name)’, which the model needs") }
      rest.remove(slot.name)
      result[place] = [array]
    }
    if let name = rest.min() { throw .format("the file has a tensor ‘\(name)’ that its architecture has no place for") }
    return result
  }
}

extension StoredArray {
  /// `[rows, columns]` with the two exchanged.
  func transposed() throws(LSTMError) -> StoredArray {
    guard shape.rank == 2 else { throw .shape("‘\(name)’ is \(shape); expected two dimensions") }
    let (rows, columns) = (shape[0], shape[1])
    let read = values
    return StoredArray(name: name, shape: [columns, rows]) { () throws(LSTMError) in
      try read().rearranged { place in place % rows * columns + place / rows }
    }
  }

  /// The equal parts of the first dimension in another order.
  func reordered(_ order: [Int]) -> StoredArray {
    let count = shape.count ?? 0
    let block = max(count / order.count, 1)
    let read = values
    return StoredArray(name: name, shape: shape) { () throws(LSTMError) in
      try read().rearranged { place in place / block < order.count ? order[place / block] * block + place % block : place }
    }
  }

  /// This array as the first row, another as the second.
  func above(_ other: StoredArray) -> StoredArray {
    let (first, second) = (values, other.values)
    return StoredArray(name: name, shape: Shape([2] + shape.dimensions)) { () throws(LSTMError) in try first().appending(try second()) }
  }

  /// The same numbers under another shape of as many.
  func reshaped(_ shape: Shape) -> StoredArray { StoredArray(name: name, shape: shape, values: values) }

  /// Refuses an array of another shape.
  func checked(_ expected: Shape) throws(LSTMError) -> StoredArray {
    guard shape == expected else { throw .shapeMismatch(tensor: "‘\(name)’", expected: expected, found: shape) }
    return self
  }
}
