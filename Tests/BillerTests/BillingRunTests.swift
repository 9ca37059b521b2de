import Core
import DaemonKit
import Drivers
import Logging
import TestSupport
import Testing

@testable import Biller

@Suite("Billing runs")
struct BillingRunTests {
    @Test("what was used in the period is on its invoice, with the taxes of its invoice date", .needsPostgres)
    func invoice() async throws {
        try await BillerWorld.with { world in
            try await world.load([:])
            try await world.loadTaxes()
            try await world.loadSKUs()
            var local = TestUsage.call("2.00000", at: "2026-11-30T23:59:59.999Z")
            local.classKey = "TERMINATING:DOMESTIC:LOCAL"
            local.taxJurisdiction = "intrastate"
            try await world.add([.call("1.25004", at: "2026-11-01T00:00:00Z"), local])
            let report = try await world.biller().run.run()

            let document = try #require(report.issued.first?.document)
            #expect(document.number == "WB-000001")
            #expect(document.lines.map(\.amount) == ["1.25", "2.00"])
            #expect(document.lines.map(\.sku) == ["SKU001", nil])
            #expect(document.lines.map(\.export) == ["ready", "held"])
            #expect(document.lines[0].quantity == "1.00")
            // 10 % of 1.25004, 5 % of 2.00.
            #expect(document.taxes.map { "\($0.id) \($0.amount)" } == ["federal_usf 0.13", "il_telecom 0.10"])
            #expect([document.subtotal, document.total, document.amountDue] == ["3.25", "3.48", "3.48"])
            #expect([document.invoiceDate, document.dueDate] == ["2026-12-01", "2026-12-31"])
            let lines = try await world.texts(
                "SELECT kind || ' ' || class_key || ' ' || amount FROM billing.invoice_lines ORDER BY line_number")
            #expect(
                lines == [
                    "usage TERMINATING:DOMESTIC:INTERSTATE 1.25", "usage TERMINATING:DOMESTIC:LOCAL 2.00",
                    "tax federal_usf 0.13", "tax il_telecom 0.10",
                ])
            #expect(
                try await world.texts(
                    "SELECT total || ' ' || amount_due || ' ' || tax_due || ' ' || status FROM billing.invoices")
                    == ["3.48 3.48 0.23 sent"])
        }
    }

    @Test(
        "nobody is billed before the period is over, and a period with nothing to bill has no invoice", .needsPostgres)
    func due() async throws {
        try await BillerWorld.with(at: "2026-11-30T23:59:59Z") { world in
            try await world.load(
                [:],
                [
                    "ban": .string("BAN2"), "id": .string(TestCustomers.summit), "cycle": .string("weekly"),
                ])
            try await world.add([.call("1.00000", at: "2026-11-12T10:00:00Z")])
            // Of the weekly customer five weeks are over, none with usage.
            let early = try await world.biller().run.run()
            #expect(early.issued.isEmpty)
            #expect(early.empty == 5)
            try world.move(to: "2026-12-01T00:00:00Z")
            let run = try await world.biller().run.run()
            #expect(run.issued.map(\.document.customer.ban) == ["BAN1"])
            #expect(try await world.count("SELECT count(*) FROM billing.invoice_cuts WHERE invoice_id IS NULL") == 5)
        }
    }

    @Test("the first start ever keeps its time and no more, later ones the time of the last whole run", .needsPostgres)
    func hours() async throws {
        try await BillerWorld.with(at: "2026-12-01T10:00:00Z") { world in
            let hours = BillingHours(pool: world.own, now: { world.now })
            let first = world.now
            #expect(try await hours.last() == first.milliseconds)
            try world.move(to: "2026-12-01T12:00:00Z")
            #expect(try await hours.last() == first.milliseconds)
            try await hours.keep(try instant("2026-12-01T11:00:00Z"))
            #expect(try await hours.last() == (try instant("2026-12-01T11:00:00Z")).milliseconds)
        }
    }

    @Test("missed periods are caught up in their order", .needsPostgres)
    func catchesUp() async throws {
        try await BillerWorld.with(at: "2026-11-05T00:00:00Z") { world in
            try await world.load(["cycle": .string("daily")])
            try await world.add([
                .call("1.00000", at: "2026-11-01T10:00:00Z"), .call("2.00000", at: "2026-11-03T10:00:00Z"),
                .call("3.00000", at: "2026-11-05T10:00:00Z"),
            ])
            let report = try await world.biller().run.run()
            #expect(report.issued.map(\.document.periodStart) == ["2026-11-01", "2026-11-03"])
            #expect(report.issued.map(\.number) == ["WB-000001", "WB-000002"])
            #expect(report.empty == 2)
        }
    }

    @Test("late usage is on the next invoice, with its own day, and on no other", .needsPostgres)
    func late() async throws {
        try await BillerWorld.with(at: "2026-11-03T01:00:00Z") { world in
            try await world.load(["cycle": .string("daily")])
            try await world.add([.call("1.00000", at: "2026-11-01T10:00:00Z")])
            let biller = world.biller()
            #expect(try await biller.run.run().issued.map(\.document.usageCharges) == ["1.00000"])

            // One for the day that was billed, one for the day that had nothing.
            try await world.add([
                .call("0.50000", at: "2026-11-01T11:00:00Z"), .call("0.25000", at: "2026-11-02T11:00:00Z"),
                .call("4.00000", at: "2026-11-03T11:00:00Z"),
            ])
            try world.move(to: "2026-11-04T01:00:00Z")
            let next = try #require(try await biller.run.run().issued.first?.document)
            #expect(next.lines.map(\.kind) == ["usage", "late_usage"])
            #expect(next.lines.map(\.gross) == ["4.00000", "0.75000"])
            #expect(next.lines[1].usedOn == ["2026-11-01", "2026-11-02"])
            #expect([next.records, next.lateRecords] == [3, 2])

            try await world.add([.call("8.00000", at: "2026-11-04T11:00:00Z")])
            try world.move(to: "2026-11-05T01:00:00Z")
            #expect(try await biller.run.run().issued.map(\.document.usageCharges) == ["8.00000"])
            #expect(try await UsageStore(pool: world.own).unclaimed(limit: 10).isEmpty)
            #expect(try await world.texts("SELECT sum(usage_charges)::text FROM billing.invoices") == ["13.75000"])
        }
    }

    @Test("a correction of the period's own usage stands beside it at its charge", .needsPostgres)
    func correction() async throws {
        try await BillerWorld.with { world in
            try await world.load([:])
            let call = TestUsage.call("5.00000", at: "2026-11-10T10:00:00Z")
            var correction = TestUsage.call("-1.50000", at: "2026-11-10T10:00:00Z")
            correction.corrects = call.id
            try await world.add([call, correction])
            let document = try #require(try await world.biller().run.run().issued.first?.document)
            #expect(document.lines.map { "\($0.kind) \($0.amount)" } == ["usage 5.00", "late_usage -1.50"])
            #expect(document.subtotal == "3.50")
        }
    }

    struct Model: Sendable {
        let name: String
        let debit: String
        let accrued: String
        /// Usage paid from balance, tax paid from it, left to pay, status.
        let settled: [String]
    }

    @Test(
        "the models split usage between balance and invoice", .needsPostgres,
        arguments: [
            Model(name: "PREPAID", debit: "3.3333", accrued: "0.0000", settled: ["3.33", "0.33", "0.00", "paid"]),
            Model(name: "HYBRID", debit: "1.2345", accrued: "2.0988", settled: ["1.23", "0.00", "2.43", "sent"]),
            Model(name: "POSTPAID", debit: "0.0000", accrued: "3.3333", settled: ["0.00", "0.00", "3.66", "sent"]),
        ])
    func models(_ model: Model) async throws {
        try await BillerWorld.with { world in
            try await world.load(["model": .string(model.name), "credit_limit": .string("10.00")])
            try await world.loadTaxes()
            var call = TestUsage.call("3.33333", at: "2026-11-10T10:00:00Z")
            call.debit = model.debit
            call.accrued = model.accrued
            try await world.add([call])
            let document = try #require(try await world.biller().run.run().issued.first?.document)
            let status = try await world.texts("SELECT status FROM billing.invoices")
            #expect([document.paidFromBalance, document.taxDebited, document.amountDue] + status == model.settled)
            #expect(document.total == "3.66")
            #expect(document.balancePaid == model.debit)
            #expect(document.accruedCarried == model.accrued)
        }
    }

    @Test("a customer whose usage the wallet could not post is held back, the others are billed", .needsPostgres)
    func parked() async throws {
        try await BillerWorld.with { world in
            try await world.load(
                [:], ["ban": .string("BAN2"), "id": .string(TestCustomers.summit), "name": .string("Summit")],
                ["ban": .string("BAN3"), "id": .string("7e000000-0000-4000-8000-000000000003")])
            var unposted = TestUsage.call("1.00000", at: "2026-11-10T10:00:00Z")
            unposted.debit = nil
            let parked = TestUsage.call("1.00000", at: "2026-11-10T10:00:00Z", of: TestCustomers.summit)
            try await world.add([
                unposted, parked,
                .call("1.00000", at: "2026-11-10T10:00:00Z", of: "7e000000-0000-4000-8000-000000000003"),
            ])
            try await world.pool.execute(
                """
                INSERT INTO billing.parked_postings (rated_id, usage_day, rated_seq, customer_id, reason, parked_at)
                SELECT id, usage_day, rated_seq, customer_id, 'AMOUNT_OVERFLOW', now() FROM billing.rated_cdr WHERE id = \(parked.id)
                """)
            let report = try await world.biller().run.run()
            #expect(report.issued.map(\.document.customer.ban) == ["BAN3"])
            #expect(
                report.parked.map { "\($0.ban) \($0.reason)" }.sorted() == [
                    "BAN1 unposted-usage", "BAN2 parked-postings",
                ])

            // Once it is posted, the next run bills it; numbers have no gap.
            try await world.pool.execute("UPDATE billing.parked_postings SET resolved_at = now()")
            let next = try await world.biller().run.run()
            #expect(next.issued.map { "\($0.number) \($0.document.customer.ban)" } == ["WB-000002 BAN2"])

            // An invoice that the wallet has not taken holds its customer back too.
            try await world.pool.execute(
                """
                INSERT INTO billing.parked_invoices (invoice_id, invoice_seq, customer_id, reason, parked_at)
                SELECT id, invoice_seq, customer_id, 'AMOUNT_OVERFLOW', now() FROM billing.invoices
                WHERE invoice_number = 'WB-000002'
                """)
            let heldBack = try await InvoiceCut(
                pool: world.own, wait: .zero, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ).heldBack(at: 0)
            #expect(heldBack.map(\.text) == [TestCustomers.summit])
        }
    }

    @Test("usage that the wallet has not come to is left for the next invoice", .needsPostgres)
    func cut() async throws {
        try await BillerWorld.with { world in
            try await world.load([:])
            try await world.add([.call("1.00000", at: "2026-11-10T10:00:00Z")])
            try await world.add([.call("2.00000", at: "2026-11-11T10:00:00Z")], isPosted: false)
            let report = try await world.biller().run.run()
            #expect(report.issued.map(\.document.usageCharges) == ["1.00000"])
            try await world.add([])
            try world.move(to: "2027-01-01T06:00:00Z")
            let next = try await world.biller().run.run()
            #expect(next.issued.map(\.document.usageCharges) == ["2.00000"])
            #expect(next.issued.first?.document.lateRecords == 1)
        }
    }
}
