import Core
import DaemonKit
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("Transactions over HTTP", .needsServices)
struct TransactionRoutesTests {
    private static let path = "/api/v1/billing/transactions"

    @Test("filters choose by type, time and reference")
    func filters() async throws {
        let call = UsageID(RecordReader.id(.cdr, naturalKey: "the call"))
        try await CustomerDaemon.with { world in
            try await world.addCall(WalletWorld.prepaid, charge: "0.00712", call: "the call")
            try await world.addCall(WalletWorld.prepaid, charge: "0.02000")
        } body: { _, wallet in
            // Everything happened on 2026-11-22 at noon: the opening balance, and two calls.
            let cases: [(filter: String, count: Int)] = [
                ("", 3), ("type=payment", 1), ("type=charge", 2), ("type=refund", 0), ("from=2026-11-22", 3),
                ("from=2026-11-23", 0), ("to=2026-11-22", 3), ("to=2026-11-21", 0),
                ("from=2026-11-22T12:00:00Z&to=2026-11-22T12:00:00.001Z", 3), ("to=2026-11-22T12:00:00Z", 0),
                ("from=2026-11-22T12:00:00.001Z", 0), ("reference_type=cdr", 2), ("reference_type=payment", 1),
                ("reference_type=cdr&reference_id=\(call.text)", 1),
                ("reference_type=mdr&reference_id=\(call.text)", 0),
                ("reference_type=cdr&reference_id=x'--", 0), ("type=charge&from=2026-11-22&to=2026-11-22", 2),
            ]
            for (filter, count) in cases {
                let answer = try await wallet.get("\(Self.path)?\(filter)", token: CustomerDaemon.token)
                #expect(answer.status == 200, "\(filter)")
                let entries = try JSONValue(parsing: answer.body)["transactions"]?.elements?.count
                #expect(entries == count, "\(filter)")
            }
        }
    }

    @Test(
        "a filter that cannot be meant is refused by its name",
        arguments: [
            ("type=debit", "/type", "BAD_TYPE"), ("from=yesterday", "/from", "BAD_TIMESTAMP"),
            ("to=2026-02-30", "/to", "BAD_TIMESTAMP"), ("from=0000-01-01", "/from", "OUT_OF_RANGE"),
            ("to=9999-12-31", "/to", "OUT_OF_RANGE"), ("from=2026-11-23&to=2026-11-22", "/to", "OUT_OF_RANGE"),
            ("reference_type=call", "/reference_type", "BAD_TYPE"),
            ("reference_id=1", "/reference_type", "MISSING_FIELD"),
            ("reference_type=cdr&reference_id=", "/reference_id", "OUT_OF_RANGE"),
            ("reference_type=cdr&reference_id=%00", "/reference_id", "OUT_OF_RANGE"),
            ("format=xml", "/format", "BAD_FORMAT"), ("limit=1001", "/limit", "OUT_OF_RANGE"),
        ])
    func badFilters(filter: String, pointer: String, reason: String) async throws {
        try await CustomerDaemon.with { _, wallet in
            for format in ["", "&format=csv"] where !(filter + format).hasPrefix("format=xml&") {
                let answer = try await wallet.get("\(Self.path)?\(filter)\(format)", token: CustomerDaemon.token)
                #expect(answer.status == 422)
                #expect(answer.text.contains(#""pointer":"\#(pointer)","reason":"\#(reason)""#), "\(answer.text)")
            }
        }
    }

    @Test("pages follow each other by their cursor, within a filter too")
    func pages() async throws {
        try await CustomerDaemon.with { world in
            for _ in 1...5 { try await world.addCall(WalletWorld.prepaid, charge: "0.01000") }
        } body: { _, wallet in
            var next: Int?
            var ids: [String] = []
            repeat {
                let cursor = next.map { "&before=\($0)" } ?? ""
                let answer = try await wallet.get(
                    "\(Self.path)?type=charge&limit=2&from=2026-11-22\(cursor)", token: CustomerDaemon.token)
                let page = try JSONValue(parsing: answer.body)
                let entries = try #require(page["transactions"]?.elements)
                ids += entries.compactMap { $0["id"]?.string }
                next = page["next"]?.integer
            } while next != nil && ids.count < 10
            #expect(ids.count == 5)
            #expect(Set(ids).count == 5)
        }
    }

