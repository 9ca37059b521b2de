import Core
import Drivers
import Reference

/// Promises become holds: as if they had been asked for then, also where the wallet no longer covers them. The money was promised.
extension HoldBook {
    /// What became of a part of the journal.
    struct Adoption: Sendable, Hashable {
        /// Entries that changed a hold.
        var posted = 0
        /// Entries that changed nothing: posted before, or overtaken by what PostgreSQL heard meanwhile.
        var repeats = 0
        /// Calls whose name bears another call's hold, or whose customer is gone: they hold nothing, and are charged all the same.
        var taken: [String] = []
    }

    /// Posts entries of the journal in their order, in one transaction. A repeat changes nothing.
    func adopt(_ entries: [PromiseEntry], at now: Instant) async throws -> Adoption {
        do {
            return try await adoptOnce(entries, at: now)
        } catch let error as PostgresError where error.sqlState == HoldRow.taken {
            return try await adoptOnce(entries, at: now)
        }
    }

    private func adoptOnce(_ entries: [PromiseEntry], at now: Instant) async throws -> Adoption {
        let (adoption, stored) = try await pool.withTransaction { transaction in
            let customers = Set(entries.compactMap(\.row?.customer))
            var page = try HoldPage(
                of: entries.map { HoldOrder(call: $0.call, wish: .extend) }, and: customers.sorted(), at: now,
                in: transaction)
            let charged = try HoldBook.charged(entries.compactMap(\.row), by: now, in: transaction)
            var adoption = Adoption()
            for entry in entries { page.adopt(entry, charged: charged, at: now, &adoption) }
            return (adoption, try page.store(at: now, in: transaction))
        }
        tell(stored)
        return adoption
    }

    /// The calls among these whose charge is posted: nothing would ever capture what they hold.
    private static func charged(
        _ rows: [HoldRow], by now: Instant, in transaction: PostgresTransaction
    ) throws -> Set<UsageID> {
        guard let first = rows.map(\.createdAt).min() else { return [] }
        // Partitions are read with bounds. A record's day is that of its call, whichever of the two clocks was late.
        let from = first.advanced(seconds: -86_400).usageDay
        let to = max(now, first).advanced(seconds: 86_400).usageDay
        let posted = try transaction.query(
            """
            SELECT rated_id
            FROM billing.usage_postings
            WHERE rated_id = ANY (\(rows.map(\.id))) AND usage_day BETWEEN \(from) AND \(to)
            """)
        return Set(try posted.map { try $0.value("rated_id") as UsageID })
    }
}

extension PromiseEntry {
    /// The promised hold; nil for the end of a call that another instance granted.
    fileprivate var row: HoldRow? {
        switch self {
        case .hold(let row): row
        case .end: nil
        }
    }
}

extension HoldPage {
    fileprivate mutating func adopt(
        _ entry: PromiseEntry, charged: Set<UsageID>, at now: Instant, _ adoption: inout HoldBook.Adoption
    ) {
        switch entry {
        case .end(let call, let seconds):
            if decide(HoldOrder(call: call, wish: .end(seconds: seconds)), at: now).isAllowed {
                adoption.posted += 1
            } else {
                adoption.repeats += 1
            }
        case .hold(var row):
            let known = hold(of: row.id)
            guard wallets[row.customer] != nil, known.map({ $0.isSameCall(as: row) }) ?? true else {
                adoption.taken.append(row.hold.id)
                return
            }
            guard known.map({ row.isAhead(of: $0) }) ?? true else {
                adoption.repeats += 1
                return
            }
            if charged.contains(row.id) {
                row.state = .captured
            } else if row.holdsMoney, row.hold.isExpired(at: now) {
                row.state = .expired
            }
            let before = known.map { $0.holdsMoney ? $0.hold.amount : .zero } ?? .zero
            put(row, changing: (row.holdsMoney ? row.hold.amount : .zero) - before)
            adoption.posted += 1
        }
    }
}

extension HoldRow {
    fileprivate var holdsMoney: Bool { state == .open || state == .ended }

    fileprivate func isSameCall(as other: HoldRow) -> Bool { customer == other.customer && question == other.question }

    /// Whether what was promised goes beyond what PostgreSQL knows. A hold whose time was over there may have been promised anew here.
    fileprivate func isAhead(of known: HoldRow) -> Bool {
        switch (state, known.state) {
        case (_, .captured), (_, .released): false
        case (.open, .open), (.open, .expired): hold.reserveSeconds > known.hold.reserveSeconds
        case (.open, .ended), (.ended, .ended), (.released, .expired): false
        case (.ended, .open), (.ended, .expired), (.released, .open), (.released, .ended): true
        // Never promised.
        case (.captured, _), (.expired, _): false
        }
    }
}
