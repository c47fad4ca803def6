import LSTMModel

extension HDF5Walk {
  /// Goes from the root to every object, depth first, without recursion.
  struct Walker {
    private enum State {
      case open
      /// How many paths lead through the object and below it, and how deep they go.
      case closed(paths: Int, height: Int)
    }

    private struct Frame {
      let address: Int
      let name: Range<Int>
      let members: [Member]
      var next = 0
      var paths = 1
      var height = 1
    }

    var file: File
    private let superblock: Superblock
    private var states: [Int: State] = [:]
    private var frames: [Frame] = []

    /// Starts at the root that the superblock names.
    init(_ file: File, _ superblock: Superblock) {
      self.file = file
      self.superblock = superblock
    }

    /// Visits everything once.
    mutating func walk() throws(LSTMError) {
      if let address = superblock.extension { try SuperblockExtension.check(at: address, &file) }
      try enter(Member(name: 0..<0, header: superblock.root, cachedTable: superblock.cachedTable))
      if superblock.cachedTable != nil, file.headers[superblock.root]?.has(.symbolTable) == false {
        throw .format("/: the superblock names a symbol table that the root group has not: the file is damaged")
      }
      guard !frames.isEmpty else { throw .format("the root of the file is not a group: the file is damaged") }
      while let frame = frames.last {
        if frame.next < frame.members.count {
          frames[frames.count - 1].next += 1
          try enter(frame.members[frame.next])
        } else {
          frames.removeLast()
          states[frame.address] = .closed(paths: frame.paths, height: frame.height)
          try count(paths: frame.paths, height: frame.height, frame.name)
        }
      }
      for address in file.committed.sorted() where states[address] == nil {
        try enter(Member(name: 0..<0, header: address, cachedTable: nil))
      }
    }

    private mutating func enter(_ member: Member) throws(LSTMError) {
      switch states[member.header] {
      case .open:
        throw .format("\(path(of: member.name)): a group contains itself, so that its paths never end")
      case .closed(let paths, let height): try count(paths: paths, height: height, member.name)
      case nil:
        guard states.count < file.limits.objects else { throw .unsupported("the file holds more than \(file.limits.objects) objects") }
        guard frames.count < file.limits.depth else { throw tooDeep(member.name) }
        do throws(LSTMError) {
          try visit(member)
        } catch {
          throw error.at(path(of: member.name))
        }
      }
    }

    private mutating func visit(_ member: Member) throws(LSTMError) {
      let header = try ObjectHeader.at(member.header, &file)
      for message in header.messages { try checkCommon(message) }
      if Group.isGroup(header) {
        try requireOnly(header, [.linkInfo, .link, .groupInfo, .symbolTable], "a group")
        let members = try Group.members(header, cached: member.cachedTable, &file)
        states[member.header] = .open
        frames.append(Frame(address: member.header, name: member.name, members: members))
        return
      }
      guard member.cachedTable == nil else { throw .format("the link to it says that it is a group, which it is not: the file is damaged") }
      if header.has(.layout) || header.has(.dataspace) {
        try requireOnly(
          header, [.dataspace, .datatype, .oldFillValue, .fillValue, .externalFiles, .layout, .filters], "a dataset")
        file.object = member.header
        try Dataset.check(header, &file)
      } else if let message = header.first(.datatype), !message.isShared {
        try requireOnly(header, [.datatype], "a datatype")
        _ = try Datatype.inMessage(message, &file)
      } else {
        throw .format("it is neither a group nor a dataset: the file is damaged")
      }
      states[member.header] = .closed(paths: 1, height: 1)
      if !frames.isEmpty { try count(paths: 1, height: 1, member.name) }
    }

    /// Checks what every object may have.
    private mutating func checkCommon(_ message: Message) throws(LSTMError) {
      var reader = message.reader(file)
      switch message.kind {
      case .attribute: try Attribute.check(&reader, &file)
      case .attributeInfo:
        try DenseStorage(message, file).walk(.attributes, &file) { reader, file throws(LSTMError) in
          try Attribute.check(&reader, &file)
        }
      case .comment: _ = try reader.terminated("a text")
      case .modificationTime:
        try reader.expect(1, "version")
        try reader.skip(7)
      case .referenceCount:
        try reader.expect(0, "version")
        try reader.skip(4)
      case .oldModificationTime: throw .unsupported("its modification time is in HDF5 1.2's form; re-save the file with h5repack")
      case .sharedTable, .treeSizes, .driverInfo, .fileSpace, .cacheImage:
        throw reader.damage("belongs into the superblock's extension: the file is damaged")
      default: break
      }
    }

    private func requireOnly(_ header: ObjectHeader, _ own: [Message.Kind], _ what: String) throws(LSTMError) {
      for message in header.messages {
        switch message.kind {
        case .nothing, .attribute, .attributeInfo, .comment, .modificationTime, .referenceCount, .continuation: continue
        default:
          guard own.contains(message.kind) else {
            throw .format("it is \(what) and yet has \(message.kind.subject): the file is damaged")
          }
        }
      }
    }

    /// Adds the paths through a member to those through the group that is open.
    private mutating func count(paths: Int, height: Int, _ name: Range<Int>) throws(LSTMError) {
      guard let top = frames.indices.last else { return }
      frames[top].paths += paths
      frames[top].height = max(frames[top].height, height + 1)
      guard frames[top].paths <= file.limits.objects else {
        throw .unsupported("the file has more than \(file.limits.objects) paths, because groups contain the same groups")
      }
      guard frames[top].height <= file.limits.depth else { throw tooDeep(name) }
    }

    private func tooDeep(_ name: Range<Int>) -> LSTMError {
      .unsupported("\(path(of: name).prefix(80))…: groups are nested more than \(file.limits.depth) deep")
    }

    /// The path of a member of the innermost open group.
    private func path(of name: Range<Int>) -> String {
      var names = frames.map(\.name)
      names.append(name)
      let path = names.filter { !$0.isEmpty }.map { "/" + HDF5Walk.text($0, file.bytes) }.joined()
      return path.isEmpty ? "/" : path
    }
  }
}
