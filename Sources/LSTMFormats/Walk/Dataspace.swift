import LSTMModel

extension HDF5Walk {
  /// The dimensions of a dataset or an attribute.
  struct Dataspace {
    /// The most dimensions that HDF5 knows.
    static let maximumRank = 32

    /// Lengths, outermost first; empty for a single value and for no value at all.
    private(set) var dimensions: [Int] = []
    /// Lengths up to which it may grow; `nil` for without limit.
    private(set) var maxima: [Int?] = []
    /// Elements in all.
    let count: Int

    /// Reads the message body up to its end.
    init(_ reader: inout ByteReader) throws(LSTMError) {
      let version = try reader.u8()
      let rank = try reader.u8()
      let flags = try reader.u8()
      guard rank <= Dataspace.maximumRank else { throw reader.damage("has \(rank) dimensions; at most 32 are possible") }
      var isNull = false
      switch version {
      case 1:
        try reader.skip(5)
      case 2:
        let kind = try reader.u8()
        guard kind <= 2, kind == 1 || rank == 0 else { throw reader.damage("is of the unknown kind \(kind)") }
        isNull = kind == 2
      default: throw reader.damage("has version \(version); 1 and 2 are known")
      }
      guard flags & ~1 == 0 else { throw reader.damage("has the unknown flags \(flags)") }
      var product = 1
      var overflow = false
      for _ in 0..<rank {
        let length = try reader.length()
        dimensions.append(length)
        let step = product.multipliedReportingOverflow(by: length)
        overflow = overflow || step.overflow
        product = step.partialValue
      }
      guard !overflow else { throw .format("its shape \(dimensions) has more elements than any file can hold") }
      maxima = dimensions
      if flags == 1 {
        for axis in 0..<rank { maxima[axis] = try Dataspace.maximum(&reader, dimensions[axis]) }
      }
      count = isNull ? 0 : product
    }

    private static func maximum(_ reader: inout ByteReader, _ length: Int) throws(LSTMError) -> Int? {
      guard let maximum = try reader.address() else { return nil }
      guard maximum >= length else { throw reader.damage("has \(length) elements along an axis that allows \(maximum)") }
      return maximum
    }
  }
}
