import LSTMModel

/// A weight matrix laid out for the kernels: `[groups, count, panels, lanes]`, columns padded with zeros to whole groups.
///
/// A group's panels lie side by side for each row of the matrix, so that one number of x meets all of them in registers.
struct PackedMatrix {
  /// Rows of the matrix: numbers of x.
  let count: Int
  /// Panels in a group: 1, 3 or 4.
  let panels: Int
  /// Groups.
  let groups: Int
  /// Numbers in a row of the result, padding included.
  let width: Int
  /// The packed numbers.
  let weights: Floats
  /// What each sum starts from: the bias, or zeros.
  let start: Floats
  private let arena: Arena

  /// Packs `matrix [count, columns]`, taking for each packed column the column that `order` names (nil: padding).
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  init(
    _ matrix: [Scalar], count: Int, columns: Int, order: [Int?], panels: Int, bias: ((Int) -> Scalar)?, lanes: Int
  ) throws(LSTMError) {
    precondition(matrix.count == count * columns, "a matrix of another size than stated")
    let groupWidth = panels * lanes
    self.count = count
    self.panels = panels
    groups = (order.count + groupWidth - 1) / groupWidth
    width = groups * groupWidth
    arena = try Arena(capacity: Arena.rounded(count * width) + Arena.rounded(width), for: "packed weights")
    weights = arena.floats(count * width)
    start = arena.floats(width)
    for (packed, column) in order.enumerated() {
      guard let column else { continue }
      let group = packed / groupWidth
      let place = packed % groupWidth
      for k in 0..<count { weights[(group * count + k) * groupWidth + place] = matrix[k * columns + column] }
      if let bias { start[packed] = bias(column) }
    }
  }

  /// Packs all columns in their order.
  init(_ matrix: [Scalar], count: Int, columns: Int, bias: [Scalar]?, lanes: Int) throws(LSTMError) {
    let panels = columns <= 2 * lanes ? 1 : columns <= 3 * lanes ? 3 : 4
    try self.init(
      matrix, count: count, columns: columns, order: (0..<columns).map { $0 }, panels: panels, bias: bias.map { values in { values[$0] } },
      lanes: lanes)
  }
}
