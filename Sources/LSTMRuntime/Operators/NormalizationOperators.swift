import LSTMModel

/// Normalises groups of channels, each over all places.
final class GroupNormalizationOperator: Operator, @unchecked Sendable {
  private let groups: Int
  private let epsilon: Scalar
  private let gamma: [Scalar]?
  private let beta: [Scalar]?

  init(_ it: GroupNormalization, _ weights: [Weight], channels: Int) {
    groups = it.groups == -1 ? channels : it.groups
    epsilon = Scalar(it.epsilon)
    var numbers = weights.map { $0.scalars }[...]
    gamma = it.scale ? numbers.popFirst() : nil
    beta = it.center ? numbers.popFirst() : nil
  }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    let channels = x.last
    let size = x.count(from: 1)
    guard channels > 0, size > 0 else { return }
    let (places, width) = (size / channels, channels / groups)
    let count = Scalar(places * width)
    for row in 0..<x.shape[0] {
      for group in 0..<groups {
        let start = row * size + group * width
        var mean: Scalar = 0
        for place in 0..<places { for channel in 0..<width { mean += x.values[start + place * channels + channel] } }
        mean /= count
        var variance: Scalar = 0
        for place in 0..<places {
          for channel in 0..<width {
            let difference = x.values[start + place * channels + channel] - mean
            variance += difference * difference
          }
        }
        let factor = 1 / (variance / count + epsilon).squareRoot()
        for place in 0..<places {
          for channel in 0..<width {
            let index = start + place * channels + channel
            let own = group * width + channel
            out[index] = (x.values[index] - mean) * factor * (gamma?[own] ?? 1) + (beta?[own] ?? 0)
          }
        }
      }
    }
  }
}

/// Divides by a length along some axes.
final class LengthNormalizationOperator: Operator, @unchecked Sendable {
  private let axes: [Int]
  private let isMean: Bool
  private let epsilon: Scalar
  private let scale: [Scalar]?

  init(_ it: LengthNormalization, _ weights: [Weight], shape: Shape) throws(LSTMError) {
    axes = try it.indices(in: shape)
    isMean = it.isMean
    epsilon = Scalar(it.epsilon)
    scale = weights.first?.scalars
  }

  override func run(_ call: Call) throws(LSTMError) {
    let x = call.inputs[0]
    let out = call.outputs[0].values
    // The number of members of a group, and for the usual case of trailing axes the groups lie one after the other.
    let members = axes.reduce(1) { $0 * x.shape[$1] }
    guard members > 0 else { return }
    let trailing = axes == Array(x.shape.count - axes.count..<x.shape.count)
    for group in 0..<(out.count / members) {
      var sum: Scalar = 0
      for member in 0..<members {
        let value = x.values[place(group, member, x.shape, trailing, members)]
        sum += value * value
      }
      // Keras divides by a length of at least 1e-12.
      let factor = isMean ? 1 / (sum / Scalar(members) + epsilon).squareRoot() : min(1 / sum.squareRoot(), 1e12)
      for member in 0..<members {
        let index = place(group, member, x.shape, trailing, members)
        out[index] = x.values[index] * factor * (scale?[member] ?? 1)
      }
    }
  }

  /// Where a member of a group lies: the axes that are normalised count the members, the others the groups.
  private func place(_ group: Int, _ member: Int, _ shape: [Int], _ trailing: Bool, _ members: Int) -> Int {
    if trailing { return group * members + member }
    var (outer, inner, offset, stride) = (group, member, 0, 1)
    for axis in shape.indices.reversed() {
      if axes.contains(axis) {
        offset += inner % shape[axis] * stride
        inner /= shape[axis]
      } else {
        offset += outer % shape[axis] * stride
        outer /= shape[axis]
      }
      stride *= shape[axis]
    }
    return offset
  }
}
