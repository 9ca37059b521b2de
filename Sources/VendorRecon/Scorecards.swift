import Core
import DaemonKit
import Drivers
import Reference

/// Daily grades of vendors (section Q), from the attempts that began on a UTC day.
struct Scorecards: Sendable {
    let pool: PostgresPool
    let now: @Sendable () -> Instant

    /// Attempts read at a time.
    private static let chunk = 10_000

    /// One vendor's day.
    struct Card: Sendable {
        let vendor: String
        let figures: Scorecard
    }

    /// Computes and stores the cards of a day, replacing earlier ones; of all vendors with attempts, or of one.
    func make(day: UsageDay, vendor: String? = nil) async throws -> [Card] {
        let measures = try await measures(of: day, vendor: vendor)
        let cards = measures.sorted { $0.key < $1.key }.map { Card(vendor: $0.key, figures: Scorecard($0.value)) }
        let instant = now()
        try await pool.withTransaction { transaction in
            for card in cards { try Scorecards.store(card, day: day, at: instant, in: transaction) }
        }
        return cards
    }

    private func measures(of day: UsageDay, vendor: String?) async throws -> [String: [AttemptMeasure]] {
        try await pool.stream(
            """
            SELECT vendor_name, disposition, sip_response_code, pdd_ms, start_stamp, answer_stamp, end_stamp, mos_score,
                packet_loss, jitter_ms, latency_ms, vendor_cost
            FROM billing.vendor_cdr
            WHERE usage_day = \(day) AND (\(vendor)::text IS NULL OR vendor_name = \(vendor))
            """, chunk: Scorecards.chunk, into: [:]
        ) { measures, rows in
            for row in rows {
                guard let measure = try Scorecards.measure(row) else { continue }
                measures[try row.value("vendor_name"), default: []].append(measure)
            }
        }
    }

    private static func measure(_ row: PostgresRow) throws -> AttemptMeasure? {
        func stamp(_ column: String) throws -> Stamp {
            let instant: Instant? = try row.value(column)
            return instant.map(Stamp.at) ?? .absent
        }
        let opinion: Percentage? = try row.value("mos_score")
        let loss: Percentage? = try row.value("packet_loss")
        return AttemptMeasure(
            disposition: try row.value("disposition"), sipResponseCode: try row.value("sip_response_code"),
            pddMilliseconds: try row.value("pdd_ms"), start: try stamp("start_stamp"),
            answer: try stamp("answer_stamp"),
            end: try stamp("end_stamp"),
            quality: CallQuality(
                mosHundredths: opinion.map { Int($0.hundredths) },
                packetLossHundredths: loss.map { Int($0.hundredths) },
                jitterMilliseconds: try row.value("jitter_ms"), latencyMilliseconds: try row.value("latency_ms")),
            cost: try row.value("vendor_cost"))
    }

    private static func store(
        _ card: Card, day: UsageDay, at now: Instant, in transaction: PostgresTransaction
    ) throws {
        let figures = card.figures
        try transaction.execute(
            """
            INSERT INTO billing.vendor_scorecards (vendor_name, day, attempts, answered, asr, ner, acd_seconds, pdd_p50_ms,
                pdd_p95_ms, mos, total_cost, cost_per_success, score, grade, computed_at)
            VALUES (\(card.vendor), \(day), \(figures.attempts), \(figures.answered), \(figures.asr), \(figures.ner),
                \(figures.acdHundredths.map { Percentage(hundredths: $0) }), \(figures.pddP50Milliseconds),
                \(figures.pddP95Milliseconds), \(figures.mosHundredths.map { Percentage(hundredths: Int64($0)) }),
                \(figures.totalCost), \(figures.costPerSuccessfulCall), \(figures.score), \(figures.grade), \(now))
            ON CONFLICT (vendor_name, day) DO UPDATE SET attempts = excluded.attempts, answered = excluded.answered,
                asr = excluded.asr, ner = excluded.ner, acd_seconds = excluded.acd_seconds,
                pdd_p50_ms = excluded.pdd_p50_ms, pdd_p95_ms = excluded.pdd_p95_ms, mos = excluded.mos,
                total_cost = excluded.total_cost, cost_per_success = excluded.cost_per_success, score = excluded.score,
                grade = excluded.grade, computed_at = excluded.computed_at
            """)
    }
}

extension Scorecards.Card {
    /// The card's cells, as tables show them.
    var cells: [(title: String, text: String)] {
        [
            ("vendor", vendor), ("attempts", String(figures.attempts)), ("answered", String(figures.answered)),
            ("ASR %", figures.asr?.text ?? "-"), ("NER %", figures.ner?.text ?? "-"),
            ("ACD s", figures.acdHundredths.map { Percentage(hundredths: $0).text } ?? "-"),
            ("PDD p50", figures.pddP50Milliseconds.map { "\($0) ms" } ?? "-"),
            ("PDD p95", figures.pddP95Milliseconds.map { "\($0) ms" } ?? "-"),
            ("MOS", figures.mosHundredths.map { Percentage(hundredths: Int64($0)).text } ?? "-"),
            ("cost", figures.totalCost.text(.charge)),
            ("per call", figures.costPerSuccessfulCall?.text(.charge) ?? "-"),
            ("score", figures.score?.text ?? "-"), ("grade", figures.grade ?? "-"),
        ]
    }
}
