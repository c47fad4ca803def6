import Glibc

/// Gains as audio programs state them.
enum Decibels {
  /// The factor of so many decibels, in the single precision in which audio programs compute it.
  static func factor(_ decibels: Double) -> Double { Double(powf(10, Float(decibels) / 20)) }
}
