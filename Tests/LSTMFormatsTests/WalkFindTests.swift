import LSTMModel
import Testing

@testable import LSTMFormats

/// Damage that a fuzzer found to crash or hang libhdf5 1.10.8, or that is known to, made by hand so that nothing else is wrong.
@Suite struct `HDF5 walk, finds` {
  private func refuse(_ bytes: [UInt8], _ word: String, _ place: SourceLocation = #_sourceLocation) {
    let message = WalkFixtures.verdict(bytes)?.message
    #expect(message?.contains(word) == true, "\(message ?? "accepted")", sourceLocation: place)
  }

  private let plain = "keras/tiny/tiny.k2.h5"

  @Test func `an extensible array that declares more chunks than there can be (hang)`() throws {
    var bytes = try WalkFixtures.bytesOf("storage/s_latest_one_unlimited.h5")
    let header = try #require(bytes.places(of: "EAHD").first)
    bytes.put(1 << 31, at: header + 44)
    bytes.mend(header..<(header + 68))
    refuse(bytes, "declares 2147483648 chunks")
  }

  @Test func `a value in a global heap that is longer than the element says (overflow)`() throws {
    var bytes = try WalkFixtures.bytesOf(plain)
    let heap = try #require(bytes.places(of: "GCOL").first)
    let size = bytes.number(at: heap + 24)
    bytes.put(size + 1, at: heap + 24)
    refuse(bytes, "items where \(size + 1) bytes are stored")
  }

  @Test func `a global heap whose free space has no size (endless loop)`() throws {
    var bytes = try WalkFixtures.bytesOf(plain)
    var at = try #require(bytes.places(of: "GCOL").first) + 16
    while bytes.number(at: at, width: 2) != 0 { at += 16 + (bytes.number(at: at + 8) + 7) / 8 * 8 }
    bytes.put(0, at: at + 8)
    refuse(bytes, "free space of 0 bytes")
  }

  @Test func `a list of free blocks that leads back to itself (endless loop)`() throws {
    var bytes = try WalkFixtures.bytesOf(plain)
    let heap = try #require(bytes.places(of: "HEAP").first { bytes.number(at: $0 + 16) != 1 })
    let block = bytes.number(at: heap + 24) + bytes.number(at: heap + 16)
    bytes.put(bytes.number(at: heap + 16), at: block)
    refuse(bytes, "do not fit into the heap")
  }

  @Test func `a name that no zero byte ends (read past the heap)`() throws {
    var bytes = try WalkFixtures.bytesOf(plain)
    let heap = try #require(bytes.places(of: "HEAP").first)
    let names = bytes.number(at: heap + 24)
    let size = bytes.number(at: heap + 8)
    for index in (names + 8)..<(names + size) where bytes[index] == 0 { bytes[index] = 0x61 }
    bytes.put(1, at: heap + 16)
    refuse(bytes, "without an end")
  }

  @Test func `a group that contains itself`() throws {
    var bytes = try WalkFixtures.bytesOf(plain)
    // The first entry of the innermost group's node: its object becomes the root.
    let node = try #require(bytes.places(of: "SNOD").last)
    bytes.put(bytes.number(at: 64), at: node + 16)
    bytes.put(0, at: node + 24, width: 4)
    refuse(bytes, "a group contains itself")
  }

  @Test func `a tree node with another level than its place (type confusion)`() throws {
    var bytes = try WalkFixtures.bytesOf(plain)
    let node = try #require(bytes.places(of: "TREE").first)
    bytes[node + 5] = 1
    refuse(bytes, "B-tree")
  }

  @Test func `a tree node that is its own child`() throws {
    var bytes = try WalkFixtures.bytesOf(plain)
    let node = try #require(bytes.places(of: "TREE").first)
    bytes[node + 5] = 1
    bytes.put(node, at: node + 32)
    refuse(bytes, "another structure")
  }

  @Test func `two structures that share bytes`() throws {
    var bytes = try WalkFixtures.bytesOf(plain)
    let heaps = bytes.places(of: "HEAP")
    bytes.put(bytes.number(at: heaps[1] + 24), at: heaps[0] + 24)
    #expect(WalkFixtures.verdict(bytes) != nil)
  }

  @Test func `a chunk that inflates to fewer bytes than it has elements for (read past the buffer)`() throws {
    var bytes = try WalkFixtures.bytesOf("storage/s_gzip.h5")
    // The first key of the first tree of chunks: node type 1; its chunk is replaced by a stream of one stored byte.
    let node = try #require(bytes.places(of: "TREE").first { bytes[$0 + 4] == 1 })
    let keySize = try #require(
      [16, 24, 32, 40].first { size in bytes.number(at: node + 24 + size) < bytes.count && bytes.number(at: node + 24 + size) > 96 })
    let chunk = bytes.number(at: node + 24 + keySize)
    let stream: [UInt8] = [0x78, 0x01, 0x01, 1, 0, 0xfe, 0xff, 0x61, 0x00, 0x62, 0x00, 0x62]
    for (index, byte) in stream.enumerated() { bytes[chunk + index] = byte }
    bytes.put(stream.count, at: node + 24, width: 4)
    refuse(bytes, "gives 1 bytes")
  }

  @Test(arguments: [(5, 4), (8, 0)]) func `an index of names that leads outside the heap`(_ type: Int, _ identifier: Int) throws {
    var bytes = try WalkFixtures.bytesOf("storage/s_dense_storage.h5")
    let header = try #require(bytes.places(of: "BTHD").first { bytes[$0 + 5] == UInt8(type) })
    let node = bytes.number(at: header + 16)
    let size = bytes.number(at: header + 24, width: 2) * bytes.number(at: header + 10, width: 2)
    bytes.put(0xffff, at: node + 6 + identifier + 1, width: 2)
    bytes.mend(node..<(node + 6 + size))
    refuse(bytes, "outside the heap")
  }

  @Test func `a wrong checksum`() throws {
    var bytes = try WalkFixtures.bytesOf("storage/s_libver_latest.h5")
    let header = try #require(bytes.places(of: "OHDR").last)
    bytes[header + 8] ^= 1
    refuse(bytes, "checksum")
  }

  @Test func `sparse chunks that need more memory than the file is worth`() throws {
    var bytes = try WalkFixtures.bytesOf("storage/s_chunked_plain.h5")
    var limits = HDF5Walk.Limits()
    limits.unstoredBytes = 0
    #expect(throws: Never.self) { try HDF5Walk.check(bytes, limits: limits) }
    bytes = try WalkFixtures.bytesOf("storage/s_fill_value.h5")
    #expect(throws: LSTMError.self) { try HDF5Walk.check(bytes, limits: limits) }
  }
}
