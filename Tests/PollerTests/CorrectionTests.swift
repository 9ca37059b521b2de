import Core
import DaemonKit
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Poller

@Suite("Corrections of parked usage", .needsPostgres, .serialized)
struct CorrectionTests {
    @Test("a held call is corrected, released and rated by what was corrected; its raw row stays as it came")
    func fixed() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            let orders = ParkedOrders(retry: parts.retry)
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1", ban: "NOBODY")]))
            let before = try await world.texts("SELECT document FROM billing.raw_cdr")

            let said = try await orders.fix(
                "u1", set: [FieldSetting("customer_ban", "BAN001")], because: "trunk moved", by: "ada")
            #expect(said.map(\.field) == ["customer_ban"])
            #expect(said.map(\.old) == [.string("NOBODY")])
            #expect(try await world.count("SELECT count(*) FROM billing.rated_cdr") == 0)
            let released = try await orders.release("u1", by: "bob")
            #expect(released.map { $0.resolution?.hasPrefix("rated with version 1.") } == [true])

            let rated = try await world.columns(of: "SELECT customer_ban, charge, status FROM billing.rated_cdr")
            #expect(rated == ["customer_ban": "BAN001", "charge": "0.00712", "status": "rated"])
            #expect(try await world.texts("SELECT document FROM billing.raw_cdr") == before)
            let kept = try await world.columns(
                of: """
                    SELECT number, corrected_by, reason, field, old_value, new_value, corrected_at = \(world.now) AS on_time
                    FROM billing.usage_corrections
                    """)
            #expect(
                kept == [
                    "number": "1", "corrected_by": "ada", "reason": "trunk moved", "field": "customer_ban",
                    "old_value": "NOBODY", "new_value": "BAN001", "on_time": "true",
                ])
            let audited = try await world.texts(
                """
                SELECT actor || ' ' || action || ' ' || coalesce(detail->'fields'->'customer_ban'->>'new', '-')
                FROM billing.poller_audit WHERE action LIKE 'parked.%' ORDER BY id
                """)
            #expect(audited == ["operator:ada parked.fix BAN001", "operator:bob parked.release -"])
            let counts = try await world.counts()
            #expect(counts["rated"] == "1")
            #expect(counts["held"] == "0")
        }
    }

    @Test("rated again, a corrected record comes out the same: by a re-rating, and by a second delivery")
    func again() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            let orders = ParkedOrders(retry: parts.retry)
            let spans = try await world.add(.call, [Sample.call("u1", ban: "NOBODY"), Sample.call("u2")])
            try await parts.pipeline.handle(spans)
            _ = try await orders.fix("u1", set: [FieldSetting("customer_ban", "BAN001")], because: "r", by: "ada")
            _ = try await orders.release("u1", by: "ada")
            try await parts.pipeline.handle(spans)
            try await world.sweep(parts)
            #expect(try await world.count("SELECT count(*) FROM billing.rated_cdr") == 2)

            let rerating = Rerating(
                enricher: parts.pipeline.enricher, tables: try await parts.pipeline.reference.tables())
            let day = PollerWorld.start.usageDay
            let charges = try await world.pool.withTransaction(readOnly: true) { transaction in
                var charges: [String] = []
                try StandingUsage.forEach(.call, on: day, of: RerateScope(days: day...day), in: transaction) { all in
                    for standing in all {
                        #expect(rerating.difference(of: standing) == nil)
                        charges.append(
                            "\(standing.row.key) \(rerating.again(standing).facts.charge?.text(.charge) ?? "-")")
                    }
                }
                return charges.sorted()
            }
            #expect(charges == ["u1 0.00712", "u2 0.00712"])
        }
    }

    @Test("an unrated call with a corrected number is rated by it when a new version comes, and shows its corrections")
    func retried() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            let orders = ParkedOrders(retry: parts.retry)
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1", to: "5550100")]))
            for (number, reason) in [("+442079460000", "typed wrong"), ("3122005555", "typed right")] {
                _ = try await orders.fix("u1", set: [FieldSetting("dni", number)], because: reason, by: "ada")
            }
            _ = try await world.load(.sku, "{\"API:LRN\":\"SKU999\"}")
            try await parts.pipeline.reference.refresh()
            try await parts.tick.retryParked()
            #expect(try await world.texts("SELECT dni FROM billing.rated_cdr") == ["+13122005555"])

            let shown = try #require(try await ParkedReads(pool: world.pool).records(named: "u1").first)
            let corrections = try #require(try JSONValue(parsing: shown.json)["corrections"]?.elements)
            #expect(corrections.map { $0["old"]?.string } == ["5550100", "+442079460000"])
            #expect(corrections.map { $0["new"]?.string } == ["+442079460000", "3122005555"])
            #expect(corrections.map { $0["reason"]?.string } == ["typed wrong", "typed right"])
        }
    }

    @Test("an attempt whose vendor's name no column holds is corrected and costed with its call")
    func attempt() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            let orders = ParkedOrders(retry: parts.retry)
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            let long = String(repeating: "v", count: 51)
            try await parts.pipeline.handle(try await world.add(.attempt, [Sample.attempt("u1", vendor: long)]))
            #expect(try await world.count("SELECT count(*) FROM billing.vendor_cdr") == 0)
            _ = try await orders.fix(
                "u1|1", set: [FieldSetting("vendor_name", "telnyx"), FieldSetting("mos_score", "4.40")],
                because: "long",
                by: "ada")
            _ = try await orders.release("u1|1", by: "ada")
            let stored = try await world.columns(
                of: "SELECT vendor_name, mos_score, vendor_cost > 0 AS cost FROM billing.vendor_cdr")
            #expect(stored == ["vendor_name": "telnyx", "mos_score": "4.40", "cost": "true"])
        }
    }

    @Test(
        "what a record is known by, what nothing reads, and what the reader can't read is refused, and nothing is kept")
    func refused() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            let orders = ParkedOrders(retry: parts.retry)
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1", ban: "NOBODY")]))
            let cases: [(String, String, String)] = [
                ("sip_uuid", "u2", "sip_uuid is what the record is known by: it can't be corrected"),
                ("sip_callid", "x", "sip_callid is what the record is known by: it can't be corrected"),
                ("answer_stamp", "yesterday", "answer_stamp: a time such as 2026-11-22T10:00:00.000Z is wanted"),
                ("customer_ban", "NOBODY", "customer_ban: the record reads the same with it"),
            ]
            for (field, text, words) in cases {
                let refusal = await #expect(throws: CorrectionRefusal.self) {
                    try await orders.fix("u1", set: [FieldSetting(field, text)], because: "r", by: "ada")
                }
                #expect(refusal?.description == words)
            }
            let unknown = await #expect(throws: CorrectionRefusal.self) {
                try await orders.fix("u1", set: [FieldSetting("price", "0")], because: "r", by: "ada")
            }
            #expect(unknown?.description.hasPrefix("price is not read; can be corrected: answer_stamp, ") == true)
            await #expect(throws: CorrectionRefusal.self) {
                try await orders.fix(
                    "u1", set: [FieldSetting("customer_ban", String(repeating: "B", count: 51))], because: "r",
                    by: "ada")
            }
            await #expect(throws: ParkedRefusal.notOpen("u2")) {
                try await orders.fix("u2", set: [FieldSetting("dni", "1")], because: "r", by: "ada")
            }
            #expect(try await world.count("SELECT count(*) FROM billing.usage_corrections") == 0)
            #expect(try await world.count("SELECT count(*) FROM billing.poller_audit WHERE action = 'parked.fix'") == 0)
        }
    }

    @Test("a conflict and an attempt that waits can't be corrected")
    func notForPeople() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            let orders = ParkedOrders(retry: parts.retry)
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            try await parts.pipeline.handle(
                try await world.add(.call, [Sample.call("u1", seconds: 99)], isConflict: true))
            try await parts.pipeline.handle(try await world.add(.attempt, [Sample.attempt("u9")]))
            await #expect(throws: ParkedRefusal.conflict("u1")) {
                try await orders.fix("u1", set: [FieldSetting("dni", "1")], because: "r", by: "ada")
            }
            await #expect(throws: ParkedRefusal.waiting("u9|1")) {
                try await orders.fix("u9|1", set: [FieldSetting("vendor_name", "x")], because: "r", by: "ada")
            }
        }
    }

    @Test("what was read before a correction settles nothing after it")
    func race() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            let orders = ParkedOrders(retry: parts.retry)
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1", ban: "NOBODY")]))
            let place = try #require(try await ParkedReads(pool: world.pool).records(named: "u1").first)
            let stale = try await parts.pipeline.reader.rows(
                of: .call, at: [(day: place.rawDay, number: place.number)])
            _ = try await orders.fix("u1", set: [FieldSetting("customer_ban", "BAN001")], because: "r", by: "ada")
            try await world.addCustomer("00000000-0000-4000-8000-0000000000aa", ban: "NOBODY")
            try await parts.pipeline.reference.refresh()
            try await parts.retry.release(stale)
            #expect(try await world.count("SELECT count(*) FROM billing.rated_cdr") == 0)
            _ = try await orders.release("u1", by: "ada")
            #expect(try await world.texts("SELECT customer_ban::text FROM billing.rated_cdr") == ["BAN001"])
        }
    }

    @Test("corrections are appended and never changed")
    func appendOnly() async throws {
        try await PollerWorld.with { world in
            for statement: SQL in [
                "UPDATE billing.usage_corrections SET reason = 'x'", "DELETE FROM billing.usage_corrections",
            ] {
                await #expect(throws: PostgresError.self) { try await world.pool.execute(statement) }
            }
        }
    }

    @Test(
        "fields are read as at the door: a message's second name for its customer changes nothing while the first is there"
    )
    func aliases() throws {
        let message = Sample.message("m1")
        #expect(throws: CorrectionRefusal.nothing(field: "customer_ban")) {
            try RecordReader.corrections([("customer_ban", "BAN002")], of: .mdr, document: message)
        }
        let both = try RecordReader.corrections(
            [("user_id", ""), ("customer_ban", "BAN002")], of: .mdr, document: message)
        #expect(both.map(\.new) == [.null, .string("BAN002")])
        #expect(throws: CorrectionRefusal.unreadable(field: "segments", wanted: "a whole number of at least 1")) {
            try RecordReader.corrections([("segments", "0")], of: .mdr, document: message)
        }
        let laid = RecordReader.document("{\"id\":\"q\",\"quantity\":0}\n", correctedBy: "{\"quantity\": 2}")
        #expect(laid == "{\"id\":\"q\",\"quantity\":0,\"quantity\": 2}")
    }
}
