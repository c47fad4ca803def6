import LSTMModel

extension HDF5Walk {
  /// The index of unused parts of a fractal heap, of which libhdf5 reads only the header unless it writes.
  enum FreeSpace {
    /// Checks the header, and that its list has bytes of its own.
    static func check(at address: Int, _ file: inout File) throws(LSTMError) {
      var reader = try file.structure(at: address, size: 82, "the header of a free-space index")
      try reader.expect("FSHD")
      try reader.expect(0, "version")
      try reader.expect(0, "client")
      try reader.skip(4 * 8 + 4 * 2 + 8)
      let list = try reader.address()
      let used = try reader.length()
      let allocated = try reader.length()
      try reader.checksum()
      guard used <= allocated else { throw reader.damage("has a list of \(used) bytes in \(allocated)") }
      if let list { _ = try file.space(at: list, size: allocated, "the list of a free-space index") }
    }
  }
}
