// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMModel

/// A weight's place and the checks that reading and writing it share.
private func checkWeight(_ model: Model, _ index: Int, _ dtype: Int32, _ count: Int) throws(LSTMError) -> Weight {
  guard index >= 0, index < model.weights.count else {
    throw .argument("there is no weight \(index): the model has \(model.weights.count)")
  }
  guard dtype == LSTM_FLOAT32 || dtype == LSTM_FLOAT64 else {
    throw .argument("dtype is \(dtype); weights are read and written as LSTM_FLOAT32 or LSTM_FLOAT64")
  }
  let weight = model.weights[index]
  guard count == weight.values.count else {
    throw .shape("weight ‘\(weight.name)’ is \(weight.shape), \(weight.values.count) numbers; the array has \(count)")
  }
  return weight
}

@_cdecl("lstm_model_get_weight") @implementation
public func lstm_model_get_weight(
  _ model: OpaquePointer?, _ index: Int, _ dtype: Int32, _ values: UnsafeMutableRawPointer?, _ count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    guard let values = unsafe values as UnsafeMutableRawPointer? else { throw .argument("values is NULL") }
    let weight = try checkWeight(handle.model, index, dtype, count)
    // SAFETY: the caller's array holds count numbers of dtype, as many as the weight.
    if dtype == LSTM_FLOAT32 {
      let out = unsafe values.assumingMemoryBound(to: Float.self)
      switch weight.values {
      case .float32(let numbers): for (place, number) in numbers.enumerated() { unsafe out[place] = number }
      case .float64(let numbers): for (place, number) in numbers.enumerated() { unsafe out[place] = Float(number) }
      }
    } else {
      let out = unsafe values.assumingMemoryBound(to: Double.self)
      switch weight.values {
      case .float32(let numbers): for (place, number) in numbers.enumerated() { unsafe out[place] = Double(number) }
      case .float64(let numbers): for (place, number) in numbers.enumerated() { unsafe out[place] = number }
      }
    }
  }
}

@_cdecl("lstm_model_set_weight") @implementation
public func lstm_model_set_weight(
  _ model: OpaquePointer?, _ index: Int, _ dtype: Int32, _ values: UnsafeRawPointer?, _ count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    guard let values = unsafe values as UnsafeRawPointer? else { throw .argument("values is NULL") }
    try handle.change { model throws(LSTMError) in
      let weight = try checkWeight(model, index, dtype, count)
      // SAFETY: the caller's array holds count numbers of dtype.
      let single = unsafe values.assumingMemoryBound(to: Float.self)
      let double = unsafe values.assumingMemoryBound(to: Double.self)
      // A weight keeps the precision of its file, unless more is given than it can hold.
      switch (weight.values, dtype == LSTM_FLOAT64) {
      case (.float32, false): model.weights[index].values = .float32((0..<count).map { unsafe single[$0] })
      case (_, false): model.weights[index].values = .float64((0..<count).map { unsafe Double(single[$0]) })
      case (_, true): model.weights[index].values = .float64((0..<count).map { unsafe double[$0] })
      }
    }
  }
}
