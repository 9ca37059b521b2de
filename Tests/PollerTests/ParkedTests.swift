import Core
import DaemonKit
import Drivers
import Foundation
import LiveReference
import Reference
import Synchronization
import TestSupport
import Testing

@testable import Poller

@Suite("Parked usage", .needsPostgres, .serialized)
struct ParkedTests {
    @Test("a call that no rate fits is parked, tried once for each new version, and rated by the one that has its rate")
    func resolved() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            // To Lagos: no plan of the vectors has 234.
            try await parts.pipeline.handle(
                try await world.add(.call, [Sample.call("u1", to: "+2348012345678"), Sample.call("u2")]))
            let parked = try await world.columns(
                of: "SELECT status, flags, ref_version, attempts FROM billing.unrated_usage")
            #expect(parked["status"] == "unrated")
            #expect(parked["flags"]?.contains("NO_RATE") == true)
            #expect(parked["ref_version"]?.hasPrefix("1.") == true)

            try await world.retry(parts)
            let untouched = try await world.texts("SELECT attempts::text FROM billing.unrated_usage")
            #expect(untouched == ["1"])

            // Version 2 knows nothing of Lagos, version 3 does.
            _ = try await world.load(.sku, "{\"API:LRN\":\"SKU999\"}")
            try await world.retry(parts)
            let tried = try await world.texts(
                "SELECT attempts || ' ' || split_part(ref_version, '.', 1) FROM billing.unrated_usage WHERE resolved_at IS NULL"
            )
            #expect(tried == ["2 2"])
            _ = try await world.load(.plan, Self.planWithLagos)
            try await world.retry(parts)

