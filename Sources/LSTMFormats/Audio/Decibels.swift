import Glibc

/// Gains as audio programs state them.
enum Decibels {
  /// The factor of so many decibels, in the single precision in which AIDA-X computes it; -90 and less is silence there.
  static func factor(_ decibels: Double) -> Double { decibels > -90 ? Double(powf(10, Float(decibels) * 0.05)) : 0 }
}
