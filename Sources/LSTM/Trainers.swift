// swift-format-ignore-file: AlwaysUseLowerCamelCase, since functions and arguments carry the names of lstm.h

import CLSTM
import LSTMCaller
import LSTMFormats
import LSTMModel
import LSTMRuntime
import LSTMRuntime64
import Synchronization

/// What an `lstm_trainer` holds.
final class TrainerHandle {
  let trainer: any RunningTrainer
  /// What it was made from, for names and shapes.
  let model: Model
  /// How to make another one.
  let options: TrainerOptions
  let spec: TrainingSpec
  /// What to learn and how, as it was stated.
  let configuration: String
  /// Strings lent to C.
  let strings = LentStrings()
  /// Whether a fit is under way, whose callbacks may only look.
  var isFitting = false
  /// Whether another thread asked for the end of the fit.
  let isCancelled = Atomic<Bool>(false)

  init(_ trainer: any RunningTrainer, _ model: Model, _ spec: TrainingSpec, _ configuration: String, _ options: TrainerOptions) {
    self.spec = spec
    self.configuration = configuration
    self.trainer = trainer
    self.model = model
    self.options = options
  }
}

/// The options of a trainer as Swift knows them.
struct TrainerOptions {
  var precision = ElementType.float32
  var threads = 1
  var seed: UInt64 = 0
  var windowSteps = 0
  var configuration: String?
  var classWeights: [Int: Double] = [:]
  var weights = WeightForm.full

  init(_ options: UnsafePointer<lstm_trainer_options>?) throws(LSTMError) {
    guard let options = unsafe options else { return }
    // SAFETY: the caller's struct has at least the size that it states.
    let size = unsafe options.pointee.struct_size
    unsafe try checkSize(size, of: MemoryLayout<lstm_trainer_options>.offset(of: \.weights) ?? 0, "options")
    precision = unsafe try LSTM.precision(options.pointee.precision)
    threads = unsafe Int(options.pointee.threads)
    guard (1...256).contains(threads) else { throw .argument("threads is \(threads); expected 1 to 256") }
    seed = unsafe options.pointee.seed
    if unsafe options.pointee.configuration != nil { configuration = unsafe try string(options.pointee.configuration, "configuration") }
    let classes = unsafe options.pointee.class_count
    if classes != 0 {
      guard let weights = unsafe options.pointee.class_weights, classes > 0, classes <= 1 << 40 else {
        throw .argument("class_weights is NULL, or class_count makes no sense")
      }
      for label in 0..<classes {
        // SAFETY: the caller's list has as many numbers as it states.
        let weight = unsafe weights[label]
        guard weight.isFinite, weight >= 0 else { throw .argument("the weight of class \(label) is \(weight); expected a number of 0 or more") }
        if weight != 1 { classWeights[label] = weight }
      }
    }
    windowSteps = unsafe Int(clamping: options.pointee.tbptt_steps)
    guard windowSteps >= 0 else { throw .argument("tbptt_steps is \(windowSteps); it may not be negative") }
    // A program from before the last fields existed does not have them.
    guard unsafe size >= MemoryLayout<lstm_trainer_options>.size else { return }
    weights = unsafe try trainedForm(options.pointee.weights)
    let reserved = unsafe options.pointee.reserved
    guard reserved == 0 else { throw .argument("options.reserved is \(reserved); expected 0") }
  }

  /// The form of weights that a trainer is asked for.
  private func trainedForm(_ value: Int32) throws(LSTMError) -> WeightForm {
    guard let form = WeightForm(rawValue: value) else {
      throw .argument("weights is \(value); expected LSTM_WEIGHTS_FLOAT32 or LSTM_WEIGHTS_BF16")
    }
    if form.isInteger {
      throw .argument("weights is \(form.constant), too coarse to learn with; expected LSTM_WEIGHTS_FLOAT32 or LSTM_WEIGHTS_BF16")
    }
    try check(form, in: precision)
    return form
  }

  func single(_ model: Model, _ spec: TrainingSpec) throws(LSTMError) -> LSTMRuntime.Trainer {
    var options = LSTMRuntime.Trainer.Options()
    options.threads = threads
    options.seed = seed
    options.windowSteps = windowSteps
    options.classWeights = classWeights
    options.weights = weights
    return try LSTMRuntime.Trainer(model, spec, options: options)
  }

