import CHDF5
import LSTMModel
import Synchronization

/// An HDF5 identifier, closed when its owner goes. Each holds its parent, so children are closed first.
final class HDF5Handle {
  /// What the identifier stands for, which decides how it is closed.
  enum Kind { case file, object, space, type, attribute, properties }

  /// The identifier.
  let id: hid_t
  private let kind: Kind
  private let parent: HDF5Handle?

  /// Owns `id`; nil if it is the negative number that means failure.
  init?(_ id: hid_t, _ kind: Kind, parent: HDF5Handle? = nil) {
    guard id >= 0 else { return nil }
    self.id = id
    self.kind = kind
    self.parent = parent
  }

  deinit {
    switch kind {
    case .file: _ = H5Fclose(id)
    case .object: _ = H5Oclose(id)
    case .space: _ = H5Sclose(id)
    case .type: _ = H5Tclose(id)
    case .attribute: _ = H5Aclose(id)
    case .properties: _ = H5Pclose(id)
    }
  }
}

/// Calls into libhdf5, which the host program may use too: nothing of its state is left changed.
enum HDF5 {
  /// Not every build of libhdf5 may be called from several threads at once.
  private static let turn = Mutex<Bool>(false)
  /// Files opened so far.
  private static let opened = Atomic<Int>(0)

  /// Runs `body` on the root group of the HDF5 file that `bytes` are. Nothing of the group may outlive the call.
  ///
  /// - Throws: ``LSTMError/format(_:)`` if the bytes are no HDF5 file.
  static func withFile<Result: Sendable>(
    _ bytes: [UInt8], trusted: Bool = false, _ body: (HDF5Group) throws(LSTMError) -> Result
  ) throws(LSTMError) -> Result {
    try HDF5Signature.check(bytes)
    // The one place where bytes from outside are judged before libhdf5 may see them.
    if !trusted { try HDF5Walk.check(bytes) }
    return try alone { () throws(LSTMError) in try body(HDF5Group(image(bytes))) }
  }

  /// Runs `body` as the only one of this library that calls libhdf5, which prints nothing meanwhile.
  static func alone<Result: Sendable>(_ body: () throws(LSTMError) -> Result) throws(LSTMError) -> Result {
    try turn.withLock { (_) throws(LSTMError) in try quietly(body) }
  }

  /// Keeps libhdf5 from printing its errors.
  private static func quietly<Result>(_ body: () throws(LSTMError) -> Result) throws(LSTMError) -> Result {
    var printer: H5E_auto2_t?
    var context: UnsafeMutableRawPointer?
    // SAFETY: both variables outlive the call, which fills them with the host's setting.
    let known = unsafe H5Eget_auto2(lstm_h5e_default(), &printer, &context) >= 0
    // No function means no printing.
    _ = H5Eset_auto2(lstm_h5e_default(), nil, nil)
    defer {
      // SAFETY: these are the host's own values, as they were read above.
      if known { _ = unsafe H5Eset_auto2(lstm_h5e_default(), printer, context) }
    }
    return try body()
  }

  /// Opens a file image in memory. libhdf5 makes its own copy of it, and never looks at the disk.
  private static func image(_ bytes: [UInt8]) throws(LSTMError) -> HDF5Handle {
    let (twice, overflow) = bytes.count.multipliedReportingOverflow(by: 2)
    try FileBytes.probe(overflow ? Int.max : twice, for: "the file's image")
    guard let access = HDF5Handle(H5Pcreate(lstm_h5p_file_access()), .properties), H5Pset_fapl_core(access.id, 1 << 16, false) >= 0 else {
      throw .memory("libhdf5 has no memory for a file")
    }
    // SAFETY: libhdf5 only reads the buffer, `count` bytes long, and copies it during the call.
    let status = unsafe bytes.withUnsafeBytes { unsafe H5Pset_file_image(access.id, UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count) }
    guard status >= 0 else { throw .outOfMemory(bytes: bytes.count, for: "the file's image") }
    // libhdf5 takes two files of the same name for one, as long as an identifier of the first is left; no file can have a name below a device.
    let count = opened.wrappingAdd(1, ordering: .relaxed).newValue
    // SAFETY: the address is used as a number only.
    let name = unsafe bytes.withUnsafeBytes { "/dev/null/liblstm-\(count)-\(UInt(bitPattern: $0.baseAddress))" }
    // SAFETY: Swift passes the string with a closing NUL.
    guard let file = unsafe HDF5Handle(H5Fopen(name, lstm_h5f_read_only(), access.id), .file) else {
      throw .format(HDF5Signature.whyNotOpened(bytes))
    }
    return file
  }
}
