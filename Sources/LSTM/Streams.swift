// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMCaller
import LSTMModel

/// What an `lstm_stream` holds.
@safe final class StreamHandle {
  let stream: any RunningStream
  /// Quick steps with floats and with doubles, where there are such.
  @unsafe let floatStep: DirectStep?
  @unsafe let doubleStep: DirectStep?
  let inputCount: Int
  let outputCount: Int
  /// Strings lent to C.
  let strings = LentStrings()

  init(_ stream: any RunningStream) {
    self.stream = stream
    let direct = unsafe stream.direct
    unsafe floatStep = stream.precision == .float32 ? direct : nil
    unsafe doubleStep = stream.precision == .float64 ? direct : nil
    inputCount = stream.inputCount
    outputCount = stream.outputCount
  }
}

@_cdecl("lstm_stream_create") @implementation
public func lstm_stream_create(
  _ model: OpaquePointer?, _ options: UnsafePointer<lstm_stream_options>?, _ stream: UnsafeMutablePointer<OpaquePointer?>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let out = unsafe try present(stream, "stream")
    let asked = if let options = unsafe options { unsafe try RunOptions(options) } else { RunOptions() }
    unsafe out.pointee = try Handles.make(StreamHandle(try handle.stream(asked)), .stream)
  }
}

@_cdecl("lstm_stream_free") @implementation
public func lstm_stream_free(_ stream: OpaquePointer?) { unsafe Handles.free(stream, .stream) }

@_cdecl("lstm_stream_get_sizes") @implementation
public func lstm_stream_get_sizes(
  _ stream: OpaquePointer?, _ input_count: UnsafeMutablePointer<Int>?, _ output_count: UnsafeMutablePointer<Int>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(stream, .stream, as: StreamHandle.self)
    if let out = unsafe input_count as UnsafeMutablePointer<Int>? { unsafe out.pointee = handle.inputCount }
    if let out = unsafe output_count as UnsafeMutablePointer<Int>? { unsafe out.pointee = handle.outputCount }
  }
}

/// Runs `steps` instants on numbers whose counts must be right.
@inline(__always)
private func advance(_ handle: StreamHandle, _ steps: Int64, _ x: CallerNumbers, _ y: CallerNumbers) throws(LSTMError) {
  guard steps >= 0 else { throw .argument("steps is \(steps)") }
  let (input, tooMany) = handle.inputCount.multipliedReportingOverflow(by: Int(truncatingIfNeeded: steps))
  let (output, tooLong) = handle.outputCount.multipliedReportingOverflow(by: Int(truncatingIfNeeded: steps))
  guard !tooMany, !tooLong, x.count == input else {
    throw .shape("\(steps) steps read \(handle.inputCount) numbers each; x_count is \(UInt(bitPattern: x.count))")
  }
  guard y.count == output else { throw .shape("\(steps) steps write \(handle.outputCount) numbers each; y_count is \(UInt(bitPattern: y.count))") }
  var step = 0
  while step < steps {
    try handle.stream.step(x, from: step &* handle.inputCount, y, from: step &* handle.outputCount)
    step &+= 1
  }
}

/// The caller's floats; x is only read.
@inline(__always)
private func numbers(_ pointer: UnsafePointer<Float>?, _ count: Int, _ name: StaticString) throws(LSTMError) -> CallerNumbers {
  guard unsafe pointer != nil || count == 0 else { throw .argument("argument ‘\(name)’ is NULL") }
  return unsafe CallerNumbers(floats: UnsafeMutablePointer(mutating: pointer), count: count)
}

/// The caller's doubles; x is only read.
@inline(__always)
private func numbers(_ pointer: UnsafePointer<Double>?, _ count: Int, _ name: StaticString) throws(LSTMError) -> CallerNumbers {
  guard unsafe pointer != nil || count == 0 else { throw .argument("argument ‘\(name)’ is NULL") }
  return unsafe CallerNumbers(doubles: UnsafeMutablePointer(mutating: pointer), count: count)
}

/// Runs instants by quick steps, if there are such and the counts are right.
@inline(__always)
private func advanceDirectly(
  _ step: DirectStep?, _ x: UnsafeRawPointer?, _ inputs: Bool, _ y: UnsafeMutableRawPointer?, _ outputs: Bool
) -> Bool {
  guard let step = unsafe step, inputs, outputs, let x = unsafe x, let y = unsafe y else { return false }
  // SAFETY: as many numbers as the step reads and writes.
  unsafe step.function(step.memory, x, y)
  return true
}

@_cdecl("lstm_stream_step") @implementation
public func lstm_stream_step(
  _ stream: OpaquePointer?, _ x: UnsafePointer<Float>?, _ x_count: Int, _ y: UnsafeMutablePointer<Float>?, _ y_count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(stream, .stream, as: StreamHandle.self)
    if unsafe advanceDirectly(handle.floatStep, x, x_count == handle.inputCount, y, y_count == handle.outputCount) { return }
    try advance(handle, 1, unsafe try numbers(x, x_count, "x"), unsafe try numbers(UnsafePointer(y), y_count, "y"))
  }
}

@_cdecl("lstm_stream_step_double") @implementation
public func lstm_stream_step_double(
  _ stream: OpaquePointer?, _ x: UnsafePointer<Double>?, _ x_count: Int, _ y: UnsafeMutablePointer<Double>?, _ y_count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(stream, .stream, as: StreamHandle.self)
    if unsafe advanceDirectly(handle.doubleStep, x, x_count == handle.inputCount, y, y_count == handle.outputCount) { return }
    try advance(handle, 1, unsafe try numbers(x, x_count, "x"), unsafe try numbers(UnsafePointer(y), y_count, "y"))
  }
}

@_cdecl("lstm_stream_steps") @implementation
public func lstm_stream_steps(
  _ stream: OpaquePointer?, _ steps: Int64, _ x: UnsafePointer<Float>?, _ x_count: Int, _ y: UnsafeMutablePointer<Float>?, _ y_count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(stream, .stream, as: StreamHandle.self)
    try advance(handle, steps, unsafe try numbers(x, x_count, "x"), unsafe try numbers(UnsafePointer(y), y_count, "y"))
  }
}

@_cdecl("lstm_stream_steps_double") @implementation
public func lstm_stream_steps_double(
  _ stream: OpaquePointer?, _ steps: Int64, _ x: UnsafePointer<Double>?, _ x_count: Int, _ y: UnsafeMutablePointer<Double>?, _ y_count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(stream, .stream, as: StreamHandle.self)
    try advance(handle, steps, unsafe try numbers(x, x_count, "x"), unsafe try numbers(UnsafePointer(y), y_count, "y"))
  }
}

@_cdecl("lstm_stream_reset") @implementation
public func lstm_stream_reset(_ stream: OpaquePointer?) -> lstm_status {
  calling { () throws(LSTMError) in unsafe try Handles.object(stream, .stream, as: StreamHandle.self).stream.reset() }
}

@_cdecl("lstm_stream_copy") @implementation
public func lstm_stream_copy(_ stream: OpaquePointer?, _ copy: UnsafeMutablePointer<OpaquePointer?>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(stream, .stream, as: StreamHandle.self)
    let out = unsafe try present(copy, "copy")
    unsafe out.pointee = try Handles.make(StreamHandle(try handle.stream.copy()), .stream)
  }
}
