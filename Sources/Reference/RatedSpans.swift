public import Drivers

/// What a reader of rated usage asks of `rated_spans`, the poller's list of the runs of numbers that each commit wrote (M4).
public enum RatedSpans {
    /// Where a batch ends: a number above `through` with about `limit` rows between them; the horizon where there are fewer. A span
    /// is never cut, so that a batch may be larger by what one commit wrote.
    public static func mark(
        above through: Int64, upTo horizon: Int64, limit: Int, in transaction: PostgresTransaction
    ) throws -> Int64 {
        let spans = try transaction.query(
            """
            SELECT last_seq, count
            FROM billing.rated_spans
            WHERE last_seq > \(through) AND last_seq <= \(horizon)
            ORDER BY last_seq
            LIMIT \(limit)
            """)
        var count = 0
        for span in spans {
            count += try span.value("count") as Int
            if count >= limit { return try span.value("last_seq") }
        }
        return horizon
    }
}
