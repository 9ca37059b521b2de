import Core
import DaemonKit

/// All that the stood-in account holds, in memory: profiles, cards, transactions, batches.
actor AuthorizeNetBook {
    struct CustomerProfile: Sendable, Equatable {
        let merchantCustomerID: String?
        let email: String?
        let description: String?
    }

    /// A stored card. Its last four digits decide what becomes of its charges.
    struct Card: Sendable {
        let customer: String
        let lastFour: String

        static let expiry = "2030-12"

        /// `0002` and `0008` are declined, `0004` is held for review, any other is approved.
        var verdict: AuthorizeNetTransaction.Verdict {
            switch lastFour {
            case "0002": .declined(reason: 2, text: "This transaction has been declined.")
            case "0008": .declined(reason: 8, text: "The credit card has expired.")
            case "0004": .held
            default: .approved
            }
        }
    }

    /// Transactions that were settled together.
    struct Batch: Sendable {
        let id: String
        let settled: Instant
    }

    var customers: [String: CustomerProfile] = [:]
    var cards: [String: Card] = [:]
    var spentNonces: Set<String> = []
    /// In the order they were submitted.
    var transactions: [AuthorizeNetTransaction] = []
    var batches: [Batch] = []
    /// How many of the next charges are declined whatever the card.
    var declinesToCome = 0

    private var lastCustomer = 900_000_000
    private var lastCard = 910_000_000
    private var lastTransaction = 60_020_981_675
    /// How far its clock was moved on, in milliseconds.
    private var aheadMilliseconds: Int64 = 0

    var now: Instant { Instant(milliseconds: Clock.system.now() + aheadMilliseconds) }

    func moveClock(seconds: Int) {
        aheadMilliseconds += Int64(seconds) * 1_000
    }

    func declineNext(_ count: Int) {
        declinesToCome = count
    }

    func nextCustomerID() -> String {
        lastCustomer += 1
        return String(lastCustomer)
    }

    func nextCardID() -> String {
        lastCard += 1
        return String(lastCard)
    }

    func nextTransactionID() -> String {
        lastTransaction += 1
        return String(lastTransaction)
    }

    /// Index of a transaction.
    func index(of id: String?) -> Int? {
        transactions.firstIndex { $0.id == id }
    }

    /// Settles all that waits for it, and closes what was declined or voided. What is held for review stays.
    func settle() -> Int {
        let batch = Batch(id: String(10_000_001 + batches.count), settled: now)
        var count = 0
        for index in transactions.indices where transactions[index].batch == nil {
            switch transactions[index].status {
            case .captured: transactions[index].status = .settled
            case .refundPending: transactions[index].status = .refunded
            case .declined, .voided: break
            case .held, .settled, .refunded: continue
            }
            transactions[index].batch = batch.id
            count += 1
        }
        if count > 0 { batches.append(batch) }
        return count
    }

    /// Ends the review of a held transaction; nil where none is held under that id.
    func review(_ id: String, approved: Bool) -> AuthorizeNetTransaction? {
        guard let index = index(of: id), transactions[index].status == .held else { return nil }
        transactions[index].status = approved ? .captured : .declined
        return transactions[index]
    }

    func transactions(invoiceNumber: String?) -> [AuthorizeNetTransaction] {
        transactions.filter { invoiceNumber == nil || $0.invoiceNumber == invoiceNumber }
    }
}
