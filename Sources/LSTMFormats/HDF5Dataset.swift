import CHDF5
import LSTMModel

/// An array of numbers in an HDF5 file. Its shape is known before anything of it is read.
struct HDF5Dataset {
  /// The open dataset.
  let handle: HDF5Handle
  /// Where it is, for messages.
  let path: String

  /// A deflated stream cannot grow by more than this when it is unpacked (zlib's technical notes).
  private static let largestCompression = 1032

  /// An open dataset at `path`.
  init(_ handle: HDF5Handle, path: String) {
    self.handle = handle
    self.path = path
  }

  /// What is stored. Weights are floating-point numbers; counters are whole ones.
  private enum Element { case float, double, bfloat16, integer }

  /// The dimensions.
  func shape() throws(LSTMError) -> Shape {
    guard let space = HDF5Handle(H5Dget_space(handle.id), .space) else { throw .format("‘\(path)’ has no shape that can be read") }
    let kind = H5Sget_simple_extent_type(space.id)
    guard kind != H5S_NULL else { throw .shape("‘\(path)’ is empty: it has no shape at all") }
    let rank = H5Sget_simple_extent_ndims(space.id)
    guard kind == H5S_SIMPLE || kind == H5S_SCALAR, rank >= 0, rank <= Shape.maximumRank else {
      throw .shape("‘\(path)’ has \(rank) dimensions, which no weight has")
    }
    var sizes = [hsize_t](repeating: 0, count: 32)  // H5S_MAX_RANK
    // SAFETY: libhdf5 writes `rank` sizes, at most 8 of the 32.
    guard unsafe sizes.withUnsafeMutableBufferPointer({ unsafe H5Sget_simple_extent_dims(space.id, $0.baseAddress, nil) }) >= 0 else {
      throw .format("‘\(path)’ has no shape that can be read")
    }
    var shape: Shape = []
    for size in sizes.prefix(Int(rank)) {
      guard let dimension = Int(exactly: size) else { throw .shape("‘\(path)’ has a dimension of \(size) in its shape") }
      shape.dimensions.append(dimension)
    }
    return shape
  }

