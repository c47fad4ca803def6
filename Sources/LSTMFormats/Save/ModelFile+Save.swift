import LSTMModel

extension ModelFile {
  /// Saves a model to a file, which is afterwards the new one, whole, or (after an error) what it was before. `format` nil goes by the name.
  ///
  /// - Throws: ``LSTMError/unsupported(_:)`` naming what the format cannot express; ``LSTMError/io(_:)`` if the file cannot be written.
  public static func save(_ model: Model, path: String, format: SaveFormat?, options: SaveOptions) throws(LSTMError) {
    let bytes: [UInt8]
    if let format {
      bytes = try self.bytes(of: model, format: format, options: options)
    } else {
      guard let format = SaveFormat(path: path) else {
        throw .argument(
          "‘\(path)’ does not say what kind of file it is to be; it should end in .h5, .weights.h5, .keras or .safetensors, or a format be given")
      }
      bytes = try self.bytes(of: model, namedBy: format, options: options)
    }
    try AtomicFile.write(bytes, to: path)
  }

  /// The bytes of such a file.
  public static func bytes(of model: Model, format: SaveFormat, options: SaveOptions) throws(LSTMError) -> [UInt8] {
    switch format {
    case .torchHDF5: return try TorchState(model).hdf5()
    case .safetensors: return try TorchState(model).safetensors()
    default:
      let isWhole = format != .keras2Weights && format != .keras3Weights
      let worded = try KerasWording.of(model, keepsTraining: options.training && isWhole)
      return try kerasBytes(of: worded, format: format, options: options)
    }
  }

  private static func kerasBytes(of model: Model, format: SaveFormat, options: SaveOptions) throws(LSTMError) -> [UInt8] {
    switch format {
    case .kerasHDF5: return try KerasHDF5Writer(model, for: .both, options).bytes()
    case .keras2HDF5: return try KerasHDF5Writer(model, for: .keras2, options).bytes()
    case .keras3HDF5: return try KerasHDF5Writer(model, for: .keras3, options).bytes()
    case .keras2Weights: return try LegacyWeightsWriter.bytes(of: model)
    case .keras3Weights: return try VariableWriter(model, options).bytes()
    case .kerasArchive: return try KerasArchiveWriter(model, options).bytes()
    case .torchHDF5, .safetensors: throw .internalFault("this is no format of Keras")
    }
  }

  /// The bytes for a name that ends in `.h5`: for both generations where one file can serve both, else for the model's own.
  private static func bytes(of model: Model, namedBy format: SaveFormat, options: SaveOptions) throws(LSTMError) -> [UInt8] {
    guard format == .kerasHDF5 else { return try bytes(of: model, format: format, options: options) }
    do { return try bytes(of: model, format: format, options: options) } catch {
      guard case .unsupported = error else { throw error }
      let own = model.generation >= .keras3 ? SaveFormat.keras3HDF5 : .keras2HDF5
      return try bytes(of: model, format: own, options: options)
    }
  }
}
