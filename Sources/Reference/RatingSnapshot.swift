public import Core

/// The rating tables of one moment, with what they were made of: immutable, and swapped whole for the next one.
public struct RatingSnapshot: Sendable {
    /// What rating looks things up in.
    public let tables: RatingTables
    /// Which versions of reference data, customers and vendors the tables hold.
    public let stamp: SnapshotStamp

    /// The load of each dataset, where the tables come from the database.
    let loads: [Dataset: Int64]

    /// A snapshot of these tables.
    public init(_ tables: RatingTables, stamp: SnapshotStamp = SnapshotStamp()) {
        self.init(tables, stamp: stamp, loads: [:])
    }

    init(_ tables: RatingTables, stamp: SnapshotStamp, loads: [Dataset: Int64]) {
        self.tables = tables
        self.stamp = stamp
        self.loads = loads
    }

    /// A part of the reference data that is loaded as a whole: `lerg`, the deck `retail-a`.
    struct Dataset: Hashable {
        let kind: String
        let name: String
    }

    /// The versions of the data, as records name them: `41.7.3`.
    public var version: String { tables.version }

    /// Rates a call; `dip` is a portability service's answer, `received` when the record came in.
    public func rate(_ cdr: borrowing RawCDR, dip: LRNAnswer? = nil, received: Instant? = nil) -> RatedUsage {
        tables.rate(cdr, dip: dip, received: received)
    }

    /// Rates a message.
    public func rate(_ mdr: RawMDR, received: Instant? = nil) -> RatedUsage {
        tables.rate(mdr, received: received)
    }

    /// Rates an API query.
    public func rate(_ query: APIUsage, received: Instant? = nil) -> RatedUsage {
        tables.rate(query, received: received)
    }

    /// Explains how a record comes to its status and amounts. Nil for attempts, which are priced with their call, for receipts and
    /// for interim answers: they have no charge of their own.
    public func explain(_ record: UsageRecord, received: Instant? = nil) -> Explanation? {
        switch record {
        case .call(let call): tables.explain(call, received: received)
        case .message(let message): message.isFinal ? tables.explain(message, received: received) : nil
        case .query(let query): tables.explain(query, received: received)
        case .attempt, .receipt: nil
        }
    }
}

/// What a snapshot was made of: the versions of reference data, customers and vendors, written `41.7.3`. Equal stamps mean that
/// nothing has to be loaded again.
public struct SnapshotStamp: Hashable, Sendable, LosslessStringConvertible {
    /// `reference_versions.version`; 0 before the first one.
    public var referenceVersion: Int64
    /// `customers_version.version`: of customers, their BANs and numbers.
    public var customersVersion: Int64
    /// `vendors_version.version`.
    public var vendorsVersion: Int64

    /// A stamp of these versions.
    public init(referenceVersion: Int64 = 0, customersVersion: Int64 = 0, vendorsVersion: Int64 = 0) {
        self.referenceVersion = referenceVersion
        self.customersVersion = customersVersion
        self.vendorsVersion = vendorsVersion
    }

    /// Reads what `description` writes. A plain `41` is what records bore before accounts had versions: their accounts are taken
    /// from version 1, the oldest that was kept.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { part in
            part.utf8.allSatisfy { (48...57).contains($0) } ? Int64(part) : nil
        }
        switch parts.count {
        case 1:
            guard let reference = parts[0] else { return nil }
            self.init(referenceVersion: reference, customersVersion: 1, vendorsVersion: 1)
        case 3:
            guard let reference = parts[0], let customers = parts[1], let vendors = parts[2] else { return nil }
            self.init(referenceVersion: reference, customersVersion: customers, vendorsVersion: vendors)
        default: return nil
        }
    }

    /// `41.7.3`, as records name it.
    public var description: String { "\(referenceVersion).\(customersVersion).\(vendorsVersion)" }
}
