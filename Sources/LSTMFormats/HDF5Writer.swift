import CHDF5
import LSTMModel

/// A new HDF5 file in memory. The same calls make the same bytes: nothing of it states a time.
final class HDF5Writer {
  /// What a dataset's numbers are in the file.
  enum Element { case float32, float64, int64 }

  /// A group of the new file.
  struct Group {
    fileprivate let handle: HDF5Handle
    fileprivate let path: String
  }

  /// The root group.
  let root: Group
  private let file: HDF5Handle

  // Keras splits lists of names that are longer; a header of an object holds no more than 64 KiB.
  private static let largestAttribute = 64512

  /// The bytes of the file that `body` fills.
  static func bytes(_ body: (HDF5Writer) throws(LSTMError) -> Void) throws(LSTMError) -> [UInt8] {
    try HDF5.alone { () throws(LSTMError) in
      let writer = try HDF5Writer()
      try body(writer)
      return try writer.image()
    }
  }

  private init() throws(LSTMError) {
    guard let access = HDF5Handle(H5Pcreate(lstm_h5p_file_access()), .properties), H5Pset_fapl_core(access.id, 1 << 16, false) >= 0 else {
      throw .memory("libhdf5 has no memory for a file")
    }
    // libhdf5 takes two files of the same name for one; no file can have a name below a device.
    let name = "/dev/null/liblstm-new-\(UInt(bitPattern: ObjectIdentifier(access)))"
    // SAFETY: Swift passes the strings with a closing NUL.
    guard let file = unsafe HDF5Handle(H5Fcreate(name, lstm_h5f_truncate(), lstm_h5p_default(), access.id), .file),
      let root = unsafe HDF5Handle(H5Oopen(file.id, "/", lstm_h5p_default()), .object, parent: file)
    else { throw .memory("libhdf5 has no memory for a file") }
    self.file = file
    self.root = Group(handle: root, path: "")
  }

  /// The group at a relative path, with all groups above it; what is there already is opened.
  func group(_ path: String, in parent: Group) throws(LSTMError) -> Group {
    var current = parent
    for name in path.split(separator: "/").map(String.init) {
      let place = current.path + "/" + name
      // SAFETY: Swift passes the strings with a closing NUL.
      let id = unsafe lstm_h5l_kind(current.handle.id, name) >= 0
        ? unsafe H5Gopen2(current.handle.id, name, lstm_h5p_default())
        : unsafe H5Gcreate2(current.handle.id, name, lstm_h5p_default(), lstm_h5p_default(), lstm_h5p_default())
      guard !name.utf8.contains(0), let next = HDF5Handle(id, .object, parent: current.handle) else { throw refused(place, "group") }
      current = Group(handle: next, path: place)
    }
    return current
  }

  /// Writes an array at a relative path; groups above it are made.
  func dataset(_ path: String, in parent: Group, shape: Shape, _ values: Values, as element: Element? = nil) throws(LSTMError) {
    var names = path.split(separator: "/").map(String.init)
    guard let name = names.popLast(), !name.utf8.contains(0) else { throw refused(path, "dataset") }
    let group = try group(names.joined(separator: "/"), in: parent)
    let place = group.path + "/" + name
    guard values.count == shape.count else { throw .internalFault("\(place) has \(values.count) numbers for the shape \(shape)") }
    let sizes = shape.dimensions.map { hsize_t($0) }
    // SAFETY: libhdf5 reads `rank` sizes.
    let space = unsafe sizes.isEmpty ? H5Screate(H5S_SCALAR) : unsafe sizes.withUnsafeBufferPointer { unsafe H5Screate_simple(Int32($0.count), $0.baseAddress, nil) }
    guard let space = HDF5Handle(space, .space), let properties = HDF5Handle(H5Pcreate(lstm_h5p_dataset_create()), .properties),
      H5Pset_obj_track_times(properties.id, false) >= 0
    else { throw .memory("libhdf5 has no memory for ‘\(place)’") }
    let stored: hid_t
    switch (element, values) {
    case (.int64, _): stored = lstm_h5t_int64le()
    case (.float64, _), (nil, .float64): stored = lstm_h5t_float64le()
    default: stored = lstm_h5t_float32le()
    }
    // SAFETY: Swift passes the name with a closing NUL.
    let id = unsafe H5Dcreate2(group.handle.id, name, stored, space.id, lstm_h5p_default(), properties.id, lstm_h5p_default())
    guard let dataset = HDF5Handle(id, .object, parent: group.handle) else { throw refused(place, "dataset") }
    guard values.count > 0 else { return }
    let status: herr_t
    switch values {
    case .float32(let numbers):
      // SAFETY: the array has as many numbers as the dataset, counted above.
      status = unsafe numbers.withUnsafeBytes { unsafe H5Dwrite(dataset.id, lstm_h5t_native_float(), lstm_h5s_all(), lstm_h5s_all(), lstm_h5p_default(), $0.baseAddress) }
    case .float64(let numbers):
      // SAFETY: as above.
      status = unsafe numbers.withUnsafeBytes { unsafe H5Dwrite(dataset.id, lstm_h5t_native_double(), lstm_h5s_all(), lstm_h5s_all(), lstm_h5p_default(), $0.baseAddress) }
    }
    guard status >= 0 else { throw .memory("libhdf5 has no memory for the numbers of ‘\(place)’") }
  }

