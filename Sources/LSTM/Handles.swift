import Glibc
import LSTMModel
import Synchronization

/// Kinds of handles, by the word that a live one starts with.
enum HandleKind: UInt64 {
  case model = 0x4c53_544d_4d4f_4431
  case session = 0x4c53_544d_5345_5331
  case stream = 0x4c53_544d_5354_5231
  case trace = 0x4c53_544d_5452_4331
  case trainer = 0x4c53_544d_5452_4e31

  /// For messages.
  var name: String {
    switch self {
    case .model: return "lstm_model"
    case .session: return "lstm_session"
    case .stream: return "lstm_stream"
    case .trace: return "lstm_trace"
    case .trainer: return "lstm_trainer"
    }
  }
}

/// Where handles live: slots in slabs that are never given back, so that a stale or foreign pointer can be told without being followed.
///
/// Freed slots are reused oldest first; until then a freed handle is recognised.
@safe enum Handles {
  /// What a handle points to.
  @safe private struct Slot {
    /// The kind's word while the handle lives, 0 after.
    var kind: UInt64
    /// The object, retained while the handle lives; the next free slot after.
    @unsafe var object: UnsafeMutableRawPointer?
  }

  /// Slabs double in size: 24 of them hold a thousand million handles.
  private static let slabLimit = 24
  private static let firstSlab = 64

  /// The slabs; entry i is written before `slabCount` reaches i + 1 and never again.
  @unsafe nonisolated(unsafe) private static let slabs: UnsafeMutablePointer<UnsafeMutablePointer<Slot>?> = {
    let table = UnsafeMutablePointer<UnsafeMutablePointer<Slot>?>.allocate(capacity: slabLimit)
    // SAFETY: room for slabLimit entries.
    unsafe table.initialize(repeating: nil, count: slabLimit)
    return unsafe table
  }()
  private static let slabCount = Atomic<Int>(0)

  /// The queue of free slots.
  @safe private struct Free: @unchecked Sendable {
    @unsafe var first: UnsafeMutablePointer<Slot>?
    @unsafe var last: UnsafeMutablePointer<Slot>?
  }
  private static let free = unsafe Mutex(Free(first: nil, last: nil))

  /// Makes a handle for an object.
  static func make(_ object: AnyObject, _ kind: HandleKind) throws(LSTMError) -> OpaquePointer {
    let slot = unsafe free.withLock { free -> UnsafeMutablePointer<Slot>? in
      if unsafe free.first == nil { grow(&free) }
      guard let slot = unsafe free.first else { return nil }
      // SAFETY: a free slot's object is the next free slot.
      let next = unsafe slot.pointee.object?.assumingMemoryBound(to: Slot.self)
      unsafe free.first = next
      if unsafe next == nil { unsafe free.last = nil }
      return unsafe slot
    }
    guard let slot = unsafe slot else { throw .outOfMemory(bytes: firstSlab * MemoryLayout<Slot>.stride, for: "a handle") }
    // SAFETY: the slot was taken off the queue: it is ours alone until its kind is set.
    unsafe slot.pointee.object = Unmanaged.passRetained(object).toOpaque()
    unsafe slot.pointee.kind = kind.rawValue
    return OpaquePointer(slot)
  }

  /// Adds a slab to the queue. Called with the lock held.
  private static func grow(_ free: inout Free) {
    let index = slabCount.load(ordering: .relaxed)
    guard index < slabLimit else { return }
    let size = firstSlab << index
    guard let memory = unsafe calloc(size, MemoryLayout<Slot>.stride) else { return }
    // SAFETY: calloc gave size zeroed slots.
    let slots = unsafe memory.bindMemory(to: Slot.self, capacity: size)
    for slot in 0..<size { unsafe append(slots + slot, &free) }
    unsafe slabs[index] = slots
    slabCount.store(index + 1, ordering: .releasing)
  }

  private static func append(_ slot: UnsafeMutablePointer<Slot>, _ free: inout Free) {
    // SAFETY: the slot is dead and the lock held.
    unsafe slot.pointee.object = nil
    if let last = unsafe free.last { unsafe last.pointee.object = UnsafeMutableRawPointer(slot) } else { unsafe free.first = slot }
    unsafe free.last = slot
  }

