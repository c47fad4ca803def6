import Glibc
import LSTMModel

/// How the columns of a matrix lie in memory for the kernels: groups of four panels, then one of three or at most two of one, padded with zeros to
/// whole vectors.
struct PackedColumns {
  /// Columns without padding.
  let columns: Int
  /// Columns in groups of four panels.
  let wide: Int
  /// Numbers in a row of a product: columns and padding.
  let width: Int
  /// Panels in each of the groups behind.
  let panels: Int
  private let lanes: Int

  init(_ columns: Int, lanes: Int) {
    self.columns = columns
    self.lanes = lanes
    let count = (columns + lanes - 1) / lanes
    wide = count / 4 * 4 * lanes
    width = count * lanes
    panels = count % 4 == 3 ? 3 : 1
  }

  /// Columns of the group that begins with column `first`.
  private func group(at first: Int) -> Int { (first < wide ? 4 : panels) * lanes }

  /// Packs `matrix [count, columns]`, whose rows are `stride` apart.
  @inline(never)
  func pack(_ matrix: Floats, stride: Int, count: Int, into packed: Floats) {
    var first = 0
    while first < width {
      let group = self.group(at: first)
      let part = min(group, columns - first)
      for k in 0..<count {
        let to = packed.slice(first * count + k * group, group)
        to.slice(0, part).copy(from: matrix.slice(k * stride + first, part))
        if part < group { to.slice(part, group - part).fill(0) }
      }
      first += group
    }
  }

  /// Packs the transpose of `matrix [columns, count]`, whose rows are `stride` apart.
  @inline(never)
  func pack(transposed matrix: Floats, stride: Int, count: Int, into packed: Floats, _ kernels: TrainingKernels) {
    guard count > 0 else { return }
    var first = 0
    while first < width {
      let group = self.group(at: first)
      let part = min(group, columns - first)
      kernels.transpose(
        matrix.slice(first * stride, (part - 1) * stride + count), stride: stride, rows: part, columns: count,
        into: packed.slice(first * count, group * count), stride: group)
      if part < group {
        for k in 0..<count { packed.slice((first * count) + k * group + part, group - part).fill(0) }
      }
      first += group
    }
  }

  /// `out[r] = start + x[r] · W` for packed `W [count, columns]`; `start`: as many zeros as a row of the product is wide.
  @inline(never)
  func project(
    _ x: Floats, stride: Int, rows: Int, count: Int, _ packed: Floats, start: Floats, into out: Floats, stride outStride: Int, _ kernels: KernelTable
  ) {
    kernels.project(
      x, stride: stride, rows: rows, count: count, packed.slice(0, wide * count), groups: wide / (4 * lanes), panels: 4,
      start: start.slice(0, wide), into: out, stride: outStride)
    let rest = width - wide
    guard rest > 0, rows > 0 else { return }
    kernels.project(
      x, stride: stride, rows: rows, count: count, packed.slice(wide * count, rest * count), groups: rest / (panels * lanes), panels: panels,
      start: start.slice(wide, rest), into: out.slice(wide, out.count - wide), stride: outStride)
  }
}

/// The products of attention in one row of a batch: queries with keys, and weights with values. What is met by many rows is packed in scratch memory
/// first. In training also the gradients of both: see AttentionGradients.swift.
struct AttentionProducts {
  /// Where the arrays lie among the scratch of a call; those from `sums` on are for training only.
  enum Place: Int { case scores, keys, values, zeros, hiding, result, sums, outer }

  /// Subtracted from the score of a step that may not be seen, as Keras does.
  private static let penalty: Scalar = 1e9

  let queries: Int
  let steps: Int
  let keySize: Int
  let valueSize: Int
  let keys: PackedColumns
  let values: PackedColumns
  let lanes: Int

  init(queries: Int, steps: Int, keySize: Int, valueSize: Int, lanes: Int) {
    self.queries = queries
    self.steps = steps
    self.keySize = keySize
    self.valueSize = valueSize
    self.lanes = lanes
    keys = PackedColumns(steps, lanes: lanes)
    values = PackedColumns(valueSize, lanes: lanes)
  }

  /// Those of a layer for a query and a value of these shapes. Scores that are no products need no packed keys.
  init(_ it: Attention, _ query: [Int], _ value: [Int], lanes: Int) {
    self.init(queries: query[1], steps: value[1], keySize: it.score == .dot ? query[2] : 0, valueSize: value[2], lanes: lanes)
  }

  /// Numbers from one row of scores to the next.
  var stride: Int { keys.width }

  /// Sizes of the scratch arrays.
  var scratch: [Int] {
    [queries * keys.width, keySize * keys.width, steps * values.width, max(keys.width, values.width), steps, queries * values.width]
  }

