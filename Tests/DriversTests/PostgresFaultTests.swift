import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Drivers

@Suite("PostgreSQL pool, deadlines and faults", .needsPostgres)
struct PostgresFaultTests {
    @Test("a pool never has more connections than its size, and everyone is served")
    func bounded() async throws {
        let pool = PostgresPool(configuration: try Services.postgres(), size: 3)
        let users = Users()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    try await pool.withTransaction { transaction in
                        users.enter()
                        try transaction.execute("SELECT pg_sleep(0.005)")
                        users.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(users.most == 3)
        #expect(await pool.connectionCount == 3)
        await pool.close()
    }

    @Test("who waits longer than the acquire deadline is told so, and the pool goes on")
    func exhausted() async throws {
        let configuration = try Services.postgres(acquireTimeout: .milliseconds(100))
        let pool = PostgresPool(configuration: configuration, size: 1)
        try await pool.withConnection { _ in
            let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
            #expect(error == .poolExhausted(after: .milliseconds(100)))
            #expect(error?.isTransient == true)
            #expect(error?.outcomeUnknown == false)
        }
        #expect(try await pool.query("SELECT 1").count == 1)
        await pool.close()
    }

    @Test("cancelling who waits in line takes it out of the line")
    func cancelledInLine() async throws {
        let pool = PostgresPool(configuration: try Services.postgres(), size: 1)
        try await pool.withConnection { _ in
            let waiting = Task { try await pool.query("SELECT 1") }
            while await pool.waitingCount == 0 { try await Task.sleep(for: .milliseconds(2)) }
            waiting.cancel()
            await #expect(throws: PostgresError.cancelled) { try await waiting.value }
            #expect(await pool.waitingCount == 0)
        }
        await pool.close()
    }

    @Test("cancelling a task ends its running statement within a second, and rolls back")
    func cancelledAtWork() async throws {
        try await withScratchPool(size: 2) { pool in
            try await pool.execute("CREATE TABLE kept (n int)")
            let working = Task {
                try await pool.withTransaction { transaction in
                    try transaction.execute("INSERT INTO kept (n) VALUES (1)")
                    try transaction.execute("SELECT pg_sleep(30)")
                }
            }
            try await Task.sleep(for: .milliseconds(200))
            let start = ContinuousClock.now
            working.cancel()
            await #expect(throws: PostgresError.cancelled) { try await working.value }
            #expect(start.duration(to: .now) < .seconds(1))
            #expect(try await pool.query("SELECT n FROM kept").isEmpty)
        }
    }

    @Test("a statement longer than its deadline is cancelled by the server, and the connection is kept")
    func slowStatement() async throws {
        let connection = PostgresConnection(try Services.postgres(statementTimeout: .milliseconds(200)))
        let before = try await backend(connection)
        let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT pg_sleep(30)") }
        #expect(error?.sqlState == "57014")
        #expect(error?.isTransient == true)
        #expect(try await backend(connection) == before)
    }

    @Test("a connection killed while idle is made again unseen; killed at work it is a transient error")
    func killed() async throws {
        let admin = PostgresConnection(try Services.postgres())
        let pool = PostgresPool(configuration: try Services.postgres(), size: 1)
        let idle = try await pool.withConnection { try await backend($0) }
        try await admin.execute("SELECT pg_terminate_backend(\(idle)::int)")
        try await Task.sleep(for: .milliseconds(100))
        let next = try await pool.withConnection { try await backend($0) }
        #expect(next != idle)

        let working = Task { try await pool.execute("SELECT pg_sleep(30)") }
        try await Task.sleep(for: .milliseconds(200))
        try await admin.execute("SELECT pg_terminate_backend(\(next)::int)")
        let error = await #expect(throws: PostgresError.self) { try await working.value }
        #expect(error?.isTransient == true)
        #expect(try await pool.query("SELECT 1").count == 1)
        await pool.close()
    }

    @Test("a transaction whose connection dies in the middle is rolled back and says so")
    func killedInTransaction() async throws {
        try await withScratchPool(size: 1) { pool in
            try await pool.execute("CREATE TABLE kept (n int)")
            let error = await #expect(throws: PostgresError.self) {
                try await pool.withTransaction { transaction in
                    try transaction.execute("INSERT INTO kept (n) VALUES (1)")
                    try transaction.execute("SELECT pg_terminate_backend(pg_backend_pid())")
                    try transaction.execute("INSERT INTO kept (n) VALUES (2)")
                }
            }
            #expect(error?.isTransient == true)
            #expect(try await pool.query("SELECT n FROM kept").isEmpty)
        }
    }

