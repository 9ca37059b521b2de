public import DaemonKit
import Logging
public import Reference

/// How a daemon keeps the rating tables of its database.
public enum ReferenceConfig {
    /// How often a daemon looks for new versions.
    public static let poll = ConfigKey.integer(
        "reference.pollSeconds", default: 3, in: 1...600,
        help: "Seconds between looks for a new reference version, changed customers or vendors.")
    /// Where the mapped files of ported numbers are.
    public static let portedDirectory = ConfigKey.optionalText(
        "reference.portedDirectory",
        help: "Where ported numbers are kept as a mapped file (14 bytes a number); without it they are in memory.")

    /// The keys of both.
    public static let keys = ConfigKeys(poll, portedDirectory)
}

extension DaemonContext {
    /// Where ported numbers are mapped; a file that was refused is told to whoever reads the log.
    public var portedFiles: PortedNumberFiles? {
        let logger = logger
        return config[ReferenceConfig.portedDirectory].map { directory in
            PortedNumberFiles(directory: directory) { problem in
                logger.error(
                    "File of ported numbers refused and written again", metadata: ["failure.reason": "\(problem)"])
            }
        }
    }

    /// The tables as a command rates by them.
    public var reference: CurrentReference { CurrentReference(pool: pool, portedFiles: portedFiles) }

    /// The tables as a daemon rates by them: looked after, and it is not ready before they are there. Reading them takes seconds.
    public func liveReference() -> CurrentReference {
        let reference = CurrentReference(
            pool: pool, dependency: readiness.register("reference", state: .away("not yet read")),
            portedFiles: portedFiles)
        schedule("reference", .every(seconds: config[ReferenceConfig.poll])) { try await reference.refresh() }
        return reference
    }
}
