import LSTMModel
import Testing

@testable import LSTMFormats

/// The files of `Tests/Fixtures`, found beside this source file.
enum Fixtures {
  /// The folder.
  static let folder: String = {
    let parts = #filePath.split(separator: "/").dropLast(2)
    return "/" + parts.joined(separator: "/") + "/Fixtures/"
  }()

  /// A file as the manifest lists it.
  struct Entry: Sendable, CustomTestStringConvertible {
    var file: String
    var format: String
    var architecture: String
    var onto: String?
    var testDescription: String { file }
  }

  /// All files of Keras.
  static let entries: [Entry] = {
    do throws(LSTMError) {
      let bytes = try FileBytes.read(folder + "manifest.json", maxBytes: 1 << 26)
      let manifest = try JSON(String(decoding: bytes, as: UTF8.self), what: "the manifest")
      return (manifest["keras_files"]?.array ?? []).compactMap { entry in
        guard let file = entry["file"]?.string, let format = entry["format"]?.string, let architecture = entry["arch"]?.string else { return nil }
        return Entry(file: file, format: format, architecture: architecture, onto: entry["architecture_from"]?.string)
      }
    } catch {
      return []
    }
  }()

  /// Layers that are not supported yet.
  static let beyond = ["convlstm", "cudnn", "k1_"]

  /// Whole models that must load.
  static let models = entries.filter { entry in
    ["keras2-model-h5", "keras3-legacy-model-h5", "keras2-model-h5-named-keras"].contains(entry.format)
      && !beyond.contains { entry.architecture.hasPrefix($0) }
  }

  /// Weights in the legacy layout, with the model that they belong to.
  static let weights = entries.filter { entry in
    entry.format == "keras2-weights-h5" && entry.onto != nil && !beyond.contains { entry.architecture.hasPrefix($0) }
  }

  /// Loads a fixture.
  static func load(_ file: String) throws(LSTMError) -> Model { try ModelFile.load(path: folder + file, options: LoadOptions()) }
}
