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
      self = try HDF5.withFile(bytes) { (root) throws(LSTMError) in KerasReport(root) }
    } catch {
      conclude(error)
    }
  }

  /// The report as text.
  var text: String { lines.joined(separator: "\n") + "\n" }

  private init(_ root: HDF5Group) {
    do throws(LSTMError) {
      let file = try KerasHDF5(root)
      describe(file, root)
      let result: Result<Model, LSTMError>
      do throws(LSTMError) { result = .success(try file.model()) } catch { result = .failure(error) }
      switch result {
      case .success(let model):
        lines += ["", model.summary]
        loads = true
        lines.append("The file loads.")
      case .failure(let error):
        describeLayers(file)
        describeWeights(try? file.weights())
        conclude(error)
      }
    } catch {
      describeOther(root)
      conclude(error)
    }
  }

  private mutating func conclude(_ error: LSTMError) {
    lines += ["", "The file does not load: \(error.message)."]
  }

  private mutating func describe(_ file: KerasHDF5, _ root: HDF5Group) {
    lines.append("Format      Keras HDF5 model: configuration and weights")
    let backend = (try? root.string("backend")).flatMap { $0 }.map { ", backend \($0)" } ?? ""
    lines.append("Writer      \(file.architecture.writer)\(backend)")
    if file.architecture.version.isEmpty {
      lines.append("Assumed     the rules of Keras \(file.architecture.generation.rawValue): the file does not say which version wrote it")
    }
    if file.architecture.generation > .keras1 {
      let rule = file.architecture.generation >= .keras3 ? "x/6 + 0.5" : "0.2 x + 0.5"
      if file.architecture.config.text.contains("\"hard_sigmoid\"") { lines.append("Assumed     hard_sigmoid is clip(\(rule), 0, 1), as in that version") }
    }
    let type = file.architecture.config["class_name"]?.string ?? "unknown"
    let name = file.architecture.config["config"]?["name"]?.string.map { " ‘\($0)’" } ?? ""
    lines.append("Model       \(type)\(name)")
    if root.contains("optimizer_weights") { lines.append("Kept        the optimizer's state, to be saved again") }
  }

  /// A file without a configuration: at least say what there is.
  private mutating func describeOther(_ root: HDF5Group) {
    guard let weights = try? LegacyWeights(root) else { return }
    let version = (try? root.string("keras_version")).flatMap { $0 } ?? ""
    lines.append("Format      Keras HDF5 weights without a configuration")
    lines.append("Writer      Keras \(version)")
    describeWeights(weights)
  }

  private mutating func describeLayers(_ file: KerasHDF5) {
    let findings = LayerSurvey.survey(file.architecture.config, generation: file.architecture.generation)
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
