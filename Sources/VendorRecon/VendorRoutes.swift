import Core
import DaemonKit
import Drivers
import Hummingbird
import Reference

/// What finance reads over HTTP: disputes and scorecards, for operators.
struct VendorRoutes: Sendable {
    let disputes: DisputeStore
    let pool: PostgresPool

    /// Rows an answer holds at the most.
    static let maximumRows = 1_000

    func add(to group: RouterGroup<DaemonRequestContext>) {
        group.get("disputes", use: listDisputes)
        group.get("scorecards", use: listScorecards)
    }

    /// `GET /api/v1/recon/disputes?limit=`: the newest day first; amounts are strings with five decimals.
    @Sendable
    func listDisputes(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let limit = try request.integer("limit", in: 1...VendorRoutes.maximumRows) ?? 100
        let rows = try await disputes.all(limit: limit)
        var json = JSONWriter()
        json.object { json in
            json.key("disputes")
            json.array { json in
                for row in rows {
                    json.object { json in
                        json.field("id", row.id.text)
                        json.field("vendor", row.vendor)
                        json.field("day", row.day.text)
                        json.field("state", row.state)
                        json.field("amount", row.amount.text(.charge))
                        json.field("records", row.records)
                        json.field("window_until", row.windowUntil.text)
                    }
                }
            }
        }
        return .json(json.bytes)
    }

    /// `GET /api/v1/recon/scorecards?limit=`: the newest day first.
    @Sendable
    func listScorecards(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let limit = try request.integer("limit", in: 1...VendorRoutes.maximumRows) ?? 100
        let cards = try await pool.query(
            """
            SELECT vendor_name, day, attempts, answered, asr, ner, acd_seconds, mos, total_cost, score, grade
            FROM billing.vendor_scorecards ORDER BY day DESC, vendor_name LIMIT \(limit)
            """
        ).map(CardRow.init)
        var json = JSONWriter()
        json.object { json in
            json.key("scorecards")
            json.array { json in
                for card in cards {
                    json.object { json in
                        json.field("vendor", card.vendor)
                        json.field("day", card.day.text)
                        json.field("attempts", card.attempts)
                        json.field("answered", card.answered)
                        for (name, text) in card.figures { json.field(name, text) }
                    }
                }
            }
        }
        return .json(json.bytes)
    }
}

/// A stored scorecard; its figures as the table prints them.
private struct CardRow {
    let vendor: String
    let day: UsageDay
    let attempts: Int
    let answered: Int
    let figures: [(name: String, text: String?)]

    init(_ row: PostgresRow) throws {
        vendor = try row.value("vendor_name")
        day = try row.value("day")
        attempts = try row.value("attempts")
        answered = try row.value("answered")
        figures = try ["asr", "ner", "acd_seconds", "mos", "total_cost", "score", "grade"].map { name in
            (name, try row.value(name) as String?)
        }
    }
}
