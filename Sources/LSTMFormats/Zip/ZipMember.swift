import CZip
import LSTMModel

/// Unpacks a member of a zip archive in memory with libzip, after ``ZipWalk`` has judged the archive.
enum ZipMember {
  /// The bytes of a member; nil if there is none of this name. `limit` is the largest size to accept.
  static func bytes(_ name: String, of archive: [UInt8], _ walk: ZipWalk, limit: Int) throws(LSTMError) -> [UInt8]? {
    guard let entry = try walk.entry(name, limit: limit) else { return nil }
    try FileBytes.probe(entry.size, for: "‘\(name)’")
    // SAFETY: libzip reads the buffer only while the archive is open, which is within the closure.
    let result = unsafe archive.withUnsafeBytes { buffer in unsafe unpack(entry, buffer) }
    guard let result else { throw .format("‘\(name)’ cannot be unpacked: its data are damaged (their CRC does not fit, or they are cut short)") }
    return result
  }

  private static func unpack(_ entry: ZipWalk.Entry, _ buffer: UnsafeRawBufferPointer) -> [UInt8]? {
    // SAFETY: the source borrows the buffer (0: libzip does not free it), which outlives the archive.
    guard let source = unsafe zip_source_buffer_create(buffer.baseAddress, zip_uint64_t(buffer.count), 0, nil) else { return nil }
    // SAFETY: an archive that opens owns the source; one that does not leaves it to us.
    guard let archive = unsafe zip_open_from_source(source, ZIP_RDONLY, nil) else {
      unsafe zip_source_free(source)
      return nil
    }
    defer { unsafe zip_discard(archive) }
    guard let file = unsafe zip_fopen_index(archive, zip_uint64_t(entry.index), 0) else { return nil }
    defer { _ = unsafe zip_fclose(file) }
    var complete = true
    // SAFETY: `count` never passes the capacity, and every byte before it was written by libzip.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: entry.size) { space, count in
      while count < entry.size {
        // SAFETY: at most the rest of the space is asked for.
        let got = unsafe zip_fread(file, space.baseAddress.map { unsafe $0 + count }, zip_uint64_t(entry.size - count))
        guard got > 0 else { break }
        count += Int(got)
      }
      var more: UInt8 = 0
      // The read at the end is where libzip checks the CRC; it must find nothing more.
      // SAFETY: one byte is asked for, and there is one.
      let last = unsafe withUnsafeMutableBytes(of: &more) { unsafe zip_fread(file, $0.baseAddress, 1) }
      complete = count == entry.size && last == 0
    }
    return complete ? bytes : nil
  }
}
