import LSTMCaller
import LSTMModel

/// Dense in training.
final class DenseTraining: TrainingLayer, @unchecked Sendable {
  private let it: Dense
  private let matrix: TrainedMatrix
  private let kernels: KernelTable

  init(_ it: Dense, inputSize: Int, form: WeightForm, kernels: KernelTable) throws(LSTMError) {
    self.it = it
    self.kernels = kernels
    matrix = try TrainedMatrix(count: inputSize, columns: it.units, form: form, kernels: kernels)
  }

  override func refresh(_ weights: [Floats]) { matrix.refresh(weights[0], bias: it.useBias ? weights[1] : nil) }

  override func sizes(_ inputs: [[Int]], _ outputs: [[Int]]) -> TrainingSizes {
    let rows = outputs[0].dropLast().reduce(1, *)
    return TrainingSizes(
      kept: [it.activation.slopeNeedsArgument ? rows * it.units : 0],
      scratch: [rows * matrix.width, rows * matrix.backwardWidth, matrix.gradientScratch, matrix.lowScratch(rows: rows)])
  }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let out = call.outputs[0]
    let rows = out.count(before: out.shape.count - 1)
    let sums = it.activation.slopeNeedsArgument ? call.kept[0] : out.values
    matrix.apply(call.inputs[0].values, rows: rows, columns: it.units, into: sums, by: call.scratch[0], low: call.scratch[3])
    if it.activation.slopeNeedsArgument {
      kernels.apply(it.activation, from: sums, to: out.values, width: it.units)
    } else {
      kernels.apply(it.activation, to: out.values, width: it.units)
    }
  }

  override func backward(_ call: TrainingCall) {
    let out = call.outputs[0]
    let rows = out.count(before: out.shape.count - 1)
    // Nobody looks at the output's gradient after this.
    let d = call.outputGradients[0]
    if !call.isByArgument {
      kernels.backward(
        it.activation, before: it.activation.slopeNeedsArgument ? call.kept[0] : nil, after: out.values, gradient: d, width: it.units)
    }
    let dz = matrix.padded(d, rows: rows, columns: it.units, in: call.scratch[0])
    matrix.addGradient(
      x: call.inputs[0].values, stride: matrix.count, dz: dz, stride: matrix.width, rows: rows, to: call.weightGradients[0],
      bias: it.useBias ? call.weightGradients[1] : nil, scratch: call.scratch[2])
    if let dx = call.inputGradients[0] { matrix.addTransposed(dz, rows: rows, to: dx, by: call.scratch[1], low: call.scratch[3]) }
  }
}

/// Embedding in training: the gradient of a table's row is the sum over the places where its token stands.
final class EmbeddingTraining: TrainingLayer, @unchecked Sendable {
  private let it: Embedding
  private let name: String

  init(_ it: Embedding, layer: String) {
    self.it = it
    name = layer
  }

  override func forward(_ call: TrainingCall) throws(LSTMError) {
    let tokens = call.inputs[0].values
    let size = it.outputSize
    for index in 0..<tokens.count {
      guard let token = Int(exactly: tokens[index].rounded(.towardZero)), token >= 0, token < it.inputSize else {
        throw .argument("layer ‘\(name)’ has tokens 0 to \(it.inputSize - 1); the input holds \(tokens[index])")
      }
      call.outputs[0].values.slice(index * size, size).copy(from: call.weights[0].slice(token * size, size))
    }
  }

  override func backward(_ call: TrainingCall) {
    guard let gradient = call.weightGradients[0] else { return }
    let tokens = call.inputs[0].values
    let size = it.outputSize
    for index in 0..<tokens.count {
      let token = Int(tokens[index])
      gradient.slice(token * size, size).add(call.outputGradients[0].slice(index * size, size))
    }
  }
}
