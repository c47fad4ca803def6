/// Which inputs and outputs of a model may lie in the caller's arrays while a session runs, instead of being copied.
///
/// All operators that meet them must take numbers wherever they lie; and as outputs are untouched on error, none that comes later may refuse its numbers.
public struct Loans: Sendable {
  /// What a value is to a call.
  public enum Role: Sendable { case input, mask, output }

  /// A place of a call where a value lies.
  public struct Use: Sendable {
    public let node: Int
    public let role: Role
    public let index: Int
  }

  /// For each input and output of the model all places where it lies; none if it must be copied.
  public let inputs: [[Use]]
  public let outputs: [[Use]]

  /// The loans of a model whose nodes `takeAnyPlace`, or `mayRefuse` numbers; inputs do neither.
  public init(_ model: Model, takeAnyPlace: [Bool], mayRefuse: [Bool]) {
    func places(_ value: Value) -> [Use] {
      var uses: [Use] = []
      for (index, node) in model.nodes.enumerated() {
        for (place, input) in node.inputs.enumerated() where input == value { uses.append(Use(node: index, role: .input, index: place)) }
        for (place, mask) in node.masks.enumerated() where mask == value { uses.append(Use(node: index, role: .mask, index: place)) }
      }
      return uses
    }
    func allowed(_ uses: [Use]) -> [Use] { uses.allSatisfy { takeAnyPlace[$0.node] } ? uses : [] }
    let made = model.outputs.map(\.value)
    inputs = model.inputs.map { port in made.contains(port.value) ? [] : allowed(places(port.value)) }
    outputs = made.map { value in
      guard model.nodes[value.node].operation != nil, made.filter({ $0 == value }).count == 1,
        !mayRefuse[(value.node + 1)...].contains(true)
      else { return [] }
      return allowed(places(value) + [Use(node: value.node, role: .output, index: value.output)])
    }
  }
}