            let rated = try await world.columns(
                of: """
                    SELECT sip_uuid, rate_plan_id, rate_prefix, charge,
                        split_part(ref_version, '.', 1) AS ref_version
                    FROM billing.rated_cdr
                    WHERE sip_uuid = 'u1'
                    """)
            #expect(
                rated == [
                    "sip_uuid": "u1", "rate_plan_id": "lagos", "rate_prefix": "234", "charge": "0.61000",
                    "ref_version": "3",
                ])
            let resolved = try await world.columns(
                of: """
                    SELECT resolved_by = id AS by_itself, split_part(resolution, '.', 1) AS resolution FROM billing.unrated_usage
                    WHERE resolved_at IS NOT NULL
                    """)
            #expect(resolved == ["by_itself": "true", "resolution": "rated with version 3"])
            let counts = try await world.counts()
            #expect(counts["rated"] == "2")
            #expect(counts["unrated"] == "0")
            #expect(
                parts.rung.spans.last == UsageSpan(kind: .ratedCDR, day: PollerWorld.start.usageDay, first: 2, last: 2))
        }
    }

    @Test("held usage waits for a person: no new version touches it")
    func held() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1", ban: "NOBODY")]))
            try await world.addCustomer("00000000-0000-4000-8000-0000000000aa", ban: "NOBODY")
            _ = try await world.load(.plan, Self.planWithLagos)
            try await world.retry(parts)
            let held = try await world.texts(
                "SELECT status || ' ' || array_to_string(flags, ',') FROM billing.unrated_usage")
            #expect(held == ["held UNKNOWN_CUSTOMER"])
        }
    }

    @Test("a held record that is released is rated, audited, and released once")
    func release() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1", ban: "NOBODY")]))
            let orders = ParkedOrders(retry: parts.retry)
            let still = try await orders.release("u1", by: "ada")
            #expect(still.map { "\($0.status) \($0.flags) \($0.attempts)" } == ["held [\"UNKNOWN_CUSTOMER\"] 2"])

            try await world.addCustomer("00000000-0000-4000-8000-0000000000aa", ban: "NOBODY")
            let released = try await orders.release("u1", by: "ada")
            #expect(released.map { $0.resolution?.hasPrefix("rated with version 1.") } == [true])
            #expect(try await world.texts("SELECT customer_ban::text FROM billing.rated_cdr") == ["NOBODY"])
            let audited = try await world.texts(
                "SELECT actor || ' ' || action FROM billing.poller_audit WHERE action LIKE 'parked.%' ORDER BY id")
            #expect(audited == ["operator:ada parked.release", "operator:ada parked.release"])
            let counts = try await world.counts()
            #expect(counts["rated"] == "1")
            #expect(counts["held"] == "0")
            await #expect(throws: ParkedRefusal.notOpen("u1")) { try await orders.release("u1", by: "ada") }
        }
    }

    @Test("a conflict can't be released; dismissed with a reason it is closed and never rated")
    func dismiss() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            try await parts.pipeline.handle(
                try await world.add(.call, [Sample.call("u1", seconds: 99)], isConflict: true))
            let orders = ParkedOrders(retry: parts.retry)
            await #expect(throws: ParkedRefusal.conflict("u1")) { try await orders.release("u1", by: "ada") }
            #expect(try await orders.dismiss("u1", because: "sent twice", by: "ada") == 1)
            #expect(try await world.texts("SELECT resolution FROM billing.unrated_usage") == ["dismissed: sent twice"])
            #expect(try await world.count("SELECT count(*) FROM billing.rated_cdr") == 1)
            await #expect(throws: ParkedRefusal.notOpen("u1")) {
                try await orders.dismiss("u1", because: "again", by: "ada")
            }
        }
    }

    @Test("a customer who was added a moment ago is looked up again before a record is held")
    func newCustomer() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            try await world.addCustomer("00000000-0000-4000-8000-0000000000aa", ban: "NEW1")
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u2", ban: "NEW1")]))
            let rated = try await world.texts("SELECT customer_ban::text FROM billing.rated_cdr ORDER BY rated_seq")
            #expect(rated == ["BAN001", "NEW1"])
        }
    }

    @Test("a record that breaks the store is found by halving and parked with the reason; the others are rated")
    func poison() async throws {
        try await PollerWorld.with { world in
            let spans = try await world.add(.call, (1...9).map { Sample.call("u\($0)") })
            let poison = UsageID(RecordReader.id(.cdr, naturalKey: "u6"))
            let real = world.parts().store
            let sizes = Mutex<[Int]>([])
            let parts = world.parts(commit: { outcomes, now, rateAttempt in
                sizes.withLock { $0.append(outcomes.rows.count) }
                if outcomes.usage.contains(where: { $0.row.id == poison }) { throw Poison() }
                return try await real.commit(outcomes, at: now, rateAttempt: rateAttempt)
            })
            try await parts.pipeline.handle(spans)
            let rated = try await world.count("SELECT count(*) FROM billing.rated_cdr")
            #expect(rated == 8)
            let parked = try await world.columns(
                of: "SELECT natural_key, status, flags, evidence->>'reason' AS reason FROM billing.unrated_usage")
            #expect(
                parked == [
                    "natural_key": "u6", "status": "held", "flags": "[\"poison\"]", "reason": "poison",
                ])
            #expect(sizes.withLock { $0 } == [9, 4, 5, 2, 1, 1, 1, 3])
            let counts = try await world.counts()
            #expect(counts["rated"] == "8")
            #expect(counts["held"] == "1")
        }
    }

    @Test("a failure of the machinery parks nothing: the batch stays to be tried again")
    func transient() async throws {
        try await PollerWorld.with { world in
            let spans = try await world.add(.call, [Sample.call("u1")])
            let parts = world.parts(commit: { _, _, _ in throw PostgresError.connectionLost("test") })
            await #expect(throws: PostgresError.connectionLost("test")) { try await parts.pipeline.handle(spans) }
            let rows = try await world.count("SELECT count(*) FROM billing.unrated_usage")
            #expect(rows == 0)
        }
    }

    @Test("a text that no column holds parks its record and lets the batch through")
    func unstorable() async throws {
        try await PollerWorld.with { world in
            let vendor = String(repeating: "v", count: 51)
            let long = Sample.call("u2").replacing("\"telnyx\"", with: "\"\(vendor)\"")
            try await world.add(.call, [Sample.call("u1"), long, Sample.call("u3")])
            try await world.sweep(world.parts())
            let rated = try await world.texts("SELECT sip_uuid::text FROM billing.rated_cdr ORDER BY 1")
            #expect(rated == ["u1", "u3"])
            let parked = try await world.texts(
                "SELECT natural_key || ' ' || array_to_string(flags, ',') FROM billing.unrated_usage ORDER BY 1")
            #expect(parked == ["u2 postgres-22001"])
        }
    }

    @Test(
        "records of a span that broke the process are parked before they are tried, and come out when they come through"
    )
    func wary() async throws {
        try await PollerWorld.with { world in
            let spans = try await world.add(.call, [Sample.call("u1"), Sample.call("u2")])
            let parts = world.parts()
            for span in spans { try await parts.pipeline.handleWarily(span, retry: parts.retry) }
            let rated = try await world.texts("SELECT sip_uuid::text FROM billing.rated_cdr ORDER BY 1")
            #expect(rated == ["u1", "u2"])
            let counts = try await world.counts()
            #expect(counts["rated"] == "2")
            #expect(counts["held"] == "0")
            let open = try await world.count("SELECT count(*) FROM billing.unrated_usage WHERE resolved_at IS NULL")
            #expect(open == 0)
        }
    }

    @Test("records that are tried alone while writes fail wait, unharmed, and are rated when their minute is over")
    func warilyInTrouble() async throws {
        try await PollerWorld.with { world in
            try await world.admin.execute(
                """
                CREATE FUNCTION billing.fail() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'test' USING ERRCODE = 'serialization_failure'; END $$
                """)
            try await world.admin.execute(
                """
                CREATE TRIGGER fail BEFORE INSERT ON billing.rated_spans FOR EACH STATEMENT EXECUTE FUNCTION billing.fail()
                """)
            let parts = world.parts()
            let spans = try await world.add(.call, [Sample.call("u1"), Sample.call("u2")])
            for span in spans { try await parts.pipeline.handleWarily(span, retry: parts.retry) }
            let waiting = try await world.texts(
                "SELECT status || ' ' || flags[1] || ' ' || attempts FROM billing.unrated_usage")
            #expect(waiting == ["waiting broke-the-process 1", "waiting broke-the-process 1"])
            try await world.admin.execute("DROP TRIGGER fail ON billing.rated_spans")
            try await parts.tick.retryParked()
            #expect(try await world.count("SELECT count(*) FROM billing.rated_cdr") == 0)
            world.clock.advance(seconds: 60)
            try await parts.tick.retryParked()
            #expect(try await world.count("SELECT count(*) FROM billing.rated_cdr") == 2)
            let counts = try await world.counts()
            #expect(counts["rated"] == "2")
            #expect(counts["held"] == "0")
        }
    }

    @Test("a record over which the process ended three times when it was tried alone waits for a person")
    func breaker() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            try await world.add(.call, [Sample.call("u1")])
            let horizon = try await Horizon("raw_cdr").through(world.pool)
            let reader = parts.pipeline.reader
            let row = try #require(
                try await reader.withoutOutcome(
                    .call, in: try await reader.spans(of: .call, from: 0, through: horizon)
                ).first)
            var outcomes = BatchOutcomes(kind: .call)
            outcomes.parked = [ParkedUsage(suspect: row, until: world.now, refVersion: "1")]
            _ = try await parts.store.commit(
                outcomes, at: world.now,
                rateAttempt: parts.pipeline.rateAttempt(try await parts.pipeline.reference.tables()))
            // As a process does that ends in the middle of each try.
            for tries in 1...3 {
                #expect(try await parts.retry.parked.beginTry(of: row, retryAt: world.now) == tries)
            }
            try await parts.tick.retryParked()
            let held = try await world.texts("SELECT status || ' ' || flags[1] FROM billing.unrated_usage")
            #expect(held == ["held broke-the-process"])
            let counts = try await world.counts()
            #expect(counts["held"] == "1")
            // A person may try it all the same.
            _ = try await ParkedOrders(retry: parts.retry).release("u1", by: "ada")
            #expect(try await world.count("SELECT count(*) FROM billing.rated_cdr") == 1)
        }
    }

    @Test("a sweep whose step was begun three times and never ended handles its rows warily")
    func brokenSweep() async throws {
        try await PollerWorld.with { world in
            try await world.add(.call, [Sample.call("u1")])
            try await world.admin.execute(
                """
                INSERT INTO billing.poller_progress (source, through_seq, updated_at) VALUES ('raw_cdr:tries', 3, \(world.now))
                """)
            try await world.sweep(world.parts())
            let resolved = try await world.texts(
                "SELECT array_to_string(flags, ',') FROM billing.unrated_usage WHERE resolved_at IS NOT NULL")
            #expect(resolved == ["broke-the-process"])
            let rated = try await world.count("SELECT count(*) FROM billing.rated_cdr")
            #expect(rated == 1)
            let tries = try await world.texts(
                "SELECT through_seq::text FROM billing.poller_progress WHERE source = 'raw_cdr:tries'")
            #expect(tries == ["0"])
        }
    }

    @Test("nothing is rated, and nothing parked, while no reference data was ever loaded")
    func noReference() async throws {
        try await PollerWorld.with(reference: false) { world in
            let spans = try await world.add(.call, [Sample.call("u1")])
            let parts = world.parts()
            let failure = await #expect(throws: ReferenceMissing.self) { try await parts.pipeline.handle(spans) }
            #expect(failure?.isTransient == true)
            _ = try await world.load(directory: PollerWorld.reference)
            try await parts.pipeline.reference.refresh()
            try await parts.pipeline.handle(spans)
            let rated = try await world.count("SELECT count(*) FROM billing.rated_cdr")
            #expect(rated == 1)
        }
    }

    @Test("people see what is parked and why, by id and by key")
    func reads() async throws {
        try await PollerWorld.with { world in
            try await world.add(.call, [Sample.call("u1", ban: "NOBODY"), Sample.call("u2", to: "5550100")])
            try await world.add(.attempt, [Sample.attempt("u9")])
            try await world.sweep(world.parts())
            let reads = ParkedReads(pool: world.pool)
            let held = try await reads.open(status: "held", flag: nil, limit: 10)
            #expect(held.map(\.key) == ["u1"])
            let invalid = try await reads.open(status: nil, flag: "DNI_INVALID", limit: 10)
            #expect(invalid.map(\.key) == ["u2"])
            let all = try await reads.open(status: nil, flag: nil, limit: 10)
            #expect(Set(all.map(\.status)) == ["held", "unrated", "waiting"])
            let one = try await reads.records(named: try #require(held.first).id.text)
            #expect(one.map(\.key) == ["u1"])
            #expect(one.first?.json.contains("\"UNKNOWN_CUSTOMER\"") == true)
        }
    }

    /// Stands for a record that the store cannot take.
    private struct Poison: Failure {
        var reason: String { "poison" }
        var isTransient: Bool { false }
    }

    private static let planWithLagos = """
        {"id":"lagos","name":"Lagos","type":"voice","customer_id":"00000000-0000-4000-8000-000000000001",
         "effective_date":"2025-03-01","expiry_date":null,
         "rates":{"schema":"voice/1","terminating":{"international":{"prefixes":{"234":{"rate":"0.6000000"}}}}}}
        """
}

extension PollerWorld {
    /// Loads one file of this content.
    func load(_ kind: ReferenceKind, _ content: String) async throws -> Int64 {
        let path = FileManager.default.temporaryDirectory.appending(path: "load-\(UUID().uuidString)").path
        try Data(content.utf8).write(to: URL(filePath: path))
        let files = try ReferenceLoader.check([(kind, path)])
        try FileManager.default.removeItem(atPath: path)
        return try await loader.load(files, note: "test").version
    }

    /// What the minute's tick does after the reference data was looked at.
    fileprivate func retry(_ parts: Parts) async throws {
        try await parts.pipeline.reference.refresh()
        try await parts.tick.retryParked()
    }
}
