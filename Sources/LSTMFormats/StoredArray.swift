import LSTMModel

/// An array of numbers in a file: what it is called there, its shape, and how to get its numbers.
struct StoredArray {
  /// Its name in the file, for messages: `lstm/kernel:0`, `layers/lstm/cell/vars/0`.
  var name: String
  /// Its shape, known before anything is read.
  var shape: Shape
  /// Whether it holds whole numbers, which no weight does but a counter.
  var isInteger: Bool
  /// Whether Theano wrote it, which turns the kernel of a convolution round before it slides it over the input; the others do not.
  var isTheano = false
  /// Reads the numbers, as many as the shape says.
  var values: () throws(LSTMError) -> Values

  /// An array that is read when it is needed.
  init(name: String, shape: Shape, isInteger: Bool = false, values: @escaping () throws(LSTMError) -> Values) {
    self.name = name
    self.shape = shape
    self.isInteger = isInteger
    self.values = values
  }

  /// A dataset of an HDF5 file.
  init(_ dataset: HDF5Dataset, name: String) throws(LSTMError) {
    self.init(name: name, shape: try dataset.shape(), isInteger: dataset.isInteger, values: dataset.values)
  }

  /// The numbers, counted.
  func checkedValues() throws(LSTMError) -> Values {
    let values = try values()
    guard values.count == shape.count else { throw .format("weight ‘\(name)’ changed while it was read") }
    return values
  }
}

/// Where a model's weights come from.
protocol WeightSource {
  /// The arrays for a model's weights, each under the weight's place: one, or one for each gate as Keras 1 kept them.
  ///
  /// - Throws: ``LSTMError`` naming a layer or weight that is missing.
  func arrays(for model: ModelAssembly) throws(LSTMError) -> [Int: [StoredArray]]
}

/// Brings stored arrays into the form of a model's weights: every count and shape is checked before any number is read.
struct WeightReader {
  /// What has to be done with what is stored.
  private enum Form {
    /// The numbers are as they should be, whatever the dimensions.
    case plain
    /// One array for each gate, side by side along the last axis.
    case gates
    /// A kernel of cuDNN.
    case cudnnKernel(gates: Int)
    /// A recurrent kernel of cuDNN: transposed, gate by gate.
    case cudnnRecurrent(gates: Int)
    /// Two biases of cuDNN, one after the other, to be added.
    case cudnnBias
    /// The kernel of a convolution: from its last place to its first, or as the first versions of Keras 1 kept it, or both.
    case convolution(turned: Bool, filtersFirst: Bool)
  }

  private let slots: [ModelBuilder.Slot]
  private let arrays: [Int: [StoredArray]]
  private let owner: (Int) -> String

  /// A reader; `owner` says to which layer a slot belongs: `layer ‘lstm’ (LSTM with 8 units)`.
  init(_ slots: [ModelBuilder.Slot], _ arrays: [Int: [StoredArray]], owner: @escaping (Int) -> String) {
    self.slots = slots
    self.arrays = arrays
    self.owner = owner
  }

  /// The numbers of each weight that is stored.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` naming layer and weight with what was expected and found.
  func values() throws(LSTMError) -> [Int: Values] {
    let order = arrays.keys.sorted()
    var forms: [Form] = []
    for slot in order { forms.append(try form(of: slot)) }
    var result: [Int: Values] = [:]
    for (slot, form) in zip(order, forms) {
      var parts: [Values] = []
      for array in arrays[slot] ?? [] { parts.append(try array.checkedValues()) }
      result[slot] = WeightReader.converted(parts, form, slots[slot].shape)
    }
    return result
  }

