import LSTMCaller
import LSTMModel

/// A weight matrix laid out for the kernels: `[groups, depth, panels, lanes]`, columns padded with zeros to whole groups.
///
/// A group's panels lie side by side for each row of the matrix, so that one number of x meets all of them in registers. With weights of few bytes
/// 2 or 4 rows share the words of one: see LowTile.swift in the kernels.
struct PackedMatrix {
  /// Rows of the matrix: numbers of x.
  let count: Int
  /// Panels in a group: 1, 3 or 4.
  let panels: Int
  /// Groups.
  let groups: Int
  /// Numbers in a row of the result, padding included.
  let width: Int
  /// What the weights are kept as.
  let form: WeightForm
  /// Words of weights for each column: ``count`` unless several share a word.
  let depth: Int
  /// The packed numbers.
  let weights: Floats
  /// What each sum starts from: the bias, or zeros.
  let start: Floats
  /// With weights of few bytes what the kernels read of the above, in their form; else empty.
  let description: Floats
  /// With integers what the weights of each column are multiples of, and then, as integers, what CDot takes away: see there. Else empty.
  let scales: Floats
  private let arena: Arena

  /// A matrix of zeros with room for so many columns.
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  @inline(never)  // here and below: for the library's size
  init(zeros count: Int, columns: Int, panels: Int, lanes: Int, form: WeightForm) throws(LSTMError) {
    let groupWidth = panels * lanes
    self.count = count
    self.panels = panels
    self.form = form
    groups = (columns + groupWidth - 1) / groupWidth
    width = groups * groupWidth
    depth = (count + form.weightsPerWord - 1) / form.weightsPerWord
    let scaleCount = form.isInteger ? 2 * width : 0
    let descriptionCount = form == .full ? 0 : PackedMatrix.descriptionCount
    arena = try Arena(
      capacity: Arena.rounded(depth * width) + Arena.rounded(width) + Arena.rounded(scaleCount) + Arena.rounded(descriptionCount),
      for: "packed weights")
    weights = arena.floats(depth * width)
    start = arena.floats(width)
    scales = arena.floats(scaleCount)
    description = arena.floats(descriptionCount)
  }

  /// Packs `matrix [count, columns]`, taking for each packed column the column that `order` names (nil: padding).
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  @inline(never)
  init(
    _ matrix: [Scalar], count: Int, columns: Int, order: [Int?], panels: Int, bias: ((Int) -> Scalar)?, lanes: Int, form: WeightForm = .full
  ) throws(LSTMError) {
    precondition(matrix.count == count * columns, "a matrix of another size than stated")
    try self.init(zeros: count, columns: order.count, panels: panels, lanes: lanes, form: form)
    let groupWidth = panels * lanes
    for (packed, column) in order.enumerated() {
      guard let column else { continue }
      let place = packed / groupWidth * depth * groupWidth + packed % groupWidth
      if form == .full {
        for k in 0..<count { weights[place + k * groupWidth] = matrix[k * columns + column] }
      } else {
        packLow(matrix, columns: columns, column, at: place, packed: packed)
      }
      if let bias { start[packed] = bias(column) }
    }
  }

  /// Packs all columns in their order.
  @inline(never)
  init(_ matrix: [Scalar], count: Int, columns: Int, bias: [Scalar]?, lanes: Int, form: WeightForm = .full) throws(LSTMError) {
    try self.init(
      matrix, count: count, columns: columns, order: (0..<columns).map { $0 }, panels: PackedMatrix.panels(columns, lanes),
      bias: bias.map { values in { values[$0] } }, lanes: lanes, form: form)
  }

  /// A matrix of bf16 whose words lie in others' memory: `weights [groups, ⌈count / 2⌉, panels, lanes]`, sums that start from `start`, and room for a
  /// description. The arena keeps what may be read.
  init(words weights: Floats, start: Floats, description: Floats, count: Int, panels: Int, groups: Int, arena: Arena) {
    self.count = count
    self.panels = panels
    self.groups = groups
    width = start.count
    form = .bf16
    depth = (count + 1) / 2
    precondition(weights.count >= depth * width, "fewer words than columns have")
    self.weights = weights
    self.start = start
    self.description = description
    scales = start.slice(0, 0)
    self.arena = arena
  }

  /// Panels in a group of so many columns that have no order of their own.
  static func panels(_ columns: Int, _ lanes: Int) -> Int { columns <= 2 * lanes ? 1 : columns <= 3 * lanes ? 3 : 4 }

  /// Bytes of the packed numbers.
  var bytes: Int { (weights.count + start.count + scales.count) * MemoryLayout<Scalar>.stride }
}
