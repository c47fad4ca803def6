import LSTMModel

/// A module of a PyTorch network: what it computes and which tensors are its.
struct TorchModule {
  /// nn.RNN, nn.GRU, nn.LSTM and their cells.
  struct Recurrent {
    /// `LSTM`, `GRU` or `RNN`.
    var kind: String
    /// Whether it is one cell, whose parameters have no layer in their names.
    var isCell = false
    var layers = 1
    var isBidirectional = false
    var hidden: Int
    var input: Int
    /// Numbers of h if they are projected.
    var projection: Int?
    var hasBias = true
    /// The function of an nn.RNN.
    var nonlinearity = "tanh"

    /// What one direction returns.
    var output: Int { projection ?? hidden }

    /// Gates of the kind.
    static func gates(_ kind: String) -> Int { kind == "LSTM" ? 4 : kind == "GRU" ? 3 : 1 }

    /// The end of parameter names: `_l0_reverse`.
    func suffix(_ layer: Int, backward: Bool) -> String { isCell ? "" : "_l\(layer)" + (backward ? "_reverse" : "") }
  }

  /// What it computes.
  enum Kind {
    case recurrent(Recurrent)
    case linear(input: Int, output: Int, hasBias: Bool)
    case embedding(count: Int, size: Int, padding: Int?)
    case layerNorm(size: Int, epsilon: Double, isAffine: Bool)
    case batchNorm(size: Int, epsilon: Double, isAffine: Bool)
    /// A function without parameters: Keras' layer and its options.
    case function(type: String, options: [(String, JSON)])
    /// Nothing, once training is over.
    case nothing
  }

  /// Its name in the network.
  var name: String
  /// What it computes.
  var kind: Kind
  /// Whether the batch is the first dimension; said of recurrent modules only.
  var batchFirst = true

  /// The tensors that belong to it, by the names that PyTorch gives them.
  var parameters: [String] {
    switch kind {
    case .recurrent(let it):
      return (0..<it.layers).flatMap { layer in
        (it.isBidirectional ? [false, true] : [false]).flatMap { backward in
          let parts = ["weight_ih", "weight_hh"] + (it.hasBias ? ["bias_ih", "bias_hh"] : []) + (it.projection == nil ? [] : ["weight_hr"])
          return parts.map { $0 + it.suffix(layer, backward: backward) }
        }
      }
    case .linear(_, _, let hasBias): return hasBias ? ["weight", "bias"] : ["weight"]
    case .embedding: return ["weight"]
    case .layerNorm(_, _, let isAffine): return isAffine ? ["weight", "bias"] : []
    case .batchNorm(_, _, let isAffine): return (isAffine ? ["weight", "bias"] : []) + ["running_mean", "running_var"]
    case .function, .nothing: return []
    }
  }

  /// What it takes: a number of features; nil if any.
  var input: Int? {
    switch kind {
    case .recurrent(let it): return it.input
    case .linear(let input, _, _): return input
    case .embedding: return nil
    case .layerNorm(let size, _, _), .batchNorm(let size, _, _): return size
    case .function, .nothing: return nil
    }
  }

  /// What it makes of so many features.
  func output(_ features: Int) -> Int {
    switch kind {
    case .recurrent(let it): return it.output * (it.isBidirectional ? 2 : 1)
    case .linear(_, let output, _): return output
    case .embedding(_, let size, _): return size
    default: return features
    }
  }

  /// The name of one of its tensors in the file.
  func tensorName(_ parameter: String) -> String { name.isEmpty ? parameter : name + "." + parameter }

  /// Its name, or its kind if it has none.
  var label: String {
    if !name.isEmpty { return name }
    if case .recurrent(let it) = kind { return it.kind.lowercased() }
    return "layer"
  }

  /// The functions of torch.nn that have no parameters.
  static func function(_ name: String, arguments: [Double] = []) -> Kind? {
    let activation = { (name: String) -> Kind in .function(type: "Activation", options: [("activation", .string(name))]) }
    switch name {
    case "ReLU": return activation("relu")
    case "Tanh": return activation("tanh")
    case "Sigmoid": return activation("sigmoid")
    case "Softmax": return activation("softmax")
    case "LogSoftmax": return activation("log_softmax")
    case "GELU": return activation("gelu")
    case "SiLU": return activation("silu")
    case "SELU": return activation("selu")
    case "Softplus": return activation("softplus")
    case "Softsign": return activation("softsign")
    case "Mish": return activation("mish")
    case "LogSigmoid": return activation("log_sigmoid")
    case "Hardsigmoid": return activation("hard_sigmoid")
    case "ReLU6": return activation("relu6")
    case "Hardtanh": return activation("hard_tanh")
    case "ELU": return .function(type: "ELU", options: [("alpha", .number(arguments.first ?? 1))])
    case "LeakyReLU": return .function(type: "LeakyReLU", options: [("negative_slope", .number(arguments.first ?? 0.01))])
    case "Dropout", "Identity", "Dropout1d", "AlphaDropout": return .nothing
    default: return nil
    }
  }
}
