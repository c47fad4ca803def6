import CLSTM
import LSTMCaller
import LSTMModel

/// The form of weights that options ask for.
func weightForm(_ value: Int32) throws(LSTMError) -> WeightForm {
  guard let form = WeightForm(rawValue: value) else {
    throw .argument("weights is \(value); expected LSTM_WEIGHTS_FLOAT32, LSTM_WEIGHTS_BF16, LSTM_WEIGHTS_INT8 or LSTM_WEIGHTS_W8A8")
  }
  return form
}

/// Refuses a form of weights that a precision does not have.
func check(_ form: WeightForm, in precision: ElementType) throws(LSTMError) {
  guard form == .full || precision == .float32 else {
    throw .argument("weights is \(form.constant), which needs a precision of LSTM_FLOAT32; it is LSTM_FLOAT64")
  }
}

/// What the options of a session or a stream ask for.
struct RunOptions {
  var precision = ElementType.float32
  var threads = 1
  var weights = WeightForm.full

  /// Options that are right.
  init(precision: ElementType = .float32, weights: WeightForm = .full) {
    self.precision = precision
    self.weights = weights
  }

  /// Checked options of the caller's.
  ///
  /// - Throws: ``LSTMError/argument(_:)`` naming the field.
  init(precision: Int32, threads: Int32, weights: Int32, reserved: Int32) throws(LSTMError) {
    self.precision = try LSTM.precision(precision)
    self.threads = Int(threads)
    guard (1...256).contains(threads) else { throw .argument("threads is \(threads); expected 1 to 256") }
    let form = try weightForm(weights)
    try check(form, in: self.precision)
    guard reserved == 0 else { throw .argument("options.reserved is \(reserved); expected 0") }
    self.weights = form
  }

  /// Those of a session. A program from before the last fields existed does not have them.
  @unsafe init(_ options: UnsafePointer<lstm_session_options>) throws(LSTMError) {
    let size = unsafe options.pointee.struct_size
    try checkSize(size, of: MemoryLayout<lstm_session_options>.offset(of: \.weights) ?? 0, "options")
    let isWhole = size >= MemoryLayout<lstm_session_options>.size
    unsafe try self.init(
      precision: options.pointee.precision, threads: options.pointee.threads, weights: isWhole ? options.pointee.weights : LSTM_WEIGHTS_FLOAT32,
      reserved: isWhole ? options.pointee.reserved : 0)
  }

  /// Those of a stream, likewise.
  @unsafe init(_ options: UnsafePointer<lstm_stream_options>) throws(LSTMError) {
    let size = unsafe options.pointee.struct_size
    try checkSize(size, of: MemoryLayout<lstm_stream_options>.offset(of: \.weights) ?? 0, "options")
    let isWhole = size >= MemoryLayout<lstm_stream_options>.size
    unsafe try self.init(
      precision: options.pointee.precision, threads: options.pointee.threads, weights: isWhole ? options.pointee.weights : LSTM_WEIGHTS_FLOAT32,
      reserved: isWhole ? options.pointee.reserved : 0)
  }
}
