extension Model {
  /// A table of layers, shapes and parameter counts, for people.
  public var summary: String {
    var rows = [["Layer", "Type", "Output", "Parameters"]]
    for layer in layers {
      let count = layer.weights.reduce(0) { $0 + weights[$1].values.count }
      rows.append([
        layer.name + (layer.trainable ? "" : " (frozen)"), layer.type, layer.output.rank > 0 ? layer.output.description : "", grouped(count),
      ])
    }
    let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      (0..<4).map { column in
        let fill = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 3 ? fill + row[column] : row[column] + fill
      }.joined(separator: "  ")
    }
    let rule = String(repeating: "─", count: widths.reduce(6, +))
    let title = (name.isEmpty ? "Model" : "Model \(name)") + " · " + format + (writer.isEmpty ? "" : " · " + writer)
    let ports = { (ports: [Port]) in ports.map { "\($0.name) \(shape(of: $0.value)) \($0.dtype)" }.joined(separator: ", ") }
    return
      ([title, rule, lines[0], rule] + lines.dropFirst() + [
        rule, "Inputs      \(ports(inputs))", "Outputs     \(ports(outputs))", "Parameters  \(grouped(parameterCount))",
      ] + assumptions.map { "Assumed     " + $0 }).joined(separator: "\n") + "\n"
  }

  /// `12345` as `12,345`.
  private func grouped(_ number: Int) -> String {
    var digits = Array(String(number))
    var position = digits.count - 3
    while position > 0 {
      digits.insert(",", at: position)
      position -= 3
    }
    return String(digits)
  }
}
