import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Why the sandbox does not start.
enum SandboxError: Error, CustomStringConvertible {
    case notLoopback(String)

    var description: String {
        switch self {
        case .notLoopback(let host):
            "\(host) is not a loopback address: the sandbox listens on 127.0.0.1 or ::1 and nowhere else"
        }
    }
}

/// All stood-in services behind one loopback address.
struct SandboxServer: Sendable {
    let traffic = Traffic()
    let services: [any OutsideService]

    init(
        netsuite: NetSuiteAccount = NetSuiteAccount(), lrn: LRNDipService = LRNDipService(),
        authorizeNet: AuthorizeNetMerchant = AuthorizeNetMerchant(), plaid: PlaidService = PlaidService()
    ) {
        services = [
            NetSuite(account: netsuite), lrn, AuthorizeNetStandIn(merchant: authorizeNet), plaid, WebhookSink(),
        ]
    }

    /// The HTTP server; port 0 takes a free one. `onRunning` is told the port.
    func application(
        host: String, port: Int, logger: Logger, onRunning: @escaping @Sendable (Int) async -> Void
    ) throws(SandboxError) -> some ApplicationProtocol {
        guard host == "::1" || Self.isLoopback(host) else { throw .notLoopback(host) }
        return Application(
            router: router(),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: "sandbox"),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? port) },
            logger: logger)
    }

    /// Runs the sandbox on a free port while `body` talks to the address it is given.
    func withRunning<Result: Sendable>(_ body: @Sendable (_ baseURL: String) async throws -> Result) async throws
        -> Result
    {
        var logger = Logger(label: "sandbox")
        logger.logLevel = .error
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let application = try application(host: "127.0.0.1", port: 0, logger: logger) { port in
            announce.yield(port)
        }
        let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { announce.finish() }
                try await group.run()
            }
            guard let port = await ports.first(where: { _ in true }) else {
                try await tasks.waitForAll()
                throw CancellationError()
            }
            let result = try await body("http://127.0.0.1:\(port)")
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }

    func router() -> Router<SandboxContext> {
        let router = Router(context: SandboxContext.self)
        for service in services {
            let door = router.group().add(middleware: ServiceDoor(service: service, traffic: traffic))
            service.addRoutes(to: door)
            service.addControls(to: router.group("_control/\(service.name)"))
        }
        ControlRoutes(traffic: traffic).add(to: router.group("_control"))
        return router
    }

    /// 127.0.0.0/8, written as an address: a name could lead anywhere.
    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
