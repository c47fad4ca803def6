import LSTMModel

extension HDF5Walk {
  /// Which bytes of the file belong to which structure: each byte to one at most.
  ///
  /// A structure that lies within another, or is reached twice, would have two meanings or loop. Because extents are disjoint, their sum
  /// is at most the size of the file, which bounds the time of the whole walk.
  struct Extents {
    private struct Extent {
      let start: Int
      let end: Int
      let subject: String
    }
    private var extents: [Extent] = []
    private var starts: Set<Int> = []
    private var total = 0
    private let capacity: Int

    /// No extents yet, in a file of `capacity` bytes.
    init(capacity: Int) { self.capacity = capacity }

    /// Notes that `range` belongs to `subject`.
    ///
    /// - Throws: ``LSTMError/format(_:)`` if a structure begins there already, or more bytes are in use than the file has.
    mutating func claim(_ range: Range<Int>, _ subject: String) throws(LSTMError) {
      if range.isEmpty { return }
      guard starts.insert(range.lowerBound).inserted else {
        throw .format("\(subject) lies at byte \(range.lowerBound), where another structure lies already: the file is damaged")
      }
      total += range.count
      guard total <= capacity else {
        throw .format("\(subject) at byte \(range.lowerBound) lies within other structures: the file is damaged")
      }
      extents.append(Extent(start: range.lowerBound, end: range.upperBound, subject: subject))
    }

    /// Checks that no two structures overlap.
    mutating func requireDisjoint() throws(LSTMError) {
      extents.sort { $0.start < $1.start }
      for (one, next) in zip(extents, extents.dropFirst()) where next.start < one.end {
        throw .format(
          "\(next.subject) at byte \(next.start) lies within \(one.subject) at byte \(one.start): the file is damaged")
      }
    }
  }
}
