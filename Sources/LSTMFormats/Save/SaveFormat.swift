import LSTMModel

/// Kinds of files that models are saved to. The numbers are those of the C interface.
public enum SaveFormat: Int32, Sendable, CaseIterable {
  /// Keras' whole model in HDF5, which Keras 2 and Keras 3 open.
  case kerasHDF5 = 1
  /// The same for Keras 2 alone.
  case keras2HDF5 = 2
  /// The same for Keras 3 alone.
  case keras3HDF5 = 3
  /// Keras 2's `save_weights("x.h5")`.
  case keras2Weights = 4
  /// Keras 3's `.weights.h5`.
  case keras3Weights = 5
  /// Keras 3's `.keras`.
  case kerasArchive = 6
  /// PyTorch's names and orientation, as flat datasets of an HDF5 file.
  case torchHDF5 = 7
  /// PyTorch's names and orientation in a safetensors file.
  case safetensors = 8

  /// The format that a file's name means; nil if it means none.
  init?(path: String) {
    let name = path.lowercased()
    switch true {
    case name.hasSuffix(".weights.h5"): self = .keras3Weights
    case name.hasSuffix(".h5"), name.hasSuffix(".hdf5"): self = .kerasHDF5
    case name.hasSuffix(".keras"): self = .kerasArchive
    case name.hasSuffix(".safetensors"): self = .safetensors
    default: return nil
    }
  }
}

/// What to save.
public struct SaveOptions: Sendable {
  /// Whether the training configuration and the optimiser's state go into the file, if there are any and the format keeps them.
  public var training = true

  /// The defaults.
  public init() {}
}
