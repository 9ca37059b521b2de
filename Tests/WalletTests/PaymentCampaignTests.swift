import Core
import DaemonKit
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Sandbox
@testable import Wallet

/// Recharges through the wallet's own door, while the processor loses answers, fails before and after its work, and tells of charges twice and before
/// it has answered. `WARP_PAYMENTS` says how many; the campaign `payments` makes 1,000.
@Suite("Payments under faults", .needsServices)
struct PaymentCampaignTests {
    static let count = ProcessInfo.processInfo.environment["WARP_PAYMENTS"].flatMap { Int($0) } ?? 60
    private static let webhookKey = String(repeating: "F7F2E9B3A5C1D048", count: 8)

    @Test("no charge is made twice and no credit is lost, whatever becomes of answers and webhooks")
    func exactlyOnce() async throws {
        try await PaymentWorld.with { world in
            let clock = FileManager.default.temporaryDirectory.appending(path: "clock-\(UUID().uuidString)").path
            defer { unlink(clock) }
            try Data("+0".utf8).write(to: URL(filePath: clock))
            let customers = [WalletWorld.prepaid, WalletWorld.hybrid]
            for customer in customers { try await world.addCard(customer) }
            let values = world.world.database.settings().merging([
                "postgres.user": "warp_wallet", "payments.cardUrl": "\(world.baseURL)\(AuthorizeNetStandIn.path)",
                "payments.cardLogin": "sandbox-login", "payments.cardTransactionKey": "sandbox-anet-key",
                "payments.cardWebhookKey": Self.webhookKey, "payments.intervalSeconds": "1",
                "payments.timeoutSeconds": "2", "clock.file": clock,
            ]) { $1 }
            try await world.addKeys(of: customers)
            try await withDaemon(WalletCommand.daemon, values: values, build: WalletCommand.build) { wallet in
                try await world.sendWebhooks(to: wallet.port, key: Self.webhookKey)
                var random = SeededGenerator(property: 20_261_123)
                var seen: [Int: Int] = [:]
                for start in stride(from: 0, to: Self.count, by: 8) {
                    let faults = (0..<4).map { _ in Int.random(in: 0..<6, using: &random) }
                    for fault in faults { world.disturb(fault) }
                    let statuses = await withTaskGroup(of: Int.self) { group in
                        for number in start..<min(start + 8, Self.count) {
                            group.addTask {
                                await world.recharge(number, of: customers[number % 2], at: wallet)
                            }
                        }
                        return await group.reduce(into: []) { $0.append($1) }
                    }
                    for status in statuses { seen[status, default: 0] += 1 }
                }
                world.server.traffic.withdrawOrders()
                try await settle(world, clock: clock)
                print("answers by status: \(seen.sorted { $0.key < $1.key })")
                try await check(world, credited: seen[201, default: 0])
            }
        }
    }

    /// Moves the clock on until every payment is decided.
    private func settle(_ world: PaymentWorld, clock: String) async throws {
        for hour in 1...6 {
            try Data("+\(hour * 3_700)".utf8).write(to: URL(filePath: clock))
            try await Task.sleep(for: .milliseconds(1_500))
            if try await world.undecided() == "0" { break }
        }
        try await eventually("every payment is decided", within: .seconds(60)) { try await world.undecided() == "0" }
    }

    private func check(_ world: PaymentWorld, credited: Int) async throws {
        let transactions = try await world.transactions()
        let taken = transactions.filter { $0.status == "capturedPendingSettlement" }
        let names = Set(taken.map(\.invoiceNumber))
        #expect(names.count == taken.count, "a charge was made twice")
        #expect(!taken.isEmpty)
        let paid = try await world.world.admin.query(
            """
            SELECT payment_seq, processor_id, amount FROM billing.payments WHERE state = 'paid' AND purpose = 'recharge'
            """)
        let booked = Set(try paid.map { try $0.value("processor_id", as: String.self) })
        #expect(booked == Set(taken.map(\.id)), "what was taken is what was booked")
        #expect(booked.count >= credited, "what a customer was told of is booked")
        let difference = try await world.world.text(
            """
            SELECT (SELECT sum(balance) FROM billing.wallets)
                - (SELECT sum(amount) FROM billing.payments WHERE state = 'paid') AS difference
            """)
        #expect(difference == "0.0000")
        let unasked = try await world.world.text(
            "SELECT count(*) FROM billing.payments WHERE purpose = 'recharge' AND state NOT IN ('paid', 'failed')")
        #expect(unasked == "0")
        let folder = LedgerFolder()
        defer { folder.remove() }
        try await folder.export(world.world)
        #expect(try folder.verifier(seals: false).verify().wallets == 3)
        print("\(Self.count) payments asked for, \(taken.count) taken and booked")
    }
}

