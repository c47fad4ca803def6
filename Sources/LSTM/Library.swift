// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import CSupport
import LSTMRuntime

// SAFETY, for all constants: string literals are NUL-terminated and live forever.

@_cdecl("lstm_version") @implementation
public func lstm_version() -> UnsafePointer<CChar>? { unsafe constant("0.1.0") }

@_cdecl("lstm_abi_version") @implementation
public func lstm_abi_version() -> Int32 { LSTM_ABI_VERSION }

@_cdecl("lstm_cpu") @implementation
public func lstm_cpu() -> UnsafePointer<CChar>? {
  switch Plan.instructionSet {
  case "v4": return unsafe constant("v4")
  case "v3": return unsafe constant("v3")
  default: return unsafe constant("baseline")
  }
}

@_cdecl("lstm_status_name") @implementation
public func lstm_status_name(_ status: lstm_status) -> UnsafePointer<CChar>? {
  switch status {
  case LSTM_OK: return unsafe constant("LSTM_OK")
  case LSTM_ERROR_ARGUMENT: return unsafe constant("LSTM_ERROR_ARGUMENT")
  case LSTM_ERROR_HANDLE: return unsafe constant("LSTM_ERROR_HANDLE")
  case LSTM_ERROR_MEMORY: return unsafe constant("LSTM_ERROR_MEMORY")
  case LSTM_ERROR_IO: return unsafe constant("LSTM_ERROR_IO")
  case LSTM_ERROR_FORMAT: return unsafe constant("LSTM_ERROR_FORMAT")
  case LSTM_ERROR_UNSUPPORTED: return unsafe constant("LSTM_ERROR_UNSUPPORTED")
  case LSTM_ERROR_SHAPE: return unsafe constant("LSTM_ERROR_SHAPE")
  case LSTM_ERROR_STATE: return unsafe constant("LSTM_ERROR_STATE")
  case LSTM_ERROR_BUFFER: return unsafe constant("LSTM_ERROR_BUFFER")
  case LSTM_ERROR_INTERNAL: return unsafe constant("LSTM_ERROR_INTERNAL")
  default: return unsafe constant("unknown status")
  }
}

@_cdecl("lstm_last_error") @implementation
public func lstm_last_error() -> UnsafePointer<CChar>? { unsafe UnsafePointer(lstm_support_message()) }

/// A literal as a C string.
private func constant(_ text: StaticString) -> UnsafePointer<CChar> {
  unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// Sets a struct of the caller's to zero bytes, but for its size.
func clear<Struct>(_ pointer: UnsafeMutablePointer<Struct>?, _ value: Struct) {
  if let pointer = unsafe pointer { unsafe pointer.pointee = value }
}

@_cdecl("lstm_array_init") @implementation
public func lstm_array_init(_ array: UnsafeMutablePointer<lstm_array>?) {
  var value = unsafe lstm_array()
  unsafe value.struct_size = MemoryLayout<lstm_array>.size
  unsafe value.dtype = LSTM_FLOAT32
  unsafe clear(array, value)
}

@_cdecl("lstm_load_options_init") @implementation
public func lstm_load_options_init(_ options: UnsafeMutablePointer<lstm_load_options>?) {
  var value = lstm_load_options()
  value.struct_size = MemoryLayout<lstm_load_options>.size
  unsafe clear(options, value)
}

@_cdecl("lstm_from_json_options_init") @implementation
public func lstm_from_json_options_init(_ options: UnsafeMutablePointer<lstm_from_json_options>?) {
  var value = lstm_from_json_options()
  value.struct_size = MemoryLayout<lstm_from_json_options>.size
  unsafe clear(options, value)
}

@_cdecl("lstm_save_options_init") @implementation
public func lstm_save_options_init(_ options: UnsafeMutablePointer<lstm_save_options>?) {
  var value = lstm_save_options()
  value.struct_size = MemoryLayout<lstm_save_options>.size
  unsafe clear(options, value)
}

@_cdecl("lstm_model_info_init") @implementation
public func lstm_model_info_init(_ info: UnsafeMutablePointer<lstm_model_info>?) {
  var value = unsafe lstm_model_info()
  unsafe value.struct_size = MemoryLayout<lstm_model_info>.size
  unsafe clear(info, value)
}

@_cdecl("lstm_tensor_info_init") @implementation
public func lstm_tensor_info_init(_ info: UnsafeMutablePointer<lstm_tensor_info>?) {
  var value = unsafe lstm_tensor_info()
  unsafe value.struct_size = MemoryLayout<lstm_tensor_info>.size
  unsafe clear(info, value)
}

@_cdecl("lstm_layer_info_init") @implementation
public func lstm_layer_info_init(_ info: UnsafeMutablePointer<lstm_layer_info>?) {
  var value = unsafe lstm_layer_info()
  unsafe value.struct_size = MemoryLayout<lstm_layer_info>.size
  unsafe clear(info, value)
}

@_cdecl("lstm_weight_info_init") @implementation
public func lstm_weight_info_init(_ info: UnsafeMutablePointer<lstm_weight_info>?) {
  var value = unsafe lstm_weight_info()
  unsafe value.struct_size = MemoryLayout<lstm_weight_info>.size
  unsafe clear(info, value)
}

@_cdecl("lstm_session_options_init") @implementation
public func lstm_session_options_init(_ options: UnsafeMutablePointer<lstm_session_options>?) {
  var value = lstm_session_options()
  value.struct_size = MemoryLayout<lstm_session_options>.size
  value.precision = LSTM_FLOAT32
  value.threads = 1
  unsafe clear(options, value)
}

@_cdecl("lstm_stream_options_init") @implementation
public func lstm_stream_options_init(_ options: UnsafeMutablePointer<lstm_stream_options>?) {
  var value = lstm_stream_options()
  value.struct_size = MemoryLayout<lstm_stream_options>.size
  value.precision = LSTM_FLOAT32
  value.threads = 1
  unsafe clear(options, value)
}

@_cdecl("lstm_state_info_init") @implementation
public func lstm_state_info_init(_ info: UnsafeMutablePointer<lstm_state_info>?) {
  var value = unsafe lstm_state_info()
  unsafe value.struct_size = MemoryLayout<lstm_state_info>.size
  unsafe clear(info, value)
}

@_cdecl("lstm_series_info_init") @implementation
public func lstm_series_info_init(_ info: UnsafeMutablePointer<lstm_series_info>?) {
  var value = unsafe lstm_series_info()
  unsafe value.struct_size = MemoryLayout<lstm_series_info>.size
  unsafe clear(info, value)
}
