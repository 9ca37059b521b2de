// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Whether libFuzzer drives the parsers; see the end.
let isFuzzing = Context.environment["WARP_FUZZ"] != nil

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")

/// A C library that Debian packages: a module map and a `shim.h`, nothing else.
func systemLibrary(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// An executable whose code is tested with `@testable import`.
func executable(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies + [argumentParser], swiftSettings: settings)
}

/// Tests are never optimised: what they test is, and the optimiser of Swift 6.3 fails on some of their closures.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings + [.unsafeFlags(["-Onone"])])
}

let daemonParts: [Target.Dependency] = [
    "Core", "Reference", "DaemonKit", "Drivers", hummingbird, lifecycle, logging, metrics,
    .product(name: "Configuration", package: "swift-configuration"),
]

let package = Package(
    name: "warp-billing",
    products: [
        .executable(name: "cdr-ingest", targets: ["CDRIngestProgram"]),
        .executable(name: "poller", targets: ["Poller"]),
        .executable(name: "wallet", targets: ["WalletProgram"]),
        .executable(name: "biller", targets: ["Biller"]),
        .executable(name: "vendor-recon", targets: ["VendorRecon"]),
        .executable(name: "billingctl", targets: ["BillingCtl"]),
        .executable(name: "billing-sandbox", targets: ["Sandbox"]),
        .executable(name: "billing-bench", targets: ["Bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: [.defaults, "YAML"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
    ],
    targets: [
        systemLibrary("CPostgres", pkgConfig: "libpq", apt: "libpq-dev"),
        systemLibrary("CHiredis", apt: "libhiredis-dev"),
        systemLibrary("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        systemLibrary("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
        systemLibrary("CSystemd", pkgConfig: "libsystemd", apt: "libsystemd-dev"),
        systemLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        systemLibrary("CHaru", apt: "libhpdf-dev"),
        .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),

        .target(
            name: "Drivers",
            dependencies: [
                "CPostgres", "CHiredis", "CCurl", "COpenSSL", "CSystemd", "CZlib", "CHaru", "CSimdjson", logging,
            ],
            swiftSettings: settings),
        .target(
            name: "DaemonKit",
            dependencies: [
                "Drivers", hummingbird, lifecycle, logging, metrics, argumentParser,
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: settings),
        .target(name: "Core", swiftSettings: settings),
        .target(name: "Reference", dependencies: ["Core", "Drivers"], swiftSettings: settings),
        .target(
            name: "LiveReference", dependencies: ["Core", "Drivers", "Reference", "DaemonKit", logging],
            swiftSettings: settings),

        .target(name: "LedgerAudit", dependencies: ["Core", "Drivers", "Reference"], swiftSettings: settings),

        .target(name: "CDRIngest", dependencies: daemonParts + [argumentParser], swiftSettings: settings),
        executable("CDRIngestProgram", ["CDRIngest"]),
        executable("Poller", daemonParts + ["LiveReference"]),
        .target(
            name: "Wallet", dependencies: daemonParts + ["LiveReference", "LedgerAudit", argumentParser],
            swiftSettings: settings),
        executable("WalletProgram", ["Wallet"]),
        executable("Biller", daemonParts + [.product(name: "Mustache", package: "swift-mustache")]),
        executable("VendorRecon", daemonParts),
        executable("BillingCtl", ["Core", "Reference", "DaemonKit", "Drivers", "LedgerAudit", logging]),
        executable("Bench", ["Core", "Reference", "Drivers", "DaemonKit", "CDRIngest", "Wallet", hummingbird]),
        executable("Sandbox", ["Core", "Drivers", "DaemonKit", hummingbird, lifecycle, logging]),

        .target(
            name: "TestSupport", dependencies: ["Drivers", "DaemonKit"], path: "Tests/TestSupport",
            swiftSettings: settings),
        .target(
            name: "SecondRater", dependencies: [.product(name: "BigInt", package: "BigInt")],
            path: "Tests/SecondRater", swiftSettings: settings),
        tests("SecondRaterTests", ["SecondRater", "Core", "Reference", "BillingCtl"]),
        tests(
            "CoreTests",
            ["Core", "Reference", "BillingCtl", "TestSupport", .product(name: "BigInt", package: "BigInt")]),
        tests("BillingCtlTests", ["BillingCtl", "Core", "Drivers", "Reference", "TestSupport"]),
        tests("DriversTests", ["Drivers", "TestSupport"]),
        tests("DaemonKitTests", ["DaemonKit", "Drivers", "TestSupport", "Sandbox"]),
        tests("ReferenceTests", ["Reference", "Core", "TestSupport"]),
        tests("CDRIngestTests", ["CDRIngest", "TestSupport"], exclude: isFuzzing ? ["Fuzz", "FuzzTests.swift"] : []),
        tests("PollerTests", ["Poller", "Sandbox", "TestSupport"]),
        tests("WalletTests", ["Wallet", "Poller", "LedgerAudit", "Sandbox", "TestSupport"]),
        tests("BillerTests", ["Biller", "Sandbox", "TestSupport"]),
        tests("SandboxTests", ["Sandbox", "Core", "Drivers", "TestSupport"]),
        tests("VendorReconTests", ["VendorRecon", "TestSupport"]),
        tests(
            "RepositoryTests",
            ["DaemonKit", "Core", "TestSupport", "CDRIngest", "Poller", "Wallet", "Biller", "VendorRecon"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)

// The parsers under libFuzzer, which only a build with `--sanitize fuzzer` can link; deploy/campaigns/fuzz makes one.
if isFuzzing {
    package.targets.append(
        .executableTarget(
            name: "Fuzz", dependencies: ["CDRIngest", "Core", "Drivers", "Reference"], path: "Tests",
            sources: ["Fuzz", "CDRIngestTests/Fuzz"], swiftSettings: settings))
}
