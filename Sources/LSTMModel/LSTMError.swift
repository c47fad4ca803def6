/// What can go wrong outside the library's own code: a wrong file, a wrong call, or no memory.
///
/// Each case becomes one status of the C interface; the sentence reaches the user as it is.
public enum LSTMError: Error, Sendable, Equatable {
  /// An argument makes no sense.
  case argument(String)
  /// A handle is not one, or was freed.
  case handle(String)
  /// Memory could not be had.
  case memory(String)
  /// A file could not be opened, read or written.
  case io(String)
  /// A file is damaged, or is no model file.
  case format(String)
  /// Understood, but not supported; names the layer and the option.
  case unsupported(String)
  /// An array has another shape than is needed.
  case shape(String)
  /// The call does not fit the object's state.
  case state(String)
  /// The caller's buffer is too small.
  case buffer(String)
  /// An invariant of the library itself does not hold.
  case internalFault(String)

  /// The sentence for the user.
  public var message: String {
    switch self {
    case .argument(let text), .handle(let text), .memory(let text), .io(let text), .format(let text),
      .unsupported(let text), .shape(let text), .state(let text), .buffer(let text), .internalFault(let text):
      return text
    }
  }

  /// A tensor has another shape than is needed: `lstm/kernel is [12, 4]; expected [16, 4]`.
  public static func shapeMismatch(tensor: String, expected: Shape, found: Shape) -> LSTMError {
    .shape("\(tensor) is \(found); expected \(expected)")
  }

  /// Memory for so many bytes of `purpose` could not be had.
  public static func outOfMemory(bytes: Int, for purpose: String) -> LSTMError {
    .memory("no memory for \(bytes) bytes of \(purpose)")
  }

  /// The same error, its sentence preceded by the place where it occurred.
  public func at(_ place: String) -> LSTMError {
    let text = place + ": " + message
    switch self {
    case .argument: return .argument(text)
    case .handle: return .handle(text)
    case .memory: return .memory(text)
    case .io: return .io(text)
    case .format: return .format(text)
    case .unsupported: return .unsupported(text)
    case .shape: return .shape(text)
    case .state: return .state(text)
    case .buffer: return .buffer(text)
    case .internalFault: return .internalFault(text)
    }
  }
}