  /// Gives a group a string; Keras reads one of variable length.
  func attribute(_ name: String, of group: Group, text: String) throws(LSTMError) {
    guard let type = HDF5Handle(H5Tcopy(lstm_h5t_c_s1()), .type), H5Tset_size(type.id, lstm_h5t_variable()) >= 0,
      text.utf8.allSatisfy({ $0 < 0x80 }) || H5Tset_cset(type.id, H5T_CSET_UTF8) >= 0, let space = HDF5Handle(H5Screate(H5S_SCALAR), .space),
      !text.utf8.contains(0)
    else { throw refused(group.path, "attribute ‘\(name)’") }
    let attribute = try create(name, group, type, space)
    // SAFETY: a string of variable length is the address of its characters, which end with a NUL and outlive the call.
    let status = unsafe text.withCString { start in
      var address: UnsafePointer<CChar>? = unsafe start
      return unsafe withUnsafePointer(to: &address) { unsafe H5Awrite(attribute.id, type.id, $0) }
    }
    guard status >= 0 else { throw refused(group.path, "attribute ‘\(name)’") }
  }

  /// Gives a group a list of names as Keras does: strings of one length, in several pieces if they are too many for one.
  func attribute(_ name: String, of group: Group, list: [String]) throws(LSTMError) {
    let texts = list.map { Array($0.utf8) }
    let width = texts.map(\.count).max() ?? 0
    guard width > 0 else { return try emptyList(name, group) }
    guard width <= HDF5Writer.largestAttribute else { throw .unsupported("a name of \(width) bytes does not fit into an HDF5 file") }
    let most = HDF5Writer.largestAttribute / width
    guard texts.count > most else { return try piece(name, group, texts[...], width) }
    for (number, start) in stride(from: 0, to: texts.count, by: most).enumerated() {
      try piece(name + String(number), group, texts[start..<min(start + most, texts.count)], width)
    }
  }

  private func piece(_ name: String, _ group: Group, _ texts: ArraySlice<[UInt8]>, _ width: Int) throws(LSTMError) {
    var bytes: [UInt8] = []
    for text in texts { bytes += text + [UInt8](repeating: 0, count: width - text.count) }
    var count = hsize_t(texts.count)
    // SAFETY: one dimension is read.
    guard let type = HDF5Handle(H5Tcopy(lstm_h5t_c_s1()), .type), H5Tset_size(type.id, width) >= 0,
      H5Tset_strpad(type.id, H5T_STR_NULLPAD) >= 0, let space = unsafe HDF5Handle(H5Screate_simple(1, &count, nil), .space)
    else { throw refused(group.path, "attribute ‘\(name)’") }
    let attribute = try create(name, group, type, space)
    // SAFETY: the bytes are `count` strings of `width` bytes.
    guard unsafe bytes.withUnsafeBytes({ unsafe H5Awrite(attribute.id, type.id, $0.baseAddress) }) >= 0 else {
      throw refused(group.path, "attribute ‘\(name)’")
    }
  }

  /// Python writes an empty list as no numbers, and expects it so.
  private func emptyList(_ name: String, _ group: Group) throws(LSTMError) {
    var count: hsize_t = 0
    // SAFETY: one dimension is read.
    guard let type = HDF5Handle(H5Tcopy(lstm_h5t_float64le()), .type), let space = unsafe HDF5Handle(H5Screate_simple(1, &count, nil), .space)
    else { throw refused(group.path, "attribute ‘\(name)’") }
    _ = try create(name, group, type, space)
  }

  private func create(_ name: String, _ group: Group, _ type: HDF5Handle, _ space: HDF5Handle) throws(LSTMError) -> HDF5Handle {
    // SAFETY: Swift passes the name with a closing NUL.
    let id = unsafe H5Acreate2(group.handle.id, name, type.id, space.id, lstm_h5p_default(), lstm_h5p_default())
    guard let attribute = HDF5Handle(id, .attribute, parent: group.handle) else { throw refused(group.path, "attribute ‘\(name)’") }
    return attribute
  }

  private func refused(_ place: String, _ what: String) -> LSTMError {
    .unsupported("libhdf5 does not make the \(what) at ‘\(place)’: a name that cannot be one in an HDF5 file, or one that is there already")
  }

  private func image() throws(LSTMError) -> [UInt8] {
    guard H5Fflush(file.id, H5F_SCOPE_LOCAL) >= 0 else { throw .memory("libhdf5 has no memory for the file") }
    // SAFETY: without a buffer only the size is asked for.
    let size = unsafe H5Fget_file_image(file.id, nil, 0)
    guard size > 0 else { throw .memory("libhdf5 does not give the file's bytes") }
    try FileBytes.probe(size, for: "the file's bytes")
    var written = 0
    // SAFETY: the buffer has `size` bytes, all of which libhdf5 fills.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      written = unsafe H5Fget_file_image(file.id, buffer.baseAddress, buffer.count)
      count = max(written, 0)
    }
    guard written == size else { throw .memory("libhdf5 does not give the file's bytes") }
    return bytes
  }
}
