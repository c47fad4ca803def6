import LSTMModel

/// Vouches for an HDF5 file's bytes before libhdf5 sees them.
///
/// libhdf5 trusts what a file says about itself, and damaged files make it read and write outside its memory. The walk follows every
/// structure from the superblock down in bounds-checked code and accepts only what it understands completely: an allow-list, not a
/// list of known attacks. What it accepts:
///
/// - superblocks 0 to 3, object headers 1 and 2, old groups (symbol tables) and new ones (compact and dense links), hard links;
/// - integers, floats, fixed and variable-length strings, opaque values, enums, references, and one level of records and arrays;
/// - compact, contiguous and chunked datasets with any chunk index, the filters deflate, shuffle and Fletcher-32.
///
/// No two structures share a byte, so that nothing loops and nothing has two meanings; checksums hold; compressed chunks are measured.
///
/// - Source: HDF5 File Format Specification 3.0, The HDF Group.
public enum HDF5Walk {
  /// How much of everything a file may hold.
  ///
  /// The defaults are far above what trained networks need, and low enough that reading stays a matter of seconds.
  public struct Limits: Sendable {
    /// Groups, datasets and named types together; also the number of different paths to them.
    public var objects = 1_000_000
    /// Groups within groups, the root included.
    public var depth = 64
    /// Bytes that datasets declare without storing them (they read as the fill value).
    public var unstoredBytes = 64 << 20
    /// Chunks that datasets have room for without storing them; libhdf5 needs memory for each.
    public var unstoredChunks = 1 << 16
    /// Bytes of one chunk of a dataset, decompressed.
    public var chunkBytes = 1 << 30

    /// The limits that loading a model uses.
    public init() {}
  }

  /// Returns if libhdf5 may open these bytes.
  ///
  /// - Throws: ``LSTMError/format(_:)`` for a damaged file or one of another kind, ``LSTMError/unsupported(_:)`` for a sound file that
  ///   uses something refused here; the sentence begins with the object's path.
  /// - Cost: linear in the size of the file plus that of its decompressed chunks; the bytes are not copied.
  public static func check(_ bytes: [UInt8]) throws(LSTMError) {
    try check(bytes, limits: Limits())
  }

  /// The same with other limits.
  public static func check(_ bytes: [UInt8], limits: Limits) throws(LSTMError) { _ = try numbers(bytes, limits: limits) }

  /// The same, and where the numbers of each dataset lie, by the address of its header.
  static func numbers(_ bytes: [UInt8], limits: Limits) throws(LSTMError) -> [Int: [Range<Int>]] {
    guard let start = Superblock.position(in: bytes) else { throw FileKind.error(for: bytes) }
    var file = File(bytes, base: start, limits: limits)
    let superblock = try Superblock(&file)
    var walker = Walker(file, superblock)
    try walker.walk()
    try walker.file.extents.requireDisjoint()
    return walker.file.numbers
  }
}