extension PaymentWorld {
    /// A charge at the stand-in.
    struct Taken: Sendable {
        let id: String
        let status: String
        let invoiceNumber: String
    }

    fileprivate func transactions() async throws -> [Taken] {
        let answer = try await HTTPClient().send(
            HTTPClientRequest(
                .get, "\(baseURL)/_control/authorize-net/transactions", connectTimeout: .seconds(5),
                totalTimeout: .seconds(10)))
        return try (Core.JSONValue(parsing: answer.body).elements ?? []).map { transaction in
            guard let id = transaction["transId"]?.string, let status = transaction["status"]?.string,
                let invoice = transaction["invoiceNumber"]?.string
            else { throw NotAsExpected(what: "a transaction") }
            return Taken(id: id, status: status, invoiceNumber: invoice)
        }
    }

    fileprivate func undecided() async throws -> String? {
        try await world.text(
            "SELECT count(*) FROM billing.payments WHERE state NOT IN ('paid', 'failed', 'refunded', 'returned')")
    }

    fileprivate func addKeys(of customers: [CustomerID]) async throws {
        for customer in customers {
            try await world.admin.execute(
                """
                INSERT INTO billing.api_keys (token_hash, name, kind, customer_id, created_at)
                VALUES (\(Digest.sha256("key-" + customer.text)), 'test', 'customer', \(customer), \(world.noon))
                """)
        }
    }

    /// Every charge is told of twice, and before its answer.
    fileprivate func sendWebhooks(to port: Int, key: String) async throws {
        let body = """
            {"url":"http://127.0.0.1:\(port)/webhooks/v1/authorize-net","key":"\(key)","copies":2,"beforeAnswer":true}
            """
        let answer = try await HTTPClient().send(
            HTTPClientRequest(
                .put, "\(baseURL)/_control/authorize-net/webhook", body: Array(body.utf8),
                connectTimeout: .seconds(5), totalTimeout: .seconds(5)))
        guard answer.status == 204 else { throw NotAsExpected(what: answer.text) }
    }

    /// One of six faults for the next charge.
    fileprivate func disturb(_ fault: Int) {
        switch fault {
        case 0: self.fault(.loseAnswer)
        case 1: self.fault(.serverErrorAfter)
        case 2: self.fault(.serverError)
        case 3: self.fault(.drop)
        case 4: self.fault(.delay, milliseconds: 2_500)
        default: break
        }
    }

    /// Asks for a recharge and asks again with the same key where the answer was lost; returns the last status.
    fileprivate func recharge(_ number: Int, of customer: CustomerID, at wallet: RunningDaemon) async -> Int {
        var status = 0
        for _ in 1...3 {
            do {
                // A client of its own: one client sends one request at a time.
                status = try await HTTPClient().send(
                    HTTPClientRequest(
                        .post, "http://127.0.0.1:\(wallet.port)/api/v1/billing/recharge",
                        headers: [
                            HTTPField("Authorization", "Bearer key-\(customer.text)"),
                            HTTPField("Idempotency-Key", "recharge-\(number)"),
                            HTTPField("Content-Type", "application/json"),
                        ], body: Array(#"{"amount":"5.00"}"#.utf8), connectTimeout: .seconds(5),
                        totalTimeout: .seconds(20))
                ).status
            } catch {
                status = -1
            }
            if (200..<500).contains(status), status != 409 { break }
        }
        return status
    }
}
