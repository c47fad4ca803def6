// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target: unsafe code must say so, and imports must be declared.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatWarning("StrictMemorySafety", as: .error),
]

/// What runs once per file or call is compiled for size.
let small: [SwiftSetting] = [.unsafeFlags(["-Osize"], .when(configuration: .release))]

/// Kernels are compiled once for each instruction set and element type, always optimised: unoptimised SIMD is useless even in tests.
func kernels(_ suffix: String, _ flags: [String]) -> Target {
  .target(
    name: "LSTMKernels" + suffix,
    dependencies: ["CVector", "CSupport", "CDot"],
    path: "Sources/LSTMKernels" + suffix,
    swiftSettings: strict + [
      .unsafeFlags(["-O", "-wmo", "-num-threads", "2"] + flags)
    ])
}

#if arch(x86_64)
  let v3 = ["-Xcc", "-march=x86-64-v3", "-DLSTM_V3", "-Xcc", "-DLSTM_V3"]
  let v4 = ["-Xcc", "-march=x86-64-v4", "-DLSTM_V4", "-Xcc", "-DLSTM_V4"]
#else
  let v3: [String] = []
  let v4: [String] = []
#endif
let double = ["-DLSTM_FLOAT64", "-Xcc", "-DLSTM_FLOAT64"]

/// The runtime is compiled once for float and once for double, as the kernels are: plain code instead of generic code.
func runtime(_ suffix: String, _ settings: [SwiftSetting]) -> Target {
  .target(
    name: "LSTMRuntime" + suffix,
    dependencies: ["LSTMModel", "LSTMCaller", "CSupport", "CDot"] + ["", "V3", "V4"].map { .byName(name: "LSTMKernels" + suffix + $0) },
    path: "Sources/LSTMRuntime" + suffix,
    swiftSettings: strict + settings)
}

let package = Package(
  name: "lstm",
  products: [
    .library(name: "lstm", type: .dynamic, targets: ["LSTM"])
  ],
  targets: [
    .systemLibrary(name: "CLSTM", path: "include"),
    .systemLibrary(name: "CVector"),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .target(name: "CDot", cSettings: [.unsafeFlags(["-O2", "-fvisibility=hidden"])]),
    .target(name: "CSupport", cSettings: [.unsafeFlags(["-fvisibility=hidden"])]),
    .target(name: "LSTMModel", swiftSettings: strict + small),
    .target(name: "LSTMCaller", dependencies: ["LSTMModel"], swiftSettings: strict),
    .target(name: "LSTMFormats", dependencies: ["LSTMModel", "CHDF5", "CJansson", "CZip"], swiftSettings: strict + small),
    kernels("", []),
    kernels("V3", v3),
    kernels("V4", v4),
    kernels("64", double),
    kernels("64V3", double + v3),
    kernels("64V4", double + v4),
    runtime("", []),
    runtime("64", [.define("LSTM_FLOAT64")]),
    .target(
      name: "LSTM",
      dependencies: ["CLSTM", "CSupport", "LSTMModel", "LSTMCaller", "LSTMFormats", "LSTMRuntime", "LSTMRuntime64"],
      exclude: ["exports.map"],
      swiftSettings: strict + [.enableExperimentalFeature("CImplementation")],
      linkerSettings: [
        .unsafeFlags(
          [
            "-static-stdlib", "-use-ld=lld",
            "-Xlinker", "--version-script=Sources/LSTM/exports.map",
            "-Xlinker", "-soname=liblstm.so.0",
            "-Xlinker", "-z", "-Xlinker", "now",
            "-Xlinker", "-z", "-Xlinker", "relro",
            "-Xlinker", "-z", "-Xlinker", "nodelete",
            "-Xlinker", "-z", "-Xlinker", "noexecstack",
            "-Xlinker", "--gc-sections", "-Xlinker", "--strip-debug",
          ], .when(configuration: .release))
      ]),
    .testTarget(
      name: "LSTMRuntimeTests", dependencies: ["LSTMModel", "LSTMCaller", "LSTMRuntime"], path: "Tests/LSTMRuntimeTests"),
    .testTarget(
      name: "LSTMTrainingTests", dependencies: ["LSTMModel", "LSTMFormats", "LSTMRuntime64"], path: "Tests/LSTMTrainingTests"),
    .testTarget(name: "LSTMFormatsTests", dependencies: ["LSTMFormats", "LSTMModel"], path: "Tests/LSTMFormatsTests"),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzz targets need a sanitizer in every module, so they are built only when asked for: Tests/Fuzz/fuzz.sh.
if Context.environment["LSTM_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "LSTMFuzz", dependencies: ["LSTMFormats", "LSTMModel", "CHDF5"], path: "Tests/Fuzz", exclude: ["fuzz.sh", "corpus", "finds"],
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]))
}
