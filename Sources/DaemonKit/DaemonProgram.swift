public import ArgumentParser

/// The root command of a daemon's program: which daemon it is, and how its parts are put together.
public protocol DaemonProgram: AsyncParsableCommand {
    /// The daemon that `serve` runs and whose configuration every other command reads too.
    static var daemon: Daemon { get }
    /// Puts the daemon together. Nothing in here waits for PostgreSQL or Redis.
    static func build(_ context: DaemonContext) async throws
}

/// `serve`, the same for each daemon.
public struct ServeCommand<Program: DaemonProgram>: AsyncParsableCommand {
    /// The command's name and what help says of it.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "serve", abstract: "Runs the daemon until SIGTERM.")
    }
    /// Where the configuration is.
    @OptionGroup public var options: DaemonOptions

    /// Nothing given.
    public init() {}

    /// Serves until it is told to stop; exit 2 for a faulty configuration.
    public func run() async throws {
        try await Program.daemon.serve(options) { try await Program.build($0) }
    }
}

/// `check-config`, the same for each daemon.
public struct CheckConfigCommand<Program: DaemonProgram>: AsyncParsableCommand {
    /// The command's name and what help says of it.
    public static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "check-config",
            abstract: "Reads the whole configuration and prints every fault (exit 2), or ok.")
    }
    /// Where the configuration is.
    @OptionGroup public var options: DaemonOptions

    /// Nothing given.
    public init() {}

    /// Prints `ok`, or every fault with exit 2.
    public func run() async throws {
        try await Program.daemon.checkConfig(options)
    }
}
