import LSTMCaller
import LSTMModel
import LSTMRuntime
import LSTMRuntime64
import Synchronization

/// What an `lstm_model` holds: the model as a value, and the plans made from it so far. Shared between threads.
final class ModelHandle: Sendable {
  private struct State {
    var model: Model
    var single: LSTMRuntime.Plan?
    var double: LSTMRuntime64.Plan?
  }

  private let state: Mutex<State>
  /// Strings lent to C.
  let strings = LentStrings()

  init(_ model: Model) { state = Mutex(State(model: model)) }

  /// The model as it is now.
  var model: Model { state.withLock { $0.model } }

  /// Changes the model; what was made from it before keeps the old one.
  func change(_ body: (inout Model) throws(LSTMError) -> Void) throws(LSTMError) {
    let result = state.withLock { state -> Result<Void, LSTMError> in
      do throws(LSTMError) {
        try body(&state.model)
      } catch {
        return .failure(error)
      }
      state.single = nil
      state.double = nil
      return .success(())
    }
    try result.get()
  }

  /// A session in this precision.
  func session(_ precision: ElementType, threads: Int) throws(LSTMError) -> any RunningSession {
    precision == .float64
      ? LSTMRuntime64.Session(try doublePlan(), threads: threads) : LSTMRuntime.Session(try singlePlan(), threads: threads)
  }

  /// A stream in this precision.
  func stream(_ precision: ElementType, threads: Int) throws(LSTMError) -> any RunningStream {
    if precision == .float64 { return try LSTMRuntime64.Stream(try doublePlan(), threads: threads) }
    return try LSTMRuntime.Stream(try singlePlan(), threads: threads)
  }

  /// The packed weights in float, made once.
  private func singlePlan() throws(LSTMError) -> LSTMRuntime.Plan {
    try state.withLock { state -> Result<LSTMRuntime.Plan, LSTMError> in
      if let plan = state.single { return .success(plan) }
      do throws(LSTMError) {
        let plan = try LSTMRuntime.Plan(state.model)
        state.single = plan
        return .success(plan)
      } catch {
        return .failure(error)
      }
    }.get()
  }

  /// The packed weights in double, made once.
  private func doublePlan() throws(LSTMError) -> LSTMRuntime64.Plan {
    try state.withLock { state -> Result<LSTMRuntime64.Plan, LSTMError> in
      if let plan = state.double { return .success(plan) }
      do throws(LSTMError) {
        let plan = try LSTMRuntime64.Plan(state.model)
        state.double = plan
        return .success(plan)
      } catch {
        return .failure(error)
      }
    }.get()
  }
}
