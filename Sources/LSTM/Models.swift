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

@_cdecl("lstm_model_from_json") @implementation
public func lstm_model_from_json(
  _ json: UnsafePointer<CChar>?, _ size: Int, _ options: UnsafePointer<lstm_from_json_options>?, _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let out = unsafe try present(model, "model")
    let json = unsafe try present(json, "json")
    var seed: UInt64 = 0
    var maxBytes = 4 << 30
    if let options = unsafe options as UnsafePointer<lstm_from_json_options>? {
      // SAFETY: the caller's struct has at least the size that it states.
      unsafe try checkSize(options.pointee.struct_size, of: MemoryLayout<lstm_from_json_options>.size, "options")
      seed = unsafe options.pointee.seed
      let limit = unsafe options.pointee.max_bytes
      if limit > 0 { maxBytes = Int(clamping: limit) }
    }
    guard size >= 0, size <= 64 << 20 else { throw .argument("size is \(UInt(bitPattern: size)); a model's JSON has at most \(64 << 20) bytes") }
    // SAFETY: the caller passes size readable bytes.
    let text = unsafe String(validating: UnsafeBufferPointer(start: json, count: size).lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let text else { throw .argument("json is not valid UTF-8") }
    unsafe out.pointee = try Handles.make(ModelHandle(try ModelFile.fromJSON(text, seed: seed, maxBytes: maxBytes)), .model)
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
