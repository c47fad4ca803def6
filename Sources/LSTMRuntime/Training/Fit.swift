import LSTMCaller
import LSTMModel

extension Trainer {
  public var historyNames: [String] {
    valueNames + (validates ? valueNames.map { "val_" + $0 } : []) + ["learning_rate"]
  }

  public var history: [[Double]] { fitState.history }

  public func fit(_ data: CallerBatch?, _ options: FitOptions, _ host: any FitHost) throws(LSTMError) -> FitOutcome {
    if !options.resumes || fitState.epoch >= options.epochs {
      // Another fit has other orders of rows.
      epochsBefore += fitState.epoch
      fitState = FitState()
    }
    validates = options.validation != nil || options.validationSplit > 0
    let source = try FitSource(data, options, seed: self.options.seed)
    if let monitor = options.stopping?.monitor { _ = try column(monitor) }
    var plateau = options.plateau
    if let plateau { _ = try column(plateau.monitor) }
    if options.resumes, let kept = plateauState { plateau?.state = kept }
    while fitState.epoch < options.epochs {
      guard try epoch(source, options, host) else { return .cancelled }
      let row = try closeEpoch(source, options, &plateau)
      var progress = FitProgress()
      (progress.epoch, progress.epochs, progress.values, progress.isEndOfEpoch) = (fitState.epoch - 1, options.epochs, row, true)
      (progress.batch, progress.batches) = (source.batches, source.batches)
      let isEnough = options.stopping.map { fitState.wait >= max($0.patience, 1) } ?? false
      let goesOn = host.progress(progress)
      if isEnough || fitState.epoch >= options.epochs { takeAverages() }
      if isEnough || fitState.epoch >= options.epochs || !goesOn { try putBack(options.stopping) }
      if isEnough { return .stoppedEarly }
      if !goesOn && fitState.epoch < options.epochs { return .cancelled }
    }
    return .completed
  }

  /// The rest of an epoch; false if the host ended it.
  private func epoch(_ source: FitSource, _ options: FitOptions, _ host: any FitHost) throws(LSTMError) -> Bool {
    let order = source.order(epoch: epochsBefore + fitState.epoch)
    if fitState.batch == 0 { for meter in meters { meter.reset() } }
    while true {
      let rows: Int
      if let order {
        let first = fitState.batch * options.batchSize
        guard first < order.count else { return true }
        let part = Array(order[first..<min(first + options.batchSize, order.count)])
        try staged.read(source.data, rows: part)
        rows = part.count
      } else {
        guard let batch = try host.next(epoch: fitState.epoch, index: fitState.batch) else {
          guard fitState.batch > 0 else { throw .argument("the first call for a batch of epoch \(fitState.epoch) gave none") }
          return true
        }
        try staged.read(batch, rows: nil)
        rows = batch.rows
      }
      fitState.add(try trainStaged(), rows: rows)
      var progress = FitProgress()
      (progress.epoch, progress.epochs) = (fitState.epoch, options.epochs)
      (progress.batch, progress.batches, progress.values) = (fitState.batch, source.batches, fitState.means + meters.flatMap(\.values))
      if !host.progress(progress) { return false }
    }
  }

  /// Validation, history, early stopping and the rate, once an epoch's batches are done.
  private func closeEpoch(_ source: FitSource, _ options: FitOptions, _ plateau: inout Plateau?) throws(LSTMError) -> [Double] {
    var row = fitState.means + meters.flatMap(\.values)
    if let validation = options.validation {
      row += try evaluateAll(validation, rows: nil, batchSize: options.batchSize)
    } else if options.validationSplit > 0 {
      row += try evaluateAll(source.data, rows: source.validationRows, batchSize: options.batchSize)
    }
    row.append(learningRate)
    fitState.close(row)
    if let stopping = options.stopping {
      let value = row[try column(stopping.monitor)]
      if stopping.isBetter(value, than: fitState.best) {
        fitState.best = value
        fitState.wait = 0
        if stopping.restoresBest { fitState.bestWeights = weightValues() }
      } else {
        fitState.wait += 1
      }
    }
    if let monitor = plateau?.monitor {
      let value = row[try column(monitor)]
      let before = learningRate
      if let rate = plateau?.rate(after: value, before), rate != before { setLearningRate(rate) }
      plateauState = plateau?.state
    }
    return row
  }

