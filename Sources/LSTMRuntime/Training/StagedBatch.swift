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
    let all = batch.inputs.map(one) + batch.targets.map(one) + batch.weights.map { $0.map(one) ?? [0] }
    if all != shapes || arena == nil {
      let capacity = all.reduce(0) { $0 + Arena.rounded($1.count ?? 0) }
      let arena = try Arena(capacity: capacity, for: "a batch")
      let tensors = all.map { Tensor(values: arena.floats($0.count ?? 0), shape: $0.dimensions) }
      inputs = Array(tensors.prefix(batch.inputs.count))
      targets = Array(tensors.dropFirst(batch.inputs.count).prefix(batch.targets.count))
      let rest = tensors.dropFirst(batch.inputs.count + batch.targets.count)
      weights = zip(rest, batch.weights).map { $1 == nil ? nil : $0 }
      self.arena = arena
      shapes = all
    }
    for (array, tensor) in zip(batch.inputs + batch.targets, inputs + targets) { StagedBatch.copy(array, rows, tensor) }
    for (array, tensor) in zip(batch.weights, weights) {
      if let array, let tensor { StagedBatch.copy(array, rows, tensor) }
    }
  }

  private static func copy(_ array: CallerArray, _ rows: [Int]?, _ tensor: Tensor) {
    guard let rows else { return array.read(into: tensor.values, fromRow: 0) }
    let count = array.rowCount
    for (place, row) in rows.enumerated() { array.read(into: tensor.values.slice(place * count, count), fromRow: row) }
  }
}
