import LSTMModel

/// What the first bytes of a file say about it.
enum HDF5Signature {
  /// Refuses what is no HDF5 file, and says what it is instead.
  static func check(_ bytes: [UInt8]) throws(LSTMError) {
    guard HDF5Walk.Superblock.position(in: bytes) != nil else { throw HDF5Walk.FileKind.error(for: bytes) }
  }

  /// Why a file with the right signature cannot be opened: mostly because it was cut short.
  static func whyNotOpened(_ bytes: [UInt8]) -> String {
    guard let start = HDF5Walk.Superblock.position(in: bytes), start + 8 < bytes.count else { return "the HDF5 file is truncated after its signature" }
    let version = bytes[start + 8]
    guard version <= 3 else { return "the HDF5 file has a superblock of version \(version), which does not exist" }
    let field = start + (version < 2 ? (version == 0 ? 40 : 44) : 28)
    guard field + 8 <= bytes.count else { return "the HDF5 file is truncated in its superblock" }
    let end = bytes[field..<field + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if end > UInt64(bytes.count) {
      return "the HDF5 file is truncated: its superblock states \(end) bytes, but there are \(bytes.count)"
    }
    return "the HDF5 file is corrupt: its superblock or root group cannot be read"
  }
}
