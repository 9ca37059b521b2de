import Core
import Testing

@Suite("Wallet")
struct WalletTests {
    @Test(
        "a charge's fifth digit waits in the residue until it makes a whole step (W1)",
        arguments: [
            (residue: "0.00000", charge: "0.00864", debit: "0.0086", after: "0.00004"),
            ("0.00008", "0.00004", "0.0001", "0.00002"),
            ("0.00000", "0.00004", "0.0000", "0.00004"),
            ("0.00009", "0.00001", "0.0001", "0.00000"),
        ])
    func residue(residue: String, charge: String, debit: String, after: String) throws {
        let wallet = WalletState(model: .prepaid, balance: try usd("1"), residue: try usd(residue))
        let posting = try #require(try wallet.debit(try usd(charge), at: wednesday).posting)
        #expect(posting.debit == (try usd(debit)))
        #expect(posting.residueAfter == (try usd(after)))
        #expect(posting.charge == posting.debit + posting.accrued + posting.residueChange)
    }

    @Test(
        "who pays a charge of 1.50: the balance, the invoice, or both (W3)",
        arguments: [
            (BillingModel.prepaid, debit: "1.5000", accrued: "0.0000"),
            (.hybrid, "1.0000", "0.5000"),
            (.postpaid, "0.0000", "1.5000"),
        ])
    func split(model: BillingModel, debit: String, accrued: String) throws {
        let wallet = WalletState(model: model, balance: try usd("1"), creditLimit: try usd("5"))
        let decision = try wallet.debit(try usd("1.50000"), at: wednesday)
        #expect(decision.posting?.debit == (try usd(debit)))
        #expect(decision.posting?.accrued == (try usd(accrued)))
        #expect(decision.wallet.balance == (try usd("1") - usd(debit)))
        #expect(decision.flags == [])
    }

