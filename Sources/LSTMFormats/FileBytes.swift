import Glibc
import LSTMModel

/// Reads a file into memory, whole, once.
///
/// Whatever happens to the file afterwards, what was checked is what is used.
enum FileBytes {
  /// The file's bytes.
  ///
  /// - Throws: ``LSTMError/io(_:)`` if there is no such file, it is no regular file or it is larger than `maxBytes`;
  ///   ``LSTMError/memory(_:)`` if it does not fit into memory.
  static func read(_ path: String, maxBytes: Int) throws(LSTMError) -> [UInt8] {
    let file = try openFile(path)
    defer { _ = close(file) }
    var status = stat()
    // SAFETY: `status` outlives the call, which fills it.
    guard unsafe fstat(file, &status) == 0 else { throw .io("\(quoted(path)) cannot be read: \(reason(errno))") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .io("\(quoted(path)) is \(status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "not a regular file")")
    }
    guard let size = Int(exactly: status.st_size), size <= maxBytes else {
      throw .io("\(quoted(path)) has \(status.st_size) bytes; the limit is \(maxBytes)")
    }
    return try contents(of: file, size: size, path)
  }

  /// Whether there is a regular file of this name.
  static func exists(_ path: String) -> Bool { mode(path) == S_IFREG }

  /// Whether there is a folder of this name.
  static func isFolder(_ path: String) -> Bool { mode(path) == S_IFDIR }

  private static func mode(_ path: String) -> mode_t? {
    var status = stat()
    // SAFETY: Swift passes the string with a closing NUL; `status` outlives the call, which fills it.
    guard !path.utf8.contains(0), unsafe stat(path, &status) == 0 else { return nil }
    return status.st_mode & S_IFMT
  }

  /// Whether so much memory can be had just now. A Swift array that cannot be had kills the process; this asks first.
  static func probe(_ bytes: Int, for purpose: String) throws(LSTMError) {
    guard bytes > 1 << 20 else { return }
    // SAFETY: the memory is given back at once, unused.
    let memory = unsafe malloc(bytes)
    guard unsafe memory != nil else { throw .outOfMemory(bytes: bytes, for: purpose) }
    // SAFETY: `memory` came from malloc just above.
    unsafe free(memory)
  }

  private static func openFile(_ path: String) throws(LSTMError) -> Int32 {
    guard !path.utf8.contains(0) else { throw .io("\(quoted(path)) is no file name: it contains a NUL") }
    while true {
      // SAFETY: Swift passes the string with a closing NUL; O_NONBLOCK keeps a pipe from waiting for its writer.
      let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      if file >= 0 { return file }
      if errno != EINTR { throw .io("\(quoted(path)) cannot be opened: \(reason(errno))") }
    }
  }

  private static func contents(of file: Int32, size: Int, _ path: String) throws(LSTMError) -> [UInt8] {
    try probe(size, for: quoted(path))
    var failure: Int32 = 0
    // SAFETY: `count` never passes the capacity, and every byte before it was written by `read`.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < buffer.count {
        // SAFETY: at most the rest of the buffer is asked for.
        let got = unsafe Glibc.read(file, buffer.baseAddress.map { unsafe $0 + count }, buffer.count - count)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { break }
        count += got
      }
    }
    guard failure == 0 else { throw .io("\(quoted(path)) cannot be read: \(reason(failure))") }
    return bytes
  }

  private static func quoted(_ path: String) -> String { "‘\(path)’" }

  private static func reason(_ code: Int32) -> String { SystemReason.text(code) }
}

/// The system's error numbers in words.
enum SystemReason {
  /// Why a call failed.
  static func text(_ code: Int32) -> String {
    switch code {
    case ENOENT: return "there is no such file or folder"
    case EACCES, EPERM: return "permission denied"
    case EISDIR: return "it is a folder"
    case ENOTDIR: return "a part of the path is no folder"
    case EMFILE, ENFILE: return "too many files are open"
    case ENAMETOOLONG: return "the name is too long"
    case ELOOP: return "too many symbolic links"
    case EIO: return "the disk reports an error"
    case ENOSPC, EDQUOT: return "there is no space left"
    case EFBIG: return "it would be larger than this process may write"
    case EROFS: return "the file system can only be read"
    default: return "the system reports error \(code)"
    }
  }
}
