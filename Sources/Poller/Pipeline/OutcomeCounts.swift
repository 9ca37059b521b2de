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
    }

    private var counts: [Place: Counts] = [:]

    /// Which column of the table a record counts in.
    enum Outcome: String, Sendable, CaseIterable {
        case rated
        case notBillable = "not_billable"
        case unrated
        case held
    }

    mutating func add(_ outcome: Outcome, by change: Int = 1, of row: RawRow) {
        let place = Place(hour: row.hourOfReceipt, source: row.source, kind: row.kind.countedAs)
        switch outcome {
        case .rated: counts[place, default: Counts()].rated += change
        case .notBillable: counts[place, default: Counts()].notBillable += change
        case .unrated: counts[place, default: Counts()].unrated += change
        case .held: counts[place, default: Counts()].held += change
        }
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
        counts.values.reduce(0) { sum, counts in
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
        let places = counts.filter { $0.value != Counts() }
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
