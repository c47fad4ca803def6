import Glibc
import LSTMModel
import Synchronization

/// Writes files so that whoever looks sees the old one or the new one, whole, whatever happens meanwhile.
///
/// The bytes go to a temporary file in the same folder, are flushed to the disk, and then take the name; last, the folder is flushed.
enum AtomicFile {
  private static let counter = Atomic<UInt64>(0)

  /// Writes a file. A symbolic link stays one: what it leads to is written.
  static func write(_ bytes: [UInt8], to path: String) throws(LSTMError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .io("‘\(path)’ is no file name") }
    let path = try target(of: path)
    var mode = try existingMode(path)
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let (temporary, file) = try create(in: folder, for: path)
    var kept = false
    defer {
      // SAFETY: Swift passes the string with a closing NUL.
      if !kept { _ = unsafe unlink(temporary) }
    }
    do {
      defer { _ = close(file) }
      if let mode = mode.take(), fchmod(file, mode & 0o7777) != 0 { throw failure(path, errno) }
      try fill(file, bytes, path)
      guard fsync(file) == 0 else { throw failure(path, errno) }
    }
    // SAFETY: Swift passes the strings with a closing NUL.
    guard unsafe rename(temporary, path) == 0 else { throw failure(path, errno) }
    kept = true
    try flush(folder, path)
  }

  /// Where a path leads; the path itself unless it is a symbolic link.
  private static func target(of path: String) throws(LSTMError) -> String {
    var status = stat()
    // SAFETY: Swift passes the string with a closing NUL; `status` outlives the call.
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
    // SAFETY: with no buffer given, realpath makes one that is ours to free.
    guard let resolved = unsafe realpath(path, nil) else { throw failure(path, errno) }
    defer { unsafe free(resolved) }
    // SAFETY: realpath closes the text with a NUL.
    guard let text = unsafe String(validatingCString: resolved) else { throw .io("‘\(path)’ leads to a name that is not UTF-8") }
    return text
  }

  /// The permissions of the file that is to be replaced; nil if there is none.
  private static func existingMode(_ path: String) throws(LSTMError) -> mode_t? {
    var status = stat()
    // SAFETY: as above.
    guard unsafe stat(path, &status) == 0 else {
      guard errno == ENOENT else { throw failure(path, errno) }
      return nil
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return status.st_mode
    case S_IFDIR: throw .io("‘\(path)’ is a folder, so no file can be written there")
    default: throw .io("‘\(path)’ is not a regular file, so it is not replaced by one")
    }
  }

  /// A new file beside the target, of a name that nobody has.
  private static func create(in folder: String, for path: String) throws(LSTMError) -> (String, Int32) {
    var now = timespec()
    for _ in 0..<100 {
      // SAFETY: `now` outlives the call, which fills it.
      _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
      let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
      let name = folder + "/.liblstm-\(getpid())-\(number)-\(now.tv_nsec).tmp"
      // SAFETY: Swift passes the string with a closing NUL; a file that is there already is not opened.
      let file = unsafe open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
      if file >= 0 { return (name, file) }
      if errno != EEXIST && errno != EINTR { throw failure(path, errno) }
    }
    throw .io("‘\(path)’ cannot be written: no name for a temporary file beside it was free")
  }

  private static func fill(_ file: Int32, _ bytes: [UInt8], _ path: String) throws(LSTMError) {
    // Past the process's limit for files, the system sends a signal that ends the process; a caller is to get an error instead.
    var limit = sigset_t()
    var before = sigset_t()
    // SAFETY: the sets outlive the calls, which fill them.
    unsafe sigemptyset(&limit)
    unsafe sigaddset(&limit, SIGXFSZ)
    let blocked = unsafe pthread_sigmask(SIG_BLOCK, &limit, &before) == 0
    var done = 0
    var fault: Int32 = 0
    while done < bytes.count {
      // SAFETY: at most the rest of the array is written.
      let put = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress.map { unsafe $0 + done }, $0.count - done) }
      if put > 0 { done += put } else if put < 0 && errno != EINTR { fault = errno } else if put == 0 { fault = ENOSPC }
      if fault != 0 { break }
    }
    // SAFETY: only a signal that was not blocked before, and that this write raised, is taken back.
    if blocked, unsafe sigismember(&before, SIGXFSZ) == 0 {
      if fault == EFBIG {
        var none = timespec()
        _ = unsafe sigtimedwait(&limit, nil, &none)
      }
      _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    }
    if fault != 0 { throw failure(path, fault) }
  }

  /// Makes the new name last. Some file systems cannot flush a folder, and need not.
  private static func flush(_ folder: String, _ path: String) throws(LSTMError) {
    // SAFETY: Swift passes the string with a closing NUL.
    let handle = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard handle >= 0 else { return }  // a folder that may be written but not read
    defer { _ = close(handle) }
    guard fsync(handle) == 0 || [EINVAL, ENOTSUP, EROFS].contains(errno) else {
      throw .io("‘\(path)’ was written, but it may be lost if the machine stops now: \(SystemReason.text(errno))")
    }
  }

  private static func failure(_ path: String, _ code: Int32) -> LSTMError { .io("‘\(path)’ cannot be written: \(SystemReason.text(code))") }
}