  /// One of the scratch arrays.
  func array(_ place: Place, _ scratch: ArraySlice<Floats>) -> Floats { scratch[scratch.startIndex + place.rawValue] }

  /// Packs `scale · keyᵀ` of `key [steps, keySize]`.
  func packKeys(_ key: Floats, stride: Int, scale: Scalar, _ scratch: ArraySlice<Floats>, _ training: TrainingKernels) {
    let packed = array(.keys, scratch).slice(0, keySize * keys.width)
    keys.pack(transposed: key, stride: stride, count: keySize, into: packed, training)
    if scale != 1 { Loops.scale(packed, scale) }
  }

  /// Packs `value [steps, valueSize]`.
  func packValues(_ value: Floats, stride: Int, _ scratch: ArraySlice<Floats>) {
    values.pack(value, stride: stride, count: steps, into: array(.values, scratch))
    array(.zeros, scratch).fill(0)
  }

  /// Computes the scores of `query [queries, keySize]` with the packed keys, after ``packValues(_:stride:_:)``: `[queries, steps]` with rows ``stride``
  /// apart.
  func score(_ query: Floats, stride: Int, into scores: Floats, _ scratch: ArraySlice<Floats>, _ kernels: KernelTable) {
    keys.project(
      query, stride: stride, rows: queries, count: keySize, array(.keys, scratch), start: array(.zeros, scratch), into: scores,
      stride: self.stride, kernels)
  }

  /// Computes scores that are no products, of `query [queries, size]` and `key [steps, size]`, as above: additive ones are `Σ scale ⊙ tanh(a + b)`, others
  /// `weight · Σ tanh(scale(0) · (a + b))`.
  func score(
    _ kind: Attention.Score, _ query: Floats, _ key: Floats, size: Int, scale: (Int) -> Scalar, weight: Scalar, into scores: Floats
  ) {
    for q in 0..<queries {
      let a = query.slice(q * size, size)
      for s in 0..<steps {
        let b = key.slice(s * size, size)
        var sum: Scalar = 0
        if kind == .additive {
          for index in 0..<size { sum += scale(index) * Glibc.tanh(a[index] + b[index]) }
        } else {
          let factor = scale(0)
          for index in 0..<size { sum += Glibc.tanh(factor * (a[index] + b[index])) }
          sum *= weight
        }
        scores[q * stride + s] = sum
      }
    }
  }

  /// Lowers by the penalty, once, each score of a step that a query may not see: steps whose `mask` is 0, steps behind the query if `causal`,
  /// and all steps of a query whose `queryMask` is 0.
  func hide(_ scores: Floats, mask: Floats?, queryMask: Floats?, causal: Bool, _ scratch: ArraySlice<Floats>) {
    guard mask != nil || queryMask != nil || causal else { return }
    let hiding = array(.hiding, scratch)
    hiding.fill(0)
    if let mask {
      for step in 0..<steps where mask[step] == 0 { hiding[step] = -AttentionProducts.penalty }
    }
    if causal && queries < steps { hiding.slice(queries, steps - queries).fill(-AttentionProducts.penalty) }
    for query in (0..<queries).reversed() {
      if causal && query + 1 < steps { hiding[query + 1] = -AttentionProducts.penalty }
      let row = row(scores, query)
      if let queryMask, queryMask[query] == 0 {
        for step in 0..<steps { row[step] -= AttentionProducts.penalty }
      } else {
        row.add(hiding)
      }
    }
  }

  /// Makes weights of scores.
  func weigh(_ scores: Floats, _ kernels: KernelTable) {
    for query in 0..<queries { kernels.softmax(row(scores, query)) }
  }

  /// `out[q] = Σ weights[q] · value` with the packed values; rows of `out` are `stride` apart.
  func apply(_ weights: Floats, into out: Floats, stride outStride: Int, _ scratch: ArraySlice<Floats>, _ kernels: KernelTable) {
    let result = array(.result, scratch)
    values.project(
      weights, stride: stride, rows: queries, count: steps, array(.values, scratch), start: array(.zeros, scratch), into: result,
      stride: values.width, kernels)
    out.copyRows(queries, count: valueSize, stride: outStride, from: result, stride: values.width)
  }

  /// Sets to zero what belongs to masked queries in `out [queries, valueSize]`: their output is zero whatever they saw.
  func clear(_ out: Floats, queryMask: Floats?) {
    guard let queryMask else { return }
    for query in 0..<queries where queryMask[query] == 0 { out.slice(query * valueSize, valueSize).fill(0) }
  }

  /// A query's scores or weights.
  func row(_ scores: Floats, _ query: Int) -> Floats { scores.slice(query * stride, steps) }
}
