import Drivers
import Foundation
import Hummingbird
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import DaemonKit

private let daemon = Daemon(
    name: "poller", role: "warp_poller", port: 8_082,
    keys: ConfigKeys(ConfigKey.text("poll.greeting", default: "hello", help: "What it says.")))

@Sendable
private func neverStop() async {
    await pauseUnlessCancelled(.seconds(3_600))
}

private struct Echo: Decodable, ResponseEncodable {
    let name: String
    let counts: [Int]?
}

@Suite("Daemon in process", .needsServices)
struct DaemonTests {
    @Test("the door opens, READY is said, PostgreSQL and Redis are reached, and stopping is told")
    func lifecycle() async throws {
        try await withMigratedDatabase { database in
            let said = try await withDaemon(daemon, values: database.settings()) { daemon in
                try await eventually { try await daemon.get("/readyz").status == 200 }
                // Ready without Redis, which may be reached a moment later.
                try await eventually {
                    try await daemon.get("/readyz").text
                        == #"{"daemon":"poller","dependencies":{"postgres":{"required":true,"state":"up"},"#
                        + #""redis":{"required":false,"state":"up"}},"ready":true,"summary":"ready"}"#
                }
                #expect(try await daemon.get("/healthz").text.contains(#""status":"ok""#))
                let metrics = try await daemon.get("/metrics").text
                #expect(metrics.contains(#"warp_dependency_up{dependency="postgres"} 1"#))
                try await eventually { daemon.said.contains(.status("ready")) }
            }
            #expect(said.contains(.ready))
            #expect(said.contains(.stopping))
        }
    }

