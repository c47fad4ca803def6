/// A network as a value: a graph of operations with its weights, checked once, shared freely.
public struct Model: Sendable {
  /// An input or output.
  public struct Port: Sendable {
    /// Its name in the file.
    public var name: String
    /// `float32`, `int32`, …: what the file states.
    public var dtype: String
    /// Where it is in the graph.
    public var value: Value
    /// The mask that it carries, which weights the loss of an output: only real steps count.
    public var mask: Value?

    /// A named value.
    public init(name: String, dtype: String, value: Value) {
      self.name = name
      self.dtype = dtype
      self.value = value
    }
  }

  /// Its name in the file, or "".
  public var name: String
  /// What wrote it: `Keras 2.15.0`.
  public var writer: String
  /// What it was read from: `Keras HDF5 model`.
  public var format: String
  /// Decides how names in the file are meant.
  public var generation: KerasGeneration
  /// What goes in, in the file's order.
  public var inputs: [Port]
  /// What comes out, in the file's order.
  public var outputs: [Port]
  /// The layers, as the file lists them.
  public var layers: [Layer]
  /// All trained arrays, each once.
  public var weights: [Weight]
  /// The graph, each node after those that it reads.
  public var nodes: [Node]
  /// The weights as a file lists them: layer by layer of the outermost model, in the order in which Keras saves them.
  public var saved: [SavedLayer] = []
  /// The whole architecture as the JSON object that Keras writes (`{"class_name": …, "config": …}`) in the style of ``generation``. Readers
  /// of other formats state theirs in the same words, so that every model can be saved.
  public var architecture = ""
  /// What the file did not say and had to be assumed, a sentence each.
  public var assumptions: [String] = []
  /// How the model was being trained, as the file's JSON (`training_config` or `compile_config`), or "".
  public var training = ""
  /// The optimiser's state as the file lists it: its step first, perhaps the learning rate, then what it keeps of each weight.
  public var optimizer: [SavedArray] = []

  /// A model of these parts.
  public init(
    name: String, writer: String, format: String, generation: KerasGeneration, inputs: [Port], outputs: [Port], layers: [Layer],
    weights: [Weight], nodes: [Node]
  ) {
    self.name = name
    self.writer = writer
    self.format = format
    self.generation = generation
    self.inputs = inputs
    self.outputs = outputs
    self.layers = layers
    self.weights = weights
    self.nodes = nodes
  }

  /// Numbers in all weights.
  public var parameterCount: Int { weights.reduce(0) { $0 + $1.values.count } }

  /// Whether some layer keeps its state from one call to the next.
  public var isStateful: Bool {
    nodes.contains { node in
      switch node.operation {
      case .recurrent(let it): return it.stateful
      case .convolutionalLSTM(let it): return it.stateful
      default: return false
      }
    }
  }

  /// Whether rows of the inputs are separate sequences: not so for time-major models, whose first dimension is time.
  public var rowsAreIndependent: Bool {
    !nodes.contains { node in
      if case .permute(let it) = node.operation { return it.order.first != 0 }
      return false
    }
  }

  /// Whether an input is a sequence of tokens `[batch, steps]`: an embedding reads it.
  public func isTokens(_ port: Port) -> Bool {
    shape(of: port.value).rank == 2
      && nodes.contains { node in
        if case .embedding = node.operation { return node.inputs.first == port.value }
        return false
      }
  }

  /// The shape of a value, with unknown dimensions.
  public func shape(of value: Value) -> Shape { nodes[value.node].outputs[value.output] }
}

/// A layer of the outermost model that has weights, its own or those of layers inside it.
public struct SavedLayer: Sendable, Equatable {
  /// Its name.
  public var name: String
  /// Keras' class name.
  public var type: String
  /// Indices of its weights in the model, in the order of a file: trained ones first, then the others.
  public var weights: [Int]

  /// A layer with its weights.
  public init(name: String, type: String, weights: [Int]) {
    self.name = name
    self.type = type
    self.weights = weights
  }
}

/// An array of a file that is kept to be written again.
public struct SavedArray: Sendable, Equatable {
  /// Its name in the file.
  public var name: String
  /// Its dimensions.
  public var shape: Shape
  /// Its numbers.
  public var values: Values
  /// Whether they are whole numbers, and stored as such.
  public var isInteger: Bool

  /// An array.
  public init(name: String, shape: Shape, values: Values, isInteger: Bool = false) {
    self.name = name
    self.shape = shape
    self.values = values
    self.isInteger = isInteger
  }
}

/// A layer as its file states it.
public struct Layer: Sendable {
  /// A recurrent node of the layer whose gates can be shown.
  public struct Traceable: Sendable {
    /// Put before the names of the series: "", `forward/` or `backward/`.
    public var prefix: String
    /// Index of the node.
    public var node: Int

    /// A recurrent node of a layer.
    public init(prefix: String, node: Int) {
      self.prefix = prefix
      self.node = node
    }
  }

  /// Its name; layers of nested models are `outer/inner`.
  public var name: String
  /// Keras' class name.
  public var type: String
  /// Its configuration as JSON.
  public var options: String
  /// Whether training may change its weights.
  public var trainable: Bool
  /// Indices of its weights in the model.
  public var weights: [Int] = []
  /// The shape of its first output at its first call; empty if it is never called.
  public var output: Shape = []
  /// Why the configuration cannot be followed in training; to be thrown when the model is to be trained.
  public var trainingFault: LSTMError?
  /// What of it can be traced.
  public var traceable: [Traceable] = []

  /// A layer that has not been called yet.
  public init(name: String, type: String, options: String, trainable: Bool) {
    self.name = name
    self.type = type
    self.options = options
    self.trainable = trainable
  }
}
