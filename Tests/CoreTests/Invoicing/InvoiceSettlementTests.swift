import Core
import TestSupport
import Testing

@Suite("Paid from the balance")
struct InvoiceSettlementTests {
    /// A customer's usage through its wallet, onto an invoice and back into the wallet.
    struct Month {
        var wallet: WalletState
        var records: [BillableRecord] = []
        var postings = InvoiceSettlement.Postings()

        init(_ wallet: WalletState) {
            self.wallet = wallet
        }

        mutating func use(_ key: UsageGroupKey, _ charge: Money) throws {
            let decision = try wallet.debit(charge, at: wednesday)
            wallet = decision.wallet
            if let posting = decision.posting { postings.add(posting) }
            records.append(
                BillableRecord(
                    id: UsageID(Identifier128(high: 0, low: UInt64(records.count))), key: key, instant: wednesday,
                    billedSeconds: 60, units: 0, ratePerMinute: nil, charge: charge))
        }

        func draft(_ modifiers: InvoiceModifiers = InvoiceModifiers(), lines: Int = 0) throws -> InvoiceDraft {
            try InvoiceTests.draft(
                InvoiceUsage(groups: UsageGroup.groups(of: records)), InvoiceTests.terms(modifiers, lines: lines))
        }
    }

    @Test("a prepaid customer owes nothing for usage, and its tax leaves the balance (M26)")
    func prepaid() throws {
        var month = Month(WalletState(model: .prepaid, balance: try usd("20")))
        try month.use(InvoiceTests.interstate, try usd("6.00500"))
        try month.use(InvoiceTests.intrastate, try usd("4.00504"))
        let draft = try month.draft()
        #expect(draft.subtotal == (try usd("10.02")), "6.01 and 4.01")
        let settlement = try InvoiceSettlement(draft, model: .prepaid, postings: month.postings)
        #expect(settlement.takenFromBalance == (try usd("10.01")))
        #expect(settlement.residueChange == (try usd("0.00004")))
        #expect(settlement.paidFromBalance == (try usd("10.02")))
        #expect(settlement.taxFromBalance == (try usd("2.41")), "2.01 federal and 0.40 of the state")
        #expect(settlement.amountDue == .zero)
        let issued = try month.wallet.invoiced(settlement.movement)
        #expect(issued.wallet.balance == (try usd("7.58")))
        #expect(issued.wallet.receivable == .zero)
    }

    @Test("a prepaid customer's monthly fee is due, and taxes on it with it")
    func prepaidFee() throws {
        var month = Month(WalletState(model: .prepaid, balance: try usd("20")))
        try month.use(InvoiceTests.intrastate, try usd("4"))
        let draft = try month.draft(InvoiceModifiers(monthlyFee: try usd("25")), lines: 2)
        let settlement = try InvoiceSettlement(draft, model: .prepaid, postings: month.postings)
        #expect(settlement.taxFromBalance == (try usd("0.40")))
        #expect(settlement.taxDue == (try usd("3.00")))
        #expect(settlement.amountDue == (try usd("28.00")))
    }

    @Test("a discount on usage that the balance paid comes back to the balance")
    func prepaidDiscount() throws {
        var month = Month(WalletState(model: .prepaid, balance: try usd("20")))
        try month.use(InvoiceTests.interstate, try usd("10"))
        let tenth = InvoiceModifiers(promotions: [Promotion(id: "p", .percent(try Percent(parsing: "10")))])
        let settlement = try InvoiceSettlement(try month.draft(tenth), model: .prepaid, postings: month.postings)
        #expect(settlement.amountDue == (try usd("-1")))
        #expect(settlement.paidFromBalance == (try usd("10")))
        let issued = try month.wallet.invoiced(settlement.movement)
        #expect(issued.wallet.balance == (try usd("7.99")), "10.00 left, 1.00 back, 3.01 tax of 9.00")
        #expect(issued.wallet.receivable == .zero)
    }

