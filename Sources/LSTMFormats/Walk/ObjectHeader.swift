import LSTMModel

extension HDF5Walk {
  /// The messages of one object, gathered from all the blocks that they are spread over.
  struct ObjectHeader {
    private(set) var messages: [Message] = []
    private var seen: UInt32 = 0
    private var declared = 0
    private var continuations: [(address: Int, size: Int)] = []
    /// Bytes between a message's size and its body, in a new header.
    private var creationOrderWidth = 0

    /// The header at `address`, read on the first call.
    static func at(_ address: Int, _ file: inout File) throws(LSTMError) -> ObjectHeader {
      if let header = file.headers[address] { return header }
      let header = try ObjectHeader(address, &file)
      file.headers[address] = header
      return header
    }

    /// The only message of `kind`.
    func first(_ kind: Message.Kind) -> Message? {
      guard has(kind) else { return nil }
      return messages.first { $0.kind == kind }
    }

    /// Whether there is a message of `kind`.
    func has(_ kind: Message.Kind) -> Bool { seen & 1 << UInt32(kind.rawValue) != 0 }

    private init(_ address: Int, _ file: inout File) throws(LSTMError) {
      let subject = "the object header"
      var prefix = try file.peek(at: address, size: 12, subject)
      if try prefix.u8() == 1 {
        try readOld(address, &file)
      } else {
        try readNew(address, &file)
      }
    }

    private mutating func readOld(_ address: Int, _ file: inout File) throws(LSTMError) {
      let subject = "the object header"
      var prefix = try file.peek(at: address, size: 16, subject)
      try prefix.skip(2)
      declared = try prefix.u16()
      try prefix.skip(4)
      let size = try prefix.u32()
      var reader = try file.structure(at: address, size: 16 + size, subject)
      try reader.skip(16)
      try readOldMessages(&reader)
      var next = 0
      while next < continuations.count {
        let block = continuations[next]
        next += 1
        var reader = try file.structure(at: block.address, size: block.size, "a continuation of the object header")
        try readOldMessages(&reader)
      }
      guard messages.count == declared else {
        throw prefix.damage("declares \(declared) messages and has \(messages.count)")
      }
    }

    private mutating func readOldMessages(_ reader: inout ByteReader) throws(LSTMError) {
      while reader.remaining > 0 {
        let kind = try reader.u16()
        let size = try reader.u16()
        let flags = try reader.u8()
        try reader.skip(3)
        guard size % 8 == 0 else { throw reader.damage("has a message of \(size) bytes, which is no multiple of 8") }
        try add(kind, flags, try reader.skip(size), reader)
      }
    }

    private mutating func readNew(_ address: Int, _ file: inout File) throws(LSTMError) {
      let subject = "the object header"
      var prefix = try file.peek(at: address, size: 6, subject)
      try prefix.expect("OHDR")
      try prefix.expect(2, "version")
      let flags = try prefix.u8()
      guard flags & 0xc0 == 0 else { throw prefix.damage("has unknown flags") }
      let sizeWidth = 1 << (flags & 3)
      let head = 6 + (flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0)
      creationOrderWidth = flags & 4 != 0 ? 2 : 0
      prefix = try file.peek(at: address, size: head + sizeWidth, subject)
      try prefix.skip(head)
      let size = try prefix.length(sizeWidth)
      guard let whole = sum(size, head + sizeWidth + 4) else { throw prefix.damage("has the impossible size \(size)") }
      var reader = try file.structure(at: address, size: whole, subject)
      try reader.skip(head + sizeWidth)
      try readNewMessages(&reader)
      var next = 0
      while next < continuations.count {
        let block = continuations[next]
        next += 1
        var reader = try file.structure(at: block.address, size: block.size, "a continuation of the object header")
        try reader.expect("OCHK")
        try readNewMessages(&reader)
      }
    }

    private mutating func readNewMessages(_ reader: inout ByteReader) throws(LSTMError) {
      let head = 4 + creationOrderWidth
      // What is too short for a message is a gap; the checksum follows.
      while reader.remaining >= head + 4 {
        let kind = try reader.u8()
        let size = try reader.u16()
        let flags = try reader.u8()
        try reader.skip(creationOrderWidth)
        guard reader.remaining >= size + 4 else { throw reader.damage("has a message that reaches past its end") }
        try add(kind, flags, try reader.skip(size), reader)
      }
      try reader.skip(reader.remaining - 4)
      try reader.checksum()
    }

    private mutating func add(_ number: Int, _ flags: Int, _ body: Range<Int>, _ reader: ByteReader) throws(LSTMError) {
      guard let kind = Message.Kind(rawValue: number) else {
        throw reader.damage("has a message of the unknown type \(number)")
      }
      // Bits 0, 1, 2 and 6: constant, shared, never shared, shareable. Bits 3 and 4 concern libraries that do not know the message;
      // 5 and 7 say that one of them was here, or must stay away.
      guard flags & ~0x5f == 0, flags & 0x06 != 0x06 else { throw reader.damage("has a message with the flags \(flags)") }
      guard kind.repeats || !has(kind) else { throw reader.damage("holds \(kind.subject) twice") }
      seen |= 1 << UInt32(number)
      let message = Message(kind: kind, isShared: flags & 2 != 0, body: body)
      if message.isShared, kind != .datatype {
        throw .unsupported("\(kind.subject) is shared with other objects (SOHM); re-save the file with h5repack or h5py's defaults")
      }
      messages.append(message)
      if kind == .continuation { try addContinuation(body, reader) }
    }

    private mutating func addContinuation(_ body: Range<Int>, _ reader: ByteReader) throws(LSTMError) {
      var body = reader.part(body, Message.Kind.continuation.subject)
      let address = try body.required("its block")
      let size = try body.length()
      guard size >= 8 else { throw body.damage("leads to a block of \(size) bytes") }
      continuations.append((address, size))
    }
  }
}
