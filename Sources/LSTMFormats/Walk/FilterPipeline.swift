import LSTMModel

extension HDF5Walk {
  /// What is done to the chunks of a dataset before they are stored.
  struct FilterPipeline {
    /// The filters that are let through, by their registered numbers.
    enum Filter: Int {
      case deflate = 1
      case shuffle = 2
      case fletcher32 = 3
    }

    /// In the order of writing.
    private(set) var filters: [Filter] = []

    /// No filters.
    init() {}

    /// Reads the message.
    init(_ message: Message, _ type: Datatype, _ file: File) throws(LSTMError) {
      var reader = message.reader(file)
      let version = try reader.u8()
      let count = try reader.u8()
      guard version == 1 || version == 2 else { throw reader.damage("has version \(version); 1 and 2 are known") }
      // 32 is the format's own limit.
      guard (1...32).contains(count) else { throw reader.damage("has \(count) filters") }
      if version == 1 { try reader.skip(6) }
      for _ in 0..<count {
        let filter = try FilterPipeline.filter(&reader, version, type)
        guard !filters.contains(filter) else { throw reader.damage("has the same filter twice") }
        filters.append(filter)
      }
    }

    private static func filter(_ reader: inout ByteReader, _ version: Int, _ type: Datatype) throws(LSTMError) -> Filter {
      let number = try reader.u16()
      guard let filter = Filter(rawValue: number) else {
        throw .unsupported("its chunks use the filter \(name(of: number)); only gzip, shuffle and Fletcher-32 are supported")
      }
      let nameLength = version == 1 ? try reader.u16() : 0
      let flags = try reader.u16()
      let count = try reader.u16()
      guard flags <= 1, nameLength % 8 == 0 else { throw reader.damage("has a filter with the flags \(flags)") }
      try reader.skip(nameLength)
      var parameters: [Int] = []
      for _ in 0..<count { parameters.append(try reader.u32()) }
      if version == 1, count % 2 == 1 { try reader.skip(4) }
      let isRight: Bool
      switch filter {
      case .deflate: isRight = parameters.count == 1 && parameters.allSatisfy { $0 <= 9 }
      case .shuffle: isRight = parameters == [type.size]
      case .fletcher32: isRight = parameters.isEmpty
      }
      guard isRight else { throw reader.damage("has the filter \(filter) with the parameters \(parameters)") }
      return filter
    }

    private static func name(of number: Int) -> String {
      switch number {
      case 4: return "szip"
      case 5: return "n-bit"
      case 6: return "scale-offset"
      case 32000: return "LZF"
      case 32001: return "Blosc"
      case 32004: return "LZ4"
      case 32008: return "bitshuffle"
      case 32013: return "ZFP"
      case 32015: return "Zstandard"
      case 32026: return "Blosc2"
      default: return "number \(number)"
      }
    }

    /// How many bytes a stored chunk gives when it is read; bit k of `mask` says that filter k was left out.
    ///
    /// libhdf5 takes it for granted that they are as many as the chunk has elements for, and reads that far.
    func decodedSize(_ range: Range<Int>, mask: Int, limit: Int, _ file: File) throws(LSTMError) -> Int {
      var size = range.count
      var isRaw = true
      for index in filters.indices.reversed() where mask >> index & 1 == 0 {
        switch filters[index] {
        case .shuffle: break
        case .fletcher32:
          guard size >= 4 else { throw .format("a chunk at byte \(range.lowerBound) is too short for its checksum: the file is damaged") }
          size -= 4
        case .deflate:
          guard isRaw else { throw .format("a chunk at byte \(range.lowerBound) is compressed twice: the file is damaged") }
          isRaw = false
          size = try Deflate.decodedSize(file.bytes, range.lowerBound..<(range.lowerBound + size), limit: limit)
        }
      }
      return size
    }
  }
}
