import Core
import Drivers
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("Usage debits", .needsPostgres)
struct UsageDebitsTests {
    @Test("a prepaid customer's calls come out of the balance; the fifth decimal waits in the residue")
    func prepaid() async throws {
        try await WalletWorld.with { world in
            try await world.addCall(WalletWorld.prepaid, charge: "0.00712")
            try await world.addCall(WalletWorld.prepaid, charge: "0.00009")
            #expect(try await world.post().posted == 2)
            #expect(try await world.amounts(WalletWorld.prepaid) == "0.9928 0.0000 0.00001 0.00")
            let ledger = try await world.text(
                """
                SELECT string_agg(concat_ws(' ', type, amount, balance_before, balance_after), ', ' ORDER BY chain_index)
                FROM billing.transactions
                """)
            #expect(
                ledger == "payment 1.0000 0.0000 1.0000, charge -0.0071 1.0000 0.9929, charge -0.0001 0.9929 0.9928")
        }
    }

    @Test("a hybrid customer's charge is split where the balance ends")
    func hybrid() async throws {
        try await WalletWorld.with { world in
            let call = try await world.addCall(WalletWorld.hybrid, charge: "0.02505")
            try await world.post()
            #expect(try await world.amounts(WalletWorld.hybrid) == "0.0000 0.0150 0.00005 0.00")
            let posting = try await world.text(
                """
                SELECT concat_ws(' ', charge, debit, accrued, residue_after) FROM billing.usage_postings WHERE rated_id = \(call)
                """)
            #expect(posting == "0.02505 0.0100 0.0150 0.00005")
        }
    }

    @Test("a postpaid customer's usage accrues: a posting, which the journal's view shows, and no row of transactions")
    func postpaid() async throws {
        try await WalletWorld.with { world in
            try await world.addCall(WalletWorld.postpaid, charge: "1.50000")
            try await world.post()
            #expect(try await world.amounts(WalletWorld.postpaid) == "0.0000 1.5000 0.00000 0.00")
            #expect(try await world.text("SELECT count(*) FROM billing.transactions") == "0")
            let journal = try await world.text(
                "SELECT concat_ws(' ', debit_account, credit_account, amount) FROM billing.journal_entries")
            #expect(journal == "unbilled revenue 1.50000")
        }
    }

    @Test("what is not billable has no posting, a free call has one")
    func statuses() async throws {
        try await WalletWorld.with { world in
            try await world.addCall(WalletWorld.prepaid, charge: "0.00000", status: "not_billable")
            try await world.addCall(WalletWorld.prepaid, charge: "0.00000")
            #expect(try await world.post().posted == 1)
            #expect(try await world.text("SELECT count(*) FROM billing.usage_postings") == "1")
        }
    }

    @Test("posting again posts nothing, even when the mark was lost")
    func twice() async throws {
        try await WalletWorld.with { world in
            for charge in ["0.10000", "0.20000", "0.30000"] {
                try await world.addCall(WalletWorld.prepaid, charge: charge)
            }
            #expect(try await world.post(limit: 2).posted == 3)
            #expect(try await world.post().posted == 0)
            try await world.admin.execute("DELETE FROM billing.wallet_progress")
            let outcome = try await world.post()
            #expect(outcome.posted == 0)
            #expect(outcome.repeats == 3)
            #expect(try await world.amounts(WalletWorld.prepaid) == "0.4000 0.0000 0.00000 0.00")
        }
    }

    @Test("several instances at once post every record once")
    func together() async throws {
        try await WalletWorld.with { world in
            for number in 1...60 {
                let customer = number % 2 == 0 ? WalletWorld.prepaid : WalletWorld.postpaid
                try await world.addCall(customer, charge: "0.00101")
            }
            let posted = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await world.post(limit: 7).posted } }
                return try await group.reduce(0, +)
            }
            #expect(posted == 60)
            #expect(try await world.amounts(WalletWorld.prepaid) == "0.9697 0.0000 0.00000 0.00")
            #expect(try await world.amounts(WalletWorld.postpaid) == "0.0000 0.0303 0.00000 0.00")
        }
    }

    @Test("charges = debits + accrued + change of residue, to the last digit")
    func conservation() async throws {
        try await WalletWorld.with { world in
            for number in 1...50 {
                let charge = Money(units: Int64(number * 137 % 997) * 100).text(.charge)
                try await world.addCall(
                    [WalletWorld.prepaid, WalletWorld.hybrid, WalletWorld.postpaid][number % 3], charge: charge)
            }
            try await world.post(limit: 9)
            let difference = try await world.text(
                """
                SELECT (SELECT sum(charge - debit - accrued) FROM billing.usage_postings)
                    - (SELECT sum(residue) FROM billing.wallets)
                """)
            #expect(difference == "0.00000")
            let unbalanced = try await world.text(
                """
                SELECT count(*) FROM (
                    SELECT balance_before, lag(balance_after, 1, 0) OVER (PARTITION BY customer_id ORDER BY chain_index) AS last
                    FROM billing.transactions) AS t
                WHERE balance_before <> last
                """)
            #expect(unbalanced == "0")
        }
    }

    @Test("usage of nobody's is parked with its reason and holds up no one else")
    func parked() async throws {
        try await WalletWorld.with { world in
            let stranger = CustomerID(Identifier128(high: 9, low: 9))
            try await world.addCall(stranger, charge: "0.50000")
            try await world.addCall(WalletWorld.prepaid, charge: "0.50000")
            let outcome = try await world.post()
            #expect(outcome.posted == 1)
            #expect(outcome.parked == 1)
            #expect(try await world.text("SELECT reason FROM billing.parked_postings") == "UNKNOWN_CUSTOMER")
        }
    }

    @Test("parked usage is posted once by a retry, when what it lacked is there")
    func retried() async throws {
        try await WalletWorld.with { world in
            let late = CustomerID(Identifier128(high: 9, low: 9))
            try await world.addCall(late, charge: "0.50000")
            let other = try await world.addCall(CustomerID(Identifier128(high: 9, low: 8)), charge: "0.50000")
            try await world.post()
            let parked = ParkedStore(pool: world.store.pool)
            #expect(
                try await parked.retry(only: other.value, actor: "operator:ada", at: world.noon)
                    == ParkedStore.RetryOutcome(posted: 0, stillParked: 1))
            try await world.addCustomer(late, model: "PREPAID", balance: "2.0000", limit: "0.00")
            #expect(
                try await parked.retry(only: nil, actor: "operator:ada", at: world.noon)
                    == ParkedStore.RetryOutcome(posted: 1, stillParked: 1))
            #expect(
                try await parked.retry(only: nil, actor: "operator:ada", at: world.noon)
                    == ParkedStore.RetryOutcome(posted: 0, stillParked: 1))
            #expect(try await world.amounts(late) == "1.5000 0.0000 0.00000 0.00")
            #expect(try await parked.open(limit: 9).map { "\($0.id) \($0.attempts)" } == ["\(other.value) 4"])
            let trail = try await world.text("SELECT string_agg(actor || ' ' || action, ',') FROM billing.wallet_audit")
            #expect(trail == "operator:ada parked-usage.retry")
        }
    }

    @Test("the alert of the level that a debit crossed is told once, and an overdraft suspends")
    func alerts() async throws {
        try await WalletWorld.with { world in
            try await world.addCall(WalletWorld.prepaid, charge: "0.91000")
            try await world.addCall(WalletWorld.prepaid, charge: "0.01000")
            try await world.addCall(WalletWorld.prepaid, charge: "0.20000")
            let outcome = try await world.post()
            #expect(outcome.alerts.map(\.level) == [.ten, .five])
            #expect(outcome.suspended == [WalletWorld.prepaid])
            #expect(try await world.amounts(WalletWorld.prepaid) == "-0.1200 0.0000 0.00000 0.00")
        }
    }
}