  /// The slot that a pointer of the caller's points to, if it is one.
  @inline(__always)
  private static func slot(_ handle: OpaquePointer) -> UnsafeMutablePointer<Slot>? {
    let address = Int(bitPattern: handle)
    for index in 0..<slabCount.load(ordering: .acquiring) {
      // SAFETY: entries below slabCount are set.
      guard let slab = unsafe slabs[index] else { continue }
      let offset = address &- Int(bitPattern: slab)
      if offset >= 0 && offset < (firstSlab &<< index) &* MemoryLayout<Slot>.stride {
        return unsafe offset % MemoryLayout<Slot>.stride == 0 ? slab + offset / MemoryLayout<Slot>.stride : nil
      }
    }
    return nil
  }

  /// The object of a live handle.
  ///
  /// - Throws: ``LSTMError/argument(_:)`` for NULL, ``LSTMError/handle(_:)`` for anything else that is no live handle of this kind.
  @inline(__always)
  static func object<Object: AnyObject>(_ handle: OpaquePointer?, _ kind: HandleKind, as type: Object.Type) throws(LSTMError) -> Object {
    guard let handle = unsafe handle else { throw .argument("the \(kind.name) is NULL") }
    guard let slot = unsafe slot(handle), unsafe slot.pointee.kind == kind.rawValue, let object = unsafe slot.pointee.object else {
      throw unsafe refusal(handle, kind)
    }
    // SAFETY: a live slot of this kind holds a retained object of this type.
    return unsafe Unmanaged<Object>.fromOpaque(object).takeUnretainedValue()
  }

  private static func refusal(_ handle: OpaquePointer, _ kind: HandleKind) -> LSTMError {
    guard let slot = unsafe slot(handle) else { return .handle("this is no handle of the library: an \(kind.name) was expected") }
    // SAFETY: slots are never given back.
    if let other = unsafe HandleKind(rawValue: slot.pointee.kind) { return .handle("this is an \(other.name): an \(kind.name) was expected") }
    return .handle("this \(kind.name) was freed")
  }

  /// Frees a handle; anything that is no live handle of this kind is left alone.
  static func free(_ handle: OpaquePointer?, _ kind: HandleKind) {
    guard let handle = unsafe handle, let slot = unsafe slot(handle) else { return }
    let object = free.withLock { free -> UInt? in
      // SAFETY: slots are never given back; the kind is set and cleared with the lock held.
      guard unsafe slot.pointee.kind == kind.rawValue, let object = unsafe slot.pointee.object else { return nil }
      unsafe slot.pointee.kind = 0
      unsafe append(slot, &free)
      return UInt(bitPattern: object)
    }
    guard let object, let retained = unsafe UnsafeRawPointer(bitPattern: object) else { return }
    // SAFETY: retained by make, released once: the kind was still set.
    unsafe Unmanaged<AnyObject>.fromOpaque(retained).release()
  }
}

/// Strings that a handle lends to C, kept until it is freed.
@safe final class LentStrings: @unchecked Sendable {  // guarded by its mutex
  @safe private struct Kept {
    @unsafe var pointers: [String: UnsafeMutablePointer<CChar>] = unsafe [:]
  }
  private let kept = Mutex(Kept())

  init() {}

  deinit {
    // SAFETY: made by strdup, freed once; nobody may use them after the handle is freed.
    kept.withLock { kept in
      while let name = unsafe kept.pointers.keys.first { unsafe Glibc.free(kept.pointers.removeValue(forKey: name)) }
    }
  }

  /// The string for C.
  func lend(_ text: String) throws(LSTMError) -> UnsafePointer<CChar> {
    let pointer = unsafe kept.withLock { kept -> UnsafeMutablePointer<CChar>? in
      if let known = unsafe kept.pointers[text] { return unsafe known }
      // SAFETY: strdup copies up to the NUL.
      let made = unsafe strdup(text)
      if let made = unsafe made { unsafe kept.pointers[text] = made }
      return unsafe made
    }
    guard let pointer = unsafe pointer else { throw .outOfMemory(bytes: text.utf8.count, for: "a name") }
    return unsafe UnsafePointer(pointer)
  }
}
