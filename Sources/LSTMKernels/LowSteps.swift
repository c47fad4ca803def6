#if !LSTM_FLOAT64
  import CVector

  /// What steps with weights of few bytes work on: see ``lowSteps``.
  @unsafe struct LowState {
    var z: UnsafePointer<Scalar>
    var zStride: Int
    var h: UnsafeMutablePointer<Scalar>
    var hNew: UnsafeMutablePointer<Scalar>
    var c: UnsafeMutablePointer<Scalar>
    var stride: Int
    var rows: Int
    var sums: UnsafeMutablePointer<Scalar>
    var quantized: UnsafeMutablePointer<Scalar>
    var quantizedStride: Int
    var gates: UnsafeMutablePointer<Scalar>?
    /// Whether groups are taken from the last to the first: see `Instant.isBackward`.
    var isBackward: Bool
  }

  /// Groups of a single row that are taken at once, where every other step goes back the way it came.
  private let groupsAtOnce = 8

  /// One step of the groups from `first` up to `end`, h quantised already.
  @inline(never)
  func lowStep(_ it: LowState, _ matrix: UnsafePointer<LowMatrix>, _ first: Int, _ end: Int) {
    let rows = unsafe it.rows
    let groupWidth = unsafe matrix.pointee.panels &* lanes
    // Each thread has sums of its own; of a thread's, so many at once that they stay in the first cache.
    let sums = unsafe it.sums + first &* groupWidth &* rows
    var chunk = rows == 1 ? groupsAtOnce : 4096 / (rows &* groupWidth)
    if chunk < 4 { chunk = 4 }
    let chunks = (end &- first &+ chunk &- 1) / chunk
    var number = 0
    while number < chunks {
      let group = unsafe first &+ (it.isBackward ? chunks &- 1 &- number : number) &* chunk
      number &+= 1
      let groups = smaller(end &- group, chunk)
      let width = groups &* groupWidth
      let place = group &* groupWidth
      let unit = group &* lanes
      // SAFETY: the groups exist; sums hold rows · width numbers for them.
      unsafe projectLowGroups(matrix, it.quantized, it.quantizedStride, rows, group, group &+ groups, sums, width, isBackward: it.isBackward)
      let gates = unsafe it.gates.map { unsafe $0 + place }
      if unsafe matrix.pointee.panels == 4 {
        unsafe lstmUpdate(it.z + place, it.zStride, sums, width, it.hNew + unit, it.c + unit, it.stride, rows: rows, blocks: groups, gates)
      } else {
        unsafe gruUpdate(it.z + place, it.zStride, sums, width, it.h + unit, it.hNew + unit, it.stride, rows: rows, blocks: groups, gates)
      }
    }
  }

  /// Advances an LSTM (a matrix of 4 panels) or a GRU that resets after the product (3) by `steps` steps, the state going to and fro between `h` and
  /// `hNew` as in ``lstmSteps``.
  ///
  /// - Shapes: as in ``lstmSteps`` and ``gruSteps``; `gates` as in ``lstmStep``; `sums`: room for rows · width; `quantized`: room for h as in ``quantize``.
  ///
  /// Of one step threads may take groups of their own, from `first` up to `end`, with h quantised already. Steps go back and forth over the groups,
  /// the first one back if `isBackward`.
  ///
  /// - Requires: as in ``lstmSteps``.
  @inline(never)  // see project
  public func lowSteps(
    _ matrix: UnsafeRawPointer, _ z: UnsafePointer<Scalar>, _ zStride: Int, _ zStep: Int, steps: Int, _ h: UnsafeMutablePointer<Scalar>,
    _ hNew: UnsafeMutablePointer<Scalar>, _ c: UnsafeMutablePointer<Scalar>, _ stride: Int, rows: Int, first: Int, end: Int,
    _ sums: UnsafeMutablePointer<Scalar>, _ quantized: UnsafeMutablePointer<Scalar>, _ quantizedStride: Int, _ isQuantized: Bool, _ isBackward: Bool,
    _ gates: UnsafeMutablePointer<Scalar>?, _ out: UnsafeMutablePointer<Scalar>?, _ outStride: Int, _ outStep: Int
  ) {
    let its = unsafe matrix.assumingMemoryBound(to: LowMatrix.self)
    var it = unsafe LowState(
      z: z, zStride: zStride, h: h, hNew: hNew, c: c, stride: stride, rows: rows, sums: sums, quantized: quantized,
      quantizedStride: quantizedStride, gates: gates, isBackward: isBackward)
    let unit = first &* lanes
    let units = unsafe smaller(end &* lanes, its.pointee.count) &- unit
    var step = 0
    while step < steps {
      if !isQuantized { unsafe quantizeRows(its, it.h, stride, rows, quantized, quantizedStride) }
      unsafe lowStep(it, its, first, end)
      if let out = unsafe out, units > 0 {
        unsafe copyRows(it.hNew + unit, stride, out + (step &* outStep &+ unit), outStride, rows: rows, count: units)
      }
      // SAFETY: the next step, if there is one.
      unsafe it.z = it.z + zStep
      let made = unsafe it.hNew
      unsafe it.hNew = it.h
      unsafe it.h = made
      unsafe it.isBackward = !it.isBackward
      step &+= 1
    }
  }

  /// A recurrent layer of a stream with weights of few bytes, as ``Instant`` is one with others.
  @unsafe struct LowInstant {
    var input: UnsafePointer<LowMatrix>
    var recurrent: UnsafePointer<LowMatrix>
    var state: LowState
    var z: UnsafeMutablePointer<Scalar>
    var quantizedX: UnsafeMutablePointer<Scalar>
    var groups: Int
  }

  /// Bytes that ``prepareLowInstant`` fills.
  public let lowInstantBytes = unsafe MemoryLayout<LowInstant>.stride

  /// Fills `memory` for a layer's steps; its state is in `h` and `c` before and after each.
  ///
  /// - Shapes: `h`, `hNew`, `c [groups · lanes]`; `z`, `sums`: room for a row of the products; `quantizedX`, `quantizedH`: as in ``quantize``.
  /// - Requires: everything aligned to vectors and alive as long as `memory` is used.
  @inline(never)  // see project
  public func prepareLowInstant(
    _ memory: UnsafeMutableRawPointer, input: UnsafeRawPointer, recurrent: UnsafeRawPointer, groups: Int, h: UnsafeMutablePointer<Scalar>,
    hNew: UnsafeMutablePointer<Scalar>, c: UnsafeMutablePointer<Scalar>, z: UnsafeMutablePointer<Scalar>, sums: UnsafeMutablePointer<Scalar>,
    quantizedX: UnsafeMutablePointer<Scalar>, quantizedH: UnsafeMutablePointer<Scalar>
  ) {
    // SAFETY: the caller's contract.
    unsafe memory.assumingMemoryBound(to: LowInstant.self).pointee = LowInstant(
      input: input.assumingMemoryBound(to: LowMatrix.self), recurrent: recurrent.assumingMemoryBound(to: LowMatrix.self),
      state: LowState(
        z: z, zStride: 0, h: h, hNew: hNew, c: c, stride: 0, rows: 1, sums: sums, quantized: quantizedH, quantizedStride: 0, gates: nil,
        isBackward: false),
      z: z, quantizedX: quantizedX, groups: groups)
  }

  /// What comes before the blocks of a step: x and h are quantised.
  @inline(never)  // see project
  public func beginLowInstant(_ memory: UnsafeMutableRawPointer, _ x: UnsafePointer<Scalar>) {
    let it = unsafe memory.assumingMemoryBound(to: LowInstant.self)
    unsafe quantizeRows(it.pointee.input, x, 0, 1, it.pointee.quantizedX, 0)
    unsafe quantizeRows(it.pointee.recurrent, it.pointee.state.h, 0, 1, it.pointee.state.quantized, 0)
  }

  /// The groups from `first` up to `end` of a step that has begun.
  @inline(never)  // see project
  public func lowInstantBlocks(_ memory: UnsafeMutableRawPointer, _ first: Int, _ end: Int) {
    let it = unsafe memory.assumingMemoryBound(to: LowInstant.self)
    let width = unsafe it.pointee.input.pointee.panels &* lanes
    let chunks = (end &- first &+ groupsAtOnce &- 1) / groupsAtOnce
    let isBackward = unsafe it.pointee.state.isBackward
    var number = 0
    while number < chunks {
      let group = first &+ (isBackward ? chunks &- 1 &- number : number) &* groupsAtOnce
      number &+= 1
      let next = smaller(end, group &+ groupsAtOnce)
      // SAFETY: the groups exist.
      unsafe projectLowGroups(
        it.pointee.input, it.pointee.quantizedX, 0, 1, group, next, it.pointee.z + group &* width, 0, isBackward: isBackward)
      unsafe lowStep(it.pointee.state, it.pointee.recurrent, group, next)
    }
  }

  /// Makes the new state the present one and writes it to `y` (H numbers, any alignment; may be where x was).
  @inline(never)  // see project
  public func finishLowInstant(_ memory: UnsafeMutableRawPointer, _ y: UnsafeMutablePointer<Scalar>) {
    let it = unsafe memory.assumingMemoryBound(to: LowInstant.self)
    // SAFETY: both hold H numbers.
    unsafe copyNumbers(it.pointee.state.hNew, it.pointee.state.h, it.pointee.recurrent.pointee.count)
    unsafe copyNumbers(it.pointee.state.hNew, y, it.pointee.recurrent.pointee.count)
    unsafe it.pointee.state.isBackward = !it.pointee.state.isBackward
  }

  /// One step of an LSTM or GRU with weights of few bytes, from its x to its new state.
  @inline(never)  // see project
  public func lowInstant(_ memory: UnsafeMutableRawPointer, _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>) {
    unsafe beginLowInstant(memory, x)
    unsafe lowInstantBlocks(memory, 0, memory.assumingMemoryBound(to: LowInstant.self).pointee.groups)
    unsafe finishLowInstant(memory, y)
  }
#endif
