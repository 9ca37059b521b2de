import Core
import Drivers
import LedgerAudit
import Reference

/// The rows that one batch of charges adds, written in bulk at the end of its transaction.
struct PostingRows: Sendable {
    private var parked: [(charge: RatedCharge, reason: String)] = []
    private var ledger = LedgerRows()
    private var seen: Set<UsageID> = []
    private var captured: [HoldRow] = []

    private var customers: Set<CustomerID> = []

    /// The customers whose wallets changed, in the order of their ids.
    var touched: [CustomerID] { customers.sorted() }

    /// Whether the batch has dealt with a record already.
    func contains(_ id: UsageID) -> Bool { seen.contains(id) }

    /// Takes the decision on a charge.
    mutating func post(_ charge: RatedCharge, _ decision: WalletDecision, wallet: inout WalletRow, at now: Instant) {
        precondition(decision.posting != nil, "a decision on a charge has a posting")
        seen.insert(charge.id)
        customers.insert(wallet.customer)
        ledger.add(
            decision, to: &wallet, usage: charge,
            reference: LedgerReference(type: charge.service.rawValue, id: charge.id.text),
            description: charge.corrects == nil ? charge.service.description : "Correction of rated usage", at: now)
    }

    /// Closes the hold of a call whose charge is posted.
    mutating func capture(_ hold: HoldRow) {
        var hold = hold
        hold.state = .captured
        captured.append(hold)
    }

    /// Puts a charge aside.
    mutating func park(_ charge: RatedCharge, reason: String) {
        seen.insert(charge.id)
        parked.append((charge, reason))
    }

    /// Writes postings, ledger and parked charges.
    func insert(at now: Instant, in transaction: PostgresTransaction) throws {
        try ledger.insert(in: transaction)
        HoldRow.change(captured, at: now, in: transaction)
        for (charge, reason) in parked {
            try transaction.execute(
                """
                INSERT INTO billing.parked_postings AS parked (rated_id, usage_day, rated_seq, customer_id, reason, parked_at)
                VALUES (\(charge.id), \(charge.day), \(charge.sequence), \(charge.customer), \(reason), \(now))
                ON CONFLICT (rated_id) DO UPDATE SET reason = excluded.reason, attempts = parked.attempts + 1
                """)
        }
    }
}

extension RatedCharge.Service {
    /// As a customer reads it in the list of transactions.
    fileprivate var description: String {
        switch self {
        case .cdr: "Call"
        case .mdr: "Message"
        case .api: "API query"
        }
    }
}
