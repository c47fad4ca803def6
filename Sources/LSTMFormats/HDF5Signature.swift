import LSTMModel

/// What the first bytes of a file say about it.
enum HDF5Signature {
  private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Refuses what is no HDF5 file, and says what it is instead.
  static func check(_ bytes: [UInt8]) throws(LSTMError) {
    guard !bytes.isEmpty else { throw .format("the file is empty: it is truncated to 0 bytes") }
    guard start(of: bytes) == nil else { return }
    throw .format("this is not an HDF5 file" + hint(bytes))
  }

  /// Why a file with the right signature cannot be opened: mostly because it was cut short.
  static func whyNotOpened(_ bytes: [UInt8]) -> String {
    guard let start = start(of: bytes), start + 8 < bytes.count else { return "the HDF5 file is truncated after its signature" }
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

  /// Where the signature is: at the start, or behind a user block of 512, 1024, 2048, … bytes.
  private static func start(of bytes: [UInt8]) -> Int? {
    var position = 0
    while position <= bytes.count - signature.count {
      if bytes[position..<position + signature.count].elementsEqual(signature) { return position }
      position = position == 0 ? 512 : position * 2
    }
    return nil
  }

  private static func hint(_ bytes: [UInt8]) -> String {
    let head = bytes.prefix(256)
    if signature.starts(with: head) { return ": it is truncated after \(bytes.count) bytes" }
    if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      return " but a zip archive, such as the .keras and .npz files are; save the model as .h5 to load it here"
    }
    let text = String(decoding: head, as: UTF8.self)
    if text.hasPrefix("version https://git-lfs") { return " but a Git LFS pointer: fetch the file itself with `git lfs pull`" }
    let trimmed = text.drop { $0.isWhitespace }.lowercased()
    if trimmed.hasPrefix("<!doctype") || trimmed.hasPrefix("<html") { return " but a web page, perhaps the error of a download" }
    if trimmed.hasPrefix("{") { return " but looks like JSON" }
    return ""
  }
}
