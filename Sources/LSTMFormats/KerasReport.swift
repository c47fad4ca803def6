import LSTMModel

/// What a file holds, told to people: who wrote it, each layer with what is wrong with it, the weights, and whether it loads.
struct KerasReport {
  /// The report so far.
  private(set) var lines: [String] = []
  /// Whether the file loads.
  private(set) var loads = false

  /// Examines a file.
  init(_ bytes: [UInt8]) {
    do throws(LSTMError) {
      if ZipWalk.isZip(bytes) {
        try examine(try KerasArchive(bytes, maxBytes: LoadOptions().maxBytes))
      } else if let model = try ModelFile.otherModel(bytes) {
        accept(model)
      } else {
        self = try HDF5.withFile(bytes) { (root) throws(LSTMError) in KerasReport(root) }
      }
    } catch {
      conclude(error)
    }
  }

  /// Examines a folder that Keras saved without zipping it.
  init(folder path: String, maxBytes: Int) {
    do throws(LSTMError) { try examine(try KerasArchive(folder: path, maxBytes: maxBytes)) } catch { conclude(error) }
  }

  /// The report as text.
  var text: String { lines.joined(separator: "\n") + "\n" }

  private mutating func examine(_ archive: KerasArchive) throws(LSTMError) {
    describe(archive.architecture, format: "Keras archive (.keras): configuration and weights", backend: "")
    verdict(archive.architecture) { () throws(LSTMError) in
      try archive.model()
    } otherwise: { _ in
    }
  }

  /// Tells what a file of another format holds.
  private mutating func accept(_ model: Model) {
    lines = ["Format      \(model.format)", "Writer      \(model.writer)", "", model.summary, "The file loads."]
    loads = true
  }

  private init(_ root: HDF5Group) {
    do throws(LSTMError) {
      if try TensorFiles.isPresent(in: root) {
        accept(try TensorFiles.model(root))
        return
      }
      if try !KerasHDF5.isPresent(in: root), let reason = try ModelFile.weightsOnly(root) {
        describeWeightsAlone(root)
        conclude(reason)
        return
      }
      let file = try KerasHDF5(root)
      let backend = (try? root.string("backend")).flatMap { $0 }.map { ", backend \($0)" } ?? ""
      describe(file.architecture, format: "Keras HDF5 model: configuration and weights", backend: backend)
      if root.contains("optimizer_weights") { lines.append("Kept        the optimizer's state, to be saved again") }
      verdict(file.architecture) { () throws(LSTMError) in
        try file.model()
      } otherwise: {
        $0.describeWeights(try? file.weights())
      }
    } catch { conclude(error) }
  }

  /// Loads the model, and says how it went.
  private mutating func verdict(
    _ architecture: KerasArchitecture, _ load: () throws(LSTMError) -> Model, otherwise: (inout KerasReport) -> Void
  ) {
    do throws(LSTMError) {
      lines += ["", try load().summary]
      loads = true
      lines.append("The file loads.")
    } catch {
      describeLayers(architecture)
      otherwise(&self)
      conclude(error)
    }
  }

  private mutating func conclude(_ error: LSTMError) {
    // The table of a model ends its last line itself.
    if lines.last?.hasSuffix("\n") != true { lines.append("") }
    lines.append("The file does not load: \(error.message).")
  }

  private mutating func describe(_ architecture: KerasArchitecture, format: String, backend: String) {
    lines.append("Format      \(format)")
    lines.append("Writer      \(architecture.writer)\(backend)")
    if architecture.version.isEmpty {
      lines.append("Assumed     the rules of Keras \(architecture.generation.rawValue): the file does not say which version wrote it")
    }
    let rule = architecture.generation >= .keras3 ? "x/6 + 0.5" : "0.2 x + 0.5"
    if architecture.config.text.contains("\"hard_sigmoid\"") {
      lines.append("Assumed     hard_sigmoid is clip(\(rule), 0, 1), as in that version")
    }
    let type = architecture.config["class_name"]?.string ?? "unknown"
    let name = architecture.config["config"]?["name"]?.string.map { " ‘\($0)’" } ?? ""
    lines.append("Model       \(type)\(name)")
  }

