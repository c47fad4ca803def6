import LSTMModel

/// A session of either precision, as the C interface sees it.
public protocol RunningSession: AnyObject {
  /// What is computed in.
  var precision: ElementType { get }
  /// Bytes of the packed weights of recurrent and dense layers.
  var weightBytes: Int { get }
  /// Sets what the next ``predict()`` reads, in place.
  func setInput(_ index: Int, _ array: CallerArray)
  /// Sets where the next ``predict()`` writes, in place.
  func setOutput(_ index: Int, _ array: CallerArray)
  /// The outputs' shapes for inputs of these shapes.
  func shapes(for inputs: [Shape]) throws(LSTMError) -> [Shape]
  /// Runs the model.
  func predict() throws(LSTMError)
  /// Sets the states of stateful layers to zero.
  func reset()
  /// Runs the model on other inputs, from zero states, and keeps what happens inside a layer.
  func trace(layer: String, _ inputs: [CallerArray]) throws(LSTMError) -> any RunningTrace
}

/// A trace of either precision, as the C interface sees it.
public protocol RunningTrace: AnyObject {
  /// Names of the series.
  var names: [String] { get }
  /// A series; its memory belongs to the trace.
  func series(_ index: Int) -> CallerArray
}

/// A part of a stream's state.
public struct StatePlace: Sendable {
  /// `lstm/h`.
  public let name: String
  /// Where it starts among the state's numbers.
  public let offset: Int
  /// How many numbers it has.
  public let count: Int

  /// A part of the state.
  public init(name: String, offset: Int, count: Int) {
    self.name = name
    self.offset = offset
    self.count = count
  }
}

/// A stream of either precision, as the C interface sees it.
public protocol RunningStream: SteppingDirectly {
  /// Numbers that a step reads.
  var inputCount: Int { get }
  /// Numbers that a step writes.
  var outputCount: Int { get }
  /// The parts of the state.
  var parts: [StatePlace] { get }
  /// Advances by one instant, reading and writing from these places on.
  func step(_ x: CallerNumbers, from xStart: Int, _ y: CallerNumbers, from yStart: Int) throws(LSTMError)
  /// What is computed in.
  var precision: ElementType { get }
  /// Sets the state to zero.
  func reset()
  /// Copies the state out.
  func getState(_ numbers: CallerNumbers)
  /// Copies a state in.
  func setState(_ numbers: CallerNumbers)
  /// A second stream with a copy of the state.
  func copy() throws(LSTMError) -> any RunningStream
}

extension RunningStream {
  /// Numbers in the state.
  public var stateCount: Int { parts.last.map { $0.offset + $0.count } ?? 0 }
}
