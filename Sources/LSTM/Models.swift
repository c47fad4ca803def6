// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMFormats
import LSTMModel

/// The options of a load as Swift knows them.
private func loadOptions(_ options: UnsafePointer<lstm_load_options>?) throws(LSTMError) -> LoadOptions {
  var result = LoadOptions()
  guard let options = unsafe options else { return result }
  // SAFETY: the caller's struct has at least the size that it states.
  unsafe try checkSize(options.pointee.struct_size, of: MemoryLayout<lstm_load_options>.size, "options")
  let flags = unsafe options.pointee.flags
  let (byName, infer, trusted) = (UInt32(LSTM_LOAD_BY_NAME), UInt32(LSTM_LOAD_INFER), UInt32(LSTM_LOAD_TRUSTED))
  guard flags & ~(byName | infer | trusted) == 0 else {
    throw .argument("options.flags is \(flags); it is made of LSTM_LOAD_BY_NAME, LSTM_LOAD_INFER and LSTM_LOAD_TRUSTED")
  }
  guard unsafe options.pointee.reserved == 0 else { throw .argument("options.reserved must be 0") }
  result.byName = flags & byName != 0
  result.infersArchitecture = flags & infer != 0
  result.isTrusted = flags & trusted != 0
  let limit = unsafe options.pointee.max_bytes
  if limit > 0 { result.maxBytes = Int(clamping: limit) }
  return result
}

@_cdecl("lstm_model_load") @implementation
public func lstm_model_load(
  _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<lstm_load_options>?, _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let out = unsafe try present(model, "model")
    let loaded = try ModelFile.load(path: unsafe string(path, "path"), options: unsafe loadOptions(options))
    unsafe out.pointee = try Handles.make(ModelHandle(loaded), .model)
  }
}

@_cdecl("lstm_model_load_memory") @implementation
public func lstm_model_load_memory(
  _ bytes: UnsafeRawPointer?, _ size: Int, _ options: UnsafePointer<lstm_load_options>?, _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let out = unsafe try present(model, "model")
    guard let bytes = unsafe bytes as UnsafeRawPointer? else { throw .argument("bytes is NULL") }
    let options = unsafe try loadOptions(options)
    guard try count(size, "size") <= options.maxBytes else { throw .format("\(size) bytes are more than the limit of \(options.maxBytes)") }
    guard size > 0 else { throw .format("there are no bytes to read a model from") }
    // SAFETY: the caller passes size readable bytes.
    let copy = unsafe Array(UnsafeRawBufferPointer(start: bytes, count: size))
    unsafe out.pointee = try Handles.make(ModelHandle(try ModelFile.load(bytes: copy, options: options)), .model)
  }
}

@_cdecl("lstm_model_load_weights") @implementation
public func lstm_model_load_weights(
  _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<lstm_load_options>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let path = unsafe try string(path, "path")
    let options = unsafe try loadOptions(options)
    try handle.change { model throws(LSTMError) in try ModelFile.loadWeights(path: path, into: &model, options: options) }
  }
}

@_cdecl("lstm_model_free") @implementation
public func lstm_model_free(_ model: OpaquePointer?) { unsafe Handles.free(model, .model) }

@_cdecl("lstm_check_file") @implementation
public func lstm_check_file(
  _ path: UnsafePointer<CChar>?, _ report: UnsafeMutablePointer<CChar>?, _ size: Int, _ needed: UnsafeMutablePointer<Int>?,
  _ loads: UnsafeMutablePointer<Int32>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    unsafe try checkBuffer(report, size)
    let (text, works) = try ModelFile.report(path: unsafe string(path, "path"), options: LoadOptions())
    if let loads = unsafe loads as UnsafeMutablePointer<Int32>? { unsafe loads.pointee = works ? 1 : 0 }
    unsafe try write(text, to: report, size, needed: needed)
  }
}
