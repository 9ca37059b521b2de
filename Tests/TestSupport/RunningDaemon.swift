public import DaemonKit
public import Drivers
import Foundation
import Synchronization

/// A daemon that runs in this process with its door open.
public struct RunningDaemon: Sendable {
    /// Where it listens on 127.0.0.1.
    public let port: Int
    private let http = HTTPClient()
    private let messages: Messages

    fileprivate init(port: Int, messages: Messages) {
        self.port = port
        self.messages = messages
    }

    /// What it has told the service manager so far.
    public var said: [ManagerMessage] { messages.all }

    /// Sends a request; `body` is JSON unless `headers` say otherwise.
    public func send(
        _ method: HTTPClientRequest.Method, _ path: String, body: String = "", token: String? = nil,
        headers: [HTTPField] = []
    ) async throws -> HTTPClientResponse {
        var headers = headers
        if let token { headers.append(HTTPField("Authorization", "Bearer \(token)")) }
        if !body.isEmpty && !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headers.append(HTTPField("Content-Type", "application/json"))
        }
        return try await http.send(
            HTTPClientRequest(
                method, "http://127.0.0.1:\(port)\(path)", headers: headers, body: Array(body.utf8),
                connectTimeout: .seconds(2), totalTimeout: .seconds(30)))
    }

    /// GET
    public func get(_ path: String, token: String? = nil) async throws -> HTTPClientResponse {
        try await send(.get, path, token: token)
    }

    /// POST of a JSON body.
    public func post(_ path: String, _ body: String, token: String? = nil) async throws -> HTTPClientResponse {
        try await send(.post, path, body: body, token: token)
    }
}

/// Runs a daemon in this process as its `serve` does, the body once the door is open, and stops the daemon in good order
/// afterwards. Returns what the daemon told the service manager.
/// - Parameters:
///   - values: configuration by key; `ScratchDatabase.settings()` has the services. HTTP takes a free port.
///   - build: what the daemon's `serve` builds.
@discardableResult
public func withDaemon(
    _ daemon: Daemon, values: [String: String],
    build: @escaping @Sendable (DaemonContext) async throws -> Void = { _ in },
    body: (RunningDaemon) async throws -> Void
) async throws -> [ManagerMessage] {
    let settings = ["http.port": "0", "environment": "test", "log.level": "error"].merging(values) { $1 }
    let messages = Messages()
    let (ports, opened) = AsyncStream<Int>.makeStream()
    let (stops, stop) = AsyncStream<Never>.makeStream()
    let running = Task {
        defer { opened.finish() }
        try await daemon.run(
            values: settings, notify: { messages.add($0) }, opened: { _ = opened.yield($0) },
            until: { for await _ in stops {} }, build: build)
    }
    var failure: (any Error)?
    do {
        for await port in ports {
            try await body(RunningDaemon(port: port, messages: messages))
            break
        }
    } catch {
        failure = error
    }
    stop.finish()
    do {
        try await running.value
    } catch {
        failure = failure ?? error
    }
    if let failure { throw failure }
    return messages.all
}

extension ScratchDatabase {
    /// The configuration of a daemon that works on this database as a superuser, and on a Redis key prefix of its own.
    public func settings() -> [String: String] {
        [
            "postgres.host": Services.postgresSetting("host") ?? "",
            "postgres.port": Services.postgresSetting("port") ?? "5432",
            "postgres.user": Services.postgresSetting("user") ?? "postgres", "postgres.database": name,
            "redis.socket": Services.redisSocketPath ?? "", "redis.keyPrefix": Services.redisKeyPrefix(),
        ]
    }
}

private final class Messages: Sendable {
    private let messages = Mutex<[ManagerMessage]>([])

    func add(_ message: ManagerMessage) { messages.withLock { $0.append(message) } }
    var all: [ManagerMessage] { messages.withLock { $0 } }
}
