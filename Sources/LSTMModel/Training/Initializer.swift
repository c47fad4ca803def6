/// How the numbers of a new weight are drawn, as Keras names it.
public enum Initializer: Sendable, Equatable {
  /// The size that a variance is scaled by.
  public enum Fan: Sendable, Equatable { case input, output, average }
  /// What a scaled variance is the variance of.
  public enum Distribution: Sendable, Equatable { case uniform, truncatedNormal, normal }

  case constant(Double)
  case uniform(minimum: Double, maximum: Double)
  case normal(mean: Double, deviation: Double)
  /// Cut off at two standard deviations.
  case truncatedNormal(mean: Double, deviation: Double)
  /// Variance `scale / fan`: Glorot (1, average), He (2, input), LeCun (1, input).
  case varianceScaling(scale: Double, fan: Fan, Distribution)
  /// A random matrix with orthogonal rows or columns, times `gain`.
  case orthogonal(gain: Double)
  /// The unit matrix times `gain`.
  case identity(gain: Double)

  /// What Keras takes where a layer's class states nothing else.
  public static let glorotUniform = Initializer.varianceScaling(scale: 1, fan: .average, .uniform)

  /// The numbers of a weight of a known shape, row-major. The same generator gives the same bits on every machine.
  ///
  /// - Throws: ``LSTMError/shape(_:)`` if the shape does not fit.
  public func values(for shape: Shape, _ random: CounterRandom) throws(LSTMError) -> [Double] {
    guard let count = shape.count else { throw .shape("a weight of the shape \(shape) cannot be initialised") }
    var random = random
    var values = [Double](repeating: 0, count: count)
    switch self {
    case .constant(let value):
      for index in values.indices { values[index] = value }
    case .uniform(let minimum, let maximum):
      for index in values.indices { values[index] = minimum + (maximum - minimum) * random.uniform() }
    case .normal(let mean, let deviation):
      for index in values.indices { values[index] = mean + deviation * random.normal() }
    case .truncatedNormal(let mean, let deviation):
      for index in values.indices { values[index] = mean + deviation * random.truncatedNormal() }
    case .varianceScaling(let scale, let fan, let distribution):
      return try Initializer.scaled(scale / max(1, Initializer.size(fan, of: shape)), distribution).values(for: shape, random)
    case .orthogonal(let gain):
      guard shape.rank >= 2 else { throw .shape("an orthogonal initializer needs two dimensions or more, not \(shape)") }
      let columns = shape.last
      return Orthogonal.values(rows: columns > 0 ? count / columns : 0, columns: columns, gain: gain, &random)
    case .identity(let gain):
      guard shape.rank == 2 else { throw .shape("an identity initializer needs two dimensions, not \(shape)") }
      for index in 0..<min(shape[0], shape[1]) { values[index * shape[1] + index] = gain }
    }
    return values
  }

  private static func scaled(_ variance: Double, _ distribution: Distribution) -> Initializer {
    switch distribution {
    case .uniform:
      let limit = (3 * variance).squareRoot()
      return .uniform(minimum: -limit, maximum: limit)
    case .normal: return .normal(mean: 0, deviation: variance.squareRoot())
    // The standard deviation of the normal distribution cut off at ±2, as in Keras.
    case .truncatedNormal: return .truncatedNormal(mean: 0, deviation: variance.squareRoot() / 0.87962566103423978)
    }
  }

  // Source: Keras, initializers/random_initializers.py, compute_fans.
  private static func size(_ fan: Fan, of shape: Shape) -> Double {
    let sizes = shape.dimensions.map { Double($0) }
    let input: Double
    let output: Double
    switch sizes.count {
    case 0: (input, output) = (1, 1)
    case 1: (input, output) = (sizes[0], sizes[0])
    default:
      let field = sizes.dropLast(2).reduce(1, *)
      (input, output) = (sizes[sizes.count - 2] * field, sizes[sizes.count - 1] * field)
    }
    switch fan {
    case .input: return input
    case .output: return output
    case .average: return (input + output) / 2
    }
  }
}

/// Random matrices with orthogonal rows (wide ones) or columns (tall ones).
enum Orthogonal {
  /// The Q of a normal matrix's QR decomposition with a positive diagonal of R, which is uniform among such matrices (as in Keras).
  ///
  /// Gram and Schmidt's method, each vector made orthogonal twice ("twice is enough", Kahan and Parlett). The lanes of the sums are fixed,
  /// so the bits are the same with every instruction set.
  static func values(rows: Int, columns: Int, gain: Double, _ random: inout CounterRandom) -> [Double] {
    let length = max(rows, columns)
    let vectors = min(rows, columns)
    guard vectors > 0 else { return [] }
    let lanes = 8
    let blocks = (length + lanes - 1) / lanes
    var basis: [[SIMD8<Double>]] = []
    for _ in 0..<vectors {
      var vector = [SIMD8<Double>](repeating: .zero, count: blocks)
      for index in 0..<length { vector[index / lanes][index % lanes] = random.normal() }
      for _ in 0..<2 {
        for other in basis { subtract(other, times: dot(vector, other), from: &vector) }
      }
      let scale = 1 / dot(vector, vector).squareRoot()
      for block in 0..<blocks { vector[block] *= scale }
      basis.append(vector)
    }
    var values = [Double](repeating: 0, count: rows * columns)
    for (number, vector) in basis.enumerated() {
      for index in 0..<length {
        let value = gain * vector[index / lanes][index % lanes]
        values[rows >= columns ? index * columns + number : number * columns + index] = value
      }
    }
    return values
  }

  private static func dot(_ a: [SIMD8<Double>], _ b: [SIMD8<Double>]) -> Double {
    var sums = SIMD8<Double>.zero
    for index in 0..<min(a.count, b.count) { sums += a[index] * b[index] }
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
  }

  private static func subtract(_ other: [SIMD8<Double>], times factor: Double, from vector: inout [SIMD8<Double>]) {
    for index in 0..<min(vector.count, other.count) { vector[index] -= factor * other[index] }
  }
}
