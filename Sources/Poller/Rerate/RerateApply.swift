import Core
import DaemonKit
import Drivers
import Reference

/// Why a preview was not applied. Nothing was written for it.
enum RerateRefusal: Failure, Equatable {
    case unknown(String)
    case unfinished
    /// It moves more than one person may.
    case needsApproval(movement: String, limit: String)
    /// Who made it can't approve it.
    case ownApproval
    /// So many records would be rated otherwise than previewed, by their keys.
    case changed(Int, examples: [String])

    var reason: String {
        switch self {
        case .unknown: "rerate-unknown"
        case .unfinished: "rerate-unfinished"
        case .needsApproval: "rerate-needs-approval"
        case .ownApproval: "rerate-own-approval"
        case .changed: "rerate-changed"
        }
    }

    var isTransient: Bool { false }
}

extension RerateRefusal: CustomStringConvertible {
    var description: String {
        switch self {
        case .unknown(let id): "no preview is called \(id)"
        case .unfinished: "the preview was not finished; make another one"
        case .needsApproval(let movement, let limit):
            "charges move by \(movement) USD, and more than \(limit) needs a second person: poller rerate --approve"
        case .ownApproval: "who made a preview can't approve it"
        case .changed(let count, let examples):
            "\(count) records would not come out as previewed (\(examples.joined(separator: ", "))); make another preview"
        }
    }
}

/// Applies a preview: two rows for each record that changes. It is safe to run twice, and to run again after it was killed: the
/// rows' ids follow from the preview and the record.
struct RerateApply: Sendable {
    let pool: PostgresPool
    let rerating: Rerating
    private static let pageRows = 2_000

    /// What an application wrote.
    struct Report: Sendable, Equatable {
        var corrected = 0
        /// Corrected by an earlier run of the same application.
        var repeats = 0
        /// Previewed without a price: they stay as they are.
        var unpriced = 0
    }

    /// Checks every record against the preview, and then corrects them all.
    /// - Throws: `RerateRefusal`, before anything is written.
    func apply(_ preview: PreviewRow, by actor: String, at now: Instant) async throws -> Report {
        var report = Report()
        guard !preview.isApplied else { return report }
        try await forEachPage(of: preview) { page in _ = try corrections(page, of: preview) }
        try await forEachPage(of: preview) { page in
            let corrections = try corrections(page, of: preview)
            let written = try await write(corrections, at: now)
            report.corrected += written
            report.repeats += page.count - written
        }
        try await finish(preview, &report, by: actor, at: now)
        return report
    }

    /// A record of a preview, as it stands.
    private struct Previewed: Sendable {
        let standing: StandingUsage
        let after: Identifier128
        /// What takes its row back already.
        let reversal: UsageID?
    }

    private func forEachPage(of preview: PreviewRow, _ body: ([Previewed]) async throws -> Void) async throws {
        let parts = try await pool.query(
            """
            SELECT DISTINCT kind, usage_day FROM billing.rerate_differences
            WHERE preview_id = \(preview.id) AND charge_after IS NOT NULL ORDER BY kind, usage_day
            """)
        for part in parts {
            let fact: String = try part.value("kind")
            guard let kind = RawKind.charged.first(where: { $0.fact.rawValue == fact }) else { continue }
            let day: UsageDay = try part.value("usage_day")
            var after: Int64 = 0
            while true {
                let page = try await page(of: preview, kind, day, after: after)
                guard let last = page.last else { break }
                Watchdog.progressed()
                try await body(page)
                after = last.standing.row.number
            }
        }
    }

    private func page(
        of preview: PreviewRow, _ kind: RawKind, _ day: UsageDay, after: Int64
    ) async throws -> [Previewed] {
        let rated = SQL(verbatim: kind.outcomeTable)
        let rows = try await pool.query(
            """
            SELECT \(StandingUsage.columns(of: kind)), difference.after, (
                SELECT reversal.id FROM \(rated) AS reversal
                WHERE reversal.usage_day = \(day) AND reversal.reverses = rated.id) AS reversal
            FROM \(StandingUsage.source(of: kind))
            JOIN billing.rerate_differences AS difference ON difference.row_id = rated.id
            WHERE rated.usage_day = \(day) AND difference.preview_id = \(preview.id) AND difference.kind = \(kind.fact.rawValue)
                AND difference.usage_day = \(day) AND difference.raw_seq > \(after) AND difference.charge_after IS NOT NULL
            ORDER BY difference.raw_seq LIMIT \(Self.pageRows)
            """)
        return try rows.map { row in
            Previewed(
                standing: try StandingUsage(kind: kind, row), after: try row.value("after"),
                reversal: try row.value("reversal"))
        }
    }

    /// The corrections that a page still needs.
    /// - Throws: `RerateRefusal.changed` where a record would come out otherwise than it was previewed.
    private func corrections(_ page: [Previewed], of preview: PreviewRow) throws(RerateRefusal) -> [RerateCorrection] {
        var corrections: [RerateCorrection] = []
        var changed: [String] = []
        for previewed in page {
            let ids = RerateCorrection.IDs(of: previewed.standing.row.id, preview: preview.id)
            guard previewed.reversal == nil else {
                if previewed.reversal != ids.reversal { changed.append(previewed.standing.row.key) }
                continue
            }
            let again = rerating.again(previewed.standing)
            guard let stored = again.stored, again.facts.digest == previewed.after else {
                changed.append(previewed.standing.row.key)
                continue
            }
            corrections.append(RerateCorrection(standing: previewed.standing, stored: stored, ids: ids))
        }
        guard changed.isEmpty else { throw .changed(changed.count, examples: Array(changed.prefix(5))) }
        return corrections
    }

    /// Writes what nobody has written meanwhile; how many.
    private func write(_ corrections: [RerateCorrection], at now: Instant) async throws -> Int {
        guard let kind = corrections.first?.standing.row.kind else { return 0 }
        return try await pool.withTransaction { transaction in
            // One application at a time finds out which rows still stand.
            try transaction.execute("SELECT pg_advisory_xact_lock(hashtext('billing.rerate'))")
            let standing = try RerateCorrection.stillStanding(corrections, kind, in: transaction)
            guard !standing.isEmpty else { return 0 }
            Horizon("rated").lock(in: transaction)
            try RerateCorrection.insertReversals(standing, kind, at: now, in: transaction)
            _ = try RatedUsageStore.insert(standing.map(\.corrected), at: now, in: transaction)
            return standing.count
        }
    }

    private func finish(
        _ preview: PreviewRow, _ report: inout Report, by actor: String, at now: Instant
    ) async throws {
        let (corrected, repeats) = (report.corrected, report.repeats)
        report.unpriced = try await pool.withTransaction { transaction in
            try transaction.execute(
                """
                UPDATE billing.rerate_previews SET applied_by = \(actor), applied_at = \(now)
                WHERE id = \(preview.id) AND applied_at IS NULL
                """)
            try Audit(table: "billing.poller_audit").record(
                in: transaction, actor: "operator:\(actor)", action: "rerate.apply", subject: preview.id.text,
                detail: "{\"corrected\":\(corrected),\"repeats\":\(repeats)}", at: now.milliseconds)
            return try transaction.query(
                """
                SELECT count(*) AS count FROM billing.rerate_differences
                WHERE preview_id = \(preview.id) AND charge_after IS NULL
                """
            ).first?.value("count") ?? 0
        }
    }
}
