import LSTMModel

extension HDF5Walk {
  /// Sizes of tree nodes, which the superblock sets for the whole file.
  struct TreeSizes {
    /// Half the entries of a symbol table node.
    var groupLeaf = 4
    /// Half the children of a node of a group's B-tree.
    var groupInternal = 16
    /// Half the children of a node of a dataset's B-tree.
    var chunkInternal = 32
  }

  /// The first structure of a file: where everything else is.
  struct Superblock {
    static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

    /// Address of the root group's object header.
    let root: Int
    /// Where an old superblock repeats that the root group's symbol table lies.
    let cachedTable: SymbolTable?
    /// Address of an extension, of new superblocks.
    let `extension`: Int?

    /// Where the superblock lies: at 0, 512, 1024, 2048, …
    static func position(in bytes: [UInt8]) -> Int? {
      var position = 0
      while position <= bytes.count - signature.count {
        if bytes[position..<(position + signature.count)].elementsEqual(signature) { return position }
        position = position == 0 ? 512 : position * 2
      }
      return nil
    }

    /// Reads the superblock, and sets the file's end and tree sizes.
    init(_ file: inout File) throws(LSTMError) {
      let subject = "the superblock"
      let available = file.bytes.count - file.base
      guard available > 8 else { throw .format("the file is truncated: it ends after the signature of its superblock") }
      var peek = try file.peek(at: 0, size: 9, subject)
      try peek.skip(8)
      let version = try peek.u8()
      let size: Int
      switch version {
      case 0: size = 96
      case 1: size = 100
      case 2, 3: size = 48
      default:
        throw .unsupported("the superblock has version \(version); 0 to 3 are known. The file is damaged, or newer than HDF5 1.14")
      }
      guard available >= size else {
        throw .format("the file is truncated: its superblock should have \(size) bytes and only \(available) are there")
      }
      var reader = try file.structure(at: 0, size: size, subject)
      try reader.skip(9)
      if version < 2 {
        (root, cachedTable) = try Superblock.readOld(&reader, version, &file)
        `extension` = nil
      } else {
        (root, `extension`) = try Superblock.readNew(&reader, &file)
        cachedTable = nil
      }
    }

    private static func readOld(
      _ reader: inout ByteReader, _ version: Int, _ file: inout File
    ) throws(LSTMError) -> (Int, SymbolTable?) {
      try reader.expect(0, "free-space version")
      try reader.expect(0, "root group version")
      try reader.skip(1)
      try reader.expect(0, "shared header version")
      try requireEightByteNumbers(&reader)
      try reader.skip(1)
      file.trees.groupLeaf = try reader.u16()
      file.trees.groupInternal = try reader.u16()
      try requireClosed(try reader.u32())
      if version == 1 {
        file.trees.chunkInternal = try reader.u16()
        try reader.skip(2)
      }
      try requireSizes(file.trees, reader)
      try readBase(&reader, file)
      if try reader.address() != nil { throw .unsupported("the superblock names a free-space index, which no HDF5 library writes") }
      try readEnd(&reader, &file)
      if try reader.address() != nil {
        throw .unsupported("the file was written with a special file driver (multi or family); re-save it as one plain file")
      }
      let entry = try SymbolTable.Entry(&reader)
      return (entry.header, entry.cached)
    }

    private static func readNew(
      _ reader: inout ByteReader, _ file: inout File
    ) throws(LSTMError) -> (Int, Int?) {
      try requireEightByteNumbers(&reader)
      try requireClosed(try reader.u8())
      try readBase(&reader, file)
      let `extension` = try reader.address()
      try readEnd(&reader, &file)
      let root = try reader.required("the root group")
      try reader.checksum()
      return (root, `extension`)
    }

    private static func requireEightByteNumbers(_ reader: inout ByteReader) throws(LSTMError) {
      let offsets = try reader.u8()
      let lengths = try reader.u8()
      guard offsets == 8, lengths == 8 else {
        throw .unsupported("the superblock declares addresses of \(offsets) and lengths of \(lengths) bytes; only 8 are supported")
      }
    }

    private static func requireClosed(_ flags: Int) throws(LSTMError) {
      guard flags == 0 else {
        throw .format(
          "the file is marked as open for writing: its writer stopped before closing it, or is still at work (h5clear -s unmarks it)")
      }
    }

    private static func requireSizes(_ trees: TreeSizes, _ reader: ByteReader) throws(LSTMError) {
      guard trees.groupLeaf > 0, trees.groupInternal > 0, trees.chunkInternal > 0 else {
        throw reader.damage("declares tree nodes without entries")
      }
    }

    private static func readBase(_ reader: inout ByteReader, _ file: File) throws(LSTMError) {
      let base = try reader.required("its base")
      guard base == file.base else {
        throw reader.damage("says that it lies at byte \(base): the user block before it was added or removed")
      }
    }

    private static func readEnd(_ reader: inout ByteReader, _ file: inout File) throws(LSTMError) {
      let end = try reader.required("its end")
      guard end <= file.bytes.count else {
        throw .format("the file is truncated: it should have \(end) bytes and has \(file.bytes.count)")
      }
      guard end >= reader.end else { throw reader.damage("says that the file ends at byte \(end), before itself") }
      file.end = end
    }
  }
}
