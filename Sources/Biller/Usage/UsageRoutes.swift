import Core
import DaemonKit
import Foundation
import Hummingbird

/// Usage over HTTP: the period that runs, and the days behind it. By UTC days, of which `usage_summary` keeps exact sums.
struct UsageRoutes: Sendable {
    let reads: CustomerReads
    let now: @Sendable () -> Instant

    /// Days that one answer holds at the most.
    static let maximumDays = 400
    /// Days of the history where the caller does not say.
    static let defaultDays = 90

    func add(to group: RouterGroup<DaemonRequestContext>) {
        group.get("usage/current", use: current)
        group.get("usage/history", use: history)
    }

    /// `GET /api/v1/billing/usage/current`: the sums and days of the period that runs.
    @Sendable
    func current(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = try context.customerID(asked: request.customerAsked())
        guard let cycle = try await reads.cycle(of: customer) else { throw APIError.notFound("no such customer") }
        let period = cycle.cycle.period(containing: now())
        let days = try await reads.days(of: customer, from: period.start, through: period.end)
        return .json(
            UsageRoutes.body(days) { json in
                json.field("period_start", period.start.text)
                json.field("period_end", period.end.text)
            })
    }

    /// `GET /api/v1/billing/usage/history?from=&to=`: the sums and days of any time, 400 days at the most.
    @Sendable
    func history(_ request: Request, context: DaemonRequestContext) async throws -> Response {
        let customer = try context.customerID(asked: request.customerAsked())
        let last = try request.day("to") ?? now().usageDay
        let first = try request.day("from") ?? last.advanced(days: 1 - UsageRoutes.defaultDays)
        guard first <= last, last - first < UsageRoutes.maximumDays else {
            throw APIError.invalid(
                pointer: "/from", reason: "OUT_OF_RANGE",
                detail: "from is not after to, and at most \(UsageRoutes.maximumDays) days before it")
        }
        let days = try await reads.days(of: customer, from: first, through: last)
        return .json(
            UsageRoutes.body(days) { json in
                json.field("from", first.text)
                json.field("to", last.text)
            })
    }

    private static func body(_ days: [CustomerReads.Day], _ head: (inout JSONWriter) -> Void) -> [UInt8] {
        var sum = UsageSummary()
        for day in days { sum.add(day.usage) }
        var json = JSONWriter()
        json.object { json in
            head(&json)
            write(sum, to: &json)
            json.key("days")
            json.array { json in
                for day in days {
                    json.object { json in
                        json.field("usage_date", day.day.text)
                        write(day.usage, to: &json)
                    }
                }
            }
        }
        return json.bytes
    }

    /// As rule I7 shows it: minutes of the sum of seconds, charges with four decimals.
    private static func write(_ usage: UsageSummary, to json: inout JSONWriter) {
        json.field("records", usage.records)
        json.field("voice_minutes", UsageSummary.minutes(ofSeconds: usage.voiceSeconds))
        json.field("voice_charges", usage.voiceCharges.rounded(to: .ledger).text(.ledger))
        json.field("sms_count", usage.messageUnits)
        json.field("sms_charges", usage.messageCharges.rounded(to: .ledger).text(.ledger))
        json.field("toll_free_minutes", UsageSummary.minutes(ofSeconds: usage.tollFreeSeconds))
        json.field("toll_free_charges", usage.tollFreeCharges.rounded(to: .ledger).text(.ledger))
        json.field("total_charges", usage.totalCharges.rounded(to: .ledger).text(.ledger))
    }
}

extension Request {
    /// A day of the query string; nil where it is absent.
    /// - Throws: 422 when it is none.
    fileprivate func day(_ name: String) throws(APIError) -> UsageDay? {
        guard let text = uri.queryParameters[Substring(name)] else { return nil }
        guard let day = UsageDay(parsing: text) else {
            throw .invalid(pointer: "/\(name)", reason: "BAD_DATE", detail: "\(name) is a day such as 2026-11-22")
        }
        return day
    }
}