  func double(_ model: Model, _ spec: TrainingSpec) throws(LSTMError) -> LSTMRuntime64.Trainer {
    var options = LSTMRuntime64.Trainer.Options()
    options.threads = threads
    options.seed = seed
    options.windowSteps = windowSteps
    options.classWeights = classWeights
    return try LSTMRuntime64.Trainer(model, spec, options: options)
  }
}

/// The caller's batch, checked.
func callerBatch(_ batch: UnsafePointer<lstm_batch>?, _ model: Model) throws(LSTMError) -> CallerBatch {
  let batch = unsafe try present(batch, "batch")
  // SAFETY: the caller's struct has at least the size that it states, and its lists as many entries as it states.
  unsafe try checkSize(batch.pointee.struct_size, of: MemoryLayout<lstm_batch>.size, "batch")
  let inputs = unsafe try list(batch.pointee.inputs, batch.pointee.input_count, expected: model.inputs.count, "input")
  let targets = unsafe try list(batch.pointee.targets, batch.pointee.target_count, expected: model.outputs.count, "target")
  var result = CallerBatch(inputs: [], targets: [], weights: [])
  for index in 0..<model.inputs.count { result.inputs.append(unsafe try callerArray(inputs[index], index, .input)) }
  for index in 0..<model.outputs.count { result.targets.append(unsafe try callerArray(targets[index], index, .input)) }
  let count = unsafe batch.pointee.weight_count
  guard count == 0 || count == 1 || count == model.outputs.count else {
    throw .argument("there are \(count) arrays of sample weights; expected 0, 1 or \(model.outputs.count)")
  }
  if count > 0 {
    guard let weights = unsafe batch.pointee.weights else { throw .argument("weights is NULL") }
    for index in 0..<count {
      guard let entry = unsafe weights[index] else {
        result.weights.append(nil)
        continue
      }
      result.weights.append(unsafe try callerArray(entry, index, .input))
    }
  }
  let rows = result.rows
  for array in result.targets + result.weights.compactMap({ $0 }) where array.rank == 0 || array.rows != rows {
    throw .shape("the inputs have \(rows) rows; a target or an array of sample weights has \(array.rank == 0 ? 0 : array.rows)")
  }
  return result
}

/// Copies the first of some values to the caller's array.
func store(_ values: [Double], to out: UnsafeMutablePointer<Double>?, _ count: Int) throws(LSTMError) {
  // SAFETY: the caller's array has room for count numbers.
  for (index, value) in values.prefix(count).enumerated() { unsafe out?[index] = value }
}

/// Refuses an array for values that cannot be one.
func checkValues(_ out: UnsafeMutablePointer<Double>?, _ count: Int, of trainer: any RunningTrainer) throws(LSTMError) {
  guard count >= 0, unsafe count == 0 || out != nil else { throw .argument("values is NULL") }
  guard count <= trainer.valueNames.count else {
    throw .argument("a batch reports \(trainer.valueNames.count) values; \(count) were asked for")
  }
}

@_cdecl("lstm_trainer_create") @implementation
public func lstm_trainer_create(
  _ model: OpaquePointer?, _ options: UnsafePointer<lstm_trainer_options>?, _ trainer: UnsafeMutablePointer<OpaquePointer?>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let out = unsafe try present(trainer, "trainer")
    let options = unsafe try TrainerOptions(options)
    let model = handle.model
    guard let text = options.configuration ?? (model.training.isEmpty ? nil : model.training) else {
      throw .argument("the model's file does not state how it is trained: options.configuration must name a loss and an optimizer")
    }
    let spec = try TrainingConfig.read(text, outputs: model.outputs.map(\.name))
    let made: any RunningTrainer = options.precision == .float64 ? try options.double(model, spec) : try options.single(model, spec)
    // Without a configuration of the caller's, training goes on where the file's left off.
    if options.configuration == nil, let state = try OptimizerVariables.read(model, spec.optimizer) { try made.resume(state) }
    unsafe out.pointee = try Handles.make(TrainerHandle(made, model, spec, text, options), .trainer)
  }
}

