import Core
import DaemonKit
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Biller

@Suite("Invoices and usage over HTTP")
struct RoutesTests {
    private static let key = "key-of-prairie"
    private static let other = "key-of-summit"
    private static let operatorKey = "key-of-ada"

    /// The daemon on a billed world: one invoice, usage of two days.
    private func serving(
        _ body:
            @escaping @Sendable (BillerWorld, @escaping @Sendable (String, String) async throws -> HTTPClientResponse)
            async throws -> Void
    ) async throws {
        try await BillerWorld.with { world in
            try await world.load(
                [:], ["ban": .string("BAN2"), "id": .string(TestCustomers.summit), "cycle": .string("weekly")])
            for (token, kind, customer) in [
                (RoutesTests.key, "customer", TestCustomers.prairie),
                (RoutesTests.other, "customer", TestCustomers.summit),
                (RoutesTests.operatorKey, "operator", nil),
            ] {
                try await world.pool.execute(
                    """
                    INSERT INTO billing.api_keys (token_hash, name, kind, customer_id, created_at)
                    VALUES (\(Digest.sha256(token)), \(token), \(kind), \(customer)::uuid, now())
                    """)
            }
            try await world.add([
                .call("1.25000", at: "2026-11-10T10:00:00Z"), .call("2.00000", at: "2026-12-01T05:00:00Z"),
            ])
            _ = try await world.biller().runCycle(waiting: .zero)
            let (doors, opened) = AsyncStream<Int>.makeStream()
            let (stops, stop) = AsyncStream<Void>.makeStream()
            let values = try world.daemonValues()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await BillerCommand.daemon.run(
                        values: values, opened: { opened.yield($0) },
                        until: { for await _ in stops { break } }, build: BillerCommand.build)
                }
                group.addTask {
                    defer { stop.yield() }
                    for await port in doors {
                        try await body(world) { path, token in
                            try await HTTPClient().send(
                                HTTPClientRequest(
                                    .get, "http://127.0.0.1:\(port)/api/v1/billing/\(path)",
                                    headers: [HTTPField("Authorization", "Bearer \(token)")],
                                    connectTimeout: .seconds(5), totalTimeout: .seconds(10)))
                        }
                        break
                    }
                }
                // Whoever fails first ends the other.
                while try await group.next() != nil {}
            }
        }
    }

    @Test("a customer sees their own invoices, and nobody else's", .needsServices)
    func invoices() async throws {
        try await serving { world, get in
            let list = try await get("invoices", RoutesTests.key)
            #expect(list.status == 200)
            let invoices = try #require(try Core.JSONValue(parsing: list.body)["invoices"]?.elements)
            #expect(invoices.map { $0["invoice_number"]?.string } == ["WB-000001"])
            let id = try #require(invoices.first?["id"]?.string)
            let document = try await get("invoices/\(id)", RoutesTests.key)
            #expect(try Core.JSONValue(parsing: document.body)["usage_charges"]?.string == "1.25000")

            let page = try await get("invoices/\(id)/download", RoutesTests.key)
            #expect(page.header("content-type") == "text/html; charset=utf-8")
            #expect(page.text.contains("WB-000001"))
            let lines = try await get("invoices/\(id)/download?format=csv", RoutesTests.key)
            #expect(lines.text.hasPrefix("invoice,account,"))

            #expect(try await get("invoices/\(id)", RoutesTests.other).status == 404)
            #expect(try await get("invoices", "nobody").status == 401)
            #expect(try await get("invoices?customer_id=\(TestCustomers.prairie)", RoutesTests.other).status == 403)
            let asked = try await get("invoices/\(id)?customer_id=\(TestCustomers.prairie)", RoutesTests.operatorKey)
            #expect(asked.status == 200)
            #expect(try await get("invoices/\(id)/download?format=pdf", RoutesTests.key).status == 422)
        }
    }

    @Test("usage is told for the period that runs and for any days", .needsServices)
    func usage() async throws {
        try await serving { world, get in
            let days = CustomerDays(pool: world.own, batchSize: 100, now: { world.now })
            try await days.add(upTo: try await Horizon("rated").through(world.own))
            let current = try Core.JSONValue(parsing: try await get("usage/current", RoutesTests.key).body)
            #expect(current["period_start"]?.string == "2026-12-01")
            #expect(current["total_charges"]?.string == "2.0000")
            let history = try Core.JSONValue(
                parsing: try await get("usage/history?from=2026-11-01&to=2026-11-30", RoutesTests.key).body)
            #expect(history["voice_minutes"]?.string == "1.00")
            #expect(history["days"]?.elements?.map { $0["usage_date"]?.string } == ["2026-11-10"])
            #expect(try await get("usage/history?from=2020-01-01&to=2026-11-30", RoutesTests.key).status == 422)
            let none = try Core.JSONValue(parsing: try await get("usage/current", RoutesTests.other).body)
            #expect(none["records"]?.integer == 0)
        }
    }
}

extension BillerWorld {
    /// The daemon's configuration in this world.
    func daemonValues() throws -> [String: String] {
        let clock = directory.appending(path: "clock")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data(now.text.utf8).write(to: clock)
        let server = try #require(Services.postgresConnectionInfo)
        var values = [
            "environment": "test", "http.port": "0", "log.level": "error", "clock.file": clock.path,
            "postgres.database": database.name, "redis.socket": try #require(Services.redisSocketPath),
            "redis.keyPrefix": Services.redisKeyPrefix(),
            "documents.directory": directory.appending(path: "documents").path,
            "netsuite.exportDirectory": directory.appending(path: "netsuite").path, "billing.cutWaitSeconds": "0",
        ]
        for pair in server.split(separator: " ") {
            if pair.hasPrefix("host=") { values["postgres.host"] = String(pair.dropFirst(5)) }
            if pair.hasPrefix("port=") { values["postgres.port"] = String(pair.dropFirst(5)) }
        }
        return values
    }
}
