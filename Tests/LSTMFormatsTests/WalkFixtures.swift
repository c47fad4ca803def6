import LSTMModel
import Testing

@testable import LSTMFormats

/// HDF5 files for the tests of the walk, and small damage to them.
enum WalkFixtures {
  /// Files that the manifest allows to refuse, each with a word that the refusal must hold.
  static let refused = [
    "storage/s_scaleoffset.h5": "scale-offset",
    "storage/s_soft_link.h5": "soft link",
  ]

  /// Every HDF5 file that the manifest names anywhere.
  static let files: [String] = {
    do throws(LSTMError) {
      let bytes = try FileBytes.read(Fixtures.folder + "manifest.json", maxBytes: 1 << 26)
      var names: Set<String> = []
      collect(try JSON(String(decoding: bytes, as: UTF8.self), what: "the manifest"), &names)
      return names.filter { (try? bytesOf($0)) != nil }.sorted()
    } catch {
      return []
    }
  }()

  private static func collect(_ value: JSON, _ names: inout Set<String>) {
    switch value {
    case .string(let name): if name.hasSuffix(".h5") || name.hasSuffix(".k212.keras") { names.insert(name) }
    case .array(let elements): for element in elements { collect(element, &names) }
    case .object(let members): for member in members { collect(member.value, &names) }
    default: break
    }
  }

  /// The bytes of a fixture.
  static func bytesOf(_ file: String) throws(LSTMError) -> [UInt8] {
    try FileBytes.read(Fixtures.folder + file, maxBytes: 1 << 26)
  }

  /// What the walk says against these bytes; `nil` if it accepts them.
  static func verdict(_ bytes: [UInt8]) -> LSTMError? {
    do throws(LSTMError) {
      try HDF5Walk.check(bytes)
      return nil
    } catch {
      return error
    }
  }
}

extension [UInt8] {
  /// Where `text` occurs, all places.
  func places(of text: String) -> [Int] {
    let wanted = Array(text.utf8)
    guard let first = wanted.first, count >= wanted.count else { return [] }
    return (0...(count - wanted.count)).filter { self[$0] == first && self[$0..<($0 + wanted.count)].elementsEqual(wanted) }
  }

  /// The number of `width` bytes at `place`, little-endian.
  func number(at place: Int, width: Int = 8) -> Int {
    (0..<width).reversed().reduce(0) { $0 << 8 | Int(self[place + $1]) }
  }

  /// Writes a number of `width` bytes at `place`, little-endian.
  mutating func put(_ number: Int, at place: Int, width: Int = 8) {
    for index in 0..<width { self[place + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
  }

  /// Makes the checksum that follows `range` right again.
  mutating func mend(_ range: Range<Int>) {
    put(Int(HDF5Walk.lookup3(self, range)), at: range.upperBound, width: 4)
  }
}
