import LSTMModel

/// The keys that ``CellOptions`` have in a layer's configuration, beside Keras' own.
enum CellOptionKeys {
  /// Reads those of a cell.
  ///
  /// - Throws: ``LSTMError`` naming layer and key if an option does not fit the cell or another option.
  static func read(_ config: LayerConfig, _ cell: Recurrent) throws(LSTMError) -> CellOptions {
    var options = CellOptions()
    options.separateBiases = try config.bool("recurrent_bias", default: false)
    options.storesInitialState = try config.bool("stored_initial_state", default: false)
    options.zoneoutH = try config.rate("zoneout_h")
    options.clip = try config.optionalNumber("clip")
    if let clip = options.clip, !(clip > 0 && clip.isFinite) { throw config.wrong("clip", expected: "a number above 0") }
    if options.separateBiases, !cell.useBias { throw config.unsupported("has ‘recurrent_bias’ but not ‘use_bias’") }
    guard cell.cell == .lstm else { return options }

    options.zoneoutC = try config.rate("zoneout_c")
    options.peepholes = try config.bool("peepholes", default: false)
    if config.value("projection") != nil { options.projection = try config.integer("projection") }
    options.couplesForget = try config.bool("input_forget", default: false)
    if config.value("output_activation") != nil {
      let function = try config.activation("output_activation")
      guard !function.isRowWise else { throw config.unsupported("has a softmax as an activation") }
      options.outputActivation = function == cell.activation ? nil : function
    }
    if config.value("layer_normalization") != nil {
      let words = CellOptions.Normalization.allCases.map(\.rawValue)
      options.normalization = CellOptions.Normalization(rawValue: try config.word("layer_normalization", words, default: "gates"))
    }
    options.epsilon = try config.number("layer_normalization_epsilon", default: options.epsilon)
    guard options.epsilon >= 0, options.epsilon.isFinite else {
      throw config.wrong("layer_normalization_epsilon", expected: "a number of at least 0")
    }
    if options.normalization != nil, options.peepholes || options.separateBiases {
      throw config.unsupported("has ‘layer_normalization’ together with ‘\(options.peepholes ? "peepholes" : "recurrent_bias")’")
    }
    return options
  }
}
