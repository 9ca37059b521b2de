import ArgumentParser
import Drivers
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Stand-ins for the outside services, and a small supervisor: for development and tests, never deployed.
@main
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "billing-sandbox",
        abstract: "Stand-ins for the services that billing talks to, and a supervisor for development.",
        subcommands: [Serve.self, Supervise.self])
}

extension SandboxCommand {
    /// Serves the stand-ins.
    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve the stand-ins on a loopback address.")

        @Option(help: "The address to listen on; a loopback address.")
        var host = "127.0.0.1"

        @Option(help: "The port to listen on.")
        var port = 8900

        @Option(help: "A directory of credentials, one value a file (netsuite-client-id, authorize-net-login, …).")
        var credentials: String?

        @Option(help: "How many requests NetSuite runs at a time.")
        var netsuiteSlots = 5

        func run() async throws {
            var account = try credentials.map { try NetSuiteAccount(directory: URL(filePath: $0)) } ?? NetSuiteAccount()
            account.concurrentRequests = netsuiteSlots
            let merchant =
                try credentials.map { try AuthorizeNetMerchant(directory: URL(filePath: $0)) } ?? AuthorizeNetMerchant()
            let plaid = try PlaidCredentials(directory: credentials.map { URL(filePath: $0) })
            let logger = Logger(label: "billing-sandbox")
            let application = try SandboxServer(
                netsuite: account, authorizeNet: merchant, plaid: PlaidService(credentials: plaid)
            )
            .application(host: host, port: port, logger: logger) { _ in SystemdNotify.ready() }
            let group = ServiceGroup(
                configuration: .init(
                    services: [application], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
            try await group.run()
        }
    }

    /// Runs the daemons of one checkout as systemd would.
    struct Supervise: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run the processes of a file behind a notify socket each, with watchdog and restarts.")

        @Option(help: "The JSON file that lists the processes.")
        var config: String

        func run() throws {
            let isStopping = Flag()
            let queue = DispatchQueue(label: "signals")
            let sources = [SIGTERM, SIGINT].map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
                source.setEventHandler { isStopping.raise() }
                source.resume()
                return source
            }
            var supervisor = try Supervisor(config: try SupervisorConfig(file: config))
            try supervisor.run { isStopping.isRaised }
            for source in sources { source.cancel() }
        }
    }
}

/// Raised once, by a signal, and seen by the supervisor's loop.
private final class Flag: Sendable {
    private let raised = Atomic(false)

    var isRaised: Bool { raised.load(ordering: .acquiring) }

    func raise() { raised.store(true, ordering: .releasing) }
}
