import Core
import DaemonKit

/// Sets a vendor's day against its statement: reads both sides, lets Core match them, stores what came of it. Run again, it replaces
/// what it found before and follows a late file.
struct ReconciliationRun: Sendable {
    let matches: MatchStore
    let desk: DisputeDesk
    let loop: Loop
    let now: @Sendable () -> Instant

    /// What one run found.
    struct Result: Sendable {
        let vendor: String
        let day: UsageDay
        let matching: Matching<UsageID, MatchStore.LineID>
        let throughSequence: Int64
        let invoiceDate: UsageDay
    }

    /// Reconciles one day as of `disputeDate`, on which a dispute would be opened.
    func run(vendor: String, day: UsageDay, disputeDate: UsageDay) async throws -> Result {
        let instant = now()
        let result = try await matches.reconcile(day, of: vendor, at: instant) { sides in
            guard !sides.theirs.isEmpty else { throw ReconError.noStatement(vendor, day.text) }
            return Result(
                vendor: vendor, day: day, matching: Matching(.calls, ours: sides.ours, theirs: sides.theirs),
                throughSequence: sides.throughSequence, invoiceDate: sides.invoiceDate)
        } dispute: { result, run, transaction in
            try desk.settle(result, run: run, on: disputeDate, at: instant, in: transaction)
        }
        for status in MatchStatus.allCases {
            let count = result.count(of: status)
            if count > 0 { loop.metrics.increment(.reconRecords, by: count, status.rawValue) }
        }
        loop.logger.info(
            "Day reconciled",
            metadata: [
                "vendor.name": "\(vendor)", "usage.day": "\(day.text)",
                "match.count": "\(result.matching.matches.count)",
                "match.flagged": "\(result.matching.matches.count - result.count(of: .matched))",
            ])
        return result
    }

    /// Every day with a statement that has not been looked at since it came.
    func runOpenDays() async throws {
        for (vendor, day) in try await matches.openDays() {
            Watchdog.progressed()
            _ = try await run(vendor: vendor, day: day, disputeDate: now().usageDay)
        }
    }
}

extension ReconciliationRun.Result {
    /// How many records have a status.
    func count(of status: MatchStatus) -> Int {
        matching.matches.count { $0.status == status }
    }

    /// The day's totals (rule C4) as they are kept with the run.
    var totalsJSON: String {
        func measure(_ writer: inout JSONWriter, _ name: String, _ value: Discrepancy, _ text: (Int64) -> String) {
            writer.key(name)
            writer.object { writer in
                writer.field("ours", text(value.ours))
                writer.field("theirs", text(value.theirs))
                writer.field("delta", text(value.delta))
                writer.field("delta_pct", value.percentage?.text)
                writer.field("discrepancy", value.isDiscrepancy)
            }
        }
        var writer = JSONWriter()
        writer.object { writer in
            measure(&writer, "calls", matching.totals.calls) { String($0) }
            measure(&writer, "billed_seconds", matching.totals.billed) { String($0) }
            measure(&writer, "cost", matching.totals.cost) { Money(units: $0).rounded(to: .charge).text(.charge) }
            writer.field("ignored_ours", matching.ignoredOurs)
            writer.field("ignored_theirs", matching.ignoredTheirs)
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
