import ArgumentParser
import DaemonKit
import Drivers

/// Whether every record that was read has its outcome, and what is parked.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows whether every record that was read has its outcome, and what is parked.",
        discussion: """
            read = rated + not billable + unrated + held + evidence + waiting + repeats, by hour of receipt and source. What is missing
            is on its way; exit 1 when an hour that ended more than an hour ago lacks any.

            Examples:
              billingctl status
              billingctl status --hours 168
            """)

    @OptionGroup var options: DatabaseOptions
    @Option(help: "So many hours of receipt.") var hours = 24

    private static let outcomes = ["rated", "not_billable", "unrated", "held", "evidence", "waiting", "repeats"]

    func run() async throws {
        let from = InstantText.text(Clock.system.now() - Int64(hours) * 3_600_000)
        let late = InstantText.text(Clock.system.now() - 7_200_000)
        let (sources, gaps, parked) = try await options.withPool { pool in
            (
                try await pool.query(
                    """
                    SELECT source, kind, sum(read)::text AS read, sum(rated)::text AS rated,
                        sum(not_billable)::text AS not_billable, sum(unrated)::text AS unrated, sum(held)::text AS held,
                        sum(evidence)::text AS evidence, sum(waiting)::text AS waiting, sum(repeats)::text AS repeats,
                        sum(difference)::text AS difference
                    FROM billing.usage_conservation WHERE hour >= \(from)::timestamptz
                    GROUP BY source, kind ORDER BY source, kind
                    """),
                try await pool.query(
                    """
                    SELECT to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS hour, source, kind,
                        difference::text AS difference, hour < \(late)::timestamptz AS is_late
                    FROM billing.usage_conservation WHERE hour >= \(from)::timestamptz AND difference <> 0
                    ORDER BY abs(difference) DESC, hour LIMIT 20
                    """),
                try await pool.query(
                    """
                    SELECT status, flag, count(*)::text AS count, min(parked_at)::text AS oldest
                    FROM billing.unrated_usage CROSS JOIN unnest(CASE WHEN flags = '{}' THEN '{-}' ELSE flags END) AS flag
                    WHERE resolved_at IS NULL GROUP BY status, flag ORDER BY status, count(*) DESC
                    """)
            )
        }
        try show(sources)
        try showParked(parked)
        guard try showGaps(gaps) else { return }
        throw ExitCode(1)
    }

    private func show(_ rows: PostgresRows) throws {
        guard !rows.isEmpty else {
            print("Nothing was read in \(hours) hours.")
            return
        }
        var table = TextTable(
            ["source", "kind", "read"] + Self.outcomes.map { $0.replacing("_", with: " ") } + ["difference"],
            right: Set(2...10))
        for row in rows {
            table.add(try (["source", "kind", "read"] + Self.outcomes + ["difference"]).map { try row.value($0) })
        }
        print("Records of \(hours) hours by outcome\n\n\(table.text)\n")
    }

    private func showParked(_ rows: PostgresRows) throws {
        guard !rows.isEmpty else { return }
        var table = TextTable(["parked", "reason", "records", "oldest"], right: [2])
        for row in rows { table.add(try ["status", "flag", "count", "oldest"].map { try row.value($0) }) }
        print("\(table.text)\n")
    }

    /// Whether an hour that should be complete is not.
    private func showGaps(_ rows: PostgresRows) throws -> Bool {
        guard !rows.isEmpty else {
            print("Every record has its outcome.")
            return false
        }
        var table = TextTable(["hour", "source", "kind", "without outcome"], right: [3])
        var isLate = false
        for row in rows {
            table.add(try ["hour", "source", "kind", "difference"].map { try row.value($0) })
            if try row.value("is_late") { isLate = true }
        }
        print(table.text)
        return isLate
    }
}
