import Core
import DaemonKit
import Drivers
import Foundation
import Logging
import TestSupport
import Testing

@testable import Biller
@testable import Sandbox

@Suite("NetSuite over REST")
struct NetSuiteTests {
    /// Three invoices issued and an account to take them to.
    private func with(
        _ body: @escaping @Sendable (BillerWorld, BillerServices, SandboxServer, String) async throws -> Void
    ) async throws {
        let fixtures = URL(filePath: "\(TestDatabase.repositoryRoot)/Tests/Fixtures/netsuite")
        let publicKey = try VerifyingKey(
            pem: try String(contentsOf: fixtures.appending(path: "p256-public.pem"), encoding: .utf8))
        let privateKey = try String(contentsOf: fixtures.appending(path: "p256-private.pem"), encoding: .utf8)
        let server = SandboxServer(
            netsuite: NetSuiteAccount(
                machineToMachine: NetSuiteAccount.MachineToMachine(
                    clientID: "warp-client", certificateID: "warp-certificate", publicKey: publicKey)))
        try await BillerWorld.with(at: "2026-11-04T06:00:00Z") { world in
            try await world.load(["cycle": .string("daily")])
            try await world.loadTaxes()
            try await world.loadSKUs()
            try await world.add((1...3).map { .call("\($0).25000", at: "2026-11-0\($0)T10:00:00Z") })
            try await server.withRunning { baseURL in
                let client = HTTPClient()
                let login = NetSuiteLogin(
                    baseURL: baseURL, clientID: "warp-client", certificateID: "warp-certificate", algorithm: .es256,
                    key: try SigningKey(pem: Secret(privateKey)), client: client,
                    seconds: { Clock.system.now() / 1_000 })
                let netSuite = Biller.NetSuite(
                    baseURL: baseURL, login: login, client: client, timeout: .seconds(5), terms: ["NET_30": "2"])
                let biller = world.biller { store, now in
                    .rest(
                        NetSuiteExporter(
                            store: store, netSuite: netSuite, firstPause: .milliseconds(5), now: now,
                            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
                }
                try await body(world, biller, server, baseURL)
            }
        }
    }

    private func order(_ server: SandboxServer, _ kind: FaultOrder.Kind, count: Int, method: String = "POST") {
        server.traffic.order(
            FaultOrder(service: "netsuite", kind: kind, count: count, method: method, path: "/record/v1/invoice"))
    }

    /// What the account holds of a kind: total and the lines' items, sorted by total.
    private func records(_ baseURL: String, _ kind: String = "invoices") async throws -> [String] {
        let answer = try await HTTPClient().send(
            HTTPClientRequest(
                .get, "\(baseURL)/_control/netsuite/\(kind)", connectTimeout: .seconds(5), totalTimeout: .seconds(5)))
        let invoices = try Core.JSONValue(parsing: answer.body).elements ?? []
        return invoices.map { invoice in
            guard case .number(let total)? = invoice["total"] else { return "no total" }
            let items = invoice["item"]?["items"]?.elements?.compactMap { $0["item"]?["externalId"]?.string } ?? []
            return "\(total) \(items.joined(separator: " "))"
        }.sorted()
    }

    private static let whole = [
        "1.38 SKU001 TAX-FEDERAL_USF", "2.48 SKU001 TAX-FEDERAL_USF", "3.58 SKU001 TAX-FEDERAL_USF",
    ]

    @Test(
        "invoices are in the account with revenue and taxes, and confirmed by the total that was read back",
        .needsPostgres)
    func exports() async throws {
        try await with { world, biller, _, baseURL in
            let report = try await biller.runCycle(waiting: .zero)
            #expect(report.export.exported == 3)
            #expect(try await records(baseURL) == NetSuiteTests.whole)
            #expect(
                try await world.count(
                    "SELECT count(*) FROM billing.netsuite_exports WHERE state = 'confirmed' AND netsuite_id IS NOT NULL"
                )
                    == 3)
            #expect(try await world.count("SELECT count(*) FROM billing.invoices WHERE netsuite_id IS NOT NULL") == 3)
            // Again: nothing.
            #expect(try await biller.finish(label: "again").exported == 0)
            #expect(try await records(baseURL) == NetSuiteTests.whole)
        }
    }

    @Test(
        "an answer that is lost after the effect makes no second invoice and doubles no line", .needsPostgres,
        arguments: [FaultOrder.Kind.loseAnswer, .serverErrorAfter])
    func lostAnswer(_ kind: FaultOrder.Kind) async throws {
        try await with { world, biller, server, baseURL in
            order(server, kind, count: 3)
            let report = try await biller.runCycle(waiting: .zero)
            #expect(report.export.exported == 3)
            #expect(try await records(baseURL) == NetSuiteTests.whole)
            let posts = server.traffic.requests(of: "netsuite").filter {
                $0.method == "POST" && $0.target.contains("/invoice")
            }
            #expect(posts.count == 3)
        }
    }

    @Test(
        "a request that never arrived, a full account and a failing one are tried again", .needsPostgres,
        arguments: [FaultOrder.Kind.drop, .tooManyRequests, .serverError])
    func triedAgain(_ kind: FaultOrder.Kind) async throws {
        try await with { world, biller, server, baseURL in
            order(server, kind, count: 4)
            _ = try await biller.runCycle(waiting: .zero)
            for _ in 0..<3 { try await biller.finish(label: "again") }
            #expect(try await records(baseURL) == NetSuiteTests.whole)
            #expect(
                try await world.count("SELECT count(*) FROM billing.netsuite_exports WHERE state = 'confirmed'") == 3)
        }
    }

