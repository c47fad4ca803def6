import LSTMModel

/// Reads the directory of a zip archive and judges it, before libzip sees a byte.
///
/// Only members that are asked for are looked at closely; the others are never unpacked, whatever their names and sizes say.
struct ZipWalk {
  /// A member of the archive.
  struct Entry {
    /// Its place in the directory.
    var index: Int
    /// Its name.
    var name: String
    /// Its size once unpacked.
    var size: Int
    /// Its size in the archive.
    var packedSize: Int
    /// How it is packed: 0 stored, 8 deflated.
    var method: Int
    /// Whether it is encrypted.
    var isEncrypted: Bool
    /// Whether it is a symbolic link.
    var isLink: Bool
    /// Where its own header begins.
    var offset: Int
  }

  /// All members.
  private(set) var entries: [Entry] = []
  private let bytes: [UInt8]
  private var directory = 0

  // A stream of deflate cannot grow by more than this when it is unpacked (zlib's technical notes).
  private static let largestCompression = 1032
  private static let largestCount = 1 << 16

  /// Whether the bytes begin like a zip archive.
  static func isZip(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06])
  }

  /// Reads the directory.
  ///
  /// - Throws: ``LSTMError/format(_:)`` if it is damaged, cut short or not where the end record says.
  init(_ bytes: [UInt8]) throws(LSTMError) {
    self.bytes = bytes
    let end = try endRecord()
    var count = number(end + 10, 2)
    var size = number(end + 12, 4)
    directory = number(end + 16, 4)
    if end >= 20, number(end - 20, 4) == 0x0706_4B50 {
      let wide = number(end - 12, 8)
      guard wide >= 0, wide <= end - 76, number(wide, 4) == 0x0606_4B50 else {
        throw .format("the zip archive is corrupt: its zip64 end record is missing")
      }
      count = number(wide + 32, 8)
      size = number(wide + 40, 8)
      directory = number(wide + 48, 8)
    }
    guard count >= 0, count <= ZipWalk.largestCount else { throw .format("the zip archive states \(count) members, more than any model has") }
    guard directory >= 0, size >= 0, directory <= end, size <= end - directory else {
      throw .format("the zip archive is corrupt: its directory lies beyond its end")
    }
    var position = directory
    for index in 0..<count {
      guard position <= end - 46, number(position, 4) == 0x0201_4B50 else {
        throw .format("the zip archive is corrupt: its directory ends after \(index) of \(count) members")
      }
      position = try add(index, at: position, end: end)
    }
  }

  /// The only member of this name; nil if there is none.
  ///
  /// - Throws: ``LSTMError/format(_:)`` if there are two, or it is encrypted, a link, packed in an unknown way, larger than `limit` or
  ///   larger than its packed bytes can become.
  func entry(_ name: String, limit: Int) throws(LSTMError) -> Entry? {
    let found = entries.filter { $0.name == name }
    guard let entry = found.first else { return nil }
    guard found.count == 1 else { throw .format("the zip archive has a duplicate member: ‘\(name)’ is there \(found.count) times") }
    guard !entry.isEncrypted else { throw .unsupported("‘\(name)’ is encrypted in the zip archive") }
    guard !entry.isLink else { throw .format("‘\(name)’ is a symbolic link in the zip archive; liblstm does not follow links") }
    guard entry.method == 0 || entry.method == 8 else {
      throw .unsupported("‘\(name)’ is packed by the compression method \(entry.method), which liblstm does not read (only stored and deflated)")
    }
    guard entry.size >= 0, entry.size <= limit else { throw .format("‘\(name)’ is too large: the zip archive states a size of \(entry.size) bytes") }
    let (most, overflow) = entry.packedSize.multipliedReportingOverflow(by: entry.method == 0 ? 1 : ZipWalk.largestCompression)
    guard entry.packedSize >= 0, overflow || entry.size <= most + 64 else {
      throw .format("‘\(name)’ is too large: it states a size of \(entry.size) bytes, of which \(entry.packedSize) are stored")
    }
    let start = entry.offset
    guard start >= 0, start <= directory - 30, number(start, 4) == 0x0403_4B50 else {
      throw .format("the zip archive is corrupt: there is no ‘\(name)’ where its directory says")
    }
    let data = start + 30 + number(start + 26, 2) + number(start + 28, 2)
    guard data <= directory, entry.packedSize <= directory - data else {
      throw .format("the zip archive is corrupt: ‘\(name)’ reaches beyond its place")
    }
    let own = bytes[start + 30..<start + 30 + number(start + 26, 2)]
    guard String(decoding: own, as: UTF8.self) == name else {
      throw .format("the zip archive is corrupt: ‘\(name)’ has another name in its own header")
    }
    return entry
  }

  private mutating func add(_ index: Int, at position: Int, end: Int) throws(LSTMError) -> Int {
    let nameLength = number(position + 28, 2)
    let extraLength = number(position + 30, 2)
    let next = position + 46 + nameLength + extraLength + number(position + 32, 2)
    guard next <= end else { throw .format("the zip archive is corrupt: its directory is cut short") }
    let name = String(decoding: bytes[position + 46..<position + 46 + nameLength], as: UTF8.self)
    var entry = Entry(
      index: index, name: name, size: number(position + 24, 4), packedSize: number(position + 20, 4), method: number(position + 10, 2),
      isEncrypted: number(position + 8, 2) & 1 != 0, isLink: number(position + 38, 4) >> 16 & 0o170000 == 0o120000,
      offset: number(position + 42, 4))
    widen(&entry, from: position + 46 + nameLength, length: extraLength)
    entries.append(entry)
    return next
  }

  /// Sizes of more than four bytes stand in an extra field, in the order of those that do not fit.
  private func widen(_ entry: inout Entry, from start: Int, length: Int) {
    var position = start
    while position + 4 <= start + length {
      let size = number(position + 2, 2)
      var field = position + 4
      let end = min(field + size, start + length)
      if number(position, 2) == 1 {
        if entry.size == 0xFFFF_FFFF, field + 8 <= end {
          entry.size = number(field, 8)
          field += 8
        }
        if entry.packedSize == 0xFFFF_FFFF, field + 8 <= end {
          entry.packedSize = number(field, 8)
          field += 8
        }
        if entry.offset == 0xFFFF_FFFF, field + 8 <= end { entry.offset = number(field, 8) }
      }
      position += 4 + size
    }
  }

  /// Where the end record is. Its comment must fill the rest of the file, and only one place may fit.
  private func endRecord() throws(LSTMError) -> Int {
    var found: Int?
    var position = bytes.count - 22
    while position >= 0, position >= bytes.count - 22 - 0xFFFF {
      if number(position, 4) == 0x0605_4B50, position + 22 + number(position + 20, 2) == bytes.count {
        guard found == nil else { throw .format("the zip archive is corrupt: it has two end records") }
        found = position
      }
      position -= 1
    }
    guard let found else { throw .format("the zip archive is truncated: the end of its central directory is missing") }
    return found
  }

  /// A little-endian number; -1 where it has more bits than an Int, or lies beyond the end.
  private func number(_ position: Int, _ count: Int) -> Int {
    guard position >= 0, position <= bytes.count - count else { return -1 }
    return Int(exactly: bytes[position..<position + count].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) ?? -1
  }
}
