import LSTMModel

/// Loops over whole slices for the layers beside the recurrent ones: lengths are checked once, then the compiler uses vectors. A sum runs in
/// an order that the length alone decides, so that a row's numbers depend on nothing but the row.
///
/// None is inlined: a loop takes much code, a call little time.
///
/// SAFETY, for every loop here: an index is below the count of each slice, which `matching` or a precondition has checked.
extension Floats {
  /// Numbers that the sums and the pooling take at once.
  private static let block = 16

  /// The common length of this and some others.
  @inline(__always) private func matching(_ others: Floats...) -> Int {
    for other in others { precondition(other.count == count, "rows that differ in length") }
    return count
  }

  /// Sixteen numbers from `index` on.
  @inline(__always) private func sixteen(_ index: Int) -> SIMD16<Scalar> {
    unsafe UnsafeRawPointer(base + index).loadUnaligned(as: SIMD16<Scalar>.self)
  }

  /// Σ x, in sixteen fixed chains.
  @inline(never)
  func sum() -> Scalar {
    var sums = SIMD16<Scalar>.zero
    let whole = count / Floats.block * Floats.block
    for start in stride(from: 0, to: whole, by: Floats.block) { sums += sixteen(start) }
    for index in whole..<count { sums[index - whole] += unsafe base[index] }
    return Floats.total(sums)
  }

  /// Σ (x − center)², in sixteen fixed chains.
  @inline(never)
  func sumOfSquares(around center: Scalar) -> Scalar {
    var sums = SIMD16<Scalar>.zero
    let whole = count / Floats.block * Floats.block
    for start in stride(from: 0, to: whole, by: Floats.block) {
      let difference = sixteen(start) - center
      sums += difference * difference
    }
    for index in whole..<count {
      let difference = unsafe base[index] - center
      sums[index - whole] += difference * difference
    }
    return Floats.total(sums)
  }

  /// Σ x · y, in sixteen fixed chains.
  @inline(never)
  func dot(_ other: Floats) -> Scalar {
    let count = matching(other)
    var sums = SIMD16<Scalar>.zero
    let whole = count / Floats.block * Floats.block
    for start in stride(from: 0, to: whole, by: Floats.block) { sums += sixteen(start) * other.sixteen(start) }
    for index in whole..<count { sums[index - whole] += unsafe base[index] * other.base[index] }
    return Floats.total(sums)
  }

  /// `self += factor · x`.
  @inline(never)
  func add(_ x: Floats, times factor: Scalar) {
    for i in 0..<matching(x) { unsafe base[i] += unsafe factor * x.base[i] }
  }

  /// `self += x · y`.
  @inline(never)
  func add(_ x: Floats, times y: Floats) {
    for i in 0..<matching(x, y) { unsafe base[i] += unsafe x.base[i] * y.base[i] }
  }

  /// Gives each number to `target` where `x` is `y`, and keeps 0 instead.
  @inline(never)
  func give(to target: Floats, where x: Floats, is y: Floats) {
    for i in 0..<matching(target, x, y) {
      let isHere = unsafe x.base[i] == y.base[i]
      let own = unsafe base[i]
      unsafe target.base[i] += isHere ? own : 0
      unsafe base[i] = isHere ? 0 : own
    }
  }

  /// What reaches the arguments of a normalisation from what reaches its results `normal`: `self += factor · (d − mean − slope · normal)`.
  @inline(never)
  func addThroughNormal(_ d: Floats, _ normal: Floats, factor: Scalar, mean: Scalar, slope: Scalar) {
    for i in 0..<matching(d, normal) { unsafe base[i] += unsafe factor * (d.base[i] - mean - slope * normal.base[i]) }
  }

  /// What reaches softmax's arguments from what reaches its results `y`, in place: `g = y ⊙ (g − Σ g ⊙ y)`.
  @inline(never)
  func backThroughSoftmax(_ y: Floats) {
    let sum = dot(y)
    for i in 0..<matching(y) { unsafe base[i] = unsafe y.base[i] * (base[i] - sum) }
  }

  @inline(__always) private static func total(_ chains: SIMD16<Scalar>) -> Scalar {
    let eight = chains.lowHalf + chains.highHalf
    let four = eight.lowHalf + eight.highHalf
    return (four[0] + four[2]) + (four[1] + four[3])
  }

  /// Whether every number is `value`; a NaN is none.
  @inline(never)
  func holdsOnly(_ value: Scalar) -> Bool {
    for i in 0..<count where unsafe base[i] != value { return false }
    return true
  }

  /// Each `step`-th number of `x` from its first on.
  @inline(never)
  func gather(_ x: Floats, step: Int) {
    precondition(step >= 0 && (count == 0 || (count - 1) * step < x.count), "numbers outside their array")
    for i in 0..<count { unsafe base[i] = x.base[i * step] }
  }

  /// `self -= x`.
  @inline(never)
  func subtract(_ x: Floats) {
    for i in 0..<matching(x) { unsafe base[i] -= unsafe x.base[i] }
  }

  /// `self *= x`.
  @inline(never)
  func multiply(by x: Floats) {
    for i in 0..<matching(x) { unsafe base[i] *= unsafe x.base[i] }
  }

