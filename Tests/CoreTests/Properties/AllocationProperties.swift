import Core
import TestSupport
import Testing

@Suite("Credits and discounts, whatever is combined")
struct AllocationProperties {
    @Test("what was used = what is billed + what bundles, volume and promotions took off, to the last digit (I3–I5)")
    func conservation() throws {
        var generator = SeededGenerator(property: 51)
        for _ in 0..<300 {
            let records = generator.records(40)
            let bundles = generator.bundles()
            let groups = UsageGroup.groups(of: records, bundles: bundles)
            let volume: VolumeDiscount? = generator.pick([
                nil, generator.volume(.graduated), generator.volume(.allUnits),
            ])
            let modifiers = InvoiceModifiers(bundles: bundles, volume: volume, promotions: generator.promotions())
            let draft = try InvoiceTests.draft(InvoiceUsage(groups: groups), InvoiceTests.terms(modifiers))
            #expect(draft.charges == records.map(\.charge).total())
            for line in draft.lines {
                #expect(line.gross == line.net + line.bundleCredit + line.volumeDiscount + line.promotionCredit)
                #expect(line.net >= .zero && line.net <= line.gross, "nobody is paid for calling")
                #expect([line.bundleCredit, line.volumeDiscount, line.promotionCredit].allSatisfy { $0 >= .zero })
                #expect([line.net, line.bundleCredit, line.promotionCredit].allSatisfy { $0.isWhole(at: .charge) })
                #expect(line.amount == line.net.rounded(to: .cents))
            }
            for group in groups {
                #expect(group.coveredSeconds <= group.billedSeconds && group.bundleCredit <= group.gross)
            }
            let covered = groups.map(\.coveredSeconds).reduce(0, +)
            #expect(covered <= bundles.map(\.seconds).reduce(0, +))
        }
    }

    @Test("a credit takes off exactly its value or all that is left, after any other modifier (I4)")
    func credits() throws {
        var generator = SeededGenerator(property: 52)
        for _ in 0..<300 {
            let usage = InvoiceUsage(groups: UsageGroup.groups(of: generator.records(30), bundles: generator.bundles()))
            var modifiers = InvoiceModifiers(volume: generator.volume(.graduated), promotions: generator.promotions())
            let before = try InvoiceTests.draft(usage, InvoiceTests.terms(modifiers)).usageNet
            let credit = Money(units: .random(in: 0...3_000, using: &generator) * 100_000)
            modifiers.promotions.append(Promotion(id: "last", .credit(credit)))
            let after = try InvoiceTests.draft(usage, InvoiceTests.terms(modifiers)).usageNet
            #expect(before - after == min(credit, before))
        }
    }

    @Test("tiers slice by slice never give more than the reached tier on everything (I4)")
    func graduated() throws {
        var generator = SeededGenerator(property: 53)
        for _ in 0..<300 {
            let usage = InvoiceUsage(groups: UsageGroup.groups(of: generator.records(30), bundles: generator.bundles()))
            let slices = generator.volume(.graduated)
            let everything = VolumeDiscount(
                metric: slices.metric, mode: .allUnits, keys: slices.keys, tiers: slices.tiers)
            let discounts = try [slices, everything].map { volume in
                try InvoiceTests.draft(usage, InvoiceTests.terms(InvoiceModifiers(volume: volume)))
                    .lines.map(\.volumeDiscount)
            }
            #expect(zip(discounts[0], discounts[1]).allSatisfy { $0 <= $1 })
        }
    }

    @Test("the classes of Form 499 add up to the invoice's nets and fees (T5)")
    func form499() throws {
        var generator = SeededGenerator(property: 54)
        for _ in 0..<200 {
            let usage = InvoiceUsage(groups: UsageGroup.groups(of: generator.records(30)))
            let fee = Money(units: .random(in: 0...9_000, using: &generator) * 100_000)
            var terms = InvoiceTests.terms(InvoiceModifiers(monthlyFee: fee, promotions: generator.promotions()))
            terms.tax.indeterminatePIU = Factor(units: .random(in: 0...10_000_000, using: &generator))
            terms.tax.recurringPIU = Factor(units: .random(in: 0...10_000_000, using: &generator))
            let draft = try InvoiceTests.draft(usage, terms)
            let form = draft.form499
            let classes = form.interstate + form.intrastate + form.international + form.nonTelecom
            #expect(classes == draft.lines.map(\.net).total())
        }
    }
}