  /// A file without a configuration: what there is, and what it would become.
  private mutating func describeWeightsAlone(_ root: HDF5Group) {
    if let weights = try? LegacyWeights(root) {
      lines.append("Format      Keras HDF5 weights without a configuration")
      lines.append("Writer      \(KerasReport.writer(of: weights, version: (try? root.string("keras_version")).flatMap { $0 } ?? ""))")
      describeWeights(weights)
    } else {
      lines.append("Format      Keras weights by class and place (.weights.h5), without a configuration")
      lines.append("Writer      Keras 2.12 or newer, or Keras 3: the file does not say which")
      lines += ["", "Weights in the file"]
      describeDatasets(root, prefix: "", depth: 0)
    }
    do throws(LSTMError) {
      lines += ["", "If asked to infer a model from the weights, this is it:", "", try InferredModel.model(root).summary]
    } catch {
      lines += ["", "No model can be inferred from the weights: \(error.message)."]
    }
  }

  /// Who wrote weights, as far as they tell.
  private static func writer(of weights: LegacyWeights, version: String) -> String {
    if !version.isEmpty { return "Keras " + version }
    return weights.hasNamesOfKeras1 ? "Keras 1, as the names of the weights tell" : "Keras, in a version that the file does not state"
  }

  private mutating func describeDatasets(_ group: HDF5Group, prefix: String, depth: Int) {
    guard depth < 12, lines.count < 1000 else { return }
    for name in ((try? group.names()) ?? []).prefix(200) {
      if let dataset = try? group.dataset(name) {
        lines.append("  \(prefix)\(name)  \((try? dataset.shape()).map(\.description) ?? "cannot be read")")
      } else if let inner = try? group.group(name) {
        describeDatasets(inner, prefix: prefix + name + "/", depth: depth + 1)
      }
    }
  }

  private mutating func describeLayers(_ architecture: KerasArchitecture) {
    let findings = LayerSurvey.survey(architecture.config, generation: architecture.generation)
    guard !findings.isEmpty else { return }
    let names = findings.map(\.path.count).max() ?? 0
    let types = findings.map(\.type.count).max() ?? 0
    lines += ["", "Layers"]
    for finding in findings {
      let fill = String(repeating: " ", count: names - finding.path.count) + "  " + finding.type
      let verdict = finding.fault.map { "refused: \($0.message)" } ?? "understood"
      lines.append("  \(finding.path)\(fill)\(String(repeating: " ", count: types - finding.type.count))  \(verdict)")
    }
  }

  private mutating func describeWeights(_ weights: LegacyWeights?) {
    guard let weights else { return }
    lines += ["", "Weights in the file, layer by layer"]
    for layer in weights.layers.prefix(200) {
      lines.append("  \(layer.name)")
      for position in layer.weights.indices.prefix(200) {
        let shape = (try? layer.dataset(position).shape()).map(\.description) ?? "cannot be read"
        lines.append("    \(layer.weights[position])  \(shape)")
      }
    }
    if weights.layers.count > 200 { lines.append("  … and \(weights.layers.count - 200) more") }
  }
}

/// Each layer of a configuration by itself, so that one that is refused does not hide the next.
enum LayerSurvey {
  /// A layer and what is wrong with it.
  struct Finding: Sendable {
    /// Its name: `outer/inner`.
    var path: String
    /// Its class.
    var type: String
    /// Why it is refused; nil if it is understood.
    var fault: LSTMError?
  }

  /// The layers of a model, those of models inside it included, in the file's order.
  static func survey(_ model: JSON, generation: KerasGeneration) -> [Finding] {
    var findings: [Finding] = []
    survey(model, prefix: "", generation, depth: 0, &findings)
    return findings
  }

  private static func survey(_ model: JSON, prefix: String, _ generation: KerasGeneration, depth: Int, _ findings: inout [Finding]) {
    guard depth <= LayerRegistry.maximumDepth, findings.count < 10_000 else { return }
    for entry in model["config"]?.array ?? model["config"]?["layers"]?.array ?? [] {
      let type = entry["class_name"]?.string ?? "?"
      let path = prefix + (entry["config"]?["name"]?.string ?? entry["name"]?.string ?? "?")
      let inner = type == "TimeDistributed" ? entry["config"]?["layer"] ?? .null : entry
      if ["Sequential", "Functional", "Model"].contains(inner["class_name"]?.string ?? "") {
        survey(inner, prefix: path + "/", generation, depth: depth + 1, &findings)
        continue
      }
      var fault: LSTMError?
      do throws(LSTMError) {
        _ = try LayerRegistry.make(entry, prefix: prefix, frozen: false, generation: generation, depth: depth + 1)
      } catch { fault = error }
      findings.append(Finding(path: path, type: type, fault: fault))
    }
  }
}
