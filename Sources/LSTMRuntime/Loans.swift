import LSTMModel

extension Call {
  /// Lets a value lie elsewhere.
  func place(_ values: Floats, _ use: Loans.Use) {
    switch use.role {
    case .input: inputs[use.index].values = values
    case .mask: masks[use.index]?.values = values
    case .output: outputs[use.index].values = values
    }
  }
}

extension Workspace {
  /// Lets a value of the model lie elsewhere.
  func place(_ values: Floats, _ uses: [Loans.Use]) {
    for use in uses { calls[use.node]?.place(values, use) }
  }
}
