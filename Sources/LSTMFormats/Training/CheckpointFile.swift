import LSTMModel

/// Checkpoints of a trainer: HDF5 files with the arrays of a snapshot under their names, and a list of the names.
public enum CheckpointFile {
  private static let kind = "liblstm checkpoint 1"

  /// Writes a checkpoint, which is there whole or not at all.
  ///
  /// - Throws: ``LSTMError/io(_:)``, ``LSTMError/memory(_:)``.
  public static func write(_ snapshot: TrainingSnapshot, to path: String) throws(LSTMError) {
    let bytes = try HDF5Writer.bytes { writer throws(LSTMError) in
      try writer.attribute("kind", of: writer.root, text: kind)
      try writer.attribute("arrays", of: writer.root, list: snapshot.entries.map(\.name))
      for entry in snapshot.entries { try writer.dataset(entry.name, in: writer.root, shape: entry.shape, entry.values) }
    }
    try AtomicFile.write(bytes, to: path)
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: ``LSTMError/io(_:)``, ``LSTMError/format(_:)`` if it is damaged or none.
  public static func read(_ path: String) throws(LSTMError) -> TrainingSnapshot {
    let bytes = try FileBytes.read(path, maxBytes: LoadOptions().maxBytes)
    do throws(LSTMError) {
      return try HDF5.withFile(bytes) { root throws(LSTMError) in
        guard try root.string("kind") == kind, let names = try root.list("arrays") else {
          throw .format("this is an HDF5 file, but no checkpoint of a trainer")
        }
        var snapshot = TrainingSnapshot()
        for name in names {
          let dataset = try root.dataset(name)
          snapshot.add(name, try dataset.shape(), try dataset.values())
        }
        return snapshot
      }
    } catch {
      throw error.at(path)
    }
  }
}
