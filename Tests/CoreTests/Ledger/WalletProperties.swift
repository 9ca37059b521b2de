import Core
import TestSupport
import Testing

@Suite("Wallet, whatever happens to it")
struct WalletProperties {
    @Test("every digit of every charge is debited, accrued or in the residue (W1)", arguments: BillingModel.allCases)
    func conservation(model: BillingModel) throws {
        var generator = SeededGenerator(property: 1)
        for _ in 0..<50 {
            var wallet = WalletState(model: model, balance: try usd("5"), creditLimit: try usd("3"))
            let start = wallet
            var charges = Money.zero
            var postings = InvoiceSettlement.Postings()
            for _ in 0..<100 {
                let amount = Money(units: .random(in: 0...20_000, using: &generator) * 100)
                let posting: UsagePosting?
                switch Int.random(in: 0..<10, using: &generator) {
                case 0:
                    let decision = try wallet.refund(amount)
                    (wallet, posting) = (decision.wallet, decision.posting)
                case 1:
                    let decision = try wallet.correct(by: -amount)
                    (wallet, posting) = (decision.wallet, decision.posting)
                default:
                    let decision = try wallet.debit(amount, at: wednesday)
                    (wallet, posting) = (decision.wallet, decision.posting)
                }
                let made = try #require(posting)
                charges += made.charge
                postings.add(made)
                #expect(made.debit.isWhole(at: .ledger) && made.accrued.isWhole(at: .ledger))
                #expect(wallet.residue >= .zero && wallet.residue < Money(units: 1_000))
                if model == .hybrid { #expect(wallet.balance >= .zero) }
                if model == .prepaid { #expect(wallet.accrued == .zero) }
            }
            #expect(charges == postings.debits + postings.accrued + wallet.residue - start.residue)
            #expect(start.balance - wallet.balance == postings.debits)
            #expect(wallet.accrued == postings.accrued)
        }
    }

    @Test(
        "balances follow from ledger entries, and the journal agrees with the state", arguments: BillingModel.allCases)
    func journalAgrees(model: BillingModel) throws {
        var generator = SeededGenerator(property: 2)
        var wallet = WalletState(model: model, creditLimit: try usd("100"))
        var accounts: [LedgerAccount: Money] = [:]
        var balance = Money.zero
        for _ in 0..<2_000 {
            let cents = Money(units: .random(in: 0...50_000, using: &generator) * 100_000)
            let decision =
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: try wallet.topUp(cents)
                case 1: try wallet.paid(cents)
                case 2: try wallet.refund(Money(units: .random(in: 0...90_000, using: &generator) * 100))
                case 3:
                    try wallet.invoiced(
                        InvoiceMovement(
                            accruedCarried: wallet.accrued, amountDue: cents - (try usd("100")),
                            taxDue: try usd("0.07"),
                            taxFromBalance: model == .prepaid ? try usd("0.11") : .zero))
                default:
                    try wallet.debit(Money(units: .random(in: 0...90_000_00, using: &generator) * 100), at: wednesday)
                }
            for entry in decision.entries {
                #expect(entry.balanceBefore == balance)
                balance = entry.balanceAfter
            }
            for line in decision.journal {
                #expect(line.amount > .zero)
                accounts[line.debit, default: .zero] += line.amount
                accounts[line.credit, default: .zero] -= line.amount
            }
            #expect(Set(decision.journal.map { [$0.debit, $0.credit] }).count == decision.journal.count)
            wallet = decision.wallet
            #expect(wallet.balance == balance)
        }
        #expect(accounts[.wallet, default: .zero] == -wallet.balance)
        #expect(accounts[.unbilled, default: .zero] == wallet.accrued)
        #expect(accounts[.receivable, default: .zero] == wallet.receivable)
        #expect(accounts[.residue, default: .zero] == wallet.residue)
        #expect(accounts.values.reduce(.zero, +) == .zero)
    }

    @Test("holds come and go without a trace")
    func holds() throws {
        var generator = SeededGenerator(property: 3)
        let start = WalletState(model: .prepaid, balance: try usd("100"))
        var wallet = start
        var holds: [Hold] = []
        for number in 0..<500 {
            let now = wednesday.advanced(seconds: number)
            if holds.isEmpty || Bool.random(using: &generator) {
                let price = CallPrice(rate: Rate(units: .random(in: 0...500_000, using: &generator)), terms: Terms())
                let granted = try wallet.authorize("\(number)", price: price, existing: nil, at: now)
                wallet = granted.wallet
                holds.append(granted.hold)
            } else {
                let index = Int.random(in: holds.indices, using: &generator)
                if Bool.random(using: &generator) {
                    let extended = try wallet.extend(holds[index], at: now)
                    wallet = extended.wallet
                    holds[index] = extended.hold
                } else {
                    wallet = try wallet.release(holds.remove(at: index), at: now).wallet
                }
            }
            #expect(wallet.held == holds.map(\.amount).total())
            if holds.count > 20 {
                while let hold = holds.popLast() { wallet = try wallet.release(hold, at: now).wallet }
            }
        }
        while let hold = holds.popLast() { wallet = try wallet.release(hold, at: wednesday).wallet }
        #expect(wallet == start)
    }
}
