import LSTMModel

extension HDF5Walk {
  /// The chunks of a dataset: what each must be, and how many there are.
  struct Chunks {
    /// Elements of a chunk along each axis.
    let dimensions: [Int]
    /// The dataset's own dimensions.
    let space: Dataspace
    /// Bytes of a chunk when it is read.
    let bytes: Int
    /// What was done to them.
    let filters: FilterPipeline
    /// Chunks that the dataset may have when it has grown as far as it may, without the axes that have no limit.
    let maximumCount: Int?
    private var present = 0
    private var stored = 0

    /// Chunks of these dimensions.
    init(
      _ dimensions: [Int], _ space: Dataspace, _ type: Datatype, _ filters: FilterPipeline, _ reader: ByteReader, _ file: File
    ) throws(LSTMError) {
      self.dimensions = dimensions
      self.space = space
      self.filters = filters
      var bytes: Int? = type.size
      var most: Int? = 1
      for (axis, length) in dimensions.enumerated() {
        guard length > 0 else { throw reader.damage("has chunks of 0 elements") }
        bytes = bytes.flatMap { product($0, length) }
        guard let maximum = axis < space.maxima.count ? space.maxima[axis] : 0 else { continue }
        guard length <= max(maximum, 1) else {
          throw reader.damage("has chunks of \(length) elements along an axis that allows \(maximum)")
        }
        most = most.flatMap { product($0, maximum / length + (maximum % length > 0 ? 1 : 0)) }
      }
      guard let bytes, bytes <= file.limits.chunkBytes else {
        throw .unsupported("its chunks have more than \(inWords(bytes: file.limits.chunkBytes)) each")
      }
      self.bytes = bytes
      maximumCount = most
    }

    /// Axes that may grow without limit.
    var unlimitedAxes: Int { space.maxima.count { $0 == nil } }

    /// Bytes that hold the stored size of a chunk, in the newer indexes.
    var sizeWidth: Int { min(8, 1 + (63 - bytes.leadingZeroBitCount + 8) / 8) }

    /// Bytes of an element of the newer indexes.
    var elementSize: Int { filters.filters.isEmpty ? 8 : 8 + sizeWidth + 4 }

    /// Checks that there is one chunk and will never be another.
    func requireSingle(_ reader: ByteReader) throws(LSTMError) {
      guard unlimitedAxes == 0, maximumCount ?? 2 <= 1 else { throw reader.damage("has the index of a single chunk, but needs more") }
    }

    /// Checks one chunk: its bytes are its own, and give as many elements as it must have.
    mutating func chunk(at address: Int, size: Int, mask: Int, _ file: inout File) throws(LSTMError) {
      guard mask >> filters.filters.count == 0 else {
        throw .format("a chunk at address \(address) leaves out filters that there are not: the file is damaged")
      }
      let range = try file.data(at: address, size: size, "a chunk of a dataset")
      let decoded = try filters.decodedSize(range, mask: mask, limit: bytes, file)
      guard decoded == bytes else {
        throw .format("a chunk at byte \(range.lowerBound) gives \(decoded) bytes; expected \(bytes): the file is damaged")
      }
      present += 1
      stored += size
    }

    /// Checks the chunk that an element of a fixed or an extensible array tells about.
    mutating func element(_ reader: inout ByteReader, _ file: inout File) throws(LSTMError) {
      let address = try reader.address()
      let isFiltered = !filters.filters.isEmpty
      let size = isFiltered ? try reader.length(sizeWidth) : bytes
      let mask = isFiltered ? try reader.u32() : 0
      if let address { try chunk(at: address, size: size, mask: mask, &file) }
    }

    /// Checks all chunks of a dataset that stores them one after the other, without an index.
    mutating func row(at address: Int, _ reader: ByteReader, _ file: inout File) throws(LSTMError) {
      guard unlimitedAxes == 0, let count = maximumCount, let size = product(count, bytes) else {
        throw reader.damage("has no index, but no fixed number of chunks")
      }
      _ = try file.data(at: address, size: size, "the chunks of a dataset")
      present = count
      stored = size
    }

    /// Checks that not much more is declared than the chunks hold.
    func requireStored(_ size: Int, _ file: inout File) throws(LSTMError) {
      let held = product(present, bytes) ?? Int.max
      try file.addUnstored(size - min(size, held), space, declared: size, stored: stored)
      var count: Int? = 1
      for (axis, length) in dimensions.enumerated() where axis < space.dimensions.count {
        let extent = space.dimensions[axis]
        count = count.flatMap { product($0, extent / length + (extent % length > 0 ? 1 : 0)) }
      }
      let missing = max(0, (count ?? Int.max) - present)
      guard missing <= file.limits.unstoredChunks - file.unstoredChunks else {
        throw .unsupported("of its \(count ?? Int.max) chunks only \(present) are stored, too few to go through the others")
      }
      file.unstoredChunks += missing
    }
  }
}
