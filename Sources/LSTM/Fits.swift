// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMCaller
import LSTMFormats
import LSTMModel

/// The C program that asked for a fit.
@safe private final class CallingHost: FitHost {
  @unsafe private let options: lstm_fit_options
  private let handle: TrainerHandle

  init(_ options: lstm_fit_options, _ handle: TrainerHandle) {
    // SAFETY: the caller's functions and context are used only during the fit.
    unsafe self.options = options
    self.handle = handle
  }

  func next(epoch: Int, index: Int) throws(LSTMError) -> CallerBatch? {
    guard let next = unsafe options.next else { throw .argument("neither data nor options.next give anything to learn from") }
    var batch = unsafe lstm_batch()
    unsafe batch.struct_size = MemoryLayout<lstm_batch>.size
    // SAFETY: the function is the caller's, with the caller's context.
    let answer = unsafe next(options.context, Int64(epoch), Int64(index), &batch)
    guard answer >= 0 else { throw .state("the function for batches returned \(answer) at batch \(index) of epoch \(epoch)") }
    guard answer > 0 else { return nil }
    return unsafe try withUnsafePointer(to: &batch) { pointer throws(LSTMError) in unsafe try callerBatch(pointer, handle.model) }
  }

  func progress(_ progress: FitProgress) -> Bool {
    let goesOn = call(progress)
    return goesOn && !handle.isCancelled.load(ordering: .relaxed)
  }

  /// What the caller's function says.
  private func call(_ progress: FitProgress) -> Bool {
    guard let call = unsafe options.progress else { return true }
    return unsafe progress.values.withUnsafeBufferPointer { values in
      var value = unsafe lstm_progress()
      unsafe value.struct_size = MemoryLayout<lstm_progress>.size
      unsafe (value.epoch, value.epochs) = (Int64(progress.epoch), Int64(progress.epochs))
      unsafe (value.batch, value.batches) = (Int64(progress.batch), Int64(progress.batches))
      unsafe value.values = values.baseAddress
      unsafe value.value_count = values.count
      unsafe value.end_of_epoch = progress.isEndOfEpoch ? 1 : 0
      // SAFETY: the function is the caller's, with the caller's context; the numbers live through the call.
      return unsafe call(options.context, &value) == 0
    }
  }
}

/// The options of a fit as Swift knows them.
private func fitOptions(_ options: lstm_fit_options, _ model: Model) throws(LSTMError) -> FitOptions {
  var result = FitOptions()
  result.epochs = unsafe Int(clamping: options.epochs)
  result.batchSize = unsafe Int(clamping: min(options.batch_size, 1 << 32))
  result.shuffles = unsafe options.shuffle != 0
  result.resumes = unsafe options.resume != 0
  result.validationSplit = unsafe options.validation_split
  if unsafe options.validation != nil { result.validation = unsafe try callerBatch(options.validation, model) }
  if unsafe options.monitor != nil {
    let patience = unsafe Int(clamping: options.patience)
    let change = unsafe options.min_delta
    guard patience >= 0, change >= 0 else { throw .argument("patience is \(patience), min_delta is \(change); neither may be negative") }
    let direction = unsafe options.maximize
    result.stopping = EarlyStopping(
      monitor: unsafe try string(options.monitor, "monitor"), patience: patience, minimumChange: change,
      maximizes: direction < 0 ? nil : direction > 0, restoresBest: unsafe options.restore_best != 0)
  }
  if unsafe options.plateau != nil { result.plateau = try TrainingConfig.plateau(unsafe try string(options.plateau, "plateau")) }
  return result
}