    @Test("a hybrid customer's invoice carries what the balance did not cover")
    func hybrid() throws {
        var month = Month(WalletState(model: .hybrid, balance: try usd("3"), creditLimit: try usd("50")))
        try month.use(InvoiceTests.interstate, try usd("10.00404"))
        let draft = try month.draft()
        let settlement = try InvoiceSettlement(draft, model: .hybrid, postings: month.postings)
        #expect(settlement.accruedCarried == (try usd("7.004")))
        #expect(settlement.paidFromBalance == (try usd("3")))
        #expect(settlement.amountDue == (try usd("10.34")), "7.00 and 3.34 tax of the whole")
        let issued = try month.wallet.invoiced(settlement.movement)
        #expect(issued.wallet.accrued == .zero)
        #expect(issued.wallet.receivable == (try usd("10.34")))
        #expect(try issued.wallet.paid(try usd("10.34")).wallet.receivable == .zero)
    }

    @Test("a postpaid customer's lines are due as they stand")
    func postpaid() throws {
        var month = Month(WalletState(model: .postpaid))
        try month.use(InvoiceTests.interstate, try usd("0.00500"))
        try month.use(InvoiceTests.intrastate, try usd("0.00500"))
        let settlement = try InvoiceSettlement(try month.draft(), model: .postpaid, postings: month.postings)
        #expect(settlement.amountDue == (try usd("0.02")), "a cent each, no tax")
        #expect(settlement.paidFromBalance == .zero)
        #expect(settlement.lineRounding == (try usd("0.01")))
        #expect(try month.wallet.invoiced(settlement.movement).wallet.receivable == (try usd("0.02")))
    }

    @Test("an invoice is not settled with the postings of other records (M22)")
    func missingPosting() throws {
        var month = Month(WalletState(model: .postpaid))
        try month.use(InvoiceTests.interstate, try usd("1"))
        let fault = InvoiceSettlement.Fault.chargesDiffer(invoice: try usd("1"), postings: .zero)
        #expect(throws: fault) { try InvoiceSettlement(try month.draft(), model: .postpaid, postings: .init()) }
    }

    @Test(
        "Σ charges = Σ taken from the balance + Σ carried by invoices + what stays in residue and accrued, to the digit",
        arguments: BillingModel.allCases)
    func identity(model: BillingModel) throws {
        var generator = SeededGenerator(property: 7)
        for _ in 0..<40 {
            var wallet = WalletState(
                model: model, balance: Money(units: .random(in: 0...300_000, using: &generator) * 1_000),
                creditLimit: try usd("1000"))
            let start = wallet
            var charges = Money.zero
            var taken = Money.zero
            var carried = Money.zero
            var residues = Money.zero
            var owed = Money.zero
            for _ in 0..<4 {
                var month = Month(wallet)
                for _ in 0..<Int.random(in: 0...30, using: &generator) {
                    let key = Bool.random(using: &generator) ? InvoiceTests.interstate : InvoiceTests.intrastate
                    try month.use(key, Money(units: .random(in: 0...50_000, using: &generator) * 100))
                }
                let percent = Percent(units: .random(in: 0...20, using: &generator) * 10_000_000)
                let draft = try month.draft(InvoiceModifiers(promotions: [Promotion(id: "p", .percent(percent))]))
                let settlement = try InvoiceSettlement(draft, model: model, postings: month.postings)
                #expect(
                    draft.charges == settlement.takenFromBalance + settlement.accruedCarried + settlement.residueChange)
                #expect(draft.usageAmount == draft.charges - settlement.discounts + settlement.lineRounding)
                #expect(draft.total == settlement.amountDue + settlement.paidFromBalance + settlement.taxFromBalance)
                wallet = try month.wallet.invoiced(settlement.movement).wallet
                charges += draft.charges
                taken += settlement.takenFromBalance
                carried += settlement.accruedCarried
                residues += settlement.residueChange
                owed += settlement.amountDue
                #expect(wallet.accrued == .zero, "every posted record is on an invoice")
            }
            #expect(charges == taken + carried + residues)
            #expect(residues == wallet.residue - start.residue)
            // Nothing was paid: what invoices leave due is receivable, less the credits that went to the balance.
            if model == .postpaid { #expect(wallet.receivable == owed) }
            if model == .hybrid { #expect(wallet.balance >= .zero) }
        }
    }
}
