import Core
import DaemonKit
import Drivers
import TestSupport
import Testing

@testable import Biller

@Suite("Every period is billed once")
struct OnceTests {
    /// Twelve daily customers with usage on three days.
    private func fill(_ world: BillerWorld) async throws {
        var customers: [[String: Core.JSONValue]] = []
        var usage: [TestUsage] = []
        for index in 10..<22 {
            let id = "7e000000-0000-4000-8000-0000000000\(index)"
            customers.append(["ban": .string("BAN\(index)"), "id": .string(id), "cycle": .string("daily")])
            for day in 1...3 { usage.append(.call("\(index).00000", at: "2026-11-0\(day)T10:00:00Z", of: id)) }
        }
        let file = try CustomerFile(customers.map(TestCustomers.json))
        _ = try await CustomerStore(pool: world.own).load(file.customers, actor: "operator:test", at: world.now)
        try await world.loadSKUs()
        try await world.add(usage)
    }

    private func expectWhole(_ world: BillerWorld) async throws {
        #expect(try await world.count("SELECT count(*) FROM billing.invoices") == 36)
        #expect(try await world.texts("SELECT sum(usage_charges)::text FROM billing.invoices") == ["558.00000"])
        let numbers = try await world.texts("SELECT invoice_number FROM billing.invoices ORDER BY invoice_number")
        #expect(numbers.first == "WB-000001")
        #expect(numbers.last == "WB-000036")
        #expect(Swift.Set(numbers).count == 36)
        #expect(try await UsageStore(pool: world.own).unclaimed(limit: 10).isEmpty)
    }

    @Test("run twice, the second run finds nothing to do", .needsPostgres)
    func twice() async throws {
        try await BillerWorld.with(at: "2026-11-04T06:00:00Z") { world in
            try await fill(world)
            let biller = world.biller(batchSize: 5)
            #expect(try await biller.runCycle(waiting: .zero).run.issued.count == 36)
            let second = try await biller.runCycle(waiting: .zero)
            #expect(second.run.issued.isEmpty)
            #expect(second.export.exported == 0)
            try await expectWhole(world)
            #expect(
                try await world.count("SELECT count(*) FROM billing.billing_runs WHERE finished_at IS NOT NULL") == 2)
        }
    }

    @Test("two runs at once share the work and repeat none of it", .needsPostgres)
    func atOnce() async throws {
        try await BillerWorld.with(at: "2026-11-04T06:00:00Z") { world in
            try await fill(world)
            let biller = world.biller(batchSize: 3)
            async let one = biller.runCycle(waiting: .seconds(30))
            async let other = biller.runCycle(waiting: .seconds(30))
            let issued = try await one.run.issued.count + other.run.issued.count
            #expect(issued == 36)
            try await expectWhole(world)
        }
    }

    @Test(
        "an invoice made after a period that was billed meanwhile is refused, and its number is not lost",
        .needsPostgres)
    func superseded() async throws {
        try await BillerWorld.with(at: "2026-11-02T06:00:00Z") { world in
            try await world.load(["cycle": .string("daily")])
            try await world.add([.call("1.00000", at: "2026-11-01T10:00:00Z")])
            let biller = world.biller()
            let customer = try #require(try await biller.customers.customers().first)
            let period = NextPeriod(cycle: customer.cycle, billedFrom: customer.billedFrom, after: nil)
            let claim = UsageClaim(customer: customer.id, period: period.instants, previousCut: 0, cut: 1)
            let usage = try #require(try await UsageStore(pool: world.own).usage(of: [claim]).first)
            let maker = InvoiceMaker(
                skus: SKUMap([:]), taxes: TaxRates(rates: []), plans: [:],
                issuer: InvoiceDocument.Issuer(name: "", address: [], contact: "", payment: ""))
            let draft = try #require(
                try maker.draft(customer, period: period, claim: claim, usage: usage, groups: usage.groups))
            let store = InvoiceStore(pool: world.own)
            #expect(try await store.issue(draft, after: nil, at: world.now).number == "WB-000001")
            await #expect(throws: BillerError.self) { _ = try await store.issue(draft, after: nil, at: world.now) }
            #expect(try await world.count("SELECT last_number FROM billing.invoice_numbers") == 1)
        }
    }

    @Test("a run that was cut off anywhere is finished by the next one", .needsPostgres, arguments: [1, 7, 20, 35])
    func resumes(after invoices: Int) async throws {
        try await BillerWorld.with(at: "2026-11-04T06:00:00Z") { world in
            try await fill(world)
            // The database refuses the invoice after so many, as if the process had been killed there.
            try await world.pool.execute(
                """
                CREATE FUNCTION billing.stop_here() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF (SELECT count(*) FROM billing.invoices) >= TG_ARGV[0]::int THEN
                        RAISE EXCEPTION 'killed' USING ERRCODE = 'admin_shutdown';
                    END IF;
                    RETURN NEW;
                END $$
                """)
            try await world.pool.execute(
                SQL(
                    verbatim: """
                        CREATE TRIGGER stop BEFORE INSERT ON billing.invoices
                        FOR EACH ROW EXECUTE FUNCTION billing.stop_here('\(invoices)')
                        """))
            let biller = world.biller(batchSize: 5)
            await #expect(throws: PostgresError.self) { _ = try await biller.runCycle(waiting: .zero) }
            #expect(try await world.count("SELECT count(*) FROM billing.invoices") == invoices)

            try await world.pool.execute("DROP TRIGGER stop ON billing.invoices")
            let rest = try await biller.runCycle(waiting: .zero)
            #expect(rest.run.issued.count == 36 - invoices)
            // Documents and exports of the interrupted run are made up for.
            #expect(rest.export.exported == 36)
            try await expectWhole(world)
        }
    }
}
