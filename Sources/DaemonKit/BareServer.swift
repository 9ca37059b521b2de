package import Hummingbird
import Logging

/// A daemon's HTTP server without the daemon: same bounds, same errors, same metrics. For benchmarks.
package enum BareServer {
    /// Serves the routes on a loopback port until the process is told to stop.
    package static func run(
        port: Int, routes: (Router<DaemonRequestContext>, PrometheusRegistry) -> Void
    ) async throws {
        let router = Router(context: DaemonRequestContext.self)
        let metrics = PrometheusRegistry()
        router.add(middleware: APIErrors(metrics: metrics))
        routes(router, metrics)
        var logger = Logger(label: "bench")
        logger.logLevel = .warning
        let server = Application(
            router: router, server: .http1(configuration: HTTPBounds.configuration()),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port), serverName: nil),
            logger: logger)
        try await server.runService()
    }
}
