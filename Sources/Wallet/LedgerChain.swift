import Core
import Drivers

/// The hash chain over one wallet's ledger entries (M17): each entry's hash covers its own fields and the hash before it, so a
/// changed, missing or swapped row is found by reading the ledger alone.
struct LedgerChain: Hashable, Sendable {
    let customer: CustomerID
    private(set) var length: Int64
    /// 32 bytes; empty before the first entry.
    private(set) var head: [UInt8]

    /// The head in the form that the server reads as `bytea`; nil before the first entry.
    var headHex: String? {
        guard !head.isEmpty else { return nil }
        return "\\x" + head.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// A chain as it was read.
    init(customer: CustomerID, length: Int64, head: [UInt8]) {
        self.customer = customer
        self.length = length
        self.head = head
    }

    /// Adds an entry and returns its index (from 1) and hash.
    mutating func append(_ entry: LedgerEntry, reference: LedgerReference, at now: Instant) -> (
        index: Int64, hash: [UInt8]
    ) {
        length += 1
        let fields = [
            customer.text, String(length), entry.kind.rawValue, entry.amount.text(.ledger),
            entry.balanceBefore.text(.ledger), entry.balanceAfter.text(.ledger), reference.type, reference.id, now.text,
        ]
        head = Digest.sha256(head + Array(fields.joined(separator: "|").utf8))
        return (length, head)
    }
}

/// What a ledger entry is about: the record, payment or invoice that it names.
struct LedgerReference: Hashable, Sendable {
    /// `cdr`, `mdr`, `api`, `invoice`, `payment` or `adjustment`.
    let type: String
    let id: String
}
