import CHDF5
import LSTMModel

/// Text in attributes: one string or a list, of fixed or variable length, in one piece or in several.
extension HDF5Group {
  /// The string that an attribute holds; nil if there is no such attribute.
  func string(_ name: String) throws(LSTMError) -> String? {
    guard let strings = try strings(name) else { return nil }
    guard strings.count == 1 else { throw .format("\(named(name)) holds \(strings.count) strings instead of one") }
    return strings[0]
  }

  /// The list of strings that an attribute holds, or that `name0`, `name1`, … hold together; nil if there is none.
  func list(_ name: String) throws(LSTMError) -> [String]? {
    if let strings = try strings(name) { return strings }
    var all: [String] = []
    var piece = 0
    while let strings = try strings(name + String(piece)) {
      all += strings
      piece += 1
    }
    return piece > 0 ? all : nil
  }

  private func named(_ name: String) -> String { "attribute ‘\(name)’ of ‘\(path.isEmpty ? "/" : path)’" }

  private func strings(_ name: String) throws(LSTMError) -> [String]? {
    // SAFETY: Swift passes the string with a closing NUL.
    guard unsafe H5Aexists(handle.id, name) > 0 else { return nil }
    // SAFETY: as above.
    guard let attribute = unsafe HDF5Handle(H5Aopen(handle.id, name, lstm_h5p_default()), .attribute, parent: handle),
      let type = HDF5Handle(H5Aget_type(attribute.id), .type), let space = HDF5Handle(H5Aget_space(attribute.id), .space)
    else { throw .format("\(named(name)) cannot be read") }
    let rank = H5Sget_simple_extent_ndims(space.id)
    guard rank == 0 || rank == 1, let count = Int(exactly: H5Sget_simple_extent_npoints(space.id)), count >= 0 else {
      throw .format("\(named(name)) is not one string or a simple list of strings")
    }
    guard count > 0 else { return [] }  // Python writes an empty list as numbers
    guard H5Tget_class(type.id) == H5T_STRING else { throw .format("\(named(name)) is not a string") }
    let variable = H5Tis_variable_str(type.id) > 0
    let read = variable ? try variableLength(attribute, type, space, count, name) : try fixedLength(attribute, type, count, name)
    var strings: [String] = []
    for bytes in read {
      guard let string = String(validating: bytes, as: UTF8.self) else { throw .format("\(named(name)) holds text that is not UTF-8") }
      strings.append(string)
    }
    return strings
  }

  private func fixedLength(_ attribute: HDF5Handle, _ type: HDF5Handle, _ count: Int, _ name: String) throws(LSTMError) -> [ArraySlice<UInt8>] {
    let size = H5Tget_size(type.id)
    let (total, overflow) = size.multipliedReportingOverflow(by: count)
    guard size > 0, !overflow, let stored = Int(exactly: H5Aget_storage_size(attribute.id)), total <= stored else {
      throw .format("\(named(name)) is larger than what is stored of it")
    }
    try FileBytes.probe(total, for: named(name))
    var bytes = [UInt8](repeating: 0, count: total)
    // SAFETY: `count` strings of `size` bytes each fit the array; the type is the attribute's own, so nothing is converted.
    guard unsafe bytes.withUnsafeMutableBytes({ unsafe H5Aread(attribute.id, type.id, $0.baseAddress) }) >= 0 else {
      throw .format("\(named(name)) cannot be read")
    }
    let padded = H5Tget_strpad(type.id) == H5T_STR_SPACEPAD
    return (0..<count).map { index in
      var piece = bytes[index * size..<(index + 1) * size].prefix { $0 != 0 }
      while padded, piece.last == 0x20 { piece.removeLast() }
      return piece
    }
  }

  private func variableLength(
    _ attribute: HDF5Handle, _ type: HDF5Handle, _ space: HDF5Handle, _ count: Int, _ name: String
  ) throws(LSTMError) -> [ArraySlice<UInt8>] {
    guard let memory = HDF5Handle(H5Tcopy(lstm_h5t_c_s1()), .type), H5Tset_size(memory.id, lstm_h5t_variable()) >= 0,
      H5Tset_cset(memory.id, H5Tget_cset(type.id)) >= 0
    else { throw .format("\(named(name)) is of a type that libhdf5 does not know") }
    try FileBytes.probe(count, for: named(name))
    // SAFETY: libhdf5 fills the places; until then they are nil.
    var pointers = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    // SAFETY: the array has a place for each of the `count` strings; libhdf5 allocates them.
    guard unsafe pointers.withUnsafeMutableBytes({ unsafe H5Aread(attribute.id, memory.id, $0.baseAddress) }) >= 0 else {
      throw .format("\(named(name)) cannot be read")
    }
    // SAFETY: each pointer is nil or a string with a closing NUL, made by the call above.
    let strings = unsafe pointers.map { pointer -> ArraySlice<UInt8> in
      guard let pointer = unsafe pointer else { return [] }
      return unsafe UnsafeBufferPointer(start: pointer, count: length(pointer)).map { UInt8(bitPattern: $0) }[...]
    }
    // SAFETY: gives back exactly what H5Aread allocated; the strings are copied.
    _ = unsafe pointers.withUnsafeMutableBytes { unsafe H5Dvlen_reclaim(memory.id, space.id, lstm_h5p_default(), $0.baseAddress) }
    return strings
  }

  private func length(_ text: UnsafeMutablePointer<CChar>) -> Int {
    var length = 0
    // SAFETY: the text ends with a NUL, where this stops.
    while unsafe text[length] != 0 { length += 1 }
    return length
  }
}
