// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMFormats
import LSTMModel

/// The options of a save as Swift knows them.
private func saveOptions(_ options: UnsafePointer<lstm_save_options>?) throws(LSTMError) -> SaveOptions {
  var result = SaveOptions()
  guard let options = unsafe options else { return result }
  // SAFETY: the caller's struct has at least the size that it states.
  unsafe try checkSize(options.pointee.struct_size, of: MemoryLayout<lstm_save_options>.size, "options")
  let known = UInt32(LSTM_SAVE_WITHOUT_TRAINING)
  guard unsafe options.pointee.flags & ~known == 0 else { throw .argument("options.flags has bits that are not known") }
  guard unsafe options.pointee.reserved == 0 else { throw .argument("options.reserved must be 0") }
  result.training = unsafe options.pointee.flags & known == 0
  return result
}

/// The format of a number; nil if the name is to tell.
private func saveFormat(_ format: Int32) throws(LSTMError) -> SaveFormat? {
  if format == LSTM_FORMAT_AUTO { return nil }
  guard let format = SaveFormat(rawValue: format) else { throw .argument("format is \(format), which is no LSTM_FORMAT_…") }
  return format
}

@_cdecl("lstm_model_save") @implementation
public func lstm_model_save(
  _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ format: Int32, _ options: UnsafePointer<lstm_save_options>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let path = unsafe try string(path, "path")
    try ModelFile.save(handle.model, path: path, format: try saveFormat(format), options: unsafe try saveOptions(options))
  }
}

@_cdecl("lstm_model_save_memory") @implementation
public func lstm_model_save_memory(
  _ model: OpaquePointer?, _ format: Int32, _ options: UnsafePointer<lstm_save_options>?, _ bytes: UnsafeMutableRawPointer?, _ size: Int,
  _ written: UnsafeMutablePointer<Int>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let out = unsafe try present(written, "written")
    let room = try count(size, "size")
    guard unsafe room == 0 || bytes != nil else { throw .argument("bytes is NULL, its size is \(room)") }
    guard let format = try saveFormat(format) else { throw .argument("format is LSTM_FORMAT_AUTO, but there is no file name to go by") }
    let made = try ModelFile.bytes(of: handle.model, format: format, options: unsafe try saveOptions(options))
    unsafe out.pointee = made.count
    guard made.count <= room else { throw .buffer("the file has \(made.count) bytes; the buffer has \(room)") }
    // SAFETY: the caller's buffer has room for `size` bytes, at least as many as are copied.
    unsafe made.withUnsafeBytes { source in
      if let start = unsafe source.baseAddress { unsafe bytes?.copyMemory(from: start, byteCount: source.count) }
    }
  }
}
