import LSTMModel

/// Puts an architecture of another format into Keras 3's words, layer by layer.
struct GraphWriter {
  /// An output of a layer.
  struct Wire: Equatable {
    /// The layer.
    var layer: String
    /// Which of its outputs.
    var tensor = 0
    /// Dimensions, batch included.
    var rank: Int
  }

  private struct Entry {
    var json: JSON
    var inputs: [Wire]
    var isPlainCall: Bool
  }

  private var entries: [Entry] = []
  private var names: Set<String> = []

  /// No layers yet.
  init() {}

  /// An input; nil stands for a dimension that is open.
  mutating func input(_ name: String, _ shape: [Int?], dtype: String = "float32") -> Wire {
    let name = unique(name)
    let config = [
      JSON.Member(name: "batch_shape", value: .array(shape.map { $0.map { .integer($0) } ?? .null })),
      JSON.Member(name: "dtype", value: .string(dtype)), JSON.Member(name: "name", value: .string(name)),
    ]
    entries.append(Entry(json: GraphWriter.layer("InputLayer", config, name: name), inputs: [], isPlainCall: true))
    return Wire(layer: name, rank: shape.count)
  }

  /// A layer, called once; `named` are arguments such as `mask`, `constant` numbers that follow the inputs. Names become unique.
  mutating func add(
    _ type: String, _ name: String, _ config: [(String, JSON)], _ inputs: [Wire], rank: Int? = nil, named: [(String, [Wire])] = [],
    constant: JSON? = nil
  ) -> Wire {
    let name = unique(name)
    let members = [JSON.Member(name: "name", value: .string(name))] + config.map { JSON.Member(name: $0.0, value: $0.1) }
    var arguments: [JSON] = inputs.count == 1 ? [GraphWriter.tensor(inputs[0])] : [.array(inputs.map(GraphWriter.tensor))]
    if let constant { arguments.append(constant) }
    let keywords = named.map { pair in
      JSON.Member(name: pair.0, value: pair.1.count == 1 ? GraphWriter.tensor(pair.1[0]) : .array(pair.1.map(GraphWriter.tensor)))
    }
    let call: JSON = .object([JSON.Member(name: "args", value: .array(arguments)), JSON.Member(name: "kwargs", value: .object(keywords))])
    let json = GraphWriter.layer(type, members, name: name).setting("inbound_nodes", .array([call]))
    entries.append(Entry(json: json, inputs: inputs, isPlainCall: named.isEmpty && constant == nil && type != "Transpose"))
    return Wire(layer: name, rank: rank ?? inputs.first?.rank ?? 2)
  }

  /// Adds the first `count` of an input's features to an output: a skip connection.
  mutating func addFirst(_ count: Int, of input: Wire, features: Int, to output: Wire, _ weights: inout NamedArrays) -> Wire {
    var skipped = input
    if count < features {
      // A product with the first columns of the unit matrix takes the first features.
      skipped = add("Dense", "skipped", [("units", .integer(count)), ("use_bias", .bool(false)), ("trainable", .bool(false))], [input])
      let unit = (0..<features * count).map { place -> Float in place / count == place % count ? 1 : 0 }
      weights[skipped.layer + "/kernel"] = StoredArray(name: "skip", shape: [features, count]) { () throws(LSTMError) in .float32(unit) }
    }
    return add("Add", "skip", [], [output, skipped])
  }