  private func form(of slot: Int) throws(LSTMError) -> Form {
    let stored = arrays[slot] ?? []
    let shape = slots[slot].shape
    guard let first = stored.first else { throw .internalFault("a weight without an array") }
    for array in stored where array.isInteger && !slots[slot].name.hasSuffix("/count") {
      throw .format("‘\(array.name)’ has elements of the type ‘integer’; a weight has floating-point numbers")
    }
    if stored.count > 1 {
      let gate = shape.withLast(shape.last / stored.count)
      for array in stored where array.shape != gate { throw mismatch(slot, array, expected: gate) }
      return .gates
    }
    if let cell = slots[slot].cell, let bias = cell.bias, let found = arrays[bias], found.count == 1, let gates = cudnnGates(cell.kind),
      found[0].shape == [slots[cell.bias ?? slot].shape.last * 2], found[0].shape != slots[bias].shape
    {
      switch slot {
      case bias: return cell.kind == .lstm ? .cudnnBias : .plain
      case cell.first where first.shape == shape: return .cudnnKernel(gates: gates)
      case cell.first + 1 where first.shape == shape: return .cudnnRecurrent(gates: gates)
      default: throw mismatch(slot, first, expected: shape)
      }
    }
    if slots[slot].isConvolution {
      // Keras 1 kept the kernel of a one-dimensional convolution as one of two dimensions, Keras 1.0 in Theano's order.
      let isWide = shape.rank == 3 && first.shape == [shape[0], 1, shape[1], shape[2]]
      let filtersFirst = shape.rank == 3 && !isWide && first.shape == [shape[2], shape[1], shape[0], 1]
      guard first.shape == shape || isWide || filtersFirst else { throw mismatch(slot, first, expected: shape) }
      return first.isTheano || filtersFirst ? .convolution(turned: first.isTheano, filtersFirst: filtersFirst) : .plain
    }
    guard first.shape == shape else { throw mismatch(slot, first, expected: shape) }
    return .plain
  }

  private func cudnnGates(_ kind: Recurrent.Cell) -> Int? {
    switch kind {
    case .lstm: return 4
    case .gru(resetAfter: true): return 3
    default: return nil
    }
  }

  private func mismatch(_ slot: Int, _ array: StoredArray, expected: Shape) -> LSTMError {
    let name = slots[slot].name.split(separator: "/").last.map(String.init) ?? slots[slot].name
    return .shape("\(name) of \(owner(slot)) has the shape \(array.shape) in the file, where it is ‘\(array.name)’; expected \(expected)")
  }

  private static func converted(_ parts: [Values], _ form: Form, _ shape: Shape) -> Values {
    let columns = max(shape.last, 1)
    switch form {
    case .plain: return parts[0]
    case .gates:
      let width = columns / parts.count
      let joined = parts.dropFirst().reduce(parts[0]) { $0.appending($1) }
      let block = joined.count / parts.count
      return joined.rearranged { position in
        let (row, column) = (position / columns, position % columns)
        return column / width * block + row * width + column % width
      }
    case .cudnnKernel(let gates):
      // The numbers of a gate's block, row by row, fill the kernel's block column by column.
      let (rows, units) = (shape[0], columns / gates)
      return parts[0].rearranged { position in
        let (row, gate, unit) = (position / columns, position % columns / units, position % units)
        let flat = row + unit * rows
        return flat / units * columns + gate * units + flat % units
      }
    case .cudnnRecurrent(let gates):
      let units = columns / gates
      return parts[0].rearranged { position in
        let (row, gate, unit) = (position / columns, position % columns / units, position % units)
        return unit * columns + gate * units + row
      }
    case .cudnnBias: return parts[0].addedHalves
    case .convolution(let turned, let filtersFirst):
      // [places, channels, filters], whatever the number of dimensions of the places.
      let channels = max(shape.rank > 1 ? shape[shape.rank - 2] : 1, 1)
      let places = parts[0].count / (channels * columns)
      return parts[0].rearranged { position in
        let (place, channel, filter) = (position / columns / channels, position / columns % channels, position % columns)
        let source = turned ? places - 1 - place : place
        return filtersFirst ? (filter * channels + channel) * places + source : (source * channels + channel) * columns + filter
      }
    }
  }
}

extension Values {
  /// The same numbers in another order: place `p` gets the number from place `source(p)`.
  func rearranged(_ source: (Int) -> Int) -> Values {
    switch self {
    case .float32(let values): return .float32(values.indices.map { values[source($0)] })
    case .float64(let values): return .float64(values.indices.map { values[source($0)] })
    }
  }

  /// These numbers, then those; in double precision if either is.
  func appending(_ other: Values) -> Values {
    switch (self, other) {
    case (.float32(let a), .float32(let b)): return .float32(a + b)
    case (.float64(let a), .float64(let b)): return .float64(a + b)
    case (.float32(let a), .float64(let b)): return .float64(a.map(Double.init) + b)
    case (.float64(let a), .float32(let b)): return .float64(a + b.map(Double.init))
    }
  }

  /// The first half plus the second.
  var addedHalves: Values {
    switch self {
    case .float32(let values): return .float32(zip(values.prefix(values.count / 2), values.suffix(values.count / 2)).map(+))
    case .float64(let values): return .float64(zip(values.prefix(values.count / 2), values.suffix(values.count / 2)).map(+))
    }
  }
}
