import LSTMModel
import Testing

@testable import LSTMFormats

@Suite struct `HDF5 walk` {
  @Test func `the manifest lists the files that these tests read`() {
    #expect(WalkFixtures.files.count > 300)
  }

  @Test(arguments: WalkFixtures.files) func `every file of a real writer is accepted, in every storage flavour`(_ file: String) throws {
    let verdict = WalkFixtures.verdict(try WalkFixtures.bytesOf(file))
    if let word = WalkFixtures.refused[file] {
      #expect(verdict?.message.contains(word) == true)
    } else {
      #expect(verdict == nil)
    }
  }

  @Test(arguments: [
    ([UInt8](), "empty"),
    (Array("PK\u{3}\u{4}rest of an archive".utf8), "zip archive"),
    (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "Git LFS"),
    (Array("\n <!DOCTYPE html><html>".utf8), "HTML"),
    (Array("<HTML>".utf8), "HTML"),
    ([0x93] + Array("NUMPY\u{1}".utf8), ".npy"),
    ([UInt8](repeating: 0, count: 5000), "zeros"),
    (Array("layer weights\n1 2 3\n".utf8), "text"),
    (Array("{\"class_name\": 1}".utf8), "JSON"),
    ([0x1f, 0x8b, 8, 0], "gzip"),
    ([1, 2, 3, 0xff, 0xfe], "unknown"),
    ([0x89, 0x48, 0x44, 0x46], "truncated"),
  ]) func `a file of another kind is named`(_ bytes: [UInt8], _ word: String) throws {
    let message = try #require(WalkFixtures.verdict(bytes)).message
    #expect(message.contains("not an HDF5 file") && message.contains(word), "\(message)")
  }

  @Test func `every truncation says how many bytes are missing`() throws {
    let bytes = try WalkFixtures.bytesOf("keras/tiny/tiny.k2.h5")
    for count in stride(from: 8, to: bytes.count, by: 97) {
      let message = try #require(WalkFixtures.verdict(Array(bytes.prefix(count)))).message
      #expect(message.contains("truncated"), "\(count): \(message)")
      if count >= 96 { #expect(message.contains("should have \(bytes.count) bytes and has \(count)")) }
    }
  }

  @Test func `bytes after the end that the superblock states do no harm`() throws {
    #expect(WalkFixtures.verdict(try WalkFixtures.bytesOf("keras/tiny/tiny.k2.h5") + [1, 2, 3]) == nil)
  }

  @Test func `limits are what the caller sets`() throws {
    let bytes = try WalkFixtures.bytesOf("keras/tiny/tiny.k2.h5")
    var limits = HDF5Walk.Limits()
    limits.depth = 2
    #expect(throws: LSTMError.self) { try HDF5Walk.check(bytes, limits: limits) }
    limits = HDF5Walk.Limits()
    limits.objects = 3
    #expect(throws: LSTMError.self) { try HDF5Walk.check(bytes, limits: limits) }
  }

  // Values from the comments of lookup3.c, the function's own source.
  @Test func `lookup3 gives its author's values`() {
    let text = Array("Four score and seven years ago".utf8)
    #expect(HDF5Walk.lookup3(text, 0..<30) == 0x1777_0551)
    #expect(HDF5Walk.lookup3([], 0..<0) == 0xdead_beef)
  }

  @Test func `sizes are written as people say them`() {
    #expect(HDF5Walk.inWords(bytes: 999) == "999 bytes")
    #expect(HDF5Walk.inWords(bytes: 20_480) == "20.4 kB")
    #expect(HDF5Walk.inWords(bytes: 4_000_000_000_000) == "4.0 TB")
  }
}
