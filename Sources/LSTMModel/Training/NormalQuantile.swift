/// The inverse of the normal distribution function, with +, −, ×, / and √ alone: libm's functions differ from machine to machine.
///
/// - Source: Wichura: Algorithm AS 241, PPND16, Applied Statistics 37 (1988); relative accuracy about 1e-16.
public enum NormalQuantile {
  /// The z with Φ(z) = p, for p strictly between 0 and 1.
  public static func value(_ p: Double) -> Double {
    let q = p - 0.5
    if q.magnitude <= 0.425 {
      let r = 0.180625 - q * q
      return q * (ratio(r, centre.0, centre.1))
    }
    let r = (-logarithm(q < 0 ? p : 1 - p)).squareRoot()
    let z = r <= 5 ? ratio(r - 1.6, middle.0, middle.1) : ratio(r - 5, tail.0, tail.1)
    return q < 0 ? -z : z
  }

  /// The natural logarithm of a positive normal number, to about 2e-16.
  static func logarithm(_ x: Double) -> Double {
    // x = m · 2ᵉ with m in [√½, √2); log m = 2 artanh(s), s = (m − 1) / (m + 1), |s| < 0.172.
    var exponent = Double(x.exponent)
    var m = x.significand
    if m > 1.4142135623730951 {
      m *= 0.5
      exponent += 1
    }
    let s = (m - 1) / (m + 1)
    let square = s * s
    var sum = 0.0
    for odd in stride(from: 23, through: 3, by: -2) { sum = (sum + 1 / Double(odd)) * square }
    // ln 2 in two parts, so that exponent · high is exact.
    return exponent * 0.6931471803691238 + (2 * (s + s * sum) + exponent * 1.9082149292705877e-10)
  }

  private static func ratio(_ r: Double, _ numerator: [Double], _ denominator: [Double]) -> Double {
    var above = 0.0
    var below = 0.0
    for coefficient in numerator { above = above * r + coefficient }
    for coefficient in denominator { below = below * r + coefficient }
    return above / below
  }

  // Coefficients from the highest power down.
  private static let centre: ([Double], [Double]) = (
    [
      2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4, 1.3731693765509461125e4,
      1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080,
    ],
    [
      5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4, 5.3941960214247511077e3,
      6.8718700749205790830e2, 4.2313330701600911252e1, 1,
    ]
  )
  private static let middle: ([Double], [Double]) = (
    [
      7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258, 3.64784832476320460504,
      5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734,
    ],
    [
      1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1, 6.89767334985100004550e-1,
      1.67638483018380384940, 2.05319162663775882187, 1,
    ]
  )
  private static let tail: ([Double], [Double]) = (
    [
      2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2, 2.96560571828504891230e-1,
      1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720,
    ],
    [
      2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4, 1.48753612908506148525e-2,
      1.36929880922735805310e-1, 5.99832206555887937690e-1, 1,
    ]
  )
}
