// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMCaller
import LSTMModel

/// The caller's array for the flat vector of gradients.
private func vector(
  _ dtype: Int32, _ values: UnsafeMutableRawPointer?, _ count: Int, of trainer: any RunningTrainer
) throws(LSTMError) -> CallerNumbers {
  guard let values = unsafe values else { throw .argument("gradients is NULL") }
  guard count == trainer.gradientCount else { throw .shape("the gradients are \(trainer.gradientCount) numbers; the array has \(count)") }
  // SAFETY: the caller's array holds count numbers of dtype.
  switch dtype {
  case LSTM_FLOAT32: return unsafe CallerNumbers(floats: values.assumingMemoryBound(to: Float.self), count: count)
  case LSTM_FLOAT64: return unsafe CallerNumbers(doubles: values.assumingMemoryBound(to: Double.self), count: count)
  default: throw .argument("dtype is \(dtype); gradients are read and written as LSTM_FLOAT32 or LSTM_FLOAT64")
  }
}

@_cdecl("lstm_trainer_get_gradient_count") @implementation
public func lstm_trainer_get_gradient_count(_ trainer: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    let out = unsafe try present(count, "count")
    unsafe out.pointee = handle.trainer.gradientCount
  }
}

@_cdecl("lstm_trainer_get_gradients") @implementation
public func lstm_trainer_get_gradients(
  _ trainer: OpaquePointer?, _ dtype: Int32, _ gradients: UnsafeMutableRawPointer?, _ count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    handle.trainer.getGradients(unsafe try vector(dtype, gradients, count, of: handle.trainer))
  }
}

@_cdecl("lstm_trainer_apply_gradients") @implementation
public func lstm_trainer_apply_gradients(
  _ trainer: OpaquePointer?, _ dtype: Int32, _ gradients: UnsafeRawPointer?, _ count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    // SAFETY: the numbers are only read.
    let numbers = unsafe try vector(dtype, UnsafeMutableRawPointer(mutating: gradients), count, of: handle.trainer)
    try handle.trainer.applyGradients(numbers)
  }
}

@_cdecl("lstm_gradient_report_init") @implementation
public func lstm_gradient_report_init(_ report: UnsafeMutablePointer<lstm_gradient_report>?) {
  var value = lstm_gradient_report()
  value.struct_size = MemoryLayout<lstm_gradient_report>.size
  unsafe clear(report, value)
}

@_cdecl("lstm_trainer_check_gradients") @implementation
public func lstm_trainer_check_gradients(
  _ trainer: OpaquePointer?, _ batch: UnsafePointer<lstm_batch>?, _ samples: Int64, _ report: UnsafeMutablePointer<lstm_gradient_report>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    let out = unsafe try present(report, "report")
    unsafe try checkSize(out.pointee.struct_size, of: MemoryLayout<lstm_gradient_report>.size, "report")
    guard samples >= 0 else { throw .argument("samples is \(samples); it may not be negative") }
    let arrays = unsafe try callerBatch(batch, handle.model)
    let exact = try handle.options.double(handle.model, handle.spec)
    try exact.setWeightValues(handle.trainer.weightValues())
    let found = try exact.checkGradients(arrays, samples: Int(samples))
    unsafe out.pointee.checked = Int64(found.checked)
    unsafe out.pointee.worst = found.worst
    unsafe out.pointee.weight = found.weight
    unsafe out.pointee.element = Int64(found.element)
    unsafe out.pointee.analytic = found.analytic
    unsafe out.pointee.numeric = found.numeric
  }
}
