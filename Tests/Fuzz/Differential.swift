import CHDF5
import LSTMModel

@testable import LSTMFormats

/// Holds the walk against libhdf5: what the walk accepts, libhdf5 opens, and both find the numbers of every dataset in the same bytes.
enum Differential {
  /// Stops the process where they disagree.
  static func compare(_ bytes: [UInt8]) {
    guard let start = HDF5Walk.Superblock.position(in: bytes), let numbers = try? HDF5Walk.numbers(bytes, limits: HDF5Walk.Limits()) else { return }
    do throws(LSTMError) {
      try HDF5.withFile(bytes, trusted: true) { (root) throws(LSTMError) in visit(root, bytes, start, numbers, depth: 0) }
    } catch {
      fatalError("the walk accepts a file that libhdf5 does not open: \(error.message)")
    }
  }

  private static func visit(_ group: HDF5Group, _ bytes: [UInt8], _ start: Int, _ numbers: [Int: [Range<Int>]], depth: Int) {
    guard depth < 8, let names = try? group.names() else { return }
    for name in names.prefix(64) {
      if let inner = try? group.group(name) {
        visit(inner, bytes, start, numbers, depth: depth + 1)
      } else if let dataset = try? group.dataset(name) {
        compare(dataset, bytes, start, numbers)
      }
    }
  }

  private static func compare(_ dataset: HDF5Dataset, _ bytes: [UInt8], _ start: Int, _ numbers: [Int: [Range<Int>]]) {
    let id = dataset.handle.id
    var info = H5O_info_t()
    let type = H5Dget_type(id)
    defer { H5Tclose(type) }
    guard lstm_fuzz_object_info(id, &info) >= 0, H5Tis_variable_str(type) <= 0 else { return }
    let expected = joined(numbers[Int(info.addr)] ?? [])
    guard let found = places(id, start) else { return }
    guard joined(found) == expected else {
      fatalError("\(dataset.path): libhdf5 finds its numbers at \(joined(found)), the walk at \(expected)")
    }
    // Of the same bytes, read as they are stored, nothing may differ.
    let properties = H5Dget_create_plist(id)
    defer { H5Pclose(properties) }
    guard H5Pget_layout(properties) == H5D_CONTIGUOUS, let range = found.first, H5Tget_class(type) != H5T_VLEN else { return }
    var read = [UInt8](repeating: 0, count: range.count)
    guard H5Dread(id, type, lstm_h5s_all(), lstm_h5s_all(), lstm_h5p_default(), &read) >= 0 else { return }
    precondition(read.elementsEqual(bytes[range]), "\(dataset.path): libhdf5 reads other bytes than those that the walk saw")
  }

  /// Where libhdf5 has the numbers; nil where it does not say (in the header, or nowhere).
  private static func places(_ id: hid_t, _ start: Int) -> [Range<Int>]? {
    let properties = H5Dget_create_plist(id)
    defer { H5Pclose(properties) }
    switch H5Pget_layout(properties) {
    case H5D_CONTIGUOUS:
      let offset = H5Dget_offset(id)
      guard offset != lstm_fuzz_no_address(), H5Dget_storage_size(id) > 0 else { return nil }
      return [Int(offset)..<Int(offset) + Int(H5Dget_storage_size(id))]
    case H5D_CHUNKED:
      let space = H5Dget_space(id)
      defer { H5Sclose(space) }
      var count: hsize_t = 0
      guard H5Dget_num_chunks(id, space, &count) >= 0, count < 4096 else { return nil }
      var places: [Range<Int>] = []
      for index in 0..<count {
        var offset = [hsize_t](repeating: 0, count: 32)
        var (mask, address, size): (UInt32, haddr_t, hsize_t) = (0, 0, 0)
        guard H5Dget_chunk_info(id, space, index, &offset, &mask, &address, &size) >= 0 else { return nil }
        if address != lstm_fuzz_no_address(), size > 0 { places.append(Int(address) + start..<Int(address) + start + Int(size)) }
      }
      return places
    default: return nil
    }
  }

  /// The ranges in order, those that touch made one.
  private static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
      if let last = result.last, last.upperBound >= range.lowerBound {
        result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }
}
