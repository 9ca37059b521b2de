import Core
import TestSupport
import Testing

@Suite("Sums that the rules call whole, however usage is split")
struct SplittingProperties {
    @Test("a day's summary is the same from any parts in any order (I7)")
    func summaries() {
        var generator = SeededGenerator(property: 41)
        for _ in 0..<200 {
            let records = generator.records(60)
            let whole = Self.summary(of: records)
            var sum = UsageSummary()
            for part in generator.split(records.shuffled(using: &generator)) { sum.add(Self.summary(of: part)) }
            #expect(sum == whole)
            #expect(whole.totalCharges == records.map(\.charge).total())
            let seconds = records.map(\.billedSeconds).reduce(0, +)
            #expect(whole.voiceSeconds + whole.tollFreeSeconds == seconds)
        }
    }

    @Test("an invoice is the same whether a store sums a group in one row or in several (I2, I4, I5, T3)")
    func invoices() throws {
        var generator = SeededGenerator(property: 42)
        for _ in 0..<200 {
            let records = generator.records(40)
            let credit = Promotion(id: "c", .credit(Money(units: .random(in: 0...3_000, using: &generator) * 100_000)))
            let terms = InvoiceTests.terms(InvoiceModifiers(promotions: [credit]))
            let whole = try InvoiceTests.draft(InvoiceUsage(groups: UsageGroup.groups(of: records)), terms)
            let parts = generator.split(records).flatMap { UsageGroup.groups(of: $0) }
            let split = try InvoiceTests.draft(InvoiceUsage(groups: parts), terms)
            #expect(split == whole)
        }
    }

    @Test("bundles cover the same seconds whether a month is billed at once or in pieces (I3, I5)")
    func bundles() {
        var generator = SeededGenerator(property: 43)
        for _ in 0..<200 {
            let records = generator.records(40).sorted { ($0.instant, $0.id) < ($1.instant, $1.id) }
            let bundles = generator.bundles()
            let whole = UsageGroup.groups(of: records, bundles: bundles)
            let cut = Int.random(in: 0...records.count, using: &generator)
            let first = Array(records[..<cut])
            let used = UsageGroup.bundleSeconds(of: first, bundles: bundles)
            let pieces =
                UsageGroup.groups(of: first, bundles: bundles)
                + UsageGroup.groups(of: Array(records[cut...]), bundles: bundles, usedBefore: used)
            for group in whole {
                let same = pieces.filter { $0.key == group.key }
                #expect(same.map(\.coveredSeconds).reduce(0, +) == group.coveredSeconds)
                #expect(same.map(\.bundleCredit).total() == group.bundleCredit)
            }
            let shuffled = UsageGroup.groups(of: records.shuffled(using: &generator), bundles: bundles)
            #expect(shuffled == whole)
        }
    }

    @Test(
        "a wallet stands the same after many charges as after one of their sum (W1, W3)",
        arguments: BillingModel.allCases)
    func wallets(model: BillingModel) throws {
        var generator = SeededGenerator(property: 44)
        for _ in 0..<200 {
            let start = WalletState(
                model: model, balance: Money(units: .random(in: 0...30_000, using: &generator) * 1_000),
                creditLimit: try usd("2"), residue: Money(units: .random(in: 0...9, using: &generator) * 100))
            let charges = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                Money(units: .random(in: 0...20_000, using: &generator) * 100)
            }
            var wallet = start
            for charge in charges { wallet = try wallet.debit(charge, at: wednesday).wallet }
            let once = try start.debit(charges.total(), at: wednesday).wallet
            #expect(wallet.balance == once.balance && wallet.accrued == once.accrued)
            #expect(wallet.residue == once.residue && wallet.isSuspended == once.isSuspended)
            let taken = start.balance - wallet.balance + wallet.accrued
            #expect(charges.total() + start.residue == taken + wallet.residue)
        }
    }

    private static func summary(of records: [BillableRecord]) -> UsageSummary {
        var summary = UsageSummary()
        for record in records {
            summary.add(
                record.key.classKey, charge: record.charge, billedSeconds: record.billedSeconds, units: record.units)
        }
        return summary
    }
}
