import Glibc

/// libm's functions in double precision, which losses are computed in whatever the model's precision.
enum Functions {
  /// log 2.
  static let ln2 = 0.6931471805599453

  static func log(_ x: Double) -> Double { Glibc.log(x) }
  static func exp(_ x: Double) -> Double { Glibc.exp(x) }
  static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
  static func pow(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }

  /// log(1 + eˣ) without overflow.
  static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(Glibc.exp(-x.magnitude)) + (x.isNaN ? x : 0) }

  /// 1 / (1 + e⁻ˣ) without overflow.
  static func sigmoid(_ x: Double) -> Double {
    if x >= 0 { return 1 / (1 + Glibc.exp(-x)) }
    let power = Glibc.exp(x)
    return power / (1 + power)
  }

  /// log(eᵃ + eᵇ); −∞ stands for a probability of 0.
  static func logSum(_ a: Double, _ b: Double) -> Double {
    let most = max(a, b)
    if most == -.infinity { return most }
    return most + log1p(Glibc.exp(min(a, b) - most))
  }
}