  /// The model: Sequential if it is a chain, functional if not.
  func configuration(name: String, inputs: [Wire], outputs: [Wire]) -> JSON {
    let isChain =
      inputs.count == 1 && outputs.count == 1 && outputs.first.map { $0.tensor == 0 && $0.layer == entries.last?.json["name"]?.string } == true
      && entries.count > 1
      && zip(entries.dropFirst(), entries).allSatisfy { next, last in
        next.isPlainCall && next.inputs.count == 1 && next.inputs[0].tensor == 0 && next.inputs[0].layer == last.json["name"]?.string
      }
    let layers = entries.map(\.json)
    var config = [JSON.Member(name: "name", value: .string(name))]
    if isChain {
      config.append(JSON.Member(name: "layers", value: .array(layers.map { $0.without("inbound_nodes") })))
    } else {
      config.append(JSON.Member(name: "layers", value: .array(layers)))
      config.append(JSON.Member(name: "input_layers", value: .array(inputs.map(GraphWriter.history))))
      config.append(JSON.Member(name: "output_layers", value: .array(outputs.map(GraphWriter.history))))
    }
    return .object([
      JSON.Member(name: "module", value: .string(isChain ? "keras" : "keras.src.models.functional")),
      JSON.Member(name: "class_name", value: .string(isChain ? "Sequential" : "Functional")), JSON.Member(name: "config", value: .object(config)),
      JSON.Member(name: "registered_name", value: isChain ? .null : .string("Functional")),
    ])
  }

  /// `{"class_name": …, "config": …}` for a layer inside another.
  static func inner(_ type: String, _ name: String, _ config: [(String, JSON)]) -> JSON {
    layer(type, [JSON.Member(name: "name", value: .string(name))] + config.map { JSON.Member(name: $0.0, value: $0.1) }, name: nil)
  }

  private static func layer(_ type: String, _ config: [JSON.Member], name: String?) -> JSON {
    let operations = ["Transpose", "NotEqual"]
    var members = [
      JSON.Member(name: "module", value: .string(operations.contains(type) ? "keras.src.ops.numpy" : "keras.layers")),
      JSON.Member(name: "class_name", value: .string(type)), JSON.Member(name: "config", value: .object(config)),
      JSON.Member(name: "registered_name", value: operations.contains(type) ? .string(type) : .null),
    ]
    if let name {
      members += [JSON.Member(name: "name", value: .string(name)), JSON.Member(name: "inbound_nodes", value: .array([]))]
    }
    return .object(members)
  }

  private static func history(_ wire: Wire) -> JSON { .array([.string(wire.layer), .integer(0), .integer(wire.tensor)]) }

  private static func tensor(_ wire: Wire) -> JSON {
    // Keras puts the real shapes in when it calls the layers again.
    let config = [
      JSON.Member(name: "shape", value: .array(Array(repeating: .null, count: wire.rank))), JSON.Member(name: "dtype", value: .string("float32")),
      JSON.Member(name: "keras_history", value: history(wire)),
    ]
    return .object([JSON.Member(name: "class_name", value: .string("__keras_tensor__")), JSON.Member(name: "config", value: .object(config))])
  }

  /// A name without characters that Keras 3 refuses, and that no other layer has.
  private mutating func unique(_ name: String) -> String {
    let base = String(name.map { $0 == "." || $0 == "/" ? "_" : $0 })
    var result = base.isEmpty ? "layer" : base
    var number = 0
    while !names.insert(result).inserted {
      number += 1
      result = "\(base)_\(number)"
    }
    return result
  }
}

extension JSON {
  /// The same object without a member.
  func without(_ name: String) -> JSON {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { $0.name != name })
  }
}

/// A model in Keras' words with its weights, ready to be put together.
struct ExchangedModel {
  /// The configuration.
  var configuration: JSON
  /// The weights under the names that the configuration gives them.
  var weights: NamedArrays
  /// What wrote it.
  var writer: String
  /// What it was read from.
  var format: String
  /// What the file did not say.
  var assumptions: [String] = []
  /// Whose meaning the names of functions have.
  var generation = KerasGeneration.keras3

  /// The model.
  func model() throws(LSTMError) -> Model {
    let architecture = KerasArchitecture(configuration, generation: generation)
    var model = try ModelAssembly(try architecture.topLevel(), generation: generation, recovered: nil)
      .model(writer: writer, format: format, architecture: architecture.config.text, weights: weights)
    model.assumptions = assumptions
    return model
  }
}
