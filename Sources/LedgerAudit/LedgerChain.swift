public import Core
import Drivers

/// The hash chain over everything that happened to one wallet (M17): each event's hash covers all its rows and the hash before it, so a changed,
/// missing, added or swapped row is found by reading the ledger alone.
///
/// The hash of an event is SHA-256 over the hash before it (32 bytes, none before the first) and its rows as texts, each ended by a zero byte: `P`, customer,
/// index and the columns of the posting; `T`, customer, index and the columns of the transaction; for each line of the journal `J`, customer, index and its
/// columns. The columns stand in the order of `LedgerColumns`; amounts have the decimals of their columns, instants are
/// `2026-11-22T17:03:14.486Z`.
public struct LedgerChain: Hashable, Sendable {
    public let customer: CustomerID
    public private(set) var length: Int64
    /// 32 bytes; empty before the first event.
    public private(set) var head: [UInt8]

    /// A chain as it was read.
    public init(customer: CustomerID, length: Int64 = 0, head: [UInt8] = []) {
        self.customer = customer
        self.length = length
        self.head = head
    }

    /// Adds an event and returns its number (from 1) and hash.
    @discardableResult
    public mutating func append(_ event: LedgerEvent) -> ChainLink {
        length += 1
        head = event.hash(after: head, index: length)
        return ChainLink(index: length, hash: head)
    }
}

/// An event's place in its wallet's chain.
public struct ChainLink: Hashable, Sendable {
    /// From 1.
    public let index: Int64
    /// 32 bytes.
    public let hash: [UInt8]

    public init(index: Int64, hash: [UInt8]) {
        self.index = index
        self.hash = hash
    }
}

extension LedgerEvent {
    /// The hash of the event as number `index` of its wallet's chain.
    public func hash(after head: [UInt8], index: Int64) -> [UInt8] {
        var text = HashedText(head)
        if let posting {
            text.add("P", customer.text, String(index))
            text.add(posting.columns)
        }
        if let entry {
            text.add("T", customer.text, String(index))
            text.add(entry.columns)
        }
        for line in lines {
            text.add("J", customer.text, String(index))
            text.add(line.columns)
        }
        return Digest.sha256(text.bytes)
    }
}

/// Texts, each ended by a zero byte, which none of them holds.
private struct HashedText {
    private(set) var bytes: [UInt8]

    init(_ head: [UInt8]) {
        bytes = head
        bytes.reserveCapacity(512)
    }

    mutating func add(_ fields: String...) { add(fields) }

    mutating func add(_ fields: [String]) {
        for field in fields {
            bytes.append(contentsOf: field.utf8)
            bytes.append(0)
        }
    }
}
