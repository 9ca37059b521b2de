import Drivers
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import TestSupport

@testable import DaemonKit

/// A loop whose log nobody reads.
func testLoop(metrics: PrometheusRegistry = PrometheusRegistry(), clock: DaemonKit.Clock = .system) -> Loop {
    Loop(
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: metrics, watchdog: Watchdog(),
        clock: clock)
}

/// Values that a handler saw, in order.
final class Seen<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])

    func add(_ value: Value) { values.withLock { $0.append(value) } }
    func add(_ more: [Value]) { values.withLock { $0 += more } }
    var all: [Value] { values.withLock { $0 } }
}

/// Runs services beside a body and ends them after it.
func running(_ services: any Service..., body: () async throws -> Void) async throws {
    let running = Task { try await Together(services: services).run() }
    do {
        try await body()
    } catch {
        running.cancel()
        throw error
    }
    running.cancel()
    _ = await running.result
}
