// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMCaller
import LSTMModel

@_cdecl("lstm_stream_get_state_size") @implementation
public func lstm_stream_get_state_size(
  _ stream: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?, _ parts: UnsafeMutablePointer<Int>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(stream, .stream, as: StreamHandle.self)
    if let out = unsafe count as UnsafeMutablePointer<Int>? { unsafe out.pointee = handle.stream.stateCount }
    if let out = unsafe parts as UnsafeMutablePointer<Int>? { unsafe out.pointee = handle.stream.parts.count }
  }
}

@_cdecl("lstm_stream_get_state_info") @implementation
public func lstm_stream_get_state_info(_ stream: OpaquePointer?, _ part: Int, _ info: UnsafeMutablePointer<lstm_state_info>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(stream, .stream, as: StreamHandle.self)
    let out = unsafe try present(info, "info")
    unsafe try checkSize(out.pointee.struct_size, of: MemoryLayout<lstm_state_info>.size, "info")
    let parts = handle.stream.parts
    guard part >= 0, part < parts.count else { throw .argument("there is no part \(part): the state has \(parts.count)") }
    let name = unsafe try handle.strings.lend(parts[part].name)
    unsafe out.pointee.name = name
    unsafe out.pointee.offset = parts[part].offset
    unsafe out.pointee.count = parts[part].count
  }
}

/// The caller's numbers for a whole state.
private func stateNumbers(
  _ handle: StreamHandle, _ dtype: Int32, _ values: UnsafeMutableRawPointer?, _ count: Int
) throws(LSTMError) -> CallerNumbers {
  guard let values = unsafe values else { throw .argument("values is NULL") }
  guard count == handle.stream.stateCount else {
    throw .shape("the state has \(handle.stream.stateCount) numbers; count is \(UInt(bitPattern: count))")
  }
  // SAFETY: the caller's array holds count numbers of dtype.
  switch dtype {
  case LSTM_FLOAT32: return unsafe CallerNumbers(floats: values.assumingMemoryBound(to: Float.self), count: count)
  case LSTM_FLOAT64: return unsafe CallerNumbers(doubles: values.assumingMemoryBound(to: Double.self), count: count)
  default: throw .argument("dtype is \(dtype); a state is LSTM_FLOAT32 or LSTM_FLOAT64")
  }
}

@_cdecl("lstm_stream_get_state") @implementation
public func lstm_stream_get_state(_ stream: OpaquePointer?, _ dtype: Int32, _ values: UnsafeMutableRawPointer?, _ count: Int) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(stream, .stream, as: StreamHandle.self)
    handle.stream.getState(unsafe try stateNumbers(handle, dtype, values, count))
  }
}

@_cdecl("lstm_stream_set_state") @implementation
public func lstm_stream_set_state(_ stream: OpaquePointer?, _ dtype: Int32, _ values: UnsafeRawPointer?, _ count: Int) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(stream, .stream, as: StreamHandle.self)
    // SAFETY: the numbers are only read.
    handle.stream.setState(unsafe try stateNumbers(handle, dtype, UnsafeMutableRawPointer(mutating: values), count))
  }
}
