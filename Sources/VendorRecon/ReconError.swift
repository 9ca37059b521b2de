import DaemonKit

/// What stops a command or a run, as a person should read it.
struct ReconError: Failure, CustomStringConvertible {
    let reason: String
    let description: String
    var isTransient: Bool { false }
    /// Whether it takes another file; else what is lacking is a format, a vendor, reference data or the right to read.
    var isOfFile: Bool { reason == "bad-file" }

    /// A file that cannot be taken, with every fault on a line of its own.
    static func badFile(_ file: String, _ faults: [String]) -> ReconError {
        ReconError(reason: "bad-file", description: (["\(file):"] + faults).joined(separator: "\n  "))
    }

    /// A file that cannot be opened, for now.
    static func unreadable(_ file: String, _ problem: String) -> ReconError {
        ReconError(reason: "file-not-usable", description: "\(file) cannot be read: \(problem)")
    }

    /// No statement format of this name, or one that cannot be used, with every fault on a line of its own.
    static func badFormat(_ file: String, _ faults: [String]) -> ReconError {
        ReconError(reason: "bad-format", description: (["\(file):"] + faults).joined(separator: "\n  "))
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
