import LSTMModel

/// Models of Automated-GuitarAmpModelling, which GuitarML's programs (Proteus, NeuralPi, …) play: a `state_dict` as JSON.
///
/// `rec` is a recurrent module, `lin` a Linear for each step; the first `skip` features of the input are added to its output.
enum GuitarML {
  /// The model of a file.
  static func model(_ json: JSON) throws(LSTMError) -> Model {
    guard case .object(let members)? = json["state_dict"], let facts = json["model_data"] else {
      throw .format("the JSON file has a ‘state_dict’ but no ‘model_data’ that says what it is")
    }
    let type = facts["model"]?.string ?? "SimpleRNN"
    guard type == "SimpleRNN" else { throw .unsupported("the model is a ‘\(type)’; of GuitarML's models, liblstm supports SimpleRNN") }
    let unit = facts["unit_type"]?.string ?? ""
    guard ["LSTM", "GRU", "RNN"].contains(unit) else {
      throw .unsupported("the model has the unit type ‘\(unit)’; liblstm supports LSTM, GRU and RNN")
    }
    var tensors: [(String, StoredArray)] = []
    for member in members {
      guard ["rec", "lin"].contains(TorchName(member.name).module) else {
        throw .unsupported("the model has a tensor ‘\(member.name)’, which belongs neither to ‘rec’ nor to ‘lin’")
      }
      tensors.append((member.name, try NumberArrays.array(member.value, member.name)))
    }
    var recurrent = [JSON.Member(name: "type", value: .string("nn." + unit)), JSON.Member(name: "batch_first", value: .bool(true))]
    for key in ["input_size", "hidden_size", "num_layers"] {
      if let value = facts[key] { recurrent.append(JSON.Member(name: key, value: value)) }
    }
    let architecture = JSON.object([
      JSON.Member(name: "rec", value: .object(recurrent)),
      JSON.Member(name: "lin", value: .object([JSON.Member(name: "type", value: .string("nn.Linear"))])),
    ])
    let file = try TorchTensors(tensors, architecture: architecture.text, writer: "GuitarML", format: "GuitarML model (JSON)", keepsOrder: true)
    var network = try TorchNetwork(file)
    let input = file.tensors["rec.weight_ih_l0"]?.shape[1] ?? 1
    let output = file.tensors["lin.weight"]?.shape[0] ?? 1
    network.skip = try NumberArrays.size(facts["skip"] ?? .integer(0), "skip", 0...input)
    guard network.skip <= 1 || network.skip == output else {
      throw .shape("the model adds \(network.skip) of its inputs to \(output) outputs, which does not fit")
    }
    return try network.model().model()
  }
}
