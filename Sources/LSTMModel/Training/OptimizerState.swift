/// What an optimizer knows between two updates.
public struct OptimizerState: Sendable {
  /// One kind of numbers for one weight.
  public struct Slot: Sendable {
    /// `momentum`, `velocity`, …: see ``OptimizerSpec/slotGroups(generation:)``.
    public var kind: String
    /// Index of the weight in the model.
    public var weight: Int
    /// As many numbers as the weight has.
    public var values: Values

    /// Numbers that belong to a weight.
    public init(kind: String, weight: Int, values: Values) {
      self.kind = kind
      self.weight = weight
      self.values = values
    }
  }

  /// Steps done.
  public var iteration: Int
  /// A learning rate that was set by hand; nil follows the configuration.
  public var rate: Double?
  /// The numbers, in any order.
  public var slots: [Slot]

  /// A state.
  public init(iteration: Int, rate: Double?, slots: [Slot]) {
    self.iteration = iteration
    self.rate = rate
    self.slots = slots
  }
}