@_cdecl("lstm_trainer_free") @implementation
public func lstm_trainer_free(_ trainer: OpaquePointer?) { unsafe Handles.free(trainer, .trainer) }

@_cdecl("lstm_trainer_get_value_count") @implementation
public func lstm_trainer_get_value_count(_ trainer: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    let out = unsafe try present(count, "count")
    unsafe out.pointee = handle.trainer.valueNames.count
  }
}

@_cdecl("lstm_trainer_get_value_name") @implementation
public func lstm_trainer_get_value_name(
  _ trainer: OpaquePointer?, _ index: Int, _ name: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    let out = unsafe try present(name, "name")
    let names = handle.trainer.valueNames
    guard names.indices.contains(index) else { throw .argument("there is no value \(index): a batch reports \(names.count)") }
    unsafe out.pointee = try handle.strings.lend(names[index])
  }
}

/// What the functions that take a batch and report values share.
private func report(
  _ trainer: OpaquePointer?, _ batch: UnsafePointer<lstm_batch>?, _ values: UnsafeMutablePointer<Double>?, _ count: Int,
  _ body: (any RunningTrainer, CallerBatch) throws(LSTMError) -> [Double]
) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    unsafe try checkValues(values, count, of: handle.trainer)
    guard !handle.isFitting else { throw .state("the trainer is in a fit; a callback may save it, nothing else") }
    let found = try body(handle.trainer, unsafe callerBatch(batch, handle.model))
    unsafe try store(found, to: values, count)
  }
}

@_cdecl("lstm_trainer_train_batch") @implementation
public func lstm_trainer_train_batch(
  _ trainer: OpaquePointer?, _ batch: UnsafePointer<lstm_batch>?, _ values: UnsafeMutablePointer<Double>?, _ count: Int
) -> lstm_status {
  unsafe report(trainer, batch, values, count) { trainer, batch throws(LSTMError) in try trainer.trainBatch(batch) }
}

@_cdecl("lstm_trainer_evaluate") @implementation
public func lstm_trainer_evaluate(
  _ trainer: OpaquePointer?, _ batch: UnsafePointer<lstm_batch>?, _ values: UnsafeMutablePointer<Double>?, _ count: Int
) -> lstm_status {
  unsafe report(trainer, batch, values, count) { trainer, batch throws(LSTMError) in try trainer.evaluate(batch) }
}

@_cdecl("lstm_trainer_compute_gradients") @implementation
public func lstm_trainer_compute_gradients(
  _ trainer: OpaquePointer?, _ batch: UnsafePointer<lstm_batch>?, _ values: UnsafeMutablePointer<Double>?, _ count: Int
) -> lstm_status {
  unsafe report(trainer, batch, values, count) { trainer, batch throws(LSTMError) in try trainer.computeGradients(batch) }
}

@_cdecl("lstm_trainer_update_model") @implementation
public func lstm_trainer_update_model(_ trainer: OpaquePointer?, _ model: OpaquePointer?) -> lstm_status {
  calling { () throws(LSTMError) in
    let handle = unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self)
    let target = unsafe try Handles.object(model, .model, as: ModelHandle.self)
    let values = handle.trainer.weightValues()
    let state = handle.trainer.optimizerState()
    try target.change { model throws(LSTMError) in
      guard model.weights.count == handle.model.weights.count, zip(model.weights, handle.model.weights).allSatisfy({ $0.shape == $1.shape }) else {
        throw .shape("the model has other weights than the one that is trained")
      }
      model.training = try TrainedConfig.text(handle.configuration, handle.spec.optimizer, state, for: model)
      model.optimizer = OptimizerVariables.arrays(state, handle.spec.optimizer, model)
      for (index, numbers) in values.enumerated() { model.weights[index].values = numbers }
    }
  }
}

@_cdecl("lstm_trainer_reset_states") @implementation
public func lstm_trainer_reset_states(_ trainer: OpaquePointer?) -> lstm_status {
  calling { () throws(LSTMError) in unsafe try Handles.object(trainer, .trainer, as: TrainerHandle.self).trainer.resetStates() }
}
