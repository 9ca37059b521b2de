import Core
import Drivers
import Logging
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("Receivables", .needsPostgres)
struct ReceivablesTests {
    @Test("an issued invoice turns accrued usage into a receivable, tax included, once")
    func postpaid() async throws {
        try await WalletWorld.with { world in
            try await world.addCall(WalletWorld.postpaid, charge: "60.00000")
            try await world.post()
            try await addInvoice(
                in: world, of: WalletWorld.postpaid, accrued: "60.0000", total: "80.04", taxDue: "20.04",
                taxFromBalance: "0")
            let receivables = Receivables(pool: world.store.pool, now: { world.noon }, logger: Logger(label: "test"))
            try await receivables.sweep(upTo: 1)
            try await receivables.sweep(upTo: 1)
            #expect(try await world.amounts(WalletWorld.postpaid) == "0.0000 0.0000 0.00000 80.04")
            let journal = try await world.text(
                """
                SELECT string_agg(concat_ws(' ', debit_account, credit_account, amount), ', ' ORDER BY line)
                FROM billing.journal WHERE reference_type = 'invoice'
                """)
            #expect(journal == "receivable unbilled 60.00000, receivable tax 20.04000")
        }
    }

    @Test("a prepaid customer's tax on usage that the balance paid leaves the balance, with the invoice as reference")
    func prepaidTax() async throws {
        try await WalletWorld.with { world in
            try await world.addCall(WalletWorld.prepaid, charge: "0.60000")
            try await world.post()
            try await addInvoice(
                in: world, of: WalletWorld.prepaid, accrued: "0", total: "0.00", taxDue: "0", taxFromBalance: "0.20")
            try await Receivables(pool: world.store.pool, now: { world.noon }, logger: Logger(label: "test")).sweep(
                upTo: 1)
            #expect(try await world.amounts(WalletWorld.prepaid) == "0.2000 0.0000 0.00000 0.00")
            let entry = try await world.text(
                """
                SELECT concat_ws(' ', type, amount, description) FROM billing.transactions WHERE reference_type = 'invoice'
                """)
            #expect(entry == "adjustment -0.2000 Invoice WB-000001")
        }
    }

    @Test(
        "an invoice that is a draft or waits for its tax moves nothing, until it is issued under a number of its own",
        arguments: ["draft", "awaiting_tax"])
    func notIssued(status: String) async throws {
        try await WalletWorld.with { world in
            try await world.addCall(WalletWorld.postpaid, charge: "60.00000")
            try await world.post()
            try await addInvoice(
                in: world, of: WalletWorld.postpaid, accrued: "60.0000", total: "60.00", taxDue: "0",
                taxFromBalance: "0", status: status)
            let receivables = Receivables(pool: world.store.pool, now: { world.noon }, logger: Logger(label: "test"))
            try await receivables.sweep(upTo: 1)
            #expect(try await world.amounts(WalletWorld.postpaid) == "0.0000 60.0000 0.00000 0.00")
            try await world.admin.execute(
                """
                UPDATE billing.invoices
                SET status = 'sent', invoice_seq = nextval('billing.invoices_seq'), amount_due = 80.04, tax_due = 20.04
                """)
            try await receivables.sweep(upTo: 2)
            try await receivables.sweep(upTo: 2)
            #expect(try await world.amounts(WalletWorld.postpaid) == "0.0000 0.0000 0.00000 80.04")
        }
    }

    @Test("an invoice that its wallet refuses is parked and holds up no other; tried again it is booked once")
    func refused() async throws {
        try await WalletWorld.with { world in
            try await addInvoice(
                in: world, of: WalletWorld.prepaid, accrued: "0", total: "0.00", taxDue: "0",
                taxFromBalance: "1000001.00")
            try await addInvoice(
                in: world, of: WalletWorld.postpaid, accrued: "0", total: "5.00", taxDue: "0", taxFromBalance: "0",
                number: "WB-000002")
            try await Receivables(pool: world.store.pool, now: { world.noon }, logger: Logger(label: "test")).sweep(
                upTo: 2)
            #expect(try await world.amounts(WalletWorld.postpaid) == "0.0000 0.0000 0.00000 5.00")
            let parked = ParkedStore(pool: world.store.pool)
            #expect(try await parked.open(limit: 9).map { "\($0.kind) \($0.reason)" } == ["invoice AMOUNT_OVERFLOW"])
            let again = try await parked.retry(only: nil, actor: "operator:ada", at: world.noon)
            #expect(again == ParkedStore.RetryOutcome(posted: 0, stillParked: 1))

            try await world.admin.execute(
                "UPDATE billing.invoices SET tax_from_balance = 0.20 WHERE tax_from_balance > 0")
            let booked = try await parked.retry(only: nil, actor: "operator:ada", at: world.noon)
            #expect(booked == ParkedStore.RetryOutcome(posted: 1, stillParked: 0))
            #expect(try await world.amounts(WalletWorld.prepaid) == "0.8000 0.0000 0.00000 0.00")
            #expect(
                try await parked.retry(only: nil, actor: "operator:ada", at: world.noon) == ParkedStore.RetryOutcome())
            #expect(try await world.text("SELECT attempts::text FROM billing.parked_invoices") == "3")
        }
    }

    private func addInvoice(
        in world: WalletWorld, of customer: CustomerID, accrued: String, total: String, taxDue: String,
        taxFromBalance: String, status: String = "sent", number: String = "WB-000001"
    ) async throws {
        try await world.admin.execute(
            """
            INSERT INTO billing.invoices (id, invoice_seq, invoice_number, customer_id, period_start, period_end, invoice_date,
                due_date, subtotal, taxes, accrued_carried, usage_charges, total, amount_due, tax_due, tax_from_balance, status, document,
                created_at)
            VALUES (gen_random_uuid(), nextval('billing.invoices_seq'), \(number), \(customer), '2026-11-01', '2026-11-30',
                '2026-12-01', '2026-12-31', 0, 0, \(accrued), 0, \(total), \(total), \(taxDue), \(taxFromBalance), \(status), '{}',
                \(world.noon))
            """)
    }
}
