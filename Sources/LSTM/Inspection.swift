// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMModel
import LSTMRuntime

/// Dimensions as lstm.h keeps them, zeros behind the last.
func tuple(_ shape: Shape) -> (Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64) {
  func at(_ axis: Int) -> Int64 { axis < shape.rank ? Int64(shape[axis]) : 0 }
  return (at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
}

/// The library's number for a type that a file states.
private func dtype(_ name: String) -> Int32 {
  switch name {
  case "float64": return LSTM_FLOAT64
  case "int32", "uint8", "int8", "int16", "uint16", "bool": return LSTM_INT32
  case "int64", "uint32", "uint64": return LSTM_INT64
  default: return LSTM_FLOAT32
  }
}

/// An element of a list of the model's, or an error that says how many there are.
private func element<Element>(_ list: [Element], _ index: Int, _ name: String) throws(LSTMError) -> Element {
  guard index >= 0, index < list.count else { throw .argument("there is no \(name) \(index): the model has \(list.count)") }
  return list[index]
}

@_cdecl("lstm_model_get_info") @implementation
public func lstm_model_get_info(_ model: OpaquePointer?, _ info: UnsafeMutablePointer<lstm_model_info>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let out = unsafe try present(info, "info")
    unsafe try checkSize(out.pointee.struct_size, of: MemoryLayout<lstm_model_info>.size, "info")
    let it = handle.model
    var value = unsafe lstm_model_info()
    unsafe value.struct_size = out.pointee.struct_size
    unsafe value.name = try handle.strings.lend(it.name)
    unsafe value.writer = try handle.strings.lend(it.writer)
    unsafe value.format = try handle.strings.lend(it.format)
    unsafe value.input_count = it.inputs.count
    unsafe value.output_count = it.outputs.count
    unsafe value.layer_count = it.layers.count
    unsafe value.weight_count = it.weights.count
    unsafe value.parameter_count = Int64(it.parameterCount)
    unsafe value.stateful = it.isStateful ? 1 : 0
    unsafe value.can_stream = StreamAnalysis.canStream(it) ? 1 : 0
    unsafe value.rows_independent = it.rowsAreIndependent ? 1 : 0
    unsafe out.pointee = value
  }
}

/// Fills the description of an input or output.
private func describe(
  _ ports: (Model) -> [Model.Port], _ kind: String, _ model: OpaquePointer?, _ index: Int, _ info: UnsafeMutablePointer<lstm_tensor_info>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let out = unsafe try present(info, "info")
    unsafe try checkSize(out.pointee.struct_size, of: MemoryLayout<lstm_tensor_info>.size, "info")
    let it = handle.model
    let port = try element(ports(it), index, kind)
    var value = unsafe lstm_tensor_info()
    unsafe value.struct_size = out.pointee.struct_size
    unsafe value.name = try handle.strings.lend(port.name)
    unsafe value.dtype = dtype(port.dtype)
    let shape = it.shape(of: port.value)
    unsafe value.rank = Int32(shape.rank)
    unsafe value.shape = tuple(shape)
    unsafe out.pointee = value
  }
}

@_cdecl("lstm_model_get_input") @implementation
public func lstm_model_get_input(_ model: OpaquePointer?, _ index: Int, _ info: UnsafeMutablePointer<lstm_tensor_info>?) -> lstm_status {
  unsafe describe({ $0.inputs }, "input", model, index, info)
}

@_cdecl("lstm_model_get_output") @implementation
public func lstm_model_get_output(_ model: OpaquePointer?, _ index: Int, _ info: UnsafeMutablePointer<lstm_tensor_info>?) -> lstm_status {
  unsafe describe({ $0.outputs }, "output", model, index, info)
}

@_cdecl("lstm_model_get_layer") @implementation
public func lstm_model_get_layer(_ model: OpaquePointer?, _ index: Int, _ info: UnsafeMutablePointer<lstm_layer_info>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let out = unsafe try present(info, "info")
    unsafe try checkSize(out.pointee.struct_size, of: MemoryLayout<lstm_layer_info>.size, "info")
    let it = handle.model
    let layer = try element(it.layers, index, "layer")
    var value = unsafe lstm_layer_info()
    unsafe value.struct_size = out.pointee.struct_size
    unsafe value.name = try handle.strings.lend(layer.name)
    unsafe value.type = try handle.strings.lend(layer.type)
    unsafe value.options = try handle.strings.lend(layer.options)
    unsafe value.trainable = layer.trainable ? 1 : 0
    unsafe value.traceable = layer.traceable.isEmpty ? 0 : 1
    unsafe value.parameter_count = Int64(layer.weights.reduce(0) { $0 + it.weights[$1].values.count })
    unsafe value.weight_count = layer.weights.count
    unsafe value.rank = Int32(layer.output.rank)
    unsafe value.shape = tuple(layer.output)
    unsafe out.pointee = value
  }
}

@_cdecl("lstm_model_get_weight_info") @implementation
public func lstm_model_get_weight_info(
  _ model: OpaquePointer?, _ index: Int, _ info: UnsafeMutablePointer<lstm_weight_info>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let out = unsafe try present(info, "info")
    unsafe try checkSize(out.pointee.struct_size, of: MemoryLayout<lstm_weight_info>.size, "info")
    let weight = try element(handle.model.weights, index, "weight")
    var value = unsafe lstm_weight_info()
    unsafe value.struct_size = out.pointee.struct_size
    unsafe value.name = try handle.strings.lend(weight.name)
    unsafe value.layer = weight.layer
    if case .float64 = weight.values { unsafe value.dtype = LSTM_FLOAT64 } else { unsafe value.dtype = LSTM_FLOAT32 }
    unsafe value.rank = Int32(weight.shape.rank)
    unsafe value.shape = tuple(weight.shape)
    unsafe value.count = Int64(weight.values.count)
    unsafe out.pointee = value
  }
}

@_cdecl("lstm_model_find_weight") @implementation
public func lstm_model_find_weight(_ model: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ index: UnsafeMutablePointer<Int>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let name = unsafe try string(name, "name")
    let out = unsafe try present(index, "index")
    let weights = handle.model.weights
    guard let found = weights.firstIndex(where: { $0.name == name }) else {
      let ending = name.split(separator: "/").last.map { "/" + $0 } ?? ""
      let near = weights.filter { $0.name.hasSuffix(ending) }.prefix(5).map { "‘\($0.name)’" }
      let shown = near.isEmpty ? weights.prefix(5).map { "‘\($0.name)’" } : Array(near)
      throw .argument("there is no weight ‘\(name)’" + (shown.isEmpty ? "; the model has none" : "; there is \(shown.joined(separator: ", "))"))
    }
    unsafe out.pointee = found
  }
}

@_cdecl("lstm_model_summary") @implementation
public func lstm_model_summary(
  _ model: OpaquePointer?, _ text: UnsafeMutablePointer<CChar>?, _ size: Int, _ needed: UnsafeMutablePointer<Int>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    unsafe try write(handle.model.summary, to: text, size, needed: needed)
  }
}
