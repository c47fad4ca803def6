import CHDF5
import LSTMModel

/// A group of an HDF5 file. Names are followed one by one, and only where the file itself holds the object.
struct HDF5Group {
  /// The open group.
  let handle: HDF5Handle
  /// Where it is, for messages: `/model_weights/lstm`.
  let path: String

  /// The root group of an open file.
  init(_ file: HDF5Handle) throws(LSTMError) {
    // SAFETY: Swift passes the string with a closing NUL.
    guard let root = unsafe HDF5Handle(H5Oopen(file.id, "/", lstm_h5p_default()), .object, parent: file) else {
      throw .format("the HDF5 file has no root group that can be read")
    }
    handle = root
    path = ""
  }

  private init(_ handle: HDF5Handle, path: String) {
    self.handle = handle
    self.path = path
  }

  /// A dataset, as a place that has attributes.
  init(attributesOf dataset: HDF5Dataset) {
    handle = dataset.handle
    path = dataset.path
  }

  /// Whether the group holds an object or a link of this name (no path).
  func contains(_ name: String) -> Bool {
    guard !name.isEmpty, name != ".", !name.utf8.contains(0) else { return false }
    // SAFETY: Swift passes the string with a closing NUL.
    return unsafe lstm_h5l_kind(handle.id, name) >= 0
  }

  /// Whether there is something at a relative path.
  func holds(_ path: String) -> Bool {
    var current = self
    let names = path.split(separator: "/").map(String.init)
    for (position, name) in names.enumerated() {
      guard current.contains(name) else { return false }
      if position == names.count - 1 { return true }
      guard let next = try? current.group(name) else { return false }
      current = next
    }
    return false
  }

  /// Names of the objects and links in the group, as many as libhdf5 lists.
  func names() throws(LSTMError) -> [String] {
    var names: [String] = []
    for index in 0..<min(count, 1 << 16) {
      var name = [CChar](repeating: 0, count: 1024)
      // SAFETY: libhdf5 writes at most the size of the buffer, with a closing NUL; "." is the group itself.
      let length = unsafe name.withUnsafeMutableBufferPointer { buffer in
        unsafe H5Lget_name_by_idx(
          handle.id, ".", H5_INDEX_NAME, H5_ITER_INC, hsize_t(index), buffer.baseAddress, buffer.count, lstm_h5p_default())
      }
      guard length >= 0 else { throw .format("the names in ‘\(path)’ cannot be read") }
      guard length < name.count else { throw .format("‘\(path)’ holds a name of \(length) bytes") }
      guard let text = String(validating: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) else {
        throw .format("‘\(path)’ holds a name that is not UTF-8")
      }
      names.append(text)
    }
    return names
  }

  /// How many objects and links the group holds.
  var count: Int {
    var info = H5G_info_t()
    // SAFETY: `info` outlives the call, which fills it.
    return unsafe H5Gget_info(handle.id, &info) >= 0 ? Int(clamping: info.nlinks) : 0
  }

  /// The group at a relative path.
  func group(_ path: String) throws(LSTMError) -> HDF5Group {
    let (object, place) = try object(path)
    guard H5Iget_type(object.id) == H5I_GROUP else { throw .format("‘\(place)’ is not a group") }
    return HDF5Group(object, path: place)
  }

  /// The dataset at a relative path.
  func dataset(_ path: String) throws(LSTMError) -> HDF5Dataset {
    let (object, place) = try object(path)
    guard H5Iget_type(object.id) == H5I_DATASET else {
      throw .format("‘\(place)’ is \(H5Iget_type(object.id) == H5I_GROUP ? "a group" : "an object of another type"), not a dataset")
    }
    return HDF5Dataset(object, path: place)
  }

  /// Follows a path name by name: no link leads elsewhere, whatever the file says.
  private func object(_ path: String) throws(LSTMError) -> (HDF5Handle, String) {
    guard !path.hasPrefix("/") else { throw .format("‘\(path)’ is a path from the root where a name in ‘\(self.path)/’ should be") }
    let names = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    guard !names.isEmpty, names.count <= 256, !path.utf8.contains(0) else {
      throw .format("‘\(path)’ is no name of an object in ‘\(self.path)/’")
    }
    var current = handle
    var place = self.path
    for name in names {
      place += "/" + name
      // SAFETY: Swift passes the string with a closing NUL.
      let kind = name == "." ? -2 : unsafe lstm_h5l_kind(current.id, name)
      switch kind {
      case 0: break
      case 1: throw .format("‘\(place)’ is a soft link; liblstm does not follow links")
      case 64: throw .format("‘\(place)’ is an external link to another file; liblstm does not follow links")
      case 65...: throw .format("‘\(place)’ is a user-defined link; liblstm does not follow links")
      default: throw .format("‘\(place)’ is not found in the file")
      }
      // SAFETY: Swift passes the string with a closing NUL.
      guard let next = unsafe HDF5Handle(H5Oopen(current.id, name, lstm_h5p_default()), .object, parent: current) else {
        throw .format("‘\(place)’ cannot be opened: the file is damaged")
      }
      current = next
    }
    return (current, place)
  }
}
