import DaemonKit

/// What stops a command or a run, as a person should read it.
struct ReconError: Failure, CustomStringConvertible {
    let reason: String
    let description: String
    var isTransient: Bool { false }

    /// A file that cannot be taken, with every fault on a line of its own.
    static func badFile(_ file: String, _ faults: [String]) -> ReconError {
        ReconError(reason: "bad-file", description: (["\(file):"] + faults).joined(separator: "\n  "))
    }

    /// A vendor that nobody has loaded.
    static func unknownVendor(_ name: String) -> ReconError {
        ReconError(reason: "unknown-vendor", description: "there is no vendor \(name); vendors load makes it")
    }

    /// Nothing to compare with.
    static func noStatement(_ vendor: String, _ day: String) -> ReconError {
        ReconError(reason: "no-statement", description: "no statement of \(vendor) covers \(day); import it first")
    }
}
