import CZip
import Glibc
import LSTMModel

/// Makes a zip archive in memory with libzip: members as they are, all of the same date.
enum ZipWriter {
  // The earliest that a zip archive can state: 1 January 1980, midnight.
  private static let date: UInt16 = 1 << 5 | 1

  /// The bytes of an archive of these members.
  static func bytes(_ members: [(name: String, bytes: [UInt8])]) throws(LSTMError) -> [UInt8] {
    // SAFETY: without bytes the buffer is libzip's own, and grows.
    guard let source = unsafe zip_source_buffer_create(nil, 0, 0, nil) else { throw .memory("libzip has no memory for an archive") }
    defer { unsafe zip_source_free(source) }
    // SAFETY: an archive takes one reference to its source; the other is ours, given back above.
    unsafe zip_source_keep(source)
    guard let archive = unsafe zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, nil) else {
      unsafe zip_source_free(source)
      throw .memory("libzip has no memory for an archive")
    }
    var fine = true
    for member in members where fine { fine = unsafe add(member.name, member.bytes, to: archive) }
    // SAFETY: a closed archive is gone; one that cannot be closed is given up.
    guard fine, unsafe zip_close(archive) == 0 else {
      unsafe zip_discard(archive)
      throw .memory("libzip has no memory for an archive")
    }
    return unsafe try contents(of: source)
  }

  private static func add(_ name: String, _ bytes: [UInt8], to archive: OpaquePointer) -> Bool {
    // SAFETY: libzip gets a copy of the bytes that it frees itself, since it reads them only when the archive is closed.
    guard let copy = unsafe malloc(max(bytes.count, 1)) else { return false }
    unsafe bytes.withUnsafeBytes { source in
      if let start = unsafe source.baseAddress { unsafe copy.copyMemory(from: start, byteCount: source.count) }
    }
    guard let member = unsafe zip_source_buffer(archive, copy, zip_uint64_t(bytes.count), 1) else {
      unsafe free(copy)
      return false
    }
    // SAFETY: Swift passes the name with a closing NUL; an archive that takes a source owns it.
    let index = unsafe zip_file_add(archive, name, member, zip_flags_t(ZIP_FL_ENC_UTF_8))
    guard index >= 0 else {
      unsafe zip_source_free(member)
      return false
    }
    let place = zip_uint64_t(index)
    return unsafe zip_set_file_compression(archive, place, ZIP_CM_STORE, 0) == 0 && zip_file_set_dostime(archive, place, 0, date, 0) == 0
  }

  private static func contents(of source: OpaquePointer) throws(LSTMError) -> [UInt8] {
    var status = unsafe zip_stat_t()
    // SAFETY: `status` outlives the call, which fills it.
    guard unsafe zip_source_stat(source, &status) == 0, let size = unsafe Int(exactly: status.size), unsafe zip_source_open(source) == 0 else {
      throw .memory("libzip does not give the archive's bytes")
    }
    defer { _ = unsafe zip_source_close(source) }
    try FileBytes.probe(size, for: "the archive's bytes")
    // SAFETY: `count` never passes the capacity, and every byte before it was written by libzip.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { space, count in
      while count < size {
        // SAFETY: at most the rest of the space is asked for.
        let got = unsafe zip_source_read(source, space.baseAddress.map { unsafe $0 + count }, zip_uint64_t(size - count))
        guard got > 0 else { break }
        count += Int(got)
      }
    }
    guard bytes.count == size else { throw .memory("libzip does not give the archive's bytes") }
    return bytes
  }
}
