import Core

/// What a wallet's events come to, one by one: every row must fit those before it.
struct LedgerSums {
    private var balance = Money.zero
    private var accrued = Money.zero
    private var receivable = Money.zero
    private var residue = Money.zero

    /// Adds an event.
    /// - Throws: `LedgerFault` where its rows contradict each other or what was before.
    mutating func add(_ found: FoundEvent) throws {
        var change = Money.zero
        if let posting = found.event.posting {
            guard found.event.lines.isEmpty else {
                throw found.fault(in: .journal, "usage has its posting and no line of the journal")
            }
            change = -posting.debit
            accrued = accrued + posting.accrued
            residue = residue + posting.residueChange
            guard posting.residueAfter == residue else {
                throw found.fault(
                    in: .postings, "residue_after is \(posting.residueAfter.text(.charge)), not \(Self.text(residue))")
            }
        }
        for line in found.event.lines {
            guard let debit = LedgerAccount(rawValue: line.debit), let credit = LedgerAccount(rawValue: line.credit),
                debit != credit, line.amount > .zero
            else { throw found.fault(in: .journal, "no movement between two accounts") }
            move(-line.amount, debit, &change)
            move(line.amount, credit, &change)
        }
        try compare(found, change)
    }

    /// A credit raises what is owed to the customer; a debit raises what the customer owes.
    private mutating func move(_ amount: Money, _ account: LedgerAccount, _ change: inout Money) {
        switch account {
        case .wallet: change = change + amount
        case .unbilled: accrued = accrued - amount
        case .receivable: receivable = receivable - amount
        case .residue: residue = residue - amount
        case .revenue, .cashClearing, .fees, .tax, .adjustments: break
        }
    }

    /// The row of `transactions` says what the others did to the balance.
    private mutating func compare(_ found: FoundEvent, _ change: Money) throws {
        guard let entry = found.event.entry else {
            if change != .zero {
                throw found.fault("the balance changed by \(Self.text(change)) without a row of transactions.csv")
            }
            return
        }
        guard entry.amount == change else {
            throw found.fault(
                in: .transactions, "amount is \(Self.text(entry.amount)) where the event moved \(Self.text(change))")
        }
        guard entry.balanceBefore == balance, entry.balanceAfter == balance + change else {
            throw found.fault(
                in: .transactions,
                "balance goes from \(Self.text(entry.balanceBefore)) to \(Self.text(entry.balanceAfter)), but it was \(Self.text(balance))"
            )
        }
        if let posting = found.event.posting, entry.reference.id != posting.usage.text {
            throw found.fault(in: .transactions, "names another record than its posting")
        }
        balance = balance + change
    }

    /// Where the events end the wallet must stand.
    func compare(_ wallet: WalletFile.Row, _ chain: LedgerChain) throws {
        let line = wallet.line
        guard wallet.length == chain.length, wallet.head.head == chain.head else {
            throw LedgerFault(
                "wallets.csv", line: line,
                "the chain of \(wallet.customer) ends at event \(chain.length), but the wallet's at \(wallet.length), or its head is another"
            )
        }
        let pairs = [
            ("balance", wallet.head.balance, balance), ("accrued", wallet.head.accrued, accrued),
            ("receivable", wallet.head.receivable, receivable), ("residue", wallet.head.residue, residue),
        ]
        for (column, stored, summed) in pairs where stored != summed {
            throw LedgerFault(
                "wallets.csv", line: line,
                "\(column) of \(wallet.customer) is \(Self.text(stored)), but its events come to \(Self.text(summed))")
        }
    }

    private static func text(_ amount: Money) -> String { amount.text(.full) }
}
