import LSTMModel

extension HDF5Walk {
  /// The bytes under inspection and what is known about them so far.
  struct File {
    /// All of them, the user block included.
    let bytes: [UInt8]
    /// Where address 0 lies.
    let base: Int
    /// One past the last byte that the superblock claims.
    var end: Int
    /// What may be found.
    let limits: Limits
    /// Who owns which bytes.
    var extents: Extents
    /// Sizes of the objects of each global heap that was needed, by address.
    var globalHeaps: [Int: GlobalHeap] = [:]
    /// Object headers by address.
    var headers: [Int: ObjectHeader] = [:]
    /// Addresses of committed datatypes that were referred to.
    var committed: Set<Int> = []
    /// The object that is being checked, by the address of its header.
    var object = 0
    /// Where the numbers of each dataset lie.
    var numbers: [Int: [Range<Int>]] = [:]
    /// Sizes of tree nodes.
    var trees = TreeSizes()
    /// Bytes of datasets that are declared but not stored.
    var unstored = 0
    /// Chunks of datasets that are not stored.
    var unstoredChunks = 0

    /// All of `bytes`, with the superblock at `base`.
    init(_ bytes: [UInt8], base: Int, limits: Limits) {
      self.bytes = bytes
      self.base = base
      self.limits = limits
      end = bytes.count
      extents = Extents(capacity: bytes.count)
    }

    /// Where the bytes of a structure lie.
    ///
    /// - Throws: ``LSTMError/format(_:)`` if they are not all inside the file.
    func range(at address: Int, size: Int, _ subject: String) throws(LSTMError) -> Range<Int> {
      guard address >= 0, size >= 0, address <= end - base, size <= end - base - address else {
        throw .format(
          "\(subject) should be \(size) bytes at address \(address), but the file has only \(end - base): the file is damaged")
      }
      return (base + address)..<(base + address + size)
    }

    /// Reads `size` bytes that another structure may own, to learn how large a structure is.
    func peek(at address: Int, size: Int, _ subject: String) throws(LSTMError) -> ByteReader {
      ByteReader(bytes, try range(at: address, size: size, subject), subject)
    }

    /// Reads the `size` bytes of a structure, which from now on are its own.
    mutating func structure(at address: Int, size: Int, _ subject: String) throws(LSTMError) -> ByteReader {
      let range = try range(at: address, size: size, subject)
      try extents.claim(range, subject)
      return ByteReader(bytes, range, subject)
    }

    /// Marks `size` bytes as used, whatever they hold.
    mutating func space(at address: Int, size: Int, _ subject: String) throws(LSTMError) -> Range<Int> {
      let range = try range(at: address, size: size, subject)
      try extents.claim(range, subject)
      return range
    }

    /// Marks `size` bytes of array elements as used.
    mutating func data(at address: Int, size: Int, _ subject: String) throws(LSTMError) -> Range<Int> {
      let range = try space(at: address, size: size, subject)
      numbers[object, default: []].append(range)
      return range
    }

    /// Counts bytes that a dataset declares but does not store.
    mutating func addUnstored(_ count: Int, _ space: Dataspace, declared: Int, stored: Int) throws(LSTMError) {
      guard count > 0 else { return }
      unstored = unstored.addingReportingOverflow(count).overflow ? Int.max : unstored + count
      guard unstored <= limits.unstoredBytes else {
        throw .format(
          "its shape \(space.dimensions) declares \(inWords(bytes: declared)) of numbers but only \(inWords(bytes: stored)) are stored")
      }
    }
  }

  /// A size as people say it: `4.0 TB`.
  static func inWords(bytes: Int) -> String {
    guard bytes >= 1000 else { return "\(bytes) bytes" }
    var tenths = bytes / 100
    for unit in ["kB", "MB", "GB", "TB", "PB"] {
      if tenths < 10_000 { return "\(tenths / 10).\(tenths % 10) \(unit)" }
      tenths /= 1000
    }
    return "\(tenths / 10) EB"
  }

  /// `a · b` for counts that came from a file; `nil` where it does not fit.
  static func product(_ a: Int, _ b: Int) -> Int? {
    let (value, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : value
  }

  /// `a + b` for sizes that came from a file; `nil` where it does not fit.
  static func sum(_ a: Int, _ b: Int) -> Int? {
    let (value, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : value
  }

  /// The base-2 logarithm of a power of two; `nil` for other numbers.
  static func exponent(_ value: Int) -> Int? {
    value > 0 && value & (value - 1) == 0 ? value.trailingZeroBitCount : nil
  }

  /// How many bytes hold any number up to `limit`.
  static func width(for limit: Int) -> Int {
    max(1, (64 - limit.leadingZeroBitCount + 7) / 8)
  }
}
