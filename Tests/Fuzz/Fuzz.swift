import LSTMModel

@testable import LSTMFormats

#if canImport(Glibc)
  import Glibc
#endif

/// The reader that this run works on, from the environment variable LSTM_FUZZ_READER; see fuzz.sh.
private let reader = getenv("LSTM_FUZZ_READER").map { String(cString: $0) } ?? "load"

/// Called by libFuzzer for each input. It returns -1 for one that belongs to another reader, which keeps it out of the corpus.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  switch reader {
  case "hdf5":
    guard HDF5Walk.Superblock.position(in: bytes) != nil else { return -1 }
    load(bytes)
  case "zip":
    guard ZipWalk.isZip(bytes) else { return -1 }
    load(bytes)
  case "json":
    guard let text = String(validating: bytes, as: UTF8.self) else { return -1 }
    _ = try? ModelFile.fromJSON(text, seed: 1, maxBytes: 1 << 24)
  case "safetensors":
    guard Safetensors.isPresent(in: bytes) else { return -1 }
    load(bytes)
  case "audio":
    guard JSONModels.isPresent(in: bytes) else { return -1 }
    load(bytes)
  case "walk":
    guard HDF5Walk.Superblock.position(in: bytes) != nil else { return -1 }
    Differential.compare(bytes)
  default: load(bytes)
  }
  return 0
}

private func load(_ bytes: [UInt8]) {
  var options = LoadOptions()
  options.infersArchitecture = true
  _ = try? ModelFile.load(bytes: bytes, options: options)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ one: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The package manager gives the program's entry point this name; libFuzzer's own is not linked then, so it is called from here.
@_cdecl("LSTMFuzz_main")
public func start(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
  var (count, arguments) = (count, arguments)
  return runDriver(&count, &arguments) { fuzzOne($0, $1) }
}