    @Test("as CSV: a line of names, then all of them, newest first, byte for byte")
    func csv() async throws {
        let call = UsageID(RecordReader.id(.cdr, naturalKey: "the call"))
        try await CustomerDaemon.with { world in
            try await world.addCall(WalletWorld.prepaid, charge: "0.00712", call: "the call")
        } body: { world, wallet in
            try await world.admin.execute(
                "UPDATE billing.transactions SET description = '=1+1, \"so\"' WHERE type = 'charge'")
            let ids = try await world.admin.query(
                """
                SELECT id::text AS id, reference_id FROM billing.transactions
                WHERE customer_id = \(WalletWorld.prepaid) ORDER BY chain_index DESC
                """
            ).map { (try $0.value("id", as: String.self), try $0.value("reference_id", as: String.self)) }
            try #require(ids.count == 2)
            #expect(ids[0].1 == call.text)
            let expected =
                "id,type,amount,balance_before,balance_after,description,reference_type,reference_id,created_at\r\n"
                + "\(ids[0].0),charge,-0.0071,1.0000,0.9929,\"'=1+1, \"\"so\"\"\",cdr,\(call.text),2026-11-22T12:00:00.000Z\r\n"
                + "\(ids[1].0),payment,1.0000,0.0000,1.0000,Opening balance,payment,\(ids[1].1),2026-11-22T12:00:00.000Z\r\n"
            let byFormat = try await wallet.get("\(Self.path)?format=csv", token: CustomerDaemon.token)
            #expect(byFormat.text == expected)
            #expect(byFormat.header("Content-Type") == "text/csv; charset=utf-8")
            #expect(byFormat.header("Content-Disposition") == #"attachment; filename="transactions.csv""#)
            let byAccept = try await wallet.send(
                .get, Self.path, token: CustomerDaemon.token,
                headers: [HTTPField("Accept", "text/csv;q=0.9, */*;q=0.1")])
            #expect(byAccept.body == byFormat.body)
            let json = try await wallet.send(
                .get, "\(Self.path)?format=json", token: CustomerDaemon.token,
                headers: [HTTPField("Accept", "text/csv")])
            #expect(json.header("Content-Type") == "application/json; charset=utf-8")
            let none = try await wallet.get("\(Self.path)?format=csv&type=refund", token: CustomerDaemon.token)
            #expect(none.text == String(expected.prefix { $0 != "\r\n" }) + "\r\n")
        }
    }

    @Test("CSV of thousands comes whole, and times are found among entries that stand a little out of order")
    func many() async throws {
        try await CustomerDaemon.with { world, wallet in
            // One a minute, each up to five minutes early or late.
            try await world.admin.execute(
                """
                INSERT INTO billing.transactions (id, customer_id, chain_index, type, amount, balance_before, balance_after, description,
                    reference_type, reference_id, created_at, chain_hash)
                SELECT gen_random_uuid(), \(WalletWorld.prepaid), 10 + 2 * n, 'charge', -0.0100, 5, 4.99, 'Call', 'cdr', n::text,
                    \(world.noon)::timestamptz + make_interval(mins => n + n * 7919 % 11 - 5), sha256('')
                FROM generate_series(1, 2500) AS n
                """)
            let all = try await wallet.get("\(Self.path)?format=csv&type=charge", token: CustomerDaemon.token)
            let lines = all.text.components(separatedBy: "\r\n").dropLast()
            #expect(lines.count == 2_501)
            #expect(Set(lines).count == 2_501)
            let references = lines.dropFirst().compactMap { $0.split(separator: ",").dropLast().last.map(String.init) }
            #expect(references == (1...2_500).reversed().map(String.init))
            let limited = try await wallet.get(
                "\(Self.path)?format=csv&type=charge&limit=7&before=2010", token: CustomerDaemon.token)
            #expect(limited.text.components(separatedBy: "\r\n").dropFirst().first?.contains(",cdr,999,") == true)
            #expect(limited.text.components(separatedBy: "\r\n").count == 9)
            for (from, to) in [
                (100, 110), (1, 3), (0, 1), (2_490, 2_600), (1_203, 1_204), (-50, 5_000), (3_000, 3_001),
            ] {
                let (first, end) = (world.noon.advanced(seconds: from * 60), world.noon.advanced(seconds: to * 60))
                let expected = try await world.text(
                    """
                    SELECT count(*) FROM billing.transactions
                    WHERE reference_type = 'cdr' AND created_at >= \(first)::timestamptz AND created_at < \(end)::timestamptz
                    """)
                let answer = try await wallet.get(
                    "\(Self.path)?format=csv&type=charge&from=\(first.text)&to=\(end.text)", token: CustomerDaemon.token
                )
                #expect("\(answer.text.components(separatedBy: "\r\n").count - 2)" == expected, "\(from) to \(to)")
            }
        }
    }
}

/// A wallet in this process, a key of the prepaid customer, and one of an operator.
enum CustomerDaemon {
    static let token = "key-of-the-prepaid"
    static let operatorToken = "key-of-ada"

    /// Runs the body beside the daemon; what `usage` adds is posted at noon before the daemon begins, which has a clock of its own.
    static func with(
        _ usage: (WalletWorld) async throws -> Void = { _ in },
        body: (WalletWorld, RunningDaemon) async throws -> Void
    ) async throws {
        try await WalletWorld.with { world in
            try await world.store.makeWallets(
                of: [WalletWorld.prepaid, WalletWorld.hybrid, WalletWorld.postpaid], at: world.noon)
            try await usage(world)
            try await world.post()
            try await world.admin.execute(
                """
                INSERT INTO billing.api_keys (token_hash, name, kind, customer_id, created_at)
                VALUES (\(Digest.sha256(token)), 'test', 'customer', \(WalletWorld.prepaid), \(world.noon)),
                    (\(Digest.sha256(operatorToken)), 'ada', 'operator', NULL, \(world.noon))
                """)
            let values = world.database.settings().merging(["postgres.user": "warp_wallet"]) { $1 }
            try await withDaemon(WalletCommand.daemon, values: values, build: WalletCommand.build) { wallet in
                try await body(world, wallet)
            }
        }
    }
}
