import LSTMModel

/// Datatypes that contain others: enums (h5py's booleans), records (NumPy's complex numbers and structured arrays), arrays.
extension HDF5Walk.Datatype {
  static func enumeration(
    _ reader: inout HDF5Walk.ByteReader, _ bits: Int, _ size: Int, _ version: Int
  ) throws(LSTMError) -> Kind {
    let base = try HDF5Walk.Datatype(&reader, nesting: 0)
    guard base.kind == .integer, base.size == size else { throw reader.damage("is an enum that is not made of integers") }
    guard (1...0xffff).contains(bits) else { throw reader.damage("is an enum of \(bits) values") }
    for _ in 0..<bits { try name(&reader, version) }
    try reader.skip(bits * size)
    return .enumeration
  }

  static func record(
    _ reader: inout HDF5Walk.ByteReader, _ bits: Int, _ size: Int, _ version: Int, _ nesting: Int
  ) throws(LSTMError) -> Kind {
    guard (1...0xffff).contains(bits) else { throw reader.damage("is a record of \(bits) fields") }
    var used = 0
    for _ in 0..<bits {
      try name(&reader, version)
      let offset = try reader.length(version < 3 ? 4 : HDF5Walk.width(for: size))
      if version == 1 {
        let rank = try reader.u8()
        guard rank == 0 else { throw .unsupported("its elements are records with arrays in HDF5 1.2's form, which is not supported") }
        try reader.skip(3 + 4 + 4 + 16)
      }
      let field = try HDF5Walk.Datatype(&reader, nesting: nesting)
      guard field.heapItemSize == nil else {
        throw .unsupported("its elements are records with variable-length fields, which is not supported")
      }
      guard offset >= used, field.size <= size, offset <= size - field.size else {
        throw reader.damage("is a record whose fields overlap or do not fit into its \(size) bytes")
      }
      used = offset + field.size
    }
    return .record
  }

  static func array(
    _ reader: inout HDF5Walk.ByteReader, _ size: Int, _ version: Int, _ nesting: Int
  ) throws(LSTMError) -> Kind {
    guard version >= 2 else { throw reader.damage("is an array of version 1, which does not exist") }
    let rank = try reader.u8()
    guard (1...HDF5Walk.Dataspace.maximumRank).contains(rank) else { throw reader.damage("is an array of \(rank) dimensions") }
    if version == 2 { try reader.skip(3) }
    var count: Int? = 1
    for _ in 0..<rank {
      let length = try reader.u32()
      count = count.flatMap { HDF5Walk.product($0, length) }
    }
    if version == 2 { try reader.skip(4 * rank) }
    let element = try HDF5Walk.Datatype(&reader, nesting: nesting)
    guard element.heapItemSize == nil else {
      throw .unsupported("its elements are arrays of variable-length values, which is not supported")
    }
    guard let count, HDF5Walk.product(count, element.size) == size else {
      throw reader.damage("is an array whose dimensions do not give its \(size) bytes")
    }
    return .array
  }

  /// The name of a field or an enum value: NUL-terminated; up to version 2, padded to a multiple of eight.
  private static func name(_ reader: inout HDF5Walk.ByteReader, _ version: Int) throws(LSTMError) {
    let start = reader.at
    let name = try reader.terminated("a name")
    guard !name.isEmpty else { throw reader.damage("has a field without a name") }
    if version < 3 { try reader.align(from: start) }
  }
}
