// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMCaller
import LSTMModel

/// What an `lstm_session` holds.
final class SessionHandle {
  let session: any RunningSession
  /// What it was made from, for names and shapes.
  let model: Model
  let inputCount: Int
  let outputCount: Int
  /// The output's shape for the batch and steps of the last lstm_session_predict_float.
  var shortForm: (batch: Int64, steps: Int64, output: Shape)?

  init(_ session: any RunningSession, _ model: Model) {
    self.session = session
    self.model = model
    inputCount = model.inputs.count
    outputCount = model.outputs.count
  }
}

/// The precision that options ask for.
func precision(_ value: Int32) throws(LSTMError) -> ElementType {
  guard let type = ElementType(rawValue: value), type == .float32 || type == .float64 else {
    throw .argument("precision is \(value); expected LSTM_FLOAT32 or LSTM_FLOAT64")
  }
  return type
}

@_cdecl("lstm_session_create") @implementation
public func lstm_session_create(
  _ model: OpaquePointer?, _ options: UnsafePointer<lstm_session_options>?, _ session: UnsafeMutablePointer<OpaquePointer?>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let out = unsafe try present(session, "session")
    let asked = if let options = unsafe options { unsafe try RunOptions(options) } else { RunOptions() }
    let made = SessionHandle(try handle.session(asked), handle.model)
    unsafe out.pointee = try Handles.make(made, .session)
  }
}

@_cdecl("lstm_session_free") @implementation
public func lstm_session_free(_ session: OpaquePointer?) { unsafe Handles.free(session, .session) }

/// The caller's list of arrays, which must have as many as the model.
func list<Pointer>(
  _ pointers: UnsafePointer<Pointer>?, _ count: Int, expected: Int, _ name: String
) throws(LSTMError) -> UnsafePointer<Pointer> {
  guard count == expected else { throw .argument("the model has \(expected) \(name)s; \(count) were given") }
  guard let pointers = unsafe pointers else { throw .argument("\(name)s is NULL") }
  return unsafe pointers
}

@_cdecl("lstm_session_output_shapes") @implementation
public func lstm_session_output_shapes(
  _ session: OpaquePointer?, _ inputs: UnsafePointer<UnsafePointer<lstm_array>?>?, _ input_count: Int,
  _ outputs: UnsafePointer<UnsafeMutablePointer<lstm_array>?>?, _ output_count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(session, .session, as: SessionHandle.self)
    let given = unsafe try list(inputs, input_count, expected: handle.inputCount, "input")
    let wanted = unsafe try list(outputs, output_count, expected: handle.outputCount, "output")
    var shapes: [Shape] = []
    for index in 0..<input_count { shapes.append(unsafe try callerArray(given[index], index, .shape).shape) }
    for index in 0..<output_count {
      guard let array = unsafe wanted[index] else { throw .argument("output \(index) is NULL") }
      unsafe try checkSize(array.pointee.struct_size, of: MemoryLayout<lstm_array>.size, "array")
    }
    for (index, shape) in try handle.session.shapes(for: shapes).enumerated() {
      guard let array = unsafe wanted[index] else { continue }
      unsafe array.pointee.dtype = handle.session.precision.rawValue
      unsafe array.pointee.rank = Int32(shape.rank)
      unsafe array.pointee.shape = tuple(shape)
    }
  }
}

@_cdecl("lstm_session_predict") @implementation
public func lstm_session_predict(
  _ session: OpaquePointer?, _ inputs: UnsafePointer<UnsafePointer<lstm_array>?>?, _ input_count: Int,
  _ outputs: UnsafePointer<UnsafePointer<lstm_array>?>?, _ output_count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(session, .session, as: SessionHandle.self)
    let given = unsafe try list(inputs, input_count, expected: handle.inputCount, "input")
    let wanted = unsafe try list(outputs, output_count, expected: handle.outputCount, "output")
    for index in 0..<input_count { handle.session.setInput(index, unsafe try callerArray(given[index], index, .input)) }
    for index in 0..<output_count {
      let output = unsafe try callerArray(wanted[index], index, .output)
      for other in 0..<input_count { try checkOverlap(output, index, unsafe try callerArray(given[other], other, .input), "input \(other)") }
      for other in 0..<index { try checkOverlap(output, index, unsafe try callerArray(wanted[other], other, .output), "output \(other)") }
      handle.session.setOutput(index, output)
    }
    try handle.session.predict()
  }
}

@_cdecl("lstm_session_predict_float") @implementation
public func lstm_session_predict_float(
  _ session: OpaquePointer?, _ x: UnsafePointer<Float>?, _ batch: Int64, _ steps: Int64, _ y: UnsafeMutablePointer<Float>?, _ y_count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(session, .session, as: SessionHandle.self)
    guard handle.inputCount == 1, handle.outputCount == 1 else {
      throw .argument("the model has \(handle.inputCount) inputs and \(handle.outputCount) outputs; use lstm_session_predict")
    }
    guard batch >= 0, steps >= 0 else { throw .argument("batch is \(batch) and steps is \(steps); neither may be negative") }
    let input = handle.model.shape(of: handle.model.inputs[0].value)
    var array = unsafe lstm_array()
    unsafe array.struct_size = MemoryLayout<lstm_array>.size
    unsafe array.dtype = LSTM_FLOAT32
    unsafe array.rank = Int32(input.rank)
    switch input.rank {
    case 3 where input[2] >= 0: unsafe array.shape = (batch, steps, Int64(input[2]), 0, 0, 0, 0, 0)
    case 2 where handle.model.isTokens(handle.model.inputs[0]): unsafe array.shape = (batch, steps, 0, 0, 0, 0, 0, 0)
    case 2 where input[1] >= 0:
      guard steps == 1 else { throw .argument("the model's input \(input) has no steps; pass steps = 1") }
      unsafe array.shape = (batch, Int64(input[1]), 0, 0, 0, 0, 0, 0)
    default: throw .argument("the model's input is \(input); use lstm_session_predict")
    }
    // SAFETY: the input is only read.
    unsafe array.data = UnsafeMutableRawPointer(mutating: x)
    let given = unsafe try withUnsafePointer(to: &array) { pointer throws(LSTMError) in unsafe try callerArray(pointer, 0, .input) }
    let shape: Shape
    if let known = handle.shortForm, known.batch == batch, known.steps == steps {
      shape = known.output
    } else {
      shape = try handle.session.shapes(for: [given.shape])[0]
      handle.shortForm = (batch, steps, shape)
    }
    guard let count = shape.count, count == y_count else {
      throw .shape("the output is \(shape), \(shape.count ?? 0) numbers; y_count is \(y_count)")
    }
    unsafe array.rank = Int32(shape.rank)
    unsafe array.shape = tuple(shape)
    unsafe array.data = UnsafeMutableRawPointer(y)
    let wanted = unsafe try withUnsafePointer(to: &array) { pointer throws(LSTMError) in unsafe try callerArray(pointer, 0, .output) }
    try checkOverlap(wanted, 0, given, "x")
    handle.session.setInput(0, given)
    handle.session.setOutput(0, wanted)
    try handle.session.predict()
  }
}

@_cdecl("lstm_session_reset") @implementation
public func lstm_session_reset(_ session: OpaquePointer?) -> lstm_status {
  calling { () throws(LSTMError) in unsafe try Handles.object(session, .session, as: SessionHandle.self).session.reset() }
}