    @Test("with PostgreSQL and Redis away the door is open, and /readyz and STATUS say what is awaited")
    func away() async throws {
        let values = ["postgres.host": "/nonexistent", "redis.socket": "/nonexistent/redis.sock"]
        let said = try await withDaemon(daemon, values: values) { daemon in
            try await eventually { try await daemon.get("/readyz").text.contains("no connection to Redis") }
            let answer = try await daemon.get("/readyz")
            #expect(answer.status == 503)
            #expect(answer.text.contains(#""ready":false"#))
            #expect(try await daemon.get("/healthz").status == 200)
        }
        #expect(said.contains(.ready))
        #expect(
            said.contains { message in
                if case .status(let text) = message { text.hasPrefix("waiting for postgres (") } else { false }
            })
    }

    @Test("a body works with what was built while the daemon runs; its answer, or its failure, ends the daemon")
    func whileRunning() async throws {
        struct Enough: Error {}
        let file = FileManager.default.temporaryDirectory.appending(path: "daemon-\(UUID().uuidString).yaml")
        let lines = ["http:", "  port: 0", "postgres:", "  host: /nonexistent", "redis:", "  socket: /nonexistent/s"]
        try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
        defer { unlink(file.path) }
        var options = DaemonOptions()
        options.config = file.path
        let doubling: (DaemonContext) -> GroupCommit<Int, Int> = { context in
            context.groupCommit("holds-1") { numbers in numbers.map { $0 * 2 } }
        }
        // Answered by a service that runs with the daemon.
        let answer = try await daemon.run(options, build: doubling) { try await $0.submit(21) }
        #expect(answer == 42)
        await #expect(throws: Enough.self) {
            try await daemon.run(options, build: doubling) { _ in throw Enough() }
        }
    }

    @Test(
        "an error of a route is a problem with status, reason and pointer",
        arguments: [
            ("/missing", #""reason":"not-found""#, 404),
            ("/rule", #""reason":"NO_RATE""#, 422),
            ("/away", #""reason":"postgres-timed-out""#, 503),
            ("/field", #""pointer":"/ban","reason":"BAD_LENGTH""#, 422),
            ("/bug", #""reason":"unexpected""#, 500),
        ])
    func problems(path: String, contains text: String, status: Int) async throws {
        struct Rule: Failure {
            let reason = "NO_RATE"
            let isTransient = false
        }
        struct Bug: Error {}
        try await withDaemon(daemon, values: ["postgres.host": "/nonexistent", "redis.socket": "/nonexistent"]) {
            context in
            context.router.get("/rule") { _, _ -> String in throw Rule() }
            context.router.get("/away") { _, _ -> String in throw PostgresError.timedOut }
            context.router.get("/field") { _, _ -> String in
                throw APIError.invalid(pointer: "/ban", reason: "BAD_LENGTH")
            }
            context.router.get("/bug") { _, _ -> String in throw Bug() }
        } body: { daemon in
            let answer = try await daemon.get(path)
            #expect(answer.status == status)
            #expect(answer.header("Content-Type") == "application/problem+json")
            #expect(answer.text.contains(text), "\(answer.text)")
        }
    }

    @Test(
        "a JSON body that does not fit names the field",
        arguments: [
            (#"{"name":"x","counts":[1,"two"]}"#, 422, #""pointer":"/counts/1","reason":"BAD_TYPE""#),
            (#"{"counts":[]}"#, 422, #""pointer":"/name","reason":"MISSING_FIELD""#),
            ("{", 422, #""pointer":"","reason":"BAD_JSON""#),
            (#"{"name":"\#(String(repeating: "x", count: 200))"}"#, 413, #""reason":"body-too-large""#),
            (#"{"name":"x"}"#, 200, #"{"name":"x"}"#),
        ])
    func bodies(body: String, status: Int, contains text: String) async throws {
        try await withDaemon(daemon, values: ["postgres.host": "/nonexistent", "redis.socket": "/nonexistent"]) {
            context in
            context.router.post("/echo") { request, _ in try await request.json(Echo.self, upTo: 100) }
        } body: { daemon in
            let answer = try await daemon.post("/echo", body)
            #expect(answer.status == status)
            #expect(answer.text.contains(text), "\(answer.text)")
        }
    }

    @Test("a token opens the routes of its kind, and only until it is revoked")
    func tokens() async throws {
        let customer = UUID()
        try await withMigratedDatabase { database in
            let pool = PostgresPool(configuration: try database.configuration(), size: 1)
            for (token, kind, id) in [("c", "customer", customer as UUID?), ("o", "operator", nil)] {
                try await pool.execute(
                    """
                    INSERT INTO billing.api_keys (token_hash, name, kind, customer_id, created_at)
                    VALUES (\(Digest.sha256(token)), 'ada', \(kind), \(id as UUID?), '2026-11-22T00:00:00Z')
                    """)
            }
            try await withDaemon(daemon, values: database.settings()) { context in
                context.router.group("/balance")
                    .add(
                        middleware: BearerAuth(pool: context.pool, freshFor: .zero, patience: .seconds(30))
                            .requiring(.customer)
                    )
                    .get { _, context in try context.customerID(asked: nil).uuidString }
            } body: { daemon in
                #expect(try await daemon.get("/balance").status == 401)
                #expect(try await daemon.get("/balance", token: "x").status == 401)
                #expect(try await daemon.get("/balance", token: "o").status == 403)
                #expect(try await daemon.get("/balance", token: "c").text == customer.uuidString)
                try await pool.execute("UPDATE billing.api_keys SET revoked_at = now()")
                #expect(try await daemon.get("/balance", token: "c").status == 401)
            }
            await pool.close()
        }
    }

    @Test("what a customer reads is what row-level security shows them")
    func asCustomer() async throws {
        try await withMigratedPool { pool in
            let customer = UUID()
            let shown = try await pool.asCustomer(customer) { transaction in
                try transaction.query("SELECT current_setting('warp.customer') AS customer").first?.value("customer")
                    as String?
            }
            #expect(shown == customer.uuidString)
        }
    }

    @Test("a service that fails ends the daemon with its error; one that ends does not")
    func failingService() async throws {
        struct Boom: Error {}
        struct Ends: Service { func run() async throws {} }
        struct Fails: Service {
            func run() async throws {
                try await Task.sleep(for: .milliseconds(100))
                throw Boom()
            }
        }
        await #expect(throws: Boom.self) {
            try await daemon.run(
                values: [
                    "http.port": "0", "postgres.host": "/nonexistent", "redis.socket": "/nonexistent",
                    "log.level": "error",
                ], until: neverStop
            ) { context in
                context.add(Ends())
                context.add(Fails())
            }
        }
    }

    @Test("faults of the configuration keep the daemon from starting")
    func faulty() async {
        await #expect(throws: ConfigurationFaults.self) {
            try await daemon.run(values: ["http.prt": "1"], until: neverStop) { _ in }
        }
    }

    @Test("systemd hears READY, STATUS and STOPPING on its socket")
    func notifySocket() throws {
        let socket = try NotifySocket(name: "warp-test-\(Digest.hex(Digest.random(6)))")
        setenv("NOTIFY_SOCKET", socket.address, 1)
        defer { unsetenv("NOTIFY_SOCKET") }
        for message in [ManagerMessage.ready, .status("ready"), .watchdog, .stopping] { ManagerMessage.send(message) }
        #expect(socket.receive() == ["READY=1", "STATUS=ready", "WATCHDOG=1", "STOPPING=1"])
    }
}
