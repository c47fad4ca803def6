#if !LSTM_FLOAT64
  import CDot
  import CSupport
  import CVector

  /// A matrix with weights of few bytes, as it lies in the memory that ``describeLow`` fills.
  @unsafe struct LowMatrix {
    /// `LSTM_LOW_…`: see ``lowSums``; `LSTM_DOT_…`: see CDot.
    var form: Int
    var panels: Int
    /// Numbers of x, and the words that they become.
    var count: Int
    var words: Int
    /// The largest integer of a quantised x.
    var limit: Int
    /// `[groups, ⌈words / 2⌉, panels, lanes]`; with CDot's bf16 and w8a8, where a word of x is as wide as one of weights, `[groups, words, panels, lanes]`.
    var weights: UnsafePointer<Scalar>
    /// `[groups, panels, lanes]`, all three; offsets, for CDot, are 32-bit integers.
    var start: UnsafePointer<Scalar>
    var scales: UnsafePointer<Scalar>
    var offsets: UnsafePointer<Scalar>
  }

  /// Bytes that ``describeLow`` fills.
  public let lowMatrixBytes = unsafe MemoryLayout<LowMatrix>.stride

  /// Describes a packed matrix for the functions that take one: see LowMatrix.
  ///
  /// - Requires: `panels` is 1, 3 or 4; weights, start and scales are aligned to vectors; `scales` and `offsets` are read
  ///   with integers only. Forms of CDot are for vectors of 16 numbers, and processors of which `lstm_dot_supported` says that they can.
  @inline(never)  // see project
  public func describeLow(
    _ memory: UnsafeMutableRawPointer, form: Int, panels: Int, count: Int, limit: Int, _ weights: UnsafePointer<Scalar>,
    _ start: UnsafePointer<Scalar>, _ scales: UnsafePointer<Scalar>, _ offsets: UnsafePointer<Scalar>
  ) {
    // SAFETY: the caller's contract: room for lowMatrixBytes bytes.
    unsafe memory.assumingMemoryBound(to: LowMatrix.self).pointee = LowMatrix(
      form: form, panels: panels, count: count, words: lowWords(form, count), limit: limit,
      weights: weights, start: start, scales: scales, offsets: offsets)
  }

  /// The words that so many numbers become: bf16 numbers lie alone or in pairs, 16-bit numbers in pairs to an even number of words, 8-bit ones by four.
  @_transparent
  private func lowWords(_ form: Int, _ count: Int) -> Int {
    switch form {
    case LSTM_LOW_BF16: count
    case LSTM_DOT_BF16: (count &+ 1) / 2
    case LSTM_DOT_W8A8: (count &+ 3) / 4
    default: (count &+ 3) / 4 &* 2
    }
  }

  /// What a projection with weights of few bytes works on: see ``projectLow``.
  @unsafe struct LowProjection {
    var x: UnsafePointer<Scalar>
    var xStride: Int
    var count: Int
    var weights: UnsafePointer<Scalar>
    var start: UnsafePointer<Scalar>
    var scales: UnsafePointer<Scalar>
    var out: UnsafeMutablePointer<Scalar>
    var outStride: Int

    /// The same for the groups from `group` on, `panels` to a group, written from group `written` on.
    @_transparent
    func from(group: Int, panels: Int, out written: Int) -> LowProjection {
      var rest = unsafe self
      let offset = group &* panels &* lanes
      // SAFETY: the group exists.
      unsafe rest.weights = weights + offset &* ((count &+ 1) / 2)
      unsafe rest.start = start + offset
      unsafe rest.scales = scales + offset
      unsafe rest.out = out + written &* panels &* lanes
      return unsafe rest
    }

    /// The same for the rows from `row` on.
    @_transparent
    func from(row: Int) -> LowProjection {
      var rest = unsafe self
      // SAFETY: the row exists.
      unsafe rest.x = x + row &* xStride
      unsafe rest.out = out + row &* outStride
      return unsafe rest
    }
  }

  /// One tile: sums, in form 1 scaled and added to where they start, stored.
  @_transparent
  private func lowTile<let F: Int, let R: Int, let G: Int, let P: Int, let S: Int>(
    _ form: Count<F>.Type, _ shape: (Count<R>.Type, Count<G>.Type, Count<P>.Type), _ zeros: Count<S>, _ it: LowProjection
  ) {
    let sums = unsafe lowSums(form, shape, zeros, it.x, it.xStride, it.count, it.weights, it.start)
    for row in 0..<R {
      for panel in 0..<(G &* P) {
        var sum = sums[row &* (G &* P) &+ panel]
        if F == 1 {
          // SAFETY: start and scales hold G·P vectors; a row of x is followed by its own scale.
          let scale = unsafe load(it.scales + panel &* lanes) * all(it.x[row &* it.xStride &+ it.count])
          sum = unsafe fused(load(it.start + panel &* lanes), lstm_from_integers(sum), scale)
        }
        // SAFETY: out has R rows of G·P vectors.
        unsafe store(sum, it.out + (row &* it.outStride &+ panel &* lanes))
      }
    }
  }

  // Each size of tile is a function of its own: larger ones would leave the optimiser's limits, and their sums the registers.

  #if LSTM_V4
    private typealias Many4 = Count<6>
    private typealias Many3 = Count<6>
    private typealias Wide = Count<4>
    @_transparent private var many4: Count<24> { zeros24 }
    @_transparent private var many3: Count<18> { zeros18 }
    @_transparent private var wide4: Count<16> { zeros16 }
    @_transparent private var wide3: Count<12> { zeros12 }
    /// Rows in the largest tiles of 4 and of 3 panels, and groups in the widest one.
    private let manyRows4 = 6
    private let manyRows3 = 6
    private let wideGroups = 4
  #else
    private typealias Many4 = Count<2>
    private typealias Many3 = Count<3>
    private typealias Wide = Count<2>
    @_transparent private var many4: Count<8> { zeros8 }
    @_transparent private var many3: Count<9> { zeros9 }
    @_transparent private var wide4: Count<8> { zeros8 }
    @_transparent private var wide3: Count<6> { zeros6 }
    /// Rows in the largest tiles of 4 and of 3 panels, and groups in the widest one.
    private let manyRows4 = 2
    private let manyRows3 = 3
    private let wideGroups = 2
  #endif

  @inline(never)
  func bf16Wide4(_ it: LowProjection) { unsafe lowTile(Count<0>.self, (Count<1>.self, Wide.self, Count<4>.self), wide4, it) }

  @inline(never)
  func bf16One4(_ it: LowProjection) { unsafe lowTile(Count<0>.self, (Count<1>.self, Count<1>.self, Count<4>.self), zeros4, it) }

  @inline(never)
  func bf16Many4(_ it: LowProjection) { unsafe lowTile(Count<0>.self, (Many4.self, Count<1>.self, Count<4>.self), many4, it) }

  @inline(never)
  func bf16Wide3(_ it: LowProjection) { unsafe lowTile(Count<0>.self, (Count<1>.self, Wide.self, Count<3>.self), wide3, it) }

  @inline(never)
  func bf16One3(_ it: LowProjection) { unsafe lowTile(Count<0>.self, (Count<1>.self, Count<1>.self, Count<3>.self), zeros3, it) }

  @inline(never)
  func bf16Many3(_ it: LowProjection) { unsafe lowTile(Count<0>.self, (Many3.self, Count<1>.self, Count<3>.self), many3, it) }

  @inline(never)
  func bf16One1(_ it: LowProjection) { unsafe lowTile(Count<0>.self, (Count<1>.self, Count<1>.self, Count<1>.self), zeros1, it) }

  @inline(never)
  func bf16Six1(_ it: LowProjection) { unsafe lowTile(Count<0>.self, (Count<6>.self, Count<1>.self, Count<1>.self), zeros6, it) }

  @inline(never)
  func int8Wide4(_ it: LowProjection) { unsafe lowTile(Count<1>.self, (Count<1>.self, Wide.self, Count<4>.self), wide4, it) }

  @inline(never)
  func int8One4(_ it: LowProjection) { unsafe lowTile(Count<1>.self, (Count<1>.self, Count<1>.self, Count<4>.self), zeros4, it) }

  @inline(never)
  func int8Many4(_ it: LowProjection) { unsafe lowTile(Count<1>.self, (Many4.self, Count<1>.self, Count<4>.self), many4, it) }

  @inline(never)
  func int8Wide3(_ it: LowProjection) { unsafe lowTile(Count<1>.self, (Count<1>.self, Wide.self, Count<3>.self), wide3, it) }

  @inline(never)
  func int8One3(_ it: LowProjection) { unsafe lowTile(Count<1>.self, (Count<1>.self, Count<1>.self, Count<3>.self), zeros3, it) }

  @inline(never)
  func int8Many3(_ it: LowProjection) { unsafe lowTile(Count<1>.self, (Many3.self, Count<1>.self, Count<3>.self), many3, it) }

  @inline(never)
  func int8One1(_ it: LowProjection) { unsafe lowTile(Count<1>.self, (Count<1>.self, Count<1>.self, Count<1>.self), zeros1, it) }

  @inline(never)
  func int8Six1(_ it: LowProjection) { unsafe lowTile(Count<1>.self, (Count<6>.self, Count<1>.self, Count<1>.self), zeros6, it) }

  /// Multiplies rows by packed weights of few bytes, of them the groups from `first` up to `end`: `out[r] = start + x[r] · W`.
  ///
  /// - Shapes: `x`: rows of the matrix's words, `xStride` apart, as ``quantize`` makes them; `out [rows, groups · panels · lanes]`, rows `outStride`
  ///   apart, from the group `first` on.
  /// - Requires: out is aligned to vectors and overlaps nothing else. Any count may be 0.
  @inline(never)  // see project
  public func projectLow(
    _ matrix: UnsafeRawPointer, _ x: UnsafePointer<Scalar>, _ xStride: Int, rows: Int, first: Int, end: Int, _ out: UnsafeMutablePointer<Scalar>,
    _ outStride: Int
  ) {
    unsafe projectLowGroups(matrix.assumingMemoryBound(to: LowMatrix.self), x, xStride, rows, first, end, out, outStride)
  }

  /// The same; `isBackward`: from the last group to the first, where the products are CDot's and the row is single.
  @inline(never)
  func projectLowGroups(
    _ matrix: UnsafePointer<LowMatrix>, _ x: UnsafePointer<Scalar>, _ xStride: Int, _ rows: Int, _ first: Int, _ end: Int,
    _ out: UnsafeMutablePointer<Scalar>, _ outStride: Int, isBackward: Bool = false
  ) {
    let it = unsafe matrix.pointee
    let (form, panels, groups) = unsafe (it.form, it.panels, end &- first)
    if form >= LSTM_DOT_BF16 {
      let place = first &* panels &* lanes
      // SAFETY: the groups exist; vectors as long as the functions' are required.
      var product = unsafe lstm_dot_product(
        x: x, x_stride: Int64(xStride), words: Int64(it.words), rows: Int64(rows),
        weights: it.weights + place &* (form == LSTM_DOT_INT8 ? it.words / 2 : it.words), start: it.start + place, scales: it.scales + place,
        offsets: it.offsets + place, groups: Int64(groups), panels: Int64(panels), out: out, out_stride: Int64(outStride),
        backward: isBackward ? 1 : 0, whole: rows > 1 ? lstm_support_meets_whole() : 0)
      switch form {
      case LSTM_DOT_BF16: unsafe lstm_dot_bf16(&product)
      case LSTM_DOT_INT8: unsafe lstm_dot_int8(&product)
      default: unsafe lstm_dot_w8a8(&product)
      }
      return
    }
    let all = unsafe LowProjection(
      x: x, xStride: xStride, count: it.words, weights: it.weights, start: it.start, scales: it.scales, out: out, outStride: outStride
    ).from(group: first, panels: panels, out: 0)
    var group = 0
    // A single row has too few sums to keep the multipliers busy: several groups at once.
    while rows == 1 && panels > 1 && groups &- group >= wideGroups {
      let part = unsafe all.from(group: group, panels: panels, out: group)
      if form == LSTM_LOW_BF16 {
        if panels == 4 { unsafe bf16Wide4(part) } else { unsafe bf16Wide3(part) }
      } else {
        if panels == 4 { unsafe int8Wide4(part) } else { unsafe int8Wide3(part) }
      }
      group &+= wideGroups
    }
    while group < groups {
      let part = unsafe all.from(group: group, panels: panels, out: group)
      var row = 0
      while row < rows {
        let it = unsafe part.from(row: row)
        let taken = unsafe form == LSTM_LOW_BF16 ? bf16Rows(it, rows &- row, panels) : int8Rows(it, rows &- row, panels)
        row &+= taken
      }
      group &+= 1
    }
  }

  /// Takes as many rows as a tile holds and returns their number.
  @_transparent
  private func bf16Rows(_ it: LowProjection, _ left: Int, _ panels: Int) -> Int {
    if panels == 1 {
      if left >= 6 { unsafe bf16Six1(it) } else { unsafe bf16One1(it) }
      return left >= 6 ? 6 : 1
    }
    if left >= (panels == 4 ? manyRows4 : manyRows3) {
      if panels == 4 { unsafe bf16Many4(it) } else { unsafe bf16Many3(it) }
      return panels == 4 ? manyRows4 : manyRows3
    }
    if panels == 4 { unsafe bf16One4(it) } else { unsafe bf16One3(it) }
    return 1
  }

  /// Takes as many rows as a tile holds and returns their number.
  @_transparent
  private func int8Rows(_ it: LowProjection, _ left: Int, _ panels: Int) -> Int {
    if panels == 1 {
      if left >= 6 { unsafe int8Six1(it) } else { unsafe int8One1(it) }
      return left >= 6 ? 6 : 1
    }
    if left >= (panels == 4 ? manyRows4 : manyRows3) {
      if panels == 4 { unsafe int8Many4(it) } else { unsafe int8Many3(it) }
      return panels == 4 ? manyRows4 : manyRows3
    }
    if panels == 4 { unsafe int8One4(it) } else { unsafe int8One3(it) }
    return 1
  }
#endif
