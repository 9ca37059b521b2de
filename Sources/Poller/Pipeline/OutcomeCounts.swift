import Core
import Drivers
import Reference

/// The outcomes of a commit by hour of receipt and source, as the conservation table adds them up. A record that moves from one
/// outcome to another counts −1 here and +1 there.
struct OutcomeCounts: Sendable {
    private struct Place: Hashable {
        let hour: Instant
        let source: String
        let kind: String
    }

    private struct Counts: Hashable {
        var rated = 0
        var notBillable = 0
        var unrated = 0
        var held = 0

        mutating func add(_ other: Counts) {
            rated += other.rated
            notBillable += other.notBillable
            unrated += other.unrated
            held += other.held
        }
    }

    private var counts: [Place: Counts] = [:]
    /// The place of the last row and what was counted there and is not in `counts` yet: rows of a batch share their place.
    private var current: (place: Place, counts: Counts)?

    /// Which column of the table a record counts in.
    enum Outcome: String, Sendable, CaseIterable {
        case rated
        case notBillable = "not_billable"
        case unrated
        case held
    }

    mutating func add(_ outcome: Outcome, by change: Int = 1, of row: RawRow) {
        let place = Place(hour: row.hourOfReceipt, source: row.source, kind: row.kind.countedAs)
        var own = Counts()
        if let current, current.place == place {
            own = current.counts
        } else {
            settle()
        }
        switch outcome {
        case .rated: own.rated += change
        case .notBillable: own.notBillable += change
        case .unrated: own.unrated += change
        case .held: own.held += change
        }
        current = (place, own)
    }

    /// What was counted, by place.
    private var settled: [Place: Counts] {
        var copy = self
        copy.settle()
        return copy.counts
    }

    private mutating func settle() {
        guard let (place, own) = current else { return }
        counts[place, default: Counts()].add(own)
        current = nil
    }

    mutating func add(_ usage: StoredUsage) {
        switch usage.usage.status {
        case .rated: add(.rated, of: usage.row)
        case .notBillable: add(.notBillable, of: usage.row)
        case .held, .unrated: preconditionFailure("held and unrated usage is parked, not stored")
        }
    }

    /// A waiting record counts once it is stored: what still waits is an open row of `unrated_usage`.
    mutating func add(_ parked: ParkedUsage) {
        switch parked.status {
        case .held: add(.held, of: parked.row)
        case .unrated: add(.unrated, of: parked.row)
        case .waiting: break
        }
    }

    /// How many of an outcome were counted.
    func total(_ outcome: Outcome) -> Int {
        settled.values.reduce(0) { sum, counts in
            switch outcome {
            case .rated: sum + counts.rated
            case .notBillable: sum + counts.notBillable
            case .unrated: sum + counts.unrated
            case .held: sum + counts.held
            }
        }
    }

    /// Writes one row for each hour, source and kind.
    func write(in transaction: PostgresTransaction) throws {
        let places = settled.filter { $0.value != Counts() }
        guard !places.isEmpty else { return }
        try transaction.copy(
            into: "billing.rating_counts",
            columns: ["hour", "source", "kind", "rated", "not_billable", "unrated", "held"]
        ) { copy in
            for (place, counts) in places {
                try copy.row { row in
                    row.instant(place.hour)
                    row.text(place.source)
                    row.text(place.kind)
                    row.int8(Int64(counts.rated))
                    row.int8(Int64(counts.notBillable))
                    row.int8(Int64(counts.unrated))
                    row.int8(Int64(counts.held))
                }
            }
        }
    }
}
