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

@Suite("Re-rating", .needsPostgres, .serialized)
struct RerateTests {
    private static let day = UsageDay(parsing: "2025-03-12")!
    static let scope = RerateScope(days: day...day)

    @Test("a preview gives what another plan would charge, by customer, day and record, and touches no usage")
    func preview() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            let before = try await world.ratedRows()
            _ = try await world.load(.plan, Self.dearerPlan)
            let made = try await world.preview(Self.scope)
            let report = try await RerateReport.read(made, from: world.pool)

            #expect(made.records == 5)
            #expect(made.movement?.text(.charge) == "0.04464")
            let sum = RerateReport.Sum(
                name: "BAN001", records: 3, before: try Money(parsing: "0.02136"), after: try Money(parsing: "0.066"))
            #expect(report.customers == [sum])
            #expect(report.days.map { "\($0.name) \($0.difference.signed(.charge))" } == ["2025-03-12 +0.04464"])
            let lines = Lines()
            try await RerateLine.forEach(of: made, from: world.pool) { lines.add($0) }
            #expect(lines.all.map(\.key).sorted() == ["u1", "u2", "u3"])
            #expect(
                lines.all.allSatisfy { $0.before.text(.charge) == "0.00712" && $0.after?.text(.charge) == "0.02200" })
            #expect(lines.all.first?.changes == ["rate_plan_id", "rate", "quantity", "charge"])
            #expect(try await world.ratedRows() == before)
        }
    }

    @Test("applying takes each row back and adds the new rating; doing it twice changes nothing")
    func apply() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            _ = try await world.load(.plan, Self.dearerPlan)
            let made = try await world.preview(Self.scope)
            let report = try await world.apply(made)
            #expect(report == RerateApply.Report(corrected: 3))

            let rows = try await world.texts(
                """
                SELECT concat_ws(' ', sip_uuid, charge, billed_seconds, corrects IS NOT NULL, reverses IS NOT NULL)
                FROM billing.rated_cdr WHERE sip_uuid = 'u1' ORDER BY rated_seq
                """)
            #expect(rows == ["u1 0.00712 61 f f", "u1 -0.00712 -61 t t", "u1 0.02200 66 t f"])
            #expect(try await world.texts("SELECT sum(charge)::text FROM billing.rated_cdr") == ["0.06600"])
            let spans = try await world.texts(
                "SELECT sum(count) || ' ' || sum(charges) FROM billing.rated_spans WHERE service = 'voice'")
            #expect(spans == ["9 0.06600"])
            let audited = try await world.texts(
                "SELECT actor || ' ' || action FROM billing.poller_audit WHERE action LIKE 'rerate%'")
            #expect(audited == ["operator:ada rerate.apply"])

            let after = try await world.ratedRows()
            #expect(try await world.apply(try await world.store.preview(made.id)) == RerateApply.Report())
            // As if it had been killed before it could say that it was done.
            try await world.admin.execute("UPDATE billing.rerate_previews SET applied_at = NULL, applied_by = NULL")
            #expect(try await world.apply(made) == RerateApply.Report(repeats: 3))
            #expect(try await world.ratedRows() == after)
        }
    }

    @Test("an application that was killed in the middle corrects the rest, each record once")
    func killed() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            _ = try await world.load(.plan, Self.dearerPlan)
            let made = try await world.preview(Self.scope)
            _ = try await world.apply(made)
            try await world.admin.execute(
                "DELETE FROM billing.rated_cdr WHERE sip_uuid <> 'u2' AND corrects IS NOT NULL")
            try await world.admin.execute("UPDATE billing.rerate_previews SET applied_at = NULL, applied_by = NULL")
            #expect(try await world.apply(made) == RerateApply.Report(corrected: 2, repeats: 1))
            #expect(try await world.texts("SELECT sum(charge)::text FROM billing.rated_cdr") == ["0.06600"])
        }
    }

    @Test("what would not come out as previewed is refused before anything is written")
    func changedMeanwhile() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            _ = try await world.load(.plan, Self.dearerPlan)
            let made = try await world.preview(Self.scope)
            let before = try await world.ratedRows()
            _ = try await world.load(.plan, Self.dearerPlan.replacing("0.0200000", with: "0.0300000"))
            let refusal = await #expect(throws: RerateRefusal.self) { try await world.apply(made) }
            #expect(refusal == .changed(3, examples: ["u1", "u2", "u3"]))
            #expect(try await world.ratedRows() == before)
        }
    }

    @Test("a second re-rating corrects what the first one left, and a preview of the same again finds nothing")
    func twice() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            _ = try await world.load(.plan, Self.dearerPlan)
            let first = try await world.preview(Self.scope)
            _ = try await world.apply(first)
            #expect(
                try await RerateReport.read(try await world.preview(Self.scope), from: world.pool).total.records == 0)

            _ = try await world.load(.plan, Self.dearerPlan.replacing("0.0200000", with: "0.0100000"))
            let second = try await world.preview(Self.scope)
            #expect(second.movement?.text(.charge) == "0.03300")
            #expect(try await world.apply(second) == RerateApply.Report(corrected: 3))
            #expect(try await world.texts("SELECT sum(charge)::text FROM billing.rated_cdr") == ["0.03300"])
            #expect(try await world.count("SELECT count(*) FROM billing.rated_cdr WHERE reverses IS NOT NULL") == 6)
        }
    }

    @Test("of two previews of the same, the second is refused once the first is applied")
    func overtaken() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            _ = try await world.load(.plan, Self.dearerPlan)
            let first = try await world.preview(Self.scope)
            let second = try await world.preview(Self.scope)
            _ = try await world.apply(first)
            let refusal = await #expect(throws: RerateRefusal.self) { try await world.apply(second) }
            #expect(refusal == .changed(3, examples: ["u1", "u2", "u3"]))
            #expect(try await world.texts("SELECT sum(charge)::text FROM billing.rated_cdr") == ["0.06600"])
        }
    }

    @Test("a call is rated again by the answer that a portability service once gave")
    func storedDip() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            _ = try await world.admin.query("SELECT billing.ensure_partition('lrn_dips', \(Self.day))")
            try await world.admin.execute(
                """
                INSERT INTO billing.lrn_dips (usage_day, call_id, number, asked_at, answer, lrn, cost, milliseconds)
                SELECT usage_day, id, '3122005555', \(world.now), 'ported', '2126000000', 0, 0
                FROM billing.raw_cdr WHERE sip_uuid = 'u2'
                """)
            let lines = Lines()
            try await RerateLine.forEach(of: try await world.preview(Self.scope), from: world.pool) { lines.add($0) }
            #expect(lines.all.map { $0.key } == ["u2"])
            #expect(lines.all.first?.changes.contains("class_key") == true)
        }
    }

    @Test("a scope of one customer or plan leaves the others out")
    func scopes() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            _ = try await world.load(.plan, Self.dearerPlan)
            var other = Self.scope
            other.customerBAN = "BAN002"
            #expect(try await world.preview(other).records == 0)
            var own = Self.scope
            own.customerBAN = "BAN001"
            own.ratePlan = try await world.texts("SELECT rate_plan_id FROM billing.rated_cdr LIMIT 1").first
            #expect(own.ratePlan != nil)
            #expect(try await world.preview(own).records == 3)
        }
    }

    @Test("a record that has no price any more is told of and stays")
    func unpriced() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            try await world.admin.execute("DELETE FROM billing.customer_bans WHERE ban = 'BAN001'")
            let made = try await world.preview(Self.scope)
            let report = try await RerateReport.read(made, from: world.pool)
            #expect(report.unpriced == 5)
            #expect(report.total.records == 0)
            #expect(report.text.contains("5 records have no price any more; they would stay as they are."))
            #expect(try await world.apply(made) == RerateApply.Report(unpriced: 5))
            #expect(try await world.count("SELECT count(*) FROM billing.rated_cdr WHERE corrects IS NOT NULL") == 0)
        }
    }

    @Test("more than the limit needs a second person, who is not the one who made it")
    func approval() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            _ = try await world.load(.plan, Self.dearerPlan)
            let made = try await world.preview(Self.scope)
            #expect(throws: Never.self) { try made.checkApproval(above: try Money(parsing: "0.04464")) }
            let limit = try Money(parsing: "0.04")
            #expect(throws: RerateRefusal.needsApproval(movement: "0.04464", limit: "0.04")) {
                try made.checkApproval(above: limit)
            }
            await #expect(throws: RerateRefusal.ownApproval) {
                try await world.store.approve(made, by: "ada", at: world.now)
            }
            try await world.store.approve(made, by: "bob", at: world.now)
            let approved = try await world.store.preview(made.id)
            #expect(throws: Never.self) { try approved.checkApproval(above: limit) }
            await #expect(throws: RerateRefusal.unknown(world.stranger.text)) {
                try await world.store.preview(world.stranger)
            }
        }
    }

    @Test("a simulation prices a customer's usage by another plan, by day and class, and leaves nothing behind")
    func simulation() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            let before = try await world.ratedRows()
            let document = try JSONValue(parsing: Array(Self.dearerPlan.utf8))
            let plan = try #require(try PlanFile.read(document, path: "offer.json").first)
            let tables = try await CurrentReference(pool: world.pool).tables()
            let ban = try BAN(parsing: "BAN001")
            var scope = Self.scope
            scope.customerBAN = ban.text
            let report = try await PlanSimulation(
                pool: world.pool, tables: tables, plan: plan, customer: ban, days: scope.days
            ).run(scope)

            #expect(report.unpriced == 0)
            #expect(report.total.records == 5)
            #expect(report.total.difference.text(.charge) == "0.04464")
            let classes = report.classes.map { "\($0.name) \($0.records) \($0.difference.signed(.charge))" }
            #expect(classes.filter { !$0.hasSuffix(" 0.00000") } == ["TERMINATING:DOMESTIC:INTERSTATE 3 +0.04464"])
            #expect(try await world.ratedRows() == before)
            #expect(try await world.count("SELECT count(*) FROM billing.rerate_previews") == 0)
        }
    }

    @Test("table, CSV and page show the same sums, and a name can't break the page")
    func forms() async throws {
        try await PollerWorld.with { world in
            try await world.rateDay()
            _ = try await world.load(.plan, Self.dearerPlan)
            let made = try await world.preview(Self.scope, by: "<b>ada")
            let report = try await RerateReport.read(made, from: world.pool)
            #expect(report.text.contains("BAN001          3  0.02136   0.06600    +0.04464"))
            let lines = Lines()
            try await RerateLine.forEach(of: made, largest: 2, from: world.pool) { lines.add($0) }
            #expect(lines.all.count == 2)
            #expect(lines.all.first?.csv.contains(",2025-03-12,BAN001,0.00712,0.02200,0.01488,") == true)
            let page = ReratePage(report: report, largest: lines.all).html
            #expect(page.contains("&lt;b&gt;ada"))
            #expect(page.contains("<td>BAN001</td><td class=\"n\">3</td><td class=\"n\">0.02136</td>"))
            #expect(page.contains("<title>2025-03-12: +0.04464</title>"))
            #expect(page.contains("The 2 records that move most"))
        }
    }

    static let dearerPlan = """
        {"id":"dearer","name":"Dearer","type":"voice","customer_id":"00000000-0000-4000-8000-000000000001",
         "effective_date":"2025-03-01","expiry_date":null,
         "rates":{"schema":"voice/1","billing":{"initial_increment":6,"subsequent_increment":6},
                  "terminating":{"domestic":{"default":{"interstate":"0.0200000"}}}}}
        """

    /// Collects lines from a connection's thread.
    private final class Lines: Sendable {
        private let lines = Mutex<[RerateLine]>([])
        var all: [RerateLine] { lines.withLock { $0 } }
        func add(_ more: [RerateLine]) { lines.withLock { $0 += more } }
    }
}

extension PollerWorld {
    /// Three calls, a message and a query of one customer, rated.
    func rateDay() async throws {
        let spans =
            try await add(.call, (1...3).map { Sample.call("u\($0)") }) + add(.message, [Sample.message("m1")])
            + add(.query, [Sample.query("q1")])
        try await parts().pipeline.handle(spans)
    }

    var store: PreviewStore { PreviewStore(pool: pool) }

    var stranger: Identifier128 { Identifier128(high: 1, low: 2) }

    private func rerating() async throws -> Rerating {
        Rerating(enricher: Enricher(), tables: try await CurrentReference(pool: pool).tables())
    }

    func preview(_ scope: RerateScope, by actor: String = "ada") async throws -> PreviewRow {
        let id = try await ReratePreview(pool: pool, rerating: try await rerating()).make(scope, by: actor, at: now)
        return try await store.preview(id)
    }

    func apply(_ preview: PreviewRow) async throws -> RerateApply.Report {
        try await RerateApply(pool: pool, rerating: try await rerating()).apply(preview, by: "ada", at: now)
    }

    /// Every row of rated calls.
    func ratedRows() async throws -> [String] {
        try await texts("SELECT rated_cdr::text FROM billing.rated_cdr ORDER BY rated_seq")
    }
}