  /// The moving averages as weights, if the optimizer keeps them: so Keras ends a fit.
  private func takeAverages() {
    guard spec.optimizer.average != nil else { return }
    optimizer.finish(plan.parameters.trained.map { plan.parameters.weights[$0] })
    plan.refresh()
  }

  /// The weights of the best epoch, if they are wanted.
  private func putBack(_ stopping: EarlyStopping?) throws(LSTMError) {
    if stopping?.restoresBest == true, let best = fitState.bestWeights { try setWeightValues(best) }
  }

  private func column(_ name: String) throws(LSTMError) -> Int {
    let names = historyNames
    guard let index = names.firstIndex(of: name) else {
      throw .argument("there is no ‘\(name)’ to watch; there are \(names.map { "‘\($0)’" }.joined(separator: ", "))")
    }
    return index
  }

  /// Means over many rows, batch by batch.
  func evaluateAll(_ data: CallerBatch, rows: Range<Int>?, batchSize: Int) throws(LSTMError) -> [Double] {
    let all = rows ?? 0..<data.rows
    guard !all.isEmpty else { throw .argument("there are no rows to evaluate") }
    var state = FitState()
    for meter in checkMeters { meter.reset() }
    for first in stride(from: all.lowerBound, to: all.upperBound, by: batchSize) {
      let part = Array(first..<min(first + batchSize, all.upperBound))
      try checked.read(data, rows: part)
      state.add(try evaluate(checked), rows: part.count)
    }
    return state.means + checkMeters.flatMap(\.values)
  }

  public var learningRate: Double { optimizer.learningRate }

  public func setLearningRate(_ rate: Double) { optimizer.fixedRate = rate }
}

/// Where a fit's batches come from.
private struct FitSource {
  /// The caller's arrays; empty if batches come one by one.
  let data: CallerBatch
  private let hasData: Bool
  private let rows: Int
  private let shuffles: Bool
  private let seed: UInt64
  /// Batches of an epoch; 0 if nobody knows.
  let batches: Int

  init(_ data: CallerBatch?, _ options: FitOptions, seed: UInt64) throws(LSTMError) {
    guard options.epochs >= 0, options.batchSize >= 1 else {
      throw .argument("epochs is \(options.epochs), batch_size is \(options.batchSize); expected 0 or more, and 1 or more")
    }
    guard options.validationSplit >= 0, options.validationSplit < 1 else {
      throw .argument("validation_split is \(options.validationSplit); expected a number from 0 to below 1")
    }
    guard data != nil || options.validationSplit == 0 else { throw .argument("validation_split needs data in arrays") }
    guard options.validation == nil || options.validationSplit == 0 else {
      throw .argument("validation data and validation_split exclude each other")
    }
    self.data = data ?? CallerBatch(inputs: [], targets: [], weights: [])
    hasData = data != nil
    shuffles = options.shuffles
    self.seed = seed
    let all = self.data.rows
    // As Keras: the first ⌊n · (1 − split)⌋ rows are learnt.
    rows = options.validationSplit > 0 ? Int(Double(all) * (1 - options.validationSplit)) : all
    guard data == nil || rows > 0 && (options.validationSplit == 0 || rows < all) else {
      throw .argument("\(all) rows with validation_split = \(options.validationSplit) leave nothing to learn from or to validate with")
    }
    batches = (rows + options.batchSize - 1) / options.batchSize
  }

  /// The rows that are kept for validation.
  var validationRows: Range<Int> { rows..<data.rows }

  /// The order of rows in an epoch; nil if batches come one by one.
  func order(epoch: Int) -> [Int]? {
    guard hasData else { return nil }
    guard shuffles else { return Array(0..<rows) }
    // Streams from 2⁶³ on are those of the order; dropout and noise have the others.
    var random = CounterRandom(seed: seed, stream: 1 << 63 | UInt64(epoch))
    return random.permutation(rows)
  }
}