  /// The numbers, of which there must be as many as `shape` says.
  ///
  /// - Throws: ``LSTMError/format(_:)`` if they are of another type or not all there, ``LSTMError/memory(_:)``.
  func values() throws(LSTMError) -> Values {
    let shape = try shape()
    let (element, type) = try element()
    let size = H5Tget_size(type.id)
    guard let count = shape.count, case (let bytes, let overflow) = count.multipliedReportingOverflow(by: max(size, 8)), !overflow else {
      throw .shape("‘\(path)’ states a shape of \(shape), more than any memory holds")
    }
    try checkStorage(bytes: count * size)
    try FileBytes.probe(bytes, for: "‘\(path)’")
    switch element {
    case .float: return .float32(try read(count, lstm_h5t_native_float(), Float(0)))
    case .double, .integer: return .float64(try read(count, lstm_h5t_native_double(), Double(0)))
    case .bfloat16:
      let halves: [UInt16] = try read(count, type.id, 0)
      return .float32(halves.map { Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16) })
    }
  }

  /// The array as it is to be kept: real numbers, or whole ones, which are read as real ones too.
  func array(named name: String) throws(LSTMError) -> SavedArray {
    let shape = try shape()
    guard let type = HDF5Handle(H5Dget_type(handle.id), .type) else { throw .format("‘\(path)’ has no type that can be read") }
    guard H5Tget_class(type.id) == H5T_INTEGER else { return SavedArray(name: name, shape: shape, values: try values()) }
    guard let count = shape.count, count <= 1 << 20 else { throw .shape("‘\(path)’ states a shape of \(shape), more than a counter has") }
    try checkStorage(bytes: count * H5Tget_size(type.id))
    return SavedArray(name: name, shape: shape, values: .float64(try read(count, lstm_h5t_native_double(), Double(0))), isInteger: true)
  }

  /// Whether it holds whole numbers.
  var isInteger: Bool {
    guard let type = HDF5Handle(H5Dget_type(handle.id), .type) else { return false }
    return H5Tget_class(type.id) == H5T_INTEGER
  }

  private func element() throws(LSTMError) -> (Element, HDF5Handle) {
    guard let type = HDF5Handle(H5Dget_type(handle.id), .type) else { throw .format("‘\(path)’ has no type that can be read") }
    let size = H5Tget_size(type.id)
    let name: String
    switch H5Tget_class(type.id) {
    case H5T_FLOAT where size <= 16: return (size > 4 ? .double : .float, type)
    case H5T_OPAQUE where size == 2:
      let named = try attribute("dtype")
      if named == "bfloat16" { return (.bfloat16, type) }
      name = "opaque"
    case H5T_INTEGER where size <= 8:
      let named = size == 2 ? try attribute("dtype") : nil
      return (named == "bfloat16" ? .bfloat16 : .integer, type)
    case H5T_INTEGER: name = "integer"
    case H5T_STRING: name = "string"
    case H5T_BITFIELD: name = "bit field"
    case H5T_COMPOUND: name = "compound"
    case H5T_REFERENCE: name = "reference"
    case H5T_ENUM: name = "enumeration"
    case H5T_VLEN: name = "variable-length list"
    case H5T_ARRAY: name = "array"
    default: name = "unknown"
    }
    throw .format("‘\(path)’ has elements of the type ‘\(name)’; a weight has floating-point numbers")
  }

  private func attribute(_ name: String) throws(LSTMError) -> String? {
    try HDF5Group(attributesOf: self).string(name)
  }

  /// Refuses data that lie elsewhere, and shapes that promise more than is there.
  private func checkStorage(bytes: Int) throws(LSTMError) {
    guard let properties = HDF5Handle(H5Dget_create_plist(handle.id), .properties) else {
      throw .format("‘\(path)’ does not say how it is stored")
    }
    let layout = H5Pget_layout(properties.id)
    guard layout != H5D_VIRTUAL else { throw .format("‘\(path)’ is a virtual dataset, made of other files; liblstm opens no second file") }
    guard H5Pget_external_count(properties.id) == 0 else {
      throw .format("‘\(path)’ keeps its data in an external file; liblstm opens no second file")
    }
    let stored = H5Dget_storage_size(handle.id)
    let largest: hsize_t
    switch layout {
    case H5D_COMPACT, H5D_CONTIGUOUS: largest = stored
    case H5D_CHUNKED:
      try checkFilters(properties)
      let (product, overflow) = stored.multipliedReportingOverflow(by: hsize_t(HDF5Dataset.largestCompression))
      largest = overflow ? hsize_t.max : product
    default: throw .format("‘\(path)’ is stored in a way that liblstm does not know")
    }
    guard bytes == 0 || hsize_t(bytes) <= largest else {
      throw .format("‘\(path)’ declares \(bytes) bytes but only \(stored) are stored")
    }
  }

  /// Deflate, shuffle and checksums are part of libhdf5; anything else would make it look for plug-ins.
  private func checkFilters(_ properties: HDF5Handle) throws(LSTMError) {
    for index in 0..<max(H5Pget_nfilters(properties.id), 0) {
      let filter = lstm_h5z_filter(properties.id, UInt32(index))
      guard 1...3 ~= filter else { throw .unsupported("‘\(path)’ is packed by the HDF5 filter \(filter), which liblstm does not support") }
    }
  }

  private func read<Number>(_ count: Int, _ type: hid_t, _ zero: Number) throws(LSTMError) -> [Number] {
    var numbers = [Number](repeating: zero, count: count)
    guard count > 0 else { return numbers }
    // SAFETY: the array has a place for each of the `count` elements of the whole dataset, of the size of the memory type.
    let status = unsafe numbers.withUnsafeMutableBytes {
      unsafe H5Dread(handle.id, type, lstm_h5s_all(), lstm_h5s_all(), lstm_h5p_default(), $0.baseAddress)
    }
    guard status >= 0 else { throw .format("the data of ‘\(path)’ cannot be read: the file is damaged") }
    return numbers
  }
}
