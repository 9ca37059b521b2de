import Core
import Drivers
import Reference

/// An attempt to move money: a row of `payments`. It is written before a processor is asked, and its reference is the same in everything that is asked
/// about it, so a repeat is recognised there.
struct Payment: Sendable, Equatable {
    /// Where it stands.
    enum State: String, Sendable {
        /// A wire that a second person must approve.
        case awaitingApproval = "awaiting_approval"
        /// Nobody was asked yet.
        case pending
        /// A processor is being asked, or was when its instance was killed.
        case sent
        /// The processor has it and tells later whether it brings money.
        case held
        /// It may have happened: only looking tells.
        case unknown
        /// Credited.
        case paid
        /// It brought and will bring nothing.
        case failed
        /// Credited, and then taken back by the bank.
        case returned
        /// A refund that was given.
        case refunded
        /// A wire that was refused by the second person.
        case rejected
    }

    /// What the money is for.
    enum Purpose: String, Sendable {
        case opening, recharge, invoice, wire, refund
        case autoRecharge = "auto_recharge"

        /// Whether nobody waits for the answer, so that it may be tried later.
        var isAutomatic: Bool { self == .autoRecharge || self == .invoice }
    }

    /// What moves it.
    enum Method: String, Sendable {
        case card, ach, wire, opening
    }

    let id: Identifier128
    /// Its `payment_seq`.
    let sequence: Int64
    let customer: CustomerID
    let method: Method
    /// Greater than zero, two decimals.
    let amount: Money
    var state: State
    let purpose: Purpose
    /// The processor's id.
    var processorID: String?
    let paymentMethod: Identifier128?
    /// The payment that a refund gives back.
    let refundOf: Identifier128?
    let invoice: Identifier128?
    let requestedBy: String
    var approvedBy: String?
    /// How often the wallet has taken it up.
    let attempts: Int
    let sentAt: Instant?
    let createdAt: Instant
    /// What became of it, as a code and words.
    var outcome: String?
    let fee: Money?

    /// The attempt's name at Authorize.Net: at most 20 characters, the same with each repeat.
    var invoiceNumber: String { "WP\(String(sequence).leftPadded(to: 12))" }

    /// Whether nothing is left to be found out.
    var isDecided: Bool {
        switch state {
        case .awaitingApproval, .pending, .sent, .held, .unknown: false
        case .paid, .failed, .returned, .refunded, .rejected: true
        }
    }

    static let columns: SQL = """
        p.id, p.payment_seq, p.customer_id, p.method, p.amount, p.state, p.purpose, p.processor_id, p.payment_method_id, p.refund_of,
        p.invoice_id, p.requested_by, p.approved_by, p.attempts, p.sent_at, p.created_at, p.outcome, p.fee
        """

    init(_ row: PostgresRow) throws {
        id = try row.value("id")
        sequence = try row.value("payment_seq")
        customer = try row.value("customer_id")
        method = try row.name("method")
        amount = try row.value("amount")
        state = try row.name("state")
        purpose = try row.name("purpose")
        processorID = try row.value("processor_id")
        paymentMethod = try row.value("payment_method_id")
        refundOf = try row.value("refund_of")
        invoice = try row.value("invoice_id")
        requestedBy = try row.value("requested_by")
        approvedBy = try row.value("approved_by")
        attempts = try row.value("attempts")
        sentAt = try row.value("sent_at")
        createdAt = try row.value("created_at")
        outcome = try row.value("outcome")
        fee = try row.value("fee")
    }
}

extension PostgresRow {
    /// One of the names of an enumeration.
    func name<Name: RawRepresentable<String>>(_ column: String) throws -> Name {
        guard let name = Name(rawValue: try value(column)) else {
            throw PostgresError.decoding(column: column, reason: "a name that nobody knows")
        }
        return name
    }
}

extension String {
    fileprivate func leftPadded(to count: Int) -> String {
        String(repeating: "0", count: max(0, count - utf8.count)) + self
    }
}
