// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import Glibc
import LSTMCaller
import LSTMModel

/// Room for one output in doubles.
@safe private final class Numbers {
  @unsafe private let memory: UnsafeMutablePointer<Double>
  let count: Int
  private let shape: Shape

  /// Room for an array of this shape, zeros.
  ///
  /// - Throws: ``LSTMError/memory(_:)``.
  init(_ shape: Shape) throws(LSTMError) {
    count = shape.count ?? 0
    self.shape = shape
    guard let block = unsafe calloc(max(count, 1), MemoryLayout<Double>.stride) else {
      throw .outOfMemory(bytes: count &* MemoryLayout<Double>.stride, for: "an output to compare")
    }
    // SAFETY: calloc gave room for `count` doubles.
    unsafe memory = block.bindMemory(to: Double.self, capacity: max(count, 1))
  }

  deinit {
    // SAFETY: allocated in init, freed once.
    unsafe free(memory)
  }

  /// The array for a session to write to, which must not outlive this object.
  var array: CallerArray {
    var dimensions = InlineArray<8, Int>(repeating: 0)
    for axis in 0..<shape.rank { dimensions[axis] = shape[axis] }
    // SAFETY: the memory holds as many doubles as the shape says.
    return unsafe CallerArray(data: UnsafeMutableRawPointer(memory), type: .float64, rank: shape.rank, dimensions: dimensions)
  }

  subscript(index: Int) -> Double {
    precondition(index >= 0 && index < count, "an index outside its output")
    // SAFETY: checked above.
    return unsafe memory[index]
  }
}

/// How far one output is from another of the same shape.
private struct Distance {
  var largest = 0.0
  var mean = 0.0
  var magnitude = 0.0

  init(_ found: Numbers, _ exact: Numbers) {
    var sum = 0.0
    for index in 0..<exact.count {
      let (a, b) = (found[index], exact[index])
      magnitude = max(magnitude, b.magnitude)
      guard a != b && !(a.isNaN && b.isNaN) else { continue }
      let distance = (a - b).magnitude
      largest = max(largest, distance.isNaN ? .infinity : distance)
      sum += distance.isNaN ? .infinity : distance
    }
    mean = sum / Double(max(exact.count, 1))
  }
}

/// Runs a session from inputs to outputs of its own.
private func run(_ session: any RunningSession, _ inputs: [CallerArray]) throws(LSTMError) -> [Numbers] {
  var outputs: [Numbers] = []
  for shape in try session.shapes(for: inputs.map { $0.shape }) { outputs.append(try Numbers(shape)) }
  for (index, input) in inputs.enumerated() { session.setInput(index, input) }
  for (index, output) in outputs.enumerated() { session.setOutput(index, output.array) }
  try session.predict()
  return outputs
}

@_cdecl("lstm_precision_report_init") @implementation
public func lstm_precision_report_init(_ report: UnsafeMutablePointer<lstm_precision_report>?) {
  var value = lstm_precision_report()
  value.struct_size = MemoryLayout<lstm_precision_report>.size
  unsafe clear(report, value)
}

@_cdecl("lstm_compare_precision") @implementation
public func lstm_compare_precision(
  _ model: OpaquePointer?, _ inputs: UnsafePointer<UnsafePointer<lstm_array>?>?, _ input_count: Int,
  _ reports: UnsafePointer<UnsafeMutablePointer<lstm_precision_report>?>?, _ report_count: Int
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let its = handle.model
    let given = unsafe try list(inputs, input_count, expected: its.inputs.count, "input")
    let asked = unsafe try present(reports, "reports")
    var arrays: [CallerArray] = []
    for index in 0..<input_count { arrays.append(unsafe try callerArray(given[index], index, .input)) }
    var questions: [(form: WeightForm, output: Int)] = []
    for index in 0..<(try count(report_count, "report_count")) {
      guard let report = unsafe asked[index] else { throw .argument("report \(index) is NULL") }
      unsafe try checkSize(report.pointee.struct_size, of: MemoryLayout<lstm_precision_report>.size, "report")
      let form = unsafe try weightForm(report.pointee.weights)
      guard unsafe report.pointee.reserved == 0 else { throw .argument("report.reserved is \(unsafe report.pointee.reserved); expected 0") }
      let output = unsafe report.pointee.output
      guard output >= 0, output < its.outputs.count else {
        throw .argument("the model has \(its.outputs.count) outputs; report \(index) asks for output \(UInt(bitPattern: output))")
      }
      questions.append((form, output))
    }
    let exact = try run(try handle.session(RunOptions(precision: .float64)), arrays)
    var answers: [Distance?] = questions.map { _ in nil }
    var bytes: [WeightForm: Int] = [:]
    for form in WeightForm.allCases where questions.contains(where: { $0.form == form }) {
      let session = try handle.session(RunOptions(weights: form))
      let found = try run(session, arrays)
      bytes[form] = session.weightBytes
      for (index, question) in questions.enumerated() where question.form == form {
        answers[index] = Distance(found[question.output], exact[question.output])
      }
    }
    for (index, question) in questions.enumerated() {
      guard let report = unsafe asked[index], let answer = answers[index] else { continue }
      unsafe report.pointee.count = Int64(exact[question.output].count)
      unsafe report.pointee.largest_error = answer.largest
      unsafe report.pointee.mean_error = answer.mean
      unsafe report.pointee.largest_value = answer.magnitude
      unsafe report.pointee.weight_bytes = Int64(bytes[question.form] ?? 0)
    }
  }
}