    @Test("the journal books a charge in full: each part of it against revenue (M13)")
    func journal() throws {
        let wallet = WalletState(model: .hybrid, balance: try usd("1"), creditLimit: try usd("5"))
        let journal = try wallet.debit(try usd("1.50004"), at: wednesday).journal
        #expect(
            journal
                == [
                    JournalLine(debit: .wallet, credit: .revenue, try usd("1")),
                    JournalLine(debit: .unbilled, credit: .revenue, try usd("0.5")),
                    JournalLine(debit: .residue, credit: .revenue, try usd("0.00004")),
                ].compactMap { $0 })
    }

    @Test("what money suspended, money lifts; what fraud control blocked, it does not (W4)")
    func suspension() throws {
        var wallet = WalletState(model: .prepaid, balance: try usd("-1"), isSuspended: true, isBlocked: true)
        wallet = try wallet.topUp(try usd("1")).wallet
        #expect(wallet.isSuspended, "0.00 available is not enough")
        wallet = try wallet.topUp(try usd("0.01")).wallet
        #expect(!wallet.isSuspended)
        #expect(wallet.isBlocked)
        let price = CallPrice(rate: try Rate(parsing: "0.01"), terms: Terms())
        #expect(throws: WalletRefusal.suspended) {
            try wallet.authorize("a", price: price, existing: nil, at: wednesday)
        }
    }

    @Test("a payment settles what is open on invoices first, and only the rest raises the balance (W11)")
    func paid() throws {
        let wallet = WalletState(model: .hybrid, creditLimit: try usd("50"), receivable: try usd("30"))
        let decision = try wallet.paid(try usd("40"))
        #expect(decision.wallet.receivable == .zero)
        #expect(decision.wallet.balance == (try usd("10")))
        #expect(decision.wallet.highWaterMark == nil)
        #expect(decision.entries.map(\.amount) == [try usd("10")])
        #expect(decision.journal.map(\.credit) == [.receivable, .wallet])
        #expect(decision.journal.map(\.amount).total() == (try usd("40")))
    }

    @Test("what is open on invoices is not available for calls (W11)")
    func receivable() throws {
        let wallet = WalletState(
            model: .hybrid, balance: try usd("2"), creditLimit: try usd("50"), accrued: try usd("5"),
            receivable: try usd("30"), held: try usd("1"))
        #expect(wallet.available == (try usd("16")))
    }

    @Test("an issued invoice turns accrued usage into receivable; voiding it books both back (W11, M14)")
    func invoiced() throws {
        let wallet = WalletState(model: .postpaid, accrued: try usd("7.1234"), residue: try usd("0.00005"))
        let movement = InvoiceMovement(
            accruedCarried: try usd("7.1234"), amountDue: try usd("9.50"), taxDue: try usd("2.38"),
            taxFromBalance: .zero)
        let issued = try wallet.invoiced(movement)
        #expect(issued.wallet.accrued == .zero)
        #expect(issued.wallet.receivable == (try usd("9.50")))
        #expect(issued.entries.isEmpty)
        #expect(
            issued.journal
                == [
                    JournalLine(debit: .receivable, credit: .unbilled, try usd("7.1234")),
                    JournalLine(debit: .receivable, credit: .tax, try usd("2.38")),
                    JournalLine(debit: .revenue, credit: .receivable, try usd("0.0034")),
                ].compactMap { $0 })
        #expect(try issued.wallet.voided(movement).wallet == wallet)
    }

    @Test("a prepaid customer's tax leaves the balance at issue (M26)")
    func prepaidTax() throws {
        let wallet = WalletState(model: .prepaid, balance: try usd("20"))
        let movement = InvoiceMovement(
            accruedCarried: .zero, amountDue: .zero, taxDue: .zero, taxFromBalance: try usd("3.34"))
        let decision = try wallet.invoiced(movement)
        #expect(decision.wallet.balance == (try usd("16.66")))
        #expect(decision.entries.map(\.kind) == [.adjustment])
        #expect(decision.journal == [JournalLine(debit: .wallet, credit: .tax, try usd("3.34"))].compactMap { $0 })
    }

    @Test("a credit lowers what is open first, and the rest comes back to the balance (W11)")
    func credit() throws {
        let wallet = WalletState(model: .hybrid, receivable: try usd("4"))
        let movement = InvoiceMovement(
            accruedCarried: .zero, amountDue: try usd("-10"), taxDue: .zero, taxFromBalance: .zero)
        let decision = try wallet.invoiced(movement)
        #expect(decision.wallet.receivable == .zero)
        #expect(decision.wallet.balance == (try usd("6")))
        #expect(
            decision.journal
                == [
                    JournalLine(debit: .revenue, credit: .receivable, try usd("10")),
                    JournalLine(debit: .receivable, credit: .wallet, try usd("6")),
                ].compactMap { $0 })
    }

    @Test("a re-rate's net is an adjustment; no alert, no recharge follows it (W13)")
    func correction() throws {
        let wallet = WalletState(
            model: .prepaid, balance: try usd("10"), highWaterMark: try usd("100"),
            autoRecharge: AutoRecharge(isEnabled: true, threshold: try usd("50"), amount: try usd("50")))
        let dearer = try wallet.correct(by: try usd("6"))
        #expect(dearer.entries.map(\.kind) == [.adjustment])
        #expect(dearer.wallet.balance == (try usd("4")))
        #expect(dearer.alert == nil)
        #expect(dearer.recharge == nil)
        let cheaper = try wallet.correct(by: try usd("-0.00005"))
        #expect(cheaper.wallet.balance == (try usd("10.0001")))
        #expect(cheaper.wallet.residue == (try usd("0.00005")))
    }

    @Test("a recharge that the balance could not take is not asked for (W9, W10)")
    func rechargeOverflow() throws {
        let order = AutoRecharge(isEnabled: true, threshold: try usd("900000"), amount: try usd("200000"))
        let wallet = WalletState(model: .prepaid, balance: try usd("850000"), autoRecharge: order)
        #expect(try wallet.debit(try usd("1"), at: wednesday).recharge == nil)
    }

    @Test("a standing order is set as it is wanted: what is left out stays, and switching it on forgets failures (W9)")
    func ordering() throws {
        let pending = AutoRecharge(
            isEnabled: false, threshold: try usd("10"), amount: try usd("50"), failures: 3, isPending: true,
            lastRequestAt: wednesday)
        let wallet = WalletState(model: .hybrid, balance: try usd("5"), autoRecharge: pending)
        let on = try wallet.ordering(AutoRechargeWish(isEnabled: true, threshold: nil, amount: try usd("75")))
        #expect(
            on.autoRecharge
                == AutoRecharge(
                    isEnabled: true, threshold: try usd("10"), amount: try usd("75"), failures: 0, isPending: true,
                    lastRequestAt: wednesday))
        #expect(on.balance == wallet.balance)
        let off = try wallet.ordering(AutoRechargeWish(isEnabled: false, threshold: nil, amount: nil))
        #expect(off.autoRecharge == pending)
    }

    @Test("an order that says not when or how much, or fills up a postpaid balance, is refused (W9)")
    func impossibleOrders() throws {
        let five = try usd("5")
        let prepaid = WalletState(model: .prepaid, balance: .zero)
        let postpaid = WalletState(model: .postpaid, balance: .zero)
        let whole = AutoRechargeWish(isEnabled: true, threshold: five, amount: five)
        #expect(throws: AutoRechargeRefusal.postpaid) { try postpaid.ordering(whole) }
        #expect(throws: AutoRechargeRefusal.noThreshold) {
            try prepaid.ordering(AutoRechargeWish(isEnabled: true, threshold: nil, amount: five))
        }
        #expect(throws: AutoRechargeRefusal.noAmount) {
            try prepaid.ordering(AutoRechargeWish(isEnabled: false, threshold: five, amount: nil))
        }
        let off = try prepaid.ordering(AutoRechargeWish(isEnabled: false, threshold: nil, amount: nil))
        #expect(off.autoRecharge == nil)
    }
}
