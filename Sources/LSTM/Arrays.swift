import CLSTM
import LSTMCaller
import LSTMModel

/// What an array of the caller's is used for.
enum ArrayUse: Equatable {
  /// Its elements are read.
  case input
  /// Its elements are written: floats only.
  case output
  /// Only its shape is looked at.
  case shape

  /// For messages.
  var name: String { self == .output ? "output" : "input" }
}

/// One of the caller's arrays, checked.
///
/// - Throws: ``LSTMError/argument(_:)`` naming the array and what is wrong with it.
func callerArray(_ array: UnsafePointer<lstm_array>?, _ index: Int, _ use: ArrayUse) throws(LSTMError) -> CallerArray {
  guard let array = unsafe array else { throw .argument("\(use.name) \(index) is NULL") }
  // SAFETY: the caller's struct has at least the size that it states.
  unsafe try checkSize(array.pointee.struct_size, of: MemoryLayout<lstm_array>.size, "array")
  guard let type = unsafe ElementType(rawValue: array.pointee.dtype) else {
    throw unsafe .argument("\(use.name) \(index) has the unknown dtype \(array.pointee.dtype)")
  }
  if use == .output && type != .float32 && type != .float64 {
    throw .argument("output \(index) has an integer dtype; outputs are LSTM_FLOAT32 or LSTM_FLOAT64")
  }
  let rank = unsafe Int(array.pointee.rank)
  guard rank >= 0, rank <= Int(LSTM_MAX_RANK) else {
    throw .argument("\(use.name) \(index) has \(rank) dimensions; 0 to \(LSTM_MAX_RANK) are possible")
  }
  let stated = unsafe array.pointee.shape
  let all: InlineArray<8, Int64> = [stated.0, stated.1, stated.2, stated.3, stated.4, stated.5, stated.6, stated.7]
  var dimensions = InlineArray<8, Int>(repeating: 0)
  var bytes = type.size
  for axis in 0..<rank {
    let dimension = Int(truncatingIfNeeded: all[axis])
    guard dimension >= 0 else { throw .argument("dimension \(axis) of \(use.name) \(index) is \(dimension)") }
    let (product, overflow) = bytes.multipliedReportingOverflow(by: max(dimension, 1))
    guard !overflow, product < Int.max / 16 else { throw .argument("\(use.name) \(index) is larger than any memory") }
    dimensions[axis] = dimension
    bytes = product
  }
  let data = unsafe array.pointee.data
  var isEmpty = false
  for axis in 0..<rank where dimensions[axis] == 0 { isEmpty = true }
  if use != .shape && !isEmpty {
    guard unsafe data != nil else { throw .argument("\(use.name) \(index) has no data") }
    guard Int(bitPattern: data) % type.size == 0 else { throw .argument("the data of \(use.name) \(index) is not aligned to its elements") }
  }
  return unsafe CallerArray(data: data, type: type, rank: rank, dimensions: dimensions)
}

/// Refuses an output that shares memory with an input.
func checkOverlap(_ output: CallerArray, _ index: Int, _ other: CallerArray, _ otherName: String) throws(LSTMError) {
  guard let a = unsafe output.data, let b = unsafe other.data else { return }
  let (startA, startB) = (UInt(bitPattern: a), UInt(bitPattern: b))
  let endA = startA &+ UInt(output.rows &* output.rowCount &* output.type.size)
  let endB = startB &+ UInt(other.rows &* other.rowCount &* other.type.size)
  if startA < endB && startB < endA { throw .argument("output \(index) overlaps \(otherName)") }
}
