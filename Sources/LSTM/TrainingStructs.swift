// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMModel

@_cdecl("lstm_trainer_options_init") @implementation
public func lstm_trainer_options_init(_ options: UnsafeMutablePointer<lstm_trainer_options>?) {
  var value = unsafe lstm_trainer_options()
  unsafe value.struct_size = MemoryLayout<lstm_trainer_options>.size
  unsafe value.precision = LSTM_FLOAT32
  unsafe value.threads = 1
  unsafe clear(options, value)
}

@_cdecl("lstm_batch_init") @implementation
public func lstm_batch_init(_ batch: UnsafeMutablePointer<lstm_batch>?) {
  var value = unsafe lstm_batch()
  unsafe value.struct_size = MemoryLayout<lstm_batch>.size
  unsafe clear(batch, value)
}

@_cdecl("lstm_progress_init") @implementation
public func lstm_progress_init(_ progress: UnsafeMutablePointer<lstm_progress>?) {
  var value = unsafe lstm_progress()
  unsafe value.struct_size = MemoryLayout<lstm_progress>.size
  unsafe clear(progress, value)
}

@_cdecl("lstm_fit_options_init") @implementation
public func lstm_fit_options_init(_ options: UnsafeMutablePointer<lstm_fit_options>?) {
  var value = unsafe lstm_fit_options()
  unsafe value.struct_size = MemoryLayout<lstm_fit_options>.size
  unsafe value.epochs = 1
  unsafe value.batch_size = 32
  unsafe value.shuffle = 1
  unsafe value.maximize = -1
  unsafe clear(options, value)
}
