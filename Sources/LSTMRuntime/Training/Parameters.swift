import LSTMModel

/// All weights of a model as one block of numbers, and which of them are trained.
final class Parameters {
  /// One array for each weight of the model.
  let weights: [Floats]
  /// Indices of the weights that training changes, in the model's order.
  let trained: [Int]
  /// For each weight where its gradient starts in the flat vector of all gradients; nil if it is not trained.
  let places: [Int?]
  /// Numbers in the flat vector.
  let count: Int
  private let arena: Arena

  /// A copy of a model's weights.
  init(_ model: Model) throws(LSTMError) {
    arena = try Arena(capacity: model.weights.reduce(0) { $0 + Arena.rounded($1.values.count) }, for: "weights")
    var weights: [Floats] = []
    var places: [Int?] = []
    var count = 0
    for weight in model.weights {
      let floats = arena.floats(weight.values.count)
      floats.copy(from: weight.scalars)
      weights.append(floats)
      places.append(weight.trainable ? count : nil)
      if weight.trainable { count += weight.values.count }
    }
    self.weights = weights
    self.places = places
    self.count = count
    trained = model.weights.indices.filter { model.weights[$0].trainable }
  }

  /// The part of a flat vector that belongs to a weight.
  func part(of vector: Floats, _ index: Int) -> Floats? { places[index].map { vector.slice($0, weights[index].count) } }

  /// Numbers in all weights, trained or not.
  var total: Int { weights.reduce(0) { $0 + $1.count } }
}