  /// `self /= number`.
  @inline(never)
  func divide(by number: Scalar) {
    for i in 0..<count { unsafe base[i] /= number }
  }

  /// Each the larger of itself and the other's; a NaN of the other counts for nothing.
  @inline(never)
  func raise(to x: Floats) {
    for i in 0..<matching(x) { unsafe base[i] = x.base[i] > base[i] ? x.base[i] : base[i] }
  }

  /// Each the smaller of itself and the other's; a NaN of the other counts for nothing.
  @inline(never)
  func lower(to x: Floats) {
    for i in 0..<matching(x) { unsafe base[i] = x.base[i] < base[i] ? x.base[i] : base[i] }
  }

  /// `(x − mean) · factor · gamma + beta`, with a mean and a factor for the row and the others for each number.
  @inline(never)
  func normalize(_ x: Floats, mean: Scalar, factor: Scalar, gamma: Floats, beta: Floats) {
    for i in 0..<matching(x, gamma, beta) { unsafe base[i] = (x.base[i] - mean) * factor * gamma.base[i] + beta.base[i] }
  }

  /// `(x − mean) · factor + shift`, all for each number.
  @inline(never)
  func rescale(_ x: Floats, mean: Floats, factor: Floats, shift: Floats) {
    for i in 0..<matching(x, mean, factor, shift) { unsafe base[i] = (x.base[i] - mean.base[i]) * factor.base[i] + shift.base[i] }
  }

  /// `(x − mean) · factor + shift`, all for the row.
  @inline(never)
  func rescale(_ x: Floats, mean: Scalar, factor: Scalar, shift: Scalar) {
    for i in 0..<matching(x) { unsafe base[i] = (x.base[i] - mean) * factor + shift }
  }

  /// `x`, times its own slope where it is not above zero.
  @inline(never)
  func rectify(_ x: Floats, slopes: Floats) {
    for i in 0..<matching(x, slopes) {
      // The product comes first, for all: a branch would be guessed wrong half the time.
      let value = unsafe x.base[i]
      let product = unsafe slopes.base[i] * value
      unsafe base[i] = value > 0 ? value : product
    }
  }

  /// The largest number of each column of `x`, whose rows have this one's length; −∞ without rows. A NaN counts for nothing.
  @inline(never)
  func maximum(ofRows x: Floats) {
    let rows = rows(of: x)
    var column = 0
    while column + Floats.block <= count {
      var largest = SIMD16<Scalar>(repeating: -.infinity)
      for row in 0..<rows {
        let numbers = x.sixteen(row * count + column)
        largest.replace(with: numbers, where: numbers .> largest)
      }
      unsafe UnsafeMutableRawPointer(base + column).storeBytes(of: largest, as: SIMD16<Scalar>.self)
      column += Floats.block
    }
    for column in column..<count {
      var largest = -Scalar.infinity
      for row in 0..<rows {
        let number = unsafe x.base[row * count + column]
        largest = number > largest ? number : largest
      }
      unsafe base[column] = largest
    }
  }

  /// The average of each column of `x`, whose rows have this one's length. A `mask` has a number for each row: 0 leaves the row out, but as
  /// in Keras by a product, so that it does not hide a NaN.
  @inline(never)
  func average(ofRows x: Floats, mask: Floats? = nil) {
    let rows = rows(of: x)
    precondition((mask?.count ?? rows) == rows || count == 0, "a mask of another length")
    var real = Scalar(rows)
    if let mask {
      real = 0
      for row in 0..<rows { real += unsafe mask.base[row] }
    }
    var column = 0
    if mask == nil {
      // Two blocks at once: a single chain of sums waits for itself.
      while column + 2 * Floats.block <= count {
        var (first, second) = (SIMD16<Scalar>.zero, SIMD16<Scalar>.zero)
        for row in 0..<rows {
          first += x.sixteen(row * count + column)
          second += x.sixteen(row * count + column + Floats.block)
        }
        unsafe UnsafeMutableRawPointer(base + column).storeBytes(of: first / real, as: SIMD16<Scalar>.self)
        unsafe UnsafeMutableRawPointer(base + column + Floats.block).storeBytes(of: second / real, as: SIMD16<Scalar>.self)
        column += 2 * Floats.block
      }
    }
    while column + Floats.block <= count {
      var sum = SIMD16<Scalar>.zero
      for row in 0..<rows { sum += unsafe x.sixteen(row * count + column) * (mask?.base[row] ?? 1) }
      unsafe UnsafeMutableRawPointer(base + column).storeBytes(of: sum / real, as: SIMD16<Scalar>.self)
      column += Floats.block
    }
    for column in column..<count {
      var sum: Scalar = 0
      for row in 0..<rows { sum += unsafe x.base[row * count + column] * (mask?.base[row] ?? 1) }
      unsafe base[column] = sum / real
    }
  }

  /// How many rows of this one's length `x` has.
  private func rows(of x: Floats) -> Int {
    guard count > 0 else { return 0 }
    precondition(x.count % count == 0, "rows of another length")
    return x.count / count
  }
}
