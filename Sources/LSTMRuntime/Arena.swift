import CSupport
import Glibc
import LSTMModel

/// A run of numbers in an arena, which must outlive it: whoever keeps a `Floats` keeps its arena too. During a call it may also be numbers of the
/// caller's. Indices are checked: a wrong one is a
/// fault of the library, never of a file or an argument.
@safe struct Floats {
  /// The first number, for the kernels' wrappers only.
  @unsafe let base: UnsafeMutablePointer<Scalar>
  /// How many there are.
  let count: Int

  /// `count` numbers from `base` on, of an arena's memory or, while a call lasts, of the caller's.
  @unsafe init(base: UnsafeMutablePointer<Scalar>, count: Int) {
    // SAFETY: the arena or the caller vouches for base and count.
    unsafe self.base = base
    self.count = count
  }

  /// One number.
  subscript(index: Int) -> Scalar {
    get {
      precondition(index >= 0 && index < count, "an index outside its array")
      // SAFETY: checked above.
      return unsafe base[index]
    }
    nonmutating set {
      precondition(index >= 0 && index < count, "an index outside its array")
      // SAFETY: checked above.
      unsafe base[index] = newValue
    }
  }

  /// `count` numbers from `start` on.
  func slice(_ start: Int, _ count: Int) -> Floats {
    precondition(start >= 0 && count >= 0 && start <= self.count - count, "a slice outside its array")
    // SAFETY: checked above.
    return unsafe Floats(base: base + start, count: count)
  }

  /// The numbers from `start` on; none if there are not so many.
  func from(_ start: Int) -> Floats {
    let first = min(start, count)
    return slice(first, count - first)
  }

  /// Sets every number to `value`.
  func fill(_ value: Scalar) {
    // SAFETY: count numbers belong to this slice.
    unsafe base.update(repeating: value, count: count)
  }

  /// Whether the first number lies at a multiple of `lanes` numbers, a power of two.
  func isAligned(_ lanes: Int) -> Bool {
    // SAFETY: the address is looked at only.
    unsafe UInt(bitPattern: base) % UInt(lanes * MemoryLayout<Scalar>.stride) == 0
  }

  /// Copies all numbers of `source`, which may overlap.
  func copy(from source: Floats) {
    precondition(source.count == count, "a copy between arrays of different length")
    // SAFETY: both hold count numbers.
    unsafe base.update(from: source.base, count: count)
  }

  /// Copies the first `count` numbers of each of `rows` rows from one spacing to another.
  @inline(never)
  func copyRows(_ rows: Int, count: Int, stride: Int, from source: Floats, stride sourceStride: Int) {
    for row in 0..<rows { slice(row * stride, count).copy(from: source.slice(row * sourceStride, count)) }
  }

  /// Copies an array of the same length.
  func copy(from source: [Scalar]) {
    precondition(source.count == count, "a copy between arrays of different length")
    // SAFETY: both hold count numbers; the array lives through the call.
    unsafe source.withUnsafeBufferPointer { from in
      if let start = from.baseAddress { unsafe base.update(from: start, count: count) }
    }
  }

  /// The numbers as an array.
  var array: [Scalar] { (0..<count).map { self[$0] } }
}

/// Owns one block of zeroed, aligned memory and hands out slices of it.
@safe final class Arena {
  /// Slices start at multiples of 64 bytes: a cache line, and a vector of AVX-512.
  static let alignment = 64 / MemoryLayout<Scalar>.stride

  /// Bytes of a large page. Blocks as large as one ask the system for such: many weights are read sooner from them, since neither the addresses' cache nor
  /// the reading ahead stops every 4 KiB (LSTM 512, 1024 on a Zen 4: 7 % less time for a sequence, 5 % for a batch of 32).
  private static let largePage = 2 << 20

  @unsafe private let memory: UnsafeMutablePointer<Scalar>
  /// How many numbers it holds.
  let capacity: Int
  private var used = 0

  /// A block for `capacity` numbers.
  ///
  /// - Throws: ``LSTMError/memory(_:)`` if there is not so much memory.
  init(capacity: Int, for purpose: String) throws(LSTMError) {
    let (bytes, overflow) = max(capacity, 1).multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
    let isLarge = bytes >= Arena.largePage
    var block: UnsafeMutableRawPointer?
    // SAFETY: block receives the address; the alignment is a power of two and a multiple of a pointer's size.
    guard !overflow, bytes <= Int.max / 2, unsafe posix_memalign(&block, isLarge ? Arena.largePage : 64, bytes) == 0, let start = unsafe block else {
      throw .outOfMemory(bytes: overflow ? Int.max : bytes, for: purpose)
    }
    #if os(Linux)
      // SAFETY: whole pages of the block, which keep what they hold; a system that will not has said no.
      if isLarge { unsafe _ = madvise(start, bytes & ~4095, MADV_HUGEPAGE) }
    #endif
    // SAFETY: the block holds `bytes` bytes.
    unsafe memset(start, 0, bytes)
    unsafe memory = start.bindMemory(to: Scalar.self, capacity: max(capacity, 1))
    self.capacity = capacity
  }

  deinit {
    // SAFETY: allocated by posix_memalign in init, freed once.
    unsafe free(memory)
  }

  /// The next `count` numbers.
  func floats(_ count: Int) -> Floats {
    let start = used
    used += Arena.rounded(count)
    return floats(at: start, count)
  }

  /// The next numbers, which become copies of these.
  func floats(_ numbers: [Scalar]) -> Floats {
    let floats = floats(numbers.count)
    floats.copy(from: numbers)
    return floats
  }

  /// `count` numbers from `start` on.
  func floats(at start: Int, _ count: Int) -> Floats {
    precondition(start >= 0 && count >= 0 && start <= capacity - count, "the plan asked for more numbers than it sized the arena for")
    // SAFETY: start + count ≤ capacity, checked above.
    return unsafe Floats(base: memory + start, count: count)
  }

  /// `count` rounded up so that the next slice starts aligned.
  static func rounded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}