    @Test("killed after the effect and before the note: the next process looks first", .needsPostgres)
    func killedAfterEffect() async throws {
        try await with { world, biller, server, baseURL in
            // Every look fails as well, as if nobody came back to ask.
            order(server, .loseAnswer, count: 100)
            order(server, .serverError, count: 100, method: "GET")
            let report = try await biller.runCycle(waiting: .zero)
            #expect(report.export.waiting == 3)
            server.traffic.withdrawOrders()
            #expect(try await biller.finish(label: "next").exported == 3)
            #expect(try await records(baseURL) == NetSuiteTests.whole)
        }
    }

    @Test(
        "a total below zero is a credit memo with the opposite signs, found again after a lost answer, its id on the invoice",
        .needsPostgres)
    func creditMemo() async throws {
        try await with { world, biller, server, baseURL in
            var correction = TestUsage.call("-5.00000", at: "2026-11-03T11:00:00Z")
            correction.corrects = .random()
            try await world.add([correction])
            server.traffic.order(
                FaultOrder(
                    service: "netsuite", kind: .loseAnswer, count: 1, method: "POST", path: "/record/v1/creditMemo"))
            #expect(try await biller.runCycle(waiting: .zero).export.exported == 3)
            // 3.25 − 5.00 and a tenth of it as tax, rounded away from zero.
            #expect(try await records(baseURL, "credit-memos") == ["1.93 SKU001 SKU001 TAX-FEDERAL_USF"])
            #expect(try await records(baseURL) == Array(NetSuiteTests.whole.prefix(2)))
            let credits = try await world.texts(
                """
                SELECT concat_ws(' ', e.state, i.total, i.amount_due, i.status, i.netsuite_id = e.netsuite_id)
                FROM billing.netsuite_exports AS e JOIN billing.invoices AS i ON i.id = e.invoice_id
                WHERE e.record_type = 'creditMemo'
                """)
            #expect(credits == ["confirmed -1.93 -1.93 paid t"])
        }
    }

    @Test("an expired token is renewed", .needsPostgres)
    func expiredToken() async throws {
        try await with { world, biller, server, baseURL in
            _ = try await biller.runCycle(waiting: .zero)
            _ = try await HTTPClient().send(
                HTTPClientRequest(
                    .post, "\(baseURL)/_control/netsuite/expire-tokens", connectTimeout: .seconds(5),
                    totalTimeout: .seconds(5)))
            try await world.add([.call("4.25000", at: "2026-11-04T10:00:00Z")])
            try world.move(to: "2026-11-05T06:00:00Z")
            #expect(try await biller.runCycle(waiting: .zero).export.exported == 1)
        }
    }

