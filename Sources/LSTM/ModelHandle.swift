import LSTMCaller
import LSTMModel
import LSTMRuntime
import LSTMRuntime64
import Synchronization

/// What an `lstm_model` holds: the model as a value, and the plans made from it so far. Shared between threads.
final class ModelHandle: Sendable {
  private struct State {
    var model: Model
    var single: [WeightForm: LSTMRuntime.Plan] = [:]
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
      state.single = [:]
      state.double = nil
      return .success(())
    }
    try result.get()
  }

  /// A session as these options say.
  func session(_ it: RunOptions) throws(LSTMError) -> any RunningSession {
    it.precision == .float64
      ? LSTMRuntime64.Session(try doublePlan(), threads: it.threads) : LSTMRuntime.Session(try singlePlan(it.weights), threads: it.threads)
  }

  /// A stream as these options say.
  func stream(_ it: RunOptions) throws(LSTMError) -> any RunningStream {
    if it.precision == .float64 { return try LSTMRuntime64.Stream(try doublePlan(), threads: it.threads) }
    return try LSTMRuntime.Stream(try singlePlan(it.weights), threads: it.threads)
  }

  /// The packed weights in float or fewer bytes, made once for each form.
  private func singlePlan(_ form: WeightForm) throws(LSTMError) -> LSTMRuntime.Plan {
    try state.withLock { state -> Result<LSTMRuntime.Plan, LSTMError> in
      if let plan = state.single[form] { return .success(plan) }
      do throws(LSTMError) {
        let plan = try LSTMRuntime.Plan(state.model, weights: form)
        state.single[form] = plan
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
