import Core
import DaemonKit
import Drivers
import Reference

/// A deck that is in force.
struct DeckInForce: Sendable, Hashable {
    let name: String
    let load: Int64
    let rows: Int
    let loadedAt: Instant
    let loadedBy: String
    /// The reference version since which it is in force.
    let version: Int64
}

/// Decks in the tables. All of it inside a transaction, so that what was compared is what is replaced.
enum DeckStore {
    /// The decks in force in a version, by name; of the newest where none is given.
    static func list(at version: Int64? = nil, in transaction: PostgresTransaction) throws -> [DeckInForce] {
        let rows = try transaction.query(
            """
            SELECT active.name, active.load_id, active.from_version, loads.row_count, loads.loaded_at, loads.loaded_by
            FROM billing.reference_activations AS active JOIN billing.reference_loads AS loads USING (load_id)
            WHERE active.kind = 'deck' AND (active.until_version IS NULL OR \(version) < active.until_version)
                AND (\(version)::bigint IS NULL OR active.from_version <= \(version))
            ORDER BY active.name
            """)
        return try rows.map { row in
            DeckInForce(
                name: try row.value("name"), load: try row.value("load_id"),
                rows: Int(try row.value("row_count") as Int64), loadedAt: try row.value("loaded_at"),
                loadedBy: try row.value("loaded_by"), version: try row.value("from_version"))
        }
    }

    /// A deck as it is in force; nil where there is none of the name.
    static func inForce(
        _ name: String, at version: Int64? = nil, in transaction: PostgresTransaction
    ) throws -> (deck: DeckInForce, sheet: RateSheet)? {
        guard let deck = try list(at: version, in: transaction).first(where: { $0.name == name }) else { return nil }
        return (deck, try SnapshotLoader.sheet(name, load: deck.load, in: transaction))
    }

    /// The rows of one COPY, so that each stays well within the statement deadline however long the deck is.
    private static let copyRows = 100_000

    private static let columns = [
        "load_id", "line", "source_line", "scope", "prefix", "interstate", "intrastate", "local", "indeterminate",
        "rate",
        "initial_increment", "subsequent_increment", "minimum_seconds", "grace_seconds", "connect_fee",
        "minimum_charge",
        "maximum_charge", "effective_date", "end_date",
    ]

    /// Writes the rows of a load, in their order.
    static func write(
        _ sheet: RateSheet, load: Int64, in transaction: PostgresTransaction, progress: (_ rows: Int) -> Void
    ) throws {
        var start = 0
        while start < sheet.rows.count {
            let end = min(start + copyRows, sheet.rows.count)
            try transaction.copy(into: "billing.rate_deck_entries", columns: columns) { copy in
                for place in start..<end {
                    let row = sheet.rows[place]
                    try copy.row { write(row, sheet.terms(of: row), load, line: place + 1, to: $0) }
                }
            }
            start = end
            if sheet.rows.count > copyRows { progress(start) }
        }
    }

    private static func write(
        _ row: RateSheet.Row, _ terms: TermsOverride, _ load: Int64, line: Int, to copy: CopyWriter
    ) {
        let rates = row.rates
        copy.int8(load)
        copy.int4(Int32(line))
        copy.int4(row.line > 0 ? row.line : nil)
        copy.text(row.scope.rawValue)
        copy.text(row.prefix.text)
        copy.rate(rates.interstate)
        copy.rate(rates.intrastate)
        copy.rate(rates.local)
        copy.rate(rates.indeterminate)
        copy.rate(rates.rate)
        copy.int4(terms.initialIncrement.map { Int32($0) })
        copy.int4(terms.subsequentIncrement.map { Int32($0) })
        copy.int4(terms.minimumSeconds.map { Int32($0) })
        copy.int4(terms.graceSeconds.map { Int32($0) })
        copy.money(terms.connectFee, .full)
        copy.money(terms.minimumCharge, .full)
        if case .amount(let amount) = terms.maximumCharge { copy.money(amount, .full) } else { copy.null() }
        copy.day(row.effective)
        copy.day(row.end)
    }
}

// What a deck is weighed with.
extension DeckStore {
    /// The decks by which vendors bill us, by name.
    static func vendorDecks(in transaction: PostgresTransaction) throws -> [String] {
        try transaction.query(
            "SELECT DISTINCT terms ->> 'deck' AS deck FROM billing.vendors WHERE terms ->> 'deck' IS NOT NULL ORDER BY 1"
        ).map { try $0.value("deck") }
    }

    /// Billed seconds of calls that a deck priced, on days after `from` up to `through`: of vendors that bill by it, and of
    /// customers whose plans refer to it.
    static func traffic(
        priced deck: String, after from: UsageDay, through: UsageDay, digits: Int, in transaction: PostgresTransaction
    ) throws -> [DeckTraffic] {
        var traffic: [DeckTraffic] = []
        try transaction.stream(
            """
            WITH vendor AS (
                SELECT name FROM billing.vendors WHERE terms ->> 'deck' = \(deck)
            ), plan AS (
                SELECT plans.id
                FROM billing.rate_plans AS plans
                JOIN billing.reference_activations AS active ON active.load_id = plans.load_id
                    AND active.kind = 'plan' AND active.until_version IS NULL
                WHERE plans.rates ->> 'deck' = \(deck)
            ), call AS (
                SELECT jurisdiction, dni, dni_lrn, vendor_billed_seconds AS seconds
                FROM billing.rated_cdr
                WHERE usage_day > \(from) AND usage_day <= \(through) AND vendor IN (SELECT name FROM vendor)
                    AND vendor_rate_prefix IS NOT NULL AND vendor_rate_prefix <> 'flat'
                UNION ALL
                SELECT jurisdiction, dni, dni_lrn, billed_seconds
                FROM billing.rated_cdr
                WHERE usage_day > \(from) AND usage_day <= \(through) AND rate_plan_id IN (SELECT id FROM plan)
                    AND rate_prefix ~ '^[0-9]+$'
            )
            SELECT jurisdiction,
                CASE WHEN jurisdiction = 'international' THEN left(ltrim(dni, '+'), \(Int32(digits)))
                    ELSE left(coalesce(dni_lrn, right(dni, 10)), 7) END AS digits,
                sum(seconds)::bigint AS seconds
            FROM call
            WHERE jurisdiction IN ('interstate', 'intrastate', 'local', 'indeterminate', 'international')
                AND seconds > 0 AND dni IS NOT NULL
            GROUP BY 1, 2
            """, chunk: 10_000
        ) { rows in
            for row in rows {
                guard let jurisdiction = Jurisdiction(rawValue: try row.value(at: 0)),
                    let digits = Prefix(parsing: try row.value(at: 1) as String)
                else { continue }
                traffic.append(
                    DeckTraffic(digits: digits, jurisdiction: jurisdiction, seconds: try row.value(at: 2)))
            }
        }
        return traffic
    }
}