    @Test("a held line goes as a document of its own once its key has a SKU", .needsPostgres)
    func released() async throws {
        try await with { world, biller, _, baseURL in
            var premium = TestUsage.call("9.00000", at: "2026-11-03T11:00:00Z")
            premium.classKey = "TERMINATING:PREMIUM"
            premium.taxJurisdiction = "none"
            try await world.add([premium])
            _ = try await biller.runCycle(waiting: .zero)
            #expect(try await records(baseURL) == NetSuiteTests.whole)
            #expect(try await NetSuiteExportStore(pool: world.own, taxItemPrefix: "").held().lines == 1)

            try await world.loadReference(
                plans: [],
                skus: [
                    .init(name: "TERMINATING:DOMESTIC:INTERSTATE", value: .string("SKU001")),
                    .init(name: "TERMINATING:PREMIUM", value: .string("SKU099")),
                ])
            #expect(try await biller.finish(label: "later").exported == 1)
            #expect(try await records(baseURL) == NetSuiteTests.whole + ["9.00 SKU099"])
            #expect(try await NetSuiteExportStore(pool: world.own, taxItemPrefix: "").held().lines == 0)
            #expect(
                try await world.count("SELECT count(*) FROM billing.netsuite_exports WHERE external_id LIKE '%-R1'")
                    == 1)
        }
    }

    @Test(
        "an account that does not let us write is no refusal of the invoice: it waits, and goes once the account does",
        .needsPostgres, arguments: [401, 403])
    func notLetIn(status: Int) async throws {
        try await with { world, biller, server, baseURL in
            server.traffic.order(
                FaultOrder(
                    service: "netsuite", kind: .serverError, method: "POST", path: "/record/v1/invoice", status: status)
            )
            let report = try await biller.runCycle(waiting: .zero)
            #expect(report.export.waiting == 3)
            #expect(report.export.refused == 0)
            let states = try await world.texts(
                "SELECT concat_ws(' ', state, left(detail, 3)) FROM billing.netsuite_exports ORDER BY 1")
            // The others are not tried: the account takes no invoice.
            #expect(states == ["pending", "pending", "unknown \(status)"])
            server.traffic.withdrawOrders()
            #expect(try await biller.finish(label: "later").exported == 3)
            #expect(try await records(baseURL) == NetSuiteTests.whole)
        }
    }

    @Test("where NetSuite is away a pass stops at the first document, and the rest waits for the next", .needsPostgres)
    func away() async throws {
        try await with { world, biller, server, baseURL in
            order(server, .tooManyRequests, count: 100)
            let report = try await biller.runCycle(waiting: .zero).export
            #expect(report == waiting(3))
            let posts = server.traffic.requests(of: "netsuite").filter {
                $0.method == "POST" && $0.target.contains("/invoice")
            }
            #expect(posts.count <= NetSuiteExporter.tries)
            #expect(
                try await world.texts(
                    "SELECT state || ' ' || attempts FROM billing.netsuite_exports WHERE attempts = 0")
                    == ["pending 0", "pending 0"])
            server.traffic.withdrawOrders()
            #expect(try await biller.finish(label: "next").exported == 3)
            #expect(try await records(baseURL) == NetSuiteTests.whole)
        }
    }

    private func waiting(_ count: Int) -> NetSuiteSync.Report {
        var report = NetSuiteSync.Report()
        report.waiting = count
        return report
    }

    @Test("a refusal is kept with its words, and goes to nobody again", .needsPostgres)
    func refused() async throws {
        try await with { world, biller, _, baseURL in
            _ = try await HTTPClient().send(
                HTTPClientRequest(
                    .put, "\(baseURL)/_control/netsuite/items", body: Array(#"["SKU001"]"#.utf8),
                    connectTimeout: .seconds(5), totalTimeout: .seconds(5)))
            let report = try await biller.runCycle(waiting: .zero)
            #expect(report.export.refused == 3)
            let details = try await world.texts("SELECT DISTINCT detail FROM billing.netsuite_exports")
            #expect(details.count == 1)
            #expect(details[0].contains("INVALID_CONTENT"))
            #expect(try await biller.finish(label: "again") == NetSuiteSync.Report())
        }
    }

    @Test("an account number is an external id without characters that NetSuite refuses")
    func externalID() {
        #expect(Biller.NetSuite.externalID("BAN-100001") == "BAN-100001")
        #expect(Biller.NetSuite.externalID("A/B 7") == "A_2fB_207")
    }
}
