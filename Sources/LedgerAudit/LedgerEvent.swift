public import Core

/// One thing that happened to a wallet, with the rows it left: the posting of a usage record, or lines of the journal; and the change of the balance, if
/// it did change.
public struct LedgerEvent: Hashable, Sendable {
    public let customer: CustomerID
    public var posting: PostingRow?
    public var entry: EntryRow?
    public var lines: [LineRow]

    /// An event of these rows.
    public init(customer: CustomerID, posting: PostingRow? = nil, entry: EntryRow? = nil, lines: [LineRow] = []) {
        self.customer = customer
        self.posting = posting
        self.entry = entry
        self.lines = lines
    }
}

/// A row of `usage_postings`: what a usage record did to its wallet.
public struct PostingRow: Hashable, Sendable {
    public let usage: UsageID
    public let day: UsageDay
    /// The record's `rated_seq`.
    public let sequence: Int64
    /// Five decimals; the other amounts of a balance have four.
    public let charge: Money
    public let debit: Money
    public let accrued: Money
    /// Five decimals.
    public let residueAfter: Money
    public let at: Instant

    public init(
        usage: UsageID, day: UsageDay, sequence: Int64, charge: Money, debit: Money, accrued: Money,
        residueAfter: Money, at: Instant
    ) {
        self.usage = usage
        self.day = day
        self.sequence = sequence
        self.charge = charge
        self.debit = debit
        self.accrued = accrued
        self.residueAfter = residueAfter
        self.at = at
    }

    /// What it changed the residue by: the leg that neither balance nor accrued took.
    public var residueChange: Money { charge - debit - accrued }
}

/// A row of `transactions`: a change of a balance.
public struct EntryRow: Hashable, Sendable {
    public let id: Identifier128
    /// `charge`, `payment`, `refund` or `adjustment`.
    public let kind: String
    /// Signed, four decimals.
    public let amount: Money
    public let balanceBefore: Money
    public let balanceAfter: Money
    public let description: String
    public let reference: LedgerReference
    public let at: Instant

    public init(
        id: Identifier128, kind: String, amount: Money, balanceBefore: Money, balanceAfter: Money,
        description: String, reference: LedgerReference, at: Instant
    ) {
        self.id = id
        self.kind = kind
        self.amount = amount
        self.balanceBefore = balanceBefore
        self.balanceAfter = balanceAfter
        self.description = description
        self.reference = reference
        self.at = at
    }
}

/// A row of `journal`: a movement between two accounts.
public struct LineRow: Hashable, Sendable {
    /// Its place in its event, from 1.
    public let number: Int
    public let debit: String
    public let credit: String
    /// Greater than zero, five decimals.
    public let amount: Money
    public let reference: LedgerReference
    public let at: Instant

    public init(
        number: Int, debit: String, credit: String, amount: Money, reference: LedgerReference, at: Instant
    ) {
        self.number = number
        self.debit = debit
        self.credit = credit
        self.amount = amount
        self.reference = reference
        self.at = at
    }
}

/// What a row of the ledger is about: the record, payment or invoice that it names.
public struct LedgerReference: Hashable, Sendable {
    /// `cdr`, `mdr`, `api`, `invoice`, `payment` or `adjustment`.
    public let type: String
    public let id: String

    public init(type: String, id: String) {
        self.type = type
        self.id = id
    }
}
