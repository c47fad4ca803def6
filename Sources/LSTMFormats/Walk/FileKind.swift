import LSTMModel

extension HDF5Walk {
  /// What a file is that is no HDF5 file, by its first bytes.
  enum FileKind {
    private static let kinds: [(prefix: [UInt8], words: String)] = [
      (Array("PK".utf8) + [3, 4], "a zip archive: a Keras 3 .keras file or NumPy .npz?"),
      (Array("PK".utf8) + [5, 6], "an empty zip archive"),
      (Array("version https://git-lfs".utf8), "a Git LFS pointer, not the file itself: fetch it with git lfs pull"),
      ([0x93] + Array("NUMPY".utf8), "a NumPy .npy array"),
      ([0x1f, 0x8b], "compressed with gzip: unpack it first"),
      ([0x80, 0x02], "a Python pickle, perhaps a PyTorch file"),
      (Array("<!doctype".utf8), "an HTML page, probably of a failed download"),
      (Array("<html".utf8), "an HTML page, probably of a failed download"),
      (Array("CDF".utf8), "a netCDF 3 file"),
      ([0x0e, 0x03, 0x13, 0x01], "an HDF4 file: HDF5 is needed"),
    ]

    /// The error that tells the owner of `bytes` what they have.
    static func error(for bytes: [UInt8]) -> LSTMError {
      .format("this is not an HDF5 file: \(description(of: bytes))")
    }

    private static func description(of bytes: [UInt8]) -> String {
      if bytes.isEmpty { return "the file is empty" }
      if bytes.count < 8, bytes.elementsEqual(Superblock.signature.prefix(bytes.count)) {
        return "the file is truncated, only \(bytes.count) bytes are left"
      }
      let text = bytes.drop { $0 == 0x20 || (0x09...0x0d).contains($0) }
      for kind in kinds where startsIgnoringCase(text, kind.prefix) { return "it is \(kind.words)" }
      if isONNX(bytes) { return "it is an ONNX model; `python -m liblstm convert` makes one of it that liblstm loads" }
      let head = bytes.prefix(4096)
      if head.allSatisfy({ $0 == 0 }) { return "it begins with zeros only, as after an interrupted copy" }
      if text.first == 0x7b, head.allSatisfy(isText) { return "it is text, perhaps JSON" }
      if head.allSatisfy(isText) { return "it is a text file" }
      return "its first bytes are unknown"
    }

    /// Whether the bytes begin as ONNX does: the version of its form, a small number, and the name of what wrote it.
    private static func isONNX(_ bytes: [UInt8]) -> Bool {
      bytes.count > 4 && bytes[0] == 0x08 && (1...32).contains(bytes[1]) && bytes[2] == 0x12 && bytes[3] < 0x80
    }

    private static func startsIgnoringCase(_ bytes: ArraySlice<UInt8>, _ prefix: [UInt8]) -> Bool {
      bytes.count >= prefix.count
        && zip(bytes, prefix).allSatisfy { (0x41...0x5a).contains($0) ? $0 == $1 || $0 + 32 == $1 : $0 == $1 }
    }

    private static func isText(_ byte: UInt8) -> Bool {
      byte >= 0x20 && byte != 0x7f || (0x09...0x0d).contains(byte)
    }
  }
}
