import Glibc
import LSTMModel

extension Regularizer {
  /// The penalty, its gradient added to `gradient`.
  func add(_ w: Floats, _ shape: Shape, to gradient: Floats?) -> Double {
    switch self {
    case .sums(let l1, let l2):
      var sum = 0.0
      for index in 0..<w.count {
        let value = Double(w[index])
        sum += l1 * value.magnitude + l2 * value * value
        let slope = (value > 0 ? l1 : value < 0 ? -l1 : 0) + 2 * l2 * value
        if let gradient { gradient[index] += Scalar(slope) }
      }
      return sum
    case .orthogonal(let factor, let rows): return orthogonal(w, shape, factor, rows, gradient)
    }
  }

  /// Source: Keras, OrthogonalRegularizer: factor · ½ Σ |ŵᵢ·ŵⱼ| / (n(n − 1)/2) over pairs i ≠ j of normalised rows.
  private func orthogonal(_ w: Floats, _ shape: Shape, _ factor: Double, _ rows: Bool, _ gradient: Floats?) -> Double {
    guard shape.rank == 2, shape[0] * shape[1] == w.count else { return 0 }
    let count = rows ? shape[0] : shape[1]
    let length = rows ? shape[1] : shape[0]
    let place = { (i: Int, k: Int) in rows ? i * length + k : k * count + i }
    let inverses = (0..<count).map { i -> Double in
      let square = (0..<length).reduce(0.0) { $0 + Double(w[place(i, $1)]) * Double(w[place(i, $1)]) }
      return min(1 / square.squareRoot(), 1e12)
    }
    let scale = factor * 0.5 / (Double(count * (count - 1)) / 2)
    var total = 0.0
    for i in 0..<count {
      for j in 0..<count where j != i {
        let dot = (0..<length).reduce(0.0) { $0 + Double(w[place(i, $1)]) * Double(w[place(j, $1)]) } * inverses[i] * inverses[j]
        total += scale * dot.magnitude
        guard let gradient else { continue }
        // Both (i, j) and (j, i) are visited; each adds the part of i twice over.
        let sign = dot > 0 ? 2 * scale : dot < 0 ? -2 * scale : 0
        for k in 0..<length {
          let unit = Double(w[place(i, k)]) * inverses[i]
          gradient[place(i, k)] += Scalar(sign * (Double(w[place(j, k)]) * inverses[j] - dot * unit) * inverses[i])
        }
      }
    }
    return total
  }
}

extension Constraint {
  /// Refuses axes that a weight does not have.
  func check(_ shape: Shape) throws(LSTMError) {
    for axis in axes where shape.axis(axis) == nil {
      throw .shape("a constraint takes norms along axis \(axis), which a weight of the shape \(shape) lacks")
    }
  }

  /// Projects a weight.
  func apply(to w: Floats, _ shape: Shape) {
    switch self {
    case .nonNegative:
      for index in 0..<w.count where w[index] < 0 { w[index] = 0 }
    case .maximumNorm(let limit, _): rescale(w, shape) { norm in max(0, min(norm, limit)) / (LossSpec.epsilon + norm) }
    case .unitNorm: rescale(w, shape) { norm in 1 / (LossSpec.epsilon + norm) }
    case .boundedNorm(let minimum, let maximum, let rate, _):
      rescale(w, shape) { norm in (rate * max(minimum, min(norm, maximum)) + (1 - rate) * norm) / (LossSpec.epsilon + norm) }
    }
  }

  private var axes: [Int] {
    switch self {
    case .nonNegative: return []
    case .maximumNorm(_, let axes), .unitNorm(let axes), .boundedNorm(_, _, _, let axes): return axes
    }
  }

  /// Multiplies each run of numbers along the axes by a factor of its norm.
  private func rescale(_ w: Floats, _ shape: Shape, _ factor: (Double) -> Double) {
    let along = Set(axes.compactMap { shape.axis($0) })
    var strides = [Int](repeating: 1, count: shape.rank)
    for axis in strides.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    var starts = [0]
    var offsets = [0]
    for axis in 0..<shape.rank {
      if along.contains(axis) {
        offsets = offsets.flatMap { offset in (0..<shape[axis]).map { offset + $0 * strides[axis] } }
      } else {
        starts = starts.flatMap { start in (0..<shape[axis]).map { start + $0 * strides[axis] } }
      }
    }
    for start in starts {
      let square = offsets.reduce(0.0) { $0 + Double(w[start + $1]) * Double(w[start + $1]) }
      let scale = factor(square.squareRoot())
      for offset in offsets { w[start + offset] = Scalar(Double(w[start + offset]) * scale) }
    }
  }
}
