import LSTMCaller
import LSTMModel

/// A copy of some rows of the caller's arrays in the precision that is computed in: inputs, targets, and a weight for each row of a loss.
final class StagedBatch {
  private(set) var inputs: [Tensor] = []
  private(set) var targets: [Tensor] = []
  /// For each output one weight for each sample or each of its steps; nil where all count alike.
  private(set) var weights: [Tensor?] = []
  private var arena: Arena?
  private var shapes: [Shape] = []

  /// Shapes of the inputs.
  var inputShapes: [Shape] { inputs.map { Shape($0.shape) } }

  /// Reads the rows `rows` of a batch, in that order; nil for all.
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  func read(_ batch: CallerBatch, rows: [Int]?) throws(LSTMError) {
    let count = rows?.count ?? batch.rows
    let one = { (array: CallerArray) -> Shape in
      rows == nil || array.rank == 0 ? array.shape : Shape([count] + array.shape.withoutBatch)
    }
    try layOut(batch.inputs.map(one), batch.targets.map(one), batch.weights.map { $0.map(one) })
    for (array, tensor) in zip(batch.inputs + batch.targets, inputs + targets) { StagedBatch.copy(array, rows, tensor) }
    for (array, tensor) in zip(batch.weights, weights) {
      if let array, let tensor { StagedBatch.copy(array, rows, tensor) }
    }
  }

  /// Takes some steps (nil: all) of each array of another batch.
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  func take(
    inputs from: [(Tensor, Range<Int>?)], targets others: [(Tensor, Range<Int>?)], weights rest: [(Tensor, Range<Int>?)?]
  ) throws(LSTMError) {
    let one = { (tensor: Tensor, steps: Range<Int>?) -> Shape in
      guard let steps else { return Shape(tensor.shape) }
      return Shape([tensor.shape[0], steps.count] + tensor.shape.dropFirst(2))
    }
    try layOut(from.map(one), others.map(one), rest.map { $0.map(one) })
    let pairs = zip(from + others, inputs + targets).map { ($0, $1) } + zip(rest, weights).compactMap { a, b in a.flatMap { a in b.map { (a, $0) } } }
    for ((source, steps), target) in pairs {
      guard let steps else {
        target.values.copy(from: source.values)
        continue
      }
      let width = source.count(from: 2)
      let length = source.shape[1] * width
      for row in 0..<source.shape[0] {
        target.values.slice(row * steps.count * width, steps.count * width)
          .copy(from: source.values.slice(row * length + steps.lowerBound * width, steps.count * width))
      }
    }
  }

  /// Makes room for arrays of these shapes, unless there is.
  private func layOut(_ first: [Shape], _ second: [Shape], _ third: [Shape?]) throws(LSTMError) {
    let all = first + second + third.map { $0 ?? [0] }
    if all == shapes && arena != nil && zip(third, weights).allSatisfy({ ($0 == nil) == ($1 == nil) }) { return }
    let arena = try Arena(capacity: all.reduce(0) { $0 + Arena.rounded($1.count ?? 0) }, for: "a batch")
    let tensors = all.map { Tensor(values: arena.floats($0.count ?? 0), shape: $0.dimensions) }
    inputs = Array(tensors.prefix(first.count))
    targets = Array(tensors.dropFirst(first.count).prefix(second.count))
    weights = zip(tensors.dropFirst(first.count + second.count), third).map { $1 == nil ? nil : $0 }
    self.arena = arena
    shapes = all
  }

  private static func copy(_ array: CallerArray, _ rows: [Int]?, _ tensor: Tensor) {
    guard let rows else { return array.read(into: tensor.values, fromRow: 0) }
    let count = array.rowCount
    for (place, row) in rows.enumerated() { array.read(into: tensor.values.slice(place * count, count), fromRow: row) }
  }
}
