import LSTMModel

@testable import LSTMFormats
@testable import LSTMRuntime64

/// The training files that Keras wrote: gradients, and the weights after 1, 2 and 5 steps of each optimizer.
enum TrainingFixtures {
  /// One optimizer of one file.
  struct Series: Sendable, CustomStringConvertible {
    var file: String
    var name: String
    /// The manifest's figure is how far exact double precision is from Keras, which rounds some constants to float32. So do we
    /// (docs/decisions/0010), so that nothing but the order of operations is left.
    static let tolerance = 1e-14

    var description: String { "\(file) \(name)" }
  }

  static let folder = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Fixtures/"

  /// All series in double precision, except those of files with constraints and regularizers, which the trainer's tests follow.
  static let series: [Series] = {
    guard let bytes = try? FileBytes.read(folder + "manifest.json", maxBytes: 64 << 20),
      let manifest = try? JSON(String(decoding: bytes, as: UTF8.self), what: "the manifest")
    else { return [] }
    var result: [Series] = []
    for entry in manifest["training"]?.array ?? [] {
      guard entry["floatx"]?.string == "float64", let file = entry["file"]?.string, entry["case"]?.string != "bn_reg_constraint",
        case .object(let members)? = entry["exact_float64_optimizer_differs_by"]
      else { continue }
      for member in members { result.append(Series(file: file, name: member.name)) }
    }
    return result
  }()

  /// What a series holds.
  struct Content: Sendable {
    var config: String
    var shapes: [Shape]
    var initial: [Double]
    /// One row for each step.
    var gradients: [[Double]]
    var steps: [(number: Int, weights: [Double])]
  }

  /// Reads a series.
  static func content(_ series: Series) throws -> Content {
    let bytes = try FileBytes.read(folder + series.file, maxBytes: 64 << 20)
    return try HDF5.withFile(bytes) { (root) throws(LSTMError) in
      let group = try root.group("optimizers/" + series.name)
      let order = try root.list("weight_order") ?? []
      var content = Content(config: try group.string("config") ?? "", shapes: [], initial: [], gradients: [], steps: [])
      var once: [Double] = []
      for name in order {
        let weight = try root.dataset("initial/" + name)
        content.shapes.append(try weight.shape())
        content.initial += numbers(try weight.values())
        once += numbers(try root.dataset("gradients/" + name).values())
      }
      if group.contains("raw_gradients") {
        let all = numbers(try group.dataset("raw_gradients").values())
        let count = content.initial.count
        content.gradients = stride(from: 0, to: all.count, by: count).map { Array(all[$0..<$0 + count]) }
      } else {
        content.gradients = [once]
      }
      for number in [1, 2, 5] where number <= content.gradients.count {
        content.steps.append((number, numbers(try group.dataset("step_\(number)").values())))
      }
      return content
    }
  }

  static func numbers(_ values: Values) -> [Double] {
    switch values {
    case .float32(let list): return list.map { Double($0) }
    case .float64(let list): return list
    }
  }
}

/// Numbers in an arena that is never freed, so that a test may use them without a name for their owner.
struct Numbers {
  let floats: Floats

  init(_ numbers: [Double]) throws {
    let arena = try Arena(capacity: max(numbers.count, 1), for: "a test")
    _ = Unmanaged.passRetained(arena)
    floats = arena.floats(numbers.count)
    floats.copy(from: numbers)
  }

  /// Parts of these sizes, one after the other.
  func parts(_ shapes: [Shape]) -> [Floats] {
    var start = 0
    return shapes.map { shape in
      defer { start += shape.count ?? 0 }
      return floats.slice(start, shape.count ?? 0)
    }
  }
}
