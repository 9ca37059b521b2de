import Core
import DaemonKit
import Drivers
import Reference

/// What a portability service is asked for a call.
struct LRNQuestion: Sendable, Hashable {
    let call: UsageID
    /// The day of the call's raw row.
    let day: UsageDay
    let number: NationalNumber
}

/// The answer that a call was given, and what it cost: nothing where an earlier dip of the number answered.
struct LRNDip: Sendable, Hashable {
    let question: LRNQuestion
    let answer: LRNAnswer
    var cost = Money.zero
    var milliseconds = 0
}

/// The table `lrn_dips`: one answer for each call that needed one, which every later rating of that call uses. A call whose number
/// was corrected has one for each number.
struct LRNDipStore: Sendable {
    let pool: PostgresPool
    let partitions: Partitions

    /// The table without its schema, as partitions are asked for.
    static let table = "lrn_dips"

    /// The stored answers to these questions, by call.
    func answers(to questions: [LRNQuestion]) async throws -> [UsageID: LRNAnswer] {
        guard !questions.isEmpty else { return [:] }
        let rows = try await pool.query(
            """
            SELECT call_id, number, answer, lrn
            FROM billing.lrn_dips
            WHERE usage_day = ANY (\(Array(Set(questions.map { $0.day })))) AND call_id = ANY (\(questions.map { $0.call }))
            """)
        // Of a call whose number was corrected there is an answer for each number it had.
        let asked = Dictionary(questions.map { ($0.call, $0.number.text) }) { first, _ in first }
        var answers: [UsageID: LRNAnswer] = [:]
        for row in rows {
            let call: UsageID = try row.value("call_id")
            guard asked[call] == (try row.value("number") as String) else { continue }
            answers[call] = try LRNAnswer(
                stored: try row.value("answer"), lrn: try row.value("lrn", as: String?.self))
        }
        return answers
    }

    /// Stores answers; of two to one call the first stays.
    func insert(_ dips: [LRNDip], at now: Instant) async throws {
        guard !dips.isEmpty else { return }
        try await partitions.ensure(Self.table, days: Set(dips.map { $0.question.day.number }))
        try await pool.execute(
            """
            INSERT INTO billing.lrn_dips (usage_day, call_id, number, asked_at, answer, lrn, cost, milliseconds)
            SELECT dip.day, dip.call, dip.number, \(now), dip.answer, dip.lrn, dip.cost::numeric, dip.milliseconds
            FROM unnest(
                    \(dips.map { $0.question.day }), \(dips.map { $0.question.call }),
                    \(dips.map { $0.question.number.text })::text[], \(dips.map { $0.answer.stored })::text[],
                    \(dips.map { $0.answer.lrn?.text })::text[], \(dips.map { $0.cost.text(.full) })::text[],
                    \(dips.map { Int64($0.milliseconds) }))
                AS dip (day, call, number, answer, lrn, cost, milliseconds)
            ORDER BY dip.day, dip.call
            ON CONFLICT DO NOTHING
            """)
    }
}

extension LRNAnswer {
    /// As `lrn_dips` and the metrics name it.
    var stored: String {
        switch self {
        case .ported: "ported"
        case .notPorted: "not_ported"
        case .timedOut: "timed_out"
        }
    }

    /// The routing number, where there is one.
    fileprivate var lrn: NationalNumber? {
        switch self {
        case .ported(let lrn): lrn
        case .notPorted, .timedOut: nil
        }
    }

    /// An answer as its row has it.
    init(stored: String, lrn: String?) throws(PostgresError) {
        switch (stored, lrn.flatMap { NationalNumber(parsing: $0) }) {
        case ("ported", let lrn?): self = .ported(lrn)
        case ("not_ported", nil): self = .notPorted
        case ("timed_out", nil): self = .timedOut
        default: throw .decoding(column: "answer", reason: "no answer of a portability service")
        }
    }
}
