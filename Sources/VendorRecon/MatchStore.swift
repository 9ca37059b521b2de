import Core
import Drivers
import Reference

/// Both sides of a vendor's day, and what their comparison came to.
struct MatchStore: Sendable {
    let pool: PostgresPool

    /// A line of a statement, by which matches are put in order.
    struct LineID: Hashable, Comparable, Sendable {
        let statement: Identifier128
        let line: Int

        static func < (left: LineID, right: LineID) -> Bool {
            (left.statement, left.line) < (right.statement, right.line)
        }
    }

    /// Our attempts and the vendor's lines of one UTC day.
    struct Day: Sendable {
        let ours: [StatementRecord<UsageID>]
        let theirs: [StatementRecord<LineID>]
        /// The newest attempt that was looked at.
        let throughSequence: Int64
        /// The date of the vendor's invoice over the day; the day after, where no statement names one.
        let invoiceDate: UsageDay
    }

    /// Compares a day and replaces the comparison in force, one run of a vendor's day at a time: who waits for the lock reads after
    /// the run before has committed, so nothing older ever supersedes something newer. The run, its matches and, through `dispute`,
    /// the claim are one transaction.
    func reconcile(
        _ day: UsageDay, of vendor: String, at now: Instant,
        compare: @escaping @Sendable (Day) throws -> ReconciliationRun.Result,
        dispute: @escaping @Sendable (ReconciliationRun.Result, Identifier128, PostgresTransaction) throws -> Void
    ) async throws -> ReconciliationRun.Result {
        // Read committed: a snapshot of the transaction's would be taken before the lock is had.
        try await pool.withTransaction { transaction in
            _ = try transaction.query(
                "SELECT pg_advisory_xact_lock(hashtextextended(\("recon:\(vendor):\(day.text)"), 0))")
            let result = try compare(try MatchStore.read(day, of: vendor, in: transaction))
            let run = try MatchStore.replace(result, at: now, in: transaction)
            try dispute(result, run, transaction)
            return result
        }
    }

    private static func read(
        _ day: UsageDay, of vendor: String, in transaction: PostgresTransaction
    ) throws -> Day {
        var through: Int64 = 0
        let ours = try transaction.query(
            """
            SELECT id, vendor_cdr_seq, sip_callid, ani, dni, start_stamp, billed_seconds, vendor_rate, vendor_cost
            FROM billing.vendor_cdr
            WHERE usage_day = \(day) AND vendor_name = \(vendor)
            """
        ).map { row in
            through = max(through, try row.value("vendor_cdr_seq"))
            return try MatchStore.record(
                row, id: try row.value("id") as UsageID, callID: "sip_callid", rate: "vendor_rate",
                cost: "vendor_cost",
                day: day)
        }
        let theirs = try transaction.query(
            """
            SELECT statement_id, line, callid, ani, dni, start_stamp, billed_seconds, rate, cost
            FROM billing.vendor_statement_cdr
            WHERE usage_day = \(day) AND vendor_name = \(vendor)
            """
        ).map { row in
            try MatchStore.record(
                row, id: LineID(statement: try row.value("statement_id"), line: try row.value("line")),
                callID: "callid",
                rate: "rate", cost: "cost", day: day)
        }
        let invoice = try transaction.query(
            """
            SELECT max(invoice_date) AS invoice_date FROM billing.vendor_statements
            WHERE vendor_name = \(vendor) AND first_day <= \(day) AND last_day >= \(day)
            """)
        return Day(
            ours: ours, theirs: theirs, throughSequence: through,
            invoiceDate: try invoice.first?.value("invoice_date") ?? day.advanced(days: 1))
    }

    /// Days of statements with a line that can be matched (rule C1), which the comparison in force has not looked at. Times say
    /// nothing of that: a statement may have been on its way into the table while the day was read.
    func openDays() async throws -> [(vendor: String, day: UsageDay)] {
        try await pool.query(
            """
            SELECT DISTINCT s.vendor_name, d.day::date AS day
            FROM billing.vendor_statements AS s
            CROSS JOIN LATERAL generate_series(s.first_day, s.last_day, interval '1 day') AS d (day)
            WHERE EXISTS (
                    SELECT FROM billing.vendor_statement_cdr AS line
                    WHERE line.statement_id = s.id AND line.usage_day = d.day::date
                        AND (line.billed_seconds <> 0 OR line.cost <> 0))
                AND NOT EXISTS (
                    SELECT FROM billing.reconciliation_runs AS run
                    JOIN billing.vendor_matches AS match ON match.run_id = run.id AND match.statement_id = s.id
                    WHERE run.vendor_name = s.vendor_name AND run.usage_day = d.day::date AND run.superseded_at IS NULL)
            ORDER BY 1, 2
            """
        ).map { (try $0.value("vendor_name"), try $0.value("day")) }
    }

    private static func replace(
        _ run: ReconciliationRun.Result, at now: Instant, in transaction: PostgresTransaction
    ) throws -> Identifier128 {
        try transaction.execute(
            """
            UPDATE billing.reconciliation_runs SET superseded_at = \(now)
            WHERE vendor_name = \(run.vendor) AND usage_day = \(run.day) AND superseded_at IS NULL
            """)
        let id = Identifier128.random()
        try transaction.execute(
            """
            INSERT INTO billing.reconciliation_runs (id, vendor_name, usage_day, started_at, through_vendor_cdr_seq, totals)
            VALUES (\(id), \(run.vendor), \(run.day), \(now), \(run.throughSequence), \(run.totalsJSON)::jsonb)
            """)
        try MatchStore.copy(run.matching.matches, of: id, in: transaction)
        return id
    }

    private static func record<ID>(
        _ row: PostgresRow, id: ID, callID: String, rate: String, cost: String, day: UsageDay
    ) throws -> StatementRecord<ID> {
        let ani: String? = try row.value("ani")
        let dni: String? = try row.value("dni")
        return StatementRecord(
            id: id, callID: try row.value(callID) ?? "", ani: ani.flatMap { PhoneNumber(parsing: $0) },
            dnis: dni.flatMap { PhoneNumber(parsing: $0) }, start: try row.value("start_stamp") ?? day.startUTC,
            billed: try row.value("billed_seconds") ?? 0, rate: try row.value(rate), cost: try row.value(cost) ?? .zero)
    }

    private static func copy(
        _ matches: [Match<UsageID, LineID>], of run: Identifier128, in transaction: PostgresTransaction
    ) throws {
        try transaction.copy(
            into: "billing.vendor_matches",
            columns: [
                "run_id", "ordinal", "vendor_cdr_id", "statement_id", "statement_line", "status", "issues",
                "our_billed_seconds", "their_billed_seconds", "our_cost", "their_cost", "cost_delta",
            ]
        ) { writer in
            for (ordinal, match) in matches.enumerated() {
                try writer.row { row in
                    row.identifier(run)
                    row.int8(Int64(ordinal))
                    row.identifier(match.ours?.id.value)
                    row.identifier(match.theirs?.id.statement)
                    row.int8(match.theirs.map { Int64($0.id.line) })
                    row.text(match.status.rawValue)
                    row.textArray(match.issues.map(\.rawValue))
                    row.int8(match.ours.map { Int64($0.billed) })
                    row.int8(match.theirs.map { Int64($0.billed) })
                    row.money(match.ours?.cost, .charge)
                    row.money(match.theirs?.cost, .charge)
                    row.money(match.costDelta, .charge)
                }
            }
        }
    }
}