@_cdecl("lstm_trainer_fit") @implementation
public func lstm_trainer_fit(
  _ trainer: OpaquePointer?, _ data: UnsafePointer<lstm_batch>?, _ options: UnsafePointer<lstm_fit_options>?,
  _ outcome: UnsafeMutablePointer<Int32>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    var stated = unsafe lstm_fit_options()
    unsafe lstm_fit_options_init(&stated)
    if let options = unsafe options as UnsafePointer<lstm_fit_options>? {
      unsafe try checkSize(options.pointee.struct_size, of: MemoryLayout<lstm_fit_options>.size, "options")
      unsafe stated = options.pointee
    }
    let fit = unsafe try fitOptions(stated, handle.model)
    var rows: CallerBatch?
    if unsafe data as UnsafePointer<lstm_batch>? != nil { rows = unsafe try callerBatch(data, handle.model) }
    guard unsafe rows != nil || stated.next != nil else { throw .argument("data is NULL, and so is options.next") }
    guard !handle.isFitting else { throw .state("the trainer is in a fit; a callback may save it, nothing else") }
    handle.isFitting = true
    handle.isCancelled.store(false, ordering: .relaxed)
    defer { handle.isFitting = false }
    let result = try handle.trainer.fit(rows, fit, unsafe CallingHost(stated, handle))
    if let outcome = unsafe outcome as UnsafeMutablePointer<Int32>? { unsafe outcome.pointee = result.rawValue }
  }
}

@_cdecl("lstm_trainer_cancel") @implementation
public func lstm_trainer_cancel(_ trainer: OpaquePointer?) -> lstm_status {
  calling { () throws(LSTMError) in
    unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self).isCancelled.store(true, ordering: .relaxed)
  }
}

@_cdecl("lstm_trainer_get_history_size") @implementation
public func lstm_trainer_get_history_size(
  _ trainer: OpaquePointer?, _ epochs: UnsafeMutablePointer<Int>?, _ columns: UnsafeMutablePointer<Int>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    if let epochs = unsafe epochs as UnsafeMutablePointer<Int>? { unsafe epochs.pointee = handle.trainer.history.count }
    if let columns = unsafe columns as UnsafeMutablePointer<Int>? { unsafe columns.pointee = handle.trainer.historyNames.count }
  }
}

@_cdecl("lstm_trainer_get_history_name") @implementation
public func lstm_trainer_get_history_name(
  _ trainer: OpaquePointer?, _ column: Int, _ name: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    let out = unsafe try present(name, "name")
    let names = handle.trainer.historyNames
    guard names.indices.contains(column) else { throw .argument("there is no column \(column): the history has \(names.count)") }
    unsafe out.pointee = try handle.strings.lend(names[column])
  }
}

@_cdecl("lstm_trainer_get_history") @implementation
public func lstm_trainer_get_history(_ trainer: OpaquePointer?, _ values: UnsafeMutablePointer<Double>?, _ count: Int) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    let numbers = handle.trainer.history.flatMap { $0 }
    guard count == numbers.count else { throw .shape("the history has \(numbers.count) numbers; the array has \(count)") }
    guard unsafe count == 0 || values != nil else { throw .argument("values is NULL") }
    unsafe try store(numbers, to: values, count)
  }
}

@_cdecl("lstm_trainer_get_learning_rate") @implementation
public func lstm_trainer_get_learning_rate(_ trainer: OpaquePointer?, _ rate: UnsafeMutablePointer<Double>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    let out = unsafe try present(rate, "rate")
    unsafe out.pointee = handle.trainer.learningRate
  }
}

@_cdecl("lstm_trainer_set_learning_rate") @implementation
public func lstm_trainer_set_learning_rate(_ trainer: OpaquePointer?, _ rate: Double) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    guard rate.isFinite, rate >= 0 else { throw .argument("rate is \(rate); expected a number of 0 or more") }
    handle.trainer.setLearningRate(rate)
  }
}

@_cdecl("lstm_trainer_save") @implementation
public func lstm_trainer_save(_ trainer: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    try CheckpointFile.write(handle.trainer.snapshot(), to: unsafe try string(path, "path"))
  }
}

@_cdecl("lstm_trainer_restore") @implementation
public func lstm_trainer_restore(_ trainer: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    guard !handle.isFitting else { throw .state("the trainer is in a fit; a callback may save it, nothing else") }
    try handle.trainer.restore(try CheckpointFile.read(unsafe try string(path, "path")))
  }
}