    @Test("a server that accepts and never answers costs the connect deadline, no more")
    func silentServer() async throws {
        let peer = try SilentPeer(name: ".s.PGSQL.5432")
        var configuration = try Services.postgres()
        configuration.connectionInfo = "host=\(peer.directory) port=5432 user=postgres"
        configuration.connectTimeout = .milliseconds(200)
        let connection = PostgresConnection(configuration)
        let start = ContinuousClock.now
        let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
        #expect(error == .notConnected("no answer within the connect deadline"))
        #expect(start.duration(to: .now) < .seconds(2))
    }

    @Test("a server that freezes at work is left a second after the statement's deadline; thawed, it serves again")
    func frozenServer() async throws {
        let proxy = try ServerProxy(name: ".s.PGSQL.5432", upstream: try Services.postgresSocketPath())
        var configuration = try Services.postgres(statementTimeout: .milliseconds(300))
        configuration.connectionInfo += " host=\(proxy.directory) port=5432"
        configuration.connectTimeout = .milliseconds(300)
        let connection = PostgresConnection(configuration)
        #expect(try await connection.query("SELECT 1").count == 1)
        proxy.freeze()
        let start = ContinuousClock.now
        let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
        #expect(error == .timedOut)
        #expect(error?.outcomeUnknown == true)
        #expect(start.duration(to: .now) < .seconds(3))
        proxy.thaw()
        #expect(try await connection.query("SELECT 1").count == 1)
        proxy.cut()
    }

    @Test("nobody listening is a transient error that names the socket")
    func noServer() async throws {
        var configuration = try Services.postgres()
        configuration.connectionInfo = "host=/nonexistent port=5432 user=postgres"
        let connection = PostgresConnection(configuration)
        let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
        #expect(error?.isTransient == true)
        #expect(error.map { "\($0)".contains("/nonexistent/.s.PGSQL.5432") } == true)
    }

    @Test("an advisory lock is held by one at a time and free again afterwards")
    func advisoryLock() async throws {
        let pool = PostgresPool(configuration: try Services.postgres(), size: 1)
        let key = Int64.random(in: 1 ... .max)
        let inner = try await pool.withAdvisoryLock(key) {
            try await pool.withAdvisoryLock(key) { "both" } ?? "refused"
        }
        #expect(inner == "refused")
        #expect(try await pool.withAdvisoryLock(key) { "free" } == "free")
        await pool.close()
    }

    @Test("when the lock's connection dies, the body is cancelled and the loss is thrown")
    func lostLock() async throws {
        let pool = PostgresPool(configuration: try Services.postgres(), size: 1)
        let key = Int64.random(in: 1...1_000_000_000)
        let holding = Task {
            try await pool.withAdvisoryLock(key) { try await Task.sleep(for: .seconds(30)) }
        }
        var killed = 0
        while killed == 0 {
            try await Task.sleep(for: .milliseconds(20))
            killed = try await pool.query(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = \(key)"
            ).count
        }
        let error = await #expect(throws: PostgresError.self) { try await holding.value }
        guard case .lockLost = error else {
            Issue.record("not a lost lock: \(String(describing: error))")
            return
        }
        await pool.close()
    }

    private func backend(_ connection: PostgresConnection) async throws -> Int {
        try #require(try await connection.query("SELECT pg_backend_pid() AS pid").first).value("pid")
    }
}

/// How many are inside at once.
private final class Users: Sendable {
    private let counts = Mutex((now: 0, most: 0))

    func enter() {
        counts.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
        }
    }

    func leave() { counts.withLock { $0.now -= 1 } }
    var most: Int { counts.withLock { $0.most } }
}
