// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMCaller
import LSTMModel

/// What an `lstm_trace` holds.
final class TraceHandle {
  let trace: any RunningTrace
  /// Strings lent to C.
  let strings = LentStrings()

  init(_ trace: any RunningTrace) { self.trace = trace }
}

@_cdecl("lstm_trace_create") @implementation
public func lstm_trace_create(
  _ session: OpaquePointer?, _ layer: UnsafePointer<CChar>?, _ inputs: UnsafePointer<UnsafePointer<lstm_array>?>?, _ input_count: Int,
  _ trace: UnsafeMutablePointer<OpaquePointer?>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(session, .session, as: SessionHandle.self)
    let name = unsafe try string(layer, "layer")
    let out = unsafe try present(trace, "trace")
    guard input_count == handle.inputCount else { throw .argument("the model has \(handle.inputCount) inputs; \(input_count) were given") }
    let given = unsafe try present(inputs, "inputs")
    var arrays: [CallerArray] = []
    for index in 0..<input_count { arrays.append(unsafe try callerArray(given[index], index, .input)) }
    let made = try handle.session.trace(layer: name, arrays)
    unsafe out.pointee = try Handles.make(TraceHandle(made), .trace)
  }
}

@_cdecl("lstm_trace_get_count") @implementation
public func lstm_trace_get_count(_ trace: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trace, .trace, as: TraceHandle.self)
    unsafe try present(count, "count").pointee = handle.trace.names.count
  }
}

@_cdecl("lstm_trace_get_series") @implementation
public func lstm_trace_get_series(_ trace: OpaquePointer?, _ index: Int, _ info: UnsafeMutablePointer<lstm_series_info>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trace, .trace, as: TraceHandle.self)
    let out = unsafe try present(info, "info")
    unsafe try checkSize(out.pointee.struct_size, of: MemoryLayout<lstm_series_info>.size, "info")
    let names = handle.trace.names
    guard index >= 0, index < names.count else { throw .argument("there is no series \(index): the trace has \(names.count)") }
    let name = unsafe try handle.strings.lend(names[index])
    let series = handle.trace.series(index)
    unsafe out.pointee.name = name
    unsafe out.pointee.dtype = series.type.rawValue
    unsafe out.pointee.rank = Int32(series.rank)
    unsafe out.pointee.shape = tuple(series.shape)
    // SAFETY: the series' memory lives as long as the trace.
    unsafe out.pointee.data = UnsafeRawPointer(series.data)
  }
}

@_cdecl("lstm_trace_free") @implementation
public func lstm_trace_free(_ trace: OpaquePointer?) { unsafe Handles.free(trace, .trace) }
