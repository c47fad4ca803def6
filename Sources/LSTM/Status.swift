import CLSTM
import CSupport
import Glibc
import LSTMModel

extension LSTMError {
  /// The status of the C interface for this error.
  var status: lstm_status {
    switch self {
    case .argument: return LSTM_ERROR_ARGUMENT
    case .handle: return LSTM_ERROR_HANDLE
    case .memory: return LSTM_ERROR_MEMORY
    case .io: return LSTM_ERROR_IO
    case .format: return LSTM_ERROR_FORMAT
    case .unsupported: return LSTM_ERROR_UNSUPPORTED
    case .shape: return LSTM_ERROR_SHAPE
    case .state: return LSTM_ERROR_STATE
    case .buffer: return LSTM_ERROR_BUFFER
    case .internalFault: return LSTM_ERROR_INTERNAL
    }
  }
}

/// Runs the body of a C function: clears this thread's sentence, turns an error into a status and its sentence.
@inline(__always)
func calling(_ body: () throws(LSTMError) -> Void) -> lstm_status {
  // SAFETY: the message is this thread's own and lives as long as the thread.
  let message = unsafe lstm_support_message()
  if let message = unsafe message { unsafe message[0] = 0 }
  do throws(LSTMError) {
    try body()
    return LSTM_OK
  } catch {
    unsafe keep(error.message, in: message)
    return error.status
  }
}

/// Copies a sentence, cut at a whole character if it is too long.
@inline(never)
private func keep(_ sentence: String, in message: UnsafeMutablePointer<CChar>?) {
  guard let message = unsafe message else { return }
  let limit = Int(LSTM_SUPPORT_MESSAGE_BYTES) - 1
  var bytes = Array(sentence.utf8.prefix(limit))
  if sentence.utf8.count > limit {
    // A byte 10xxxxxx continues a character: drop back to where the cut character begins.
    while let last = bytes.last, last & 0xC0 == 0x80 { bytes.removeLast() }
    if let last = bytes.last, last & 0xC0 == 0xC0 { bytes.removeLast() }
  }
  // SAFETY: at most limit bytes and a NUL are written to LSTM_SUPPORT_MESSAGE_BYTES bytes.
  for (index, byte) in bytes.enumerated() { unsafe message[index] = CChar(bitPattern: byte == 0 ? 0x20 : byte) }
  unsafe message[bytes.count] = 0
}

/// The pointer, or an error that names the argument.
@inline(__always)
func present<Pointee>(_ pointer: UnsafePointer<Pointee>?, _ name: StaticString) throws(LSTMError) -> UnsafePointer<Pointee> {
  guard let pointer = unsafe pointer else { throw .argument("argument ‘\(name)’ is NULL") }
  return unsafe pointer
}

/// The pointer, or an error that names the argument.
@inline(__always)
func present<Pointee>(_ pointer: UnsafeMutablePointer<Pointee>?, _ name: StaticString) throws(LSTMError) -> UnsafeMutablePointer<Pointee> {
  guard let pointer = unsafe pointer else { throw .argument("argument ‘\(name)’ is NULL") }
  return unsafe pointer
}

/// Refuses a struct of the caller's that is smaller than the one this library knows.
func checkSize(_ size: Int, of known: Int, _ name: StaticString) throws(LSTMError) {
  guard size >= known else {
    throw .argument("\(name).struct_size is \(size); expected \(known) or more: fill the struct with its _init function")
  }
}

/// A C string as a Swift one.
func string(_ pointer: UnsafePointer<CChar>?, _ name: StaticString) throws(LSTMError) -> String {
  let pointer = unsafe try present(pointer, name)
  // SAFETY: the caller passes a NUL-terminated string.
  guard let text = unsafe String(validatingCString: pointer) else { throw .argument("\(name) is not valid UTF-8") }
  return text
}

/// A size of the caller's as a count.
func count(_ size: Int, _ name: StaticString) throws(LSTMError) -> Int {
  guard size >= 0 else { throw .argument("\(name) is too large") }
  return size
}

/// Refuses a buffer that cannot be one.
func checkBuffer(_ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) throws(LSTMError) {
  guard size >= 0, unsafe size == 0 || buffer != nil else { throw .argument("the buffer is NULL, its size is \(UInt(bitPattern: size))") }
}

/// Writes text to a caller's buffer, shortened at a whole character if it does not fit, and the bytes needed to `needed`.
///
/// - Throws: ``LSTMError/buffer(_:)`` if it does not fit.
func write(_ text: String, to buffer: UnsafeMutablePointer<CChar>?, _ size: Int, needed: UnsafeMutablePointer<Int>?) throws(LSTMError) {
  let bytes = Array(text.utf8)
  unsafe try checkBuffer(buffer, size)
  if let needed = unsafe needed { unsafe needed.pointee = bytes.count + 1 }
  if let buffer = unsafe buffer, size > 0 {
    var end = min(bytes.count, size - 1)
    while end > 0 && end < bytes.count && bytes[end] & 0xC0 == 0x80 { end -= 1 }
    // SAFETY: end < size.
    for index in 0..<end { unsafe buffer[index] = CChar(bitPattern: bytes[index]) }
    unsafe buffer[end] = 0
  }
  guard bytes.count < size else { throw .buffer("the text needs \(bytes.count + 1) bytes; the buffer has \(size)") }
}
