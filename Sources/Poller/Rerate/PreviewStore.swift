import Core
import DaemonKit
import Drivers
import Reference

/// A row of `rerate_previews`.
struct PreviewRow: Sendable {
    let id: Identifier128
    let scope: RerateScope
    let madeAt: Instant
    let madeBy: String
    let refVersion: String
    /// Nil until it is finished.
    let records: Int?
    /// The sum of what charges move by, up and down.
    let movement: Money?
    let approvedBy: String?
    let appliedBy: String?

    var isApplied: Bool { appliedBy != nil }
}

/// Reads and approves previews.
struct PreviewStore: Sendable {
    let pool: PostgresPool

    /// A finished preview.
    /// - Throws: `RerateRefusal` where there is none.
    func preview(_ id: Identifier128) async throws -> PreviewRow {
        let rows = try await pool.query(
            """
            SELECT id, made_at, made_by, first_day, last_day, customer_ban, rate_plan_id, ref_version, records, movement,
                approved_by, applied_by
            FROM billing.rerate_previews WHERE id = \(id)
            """)
        guard let row = rows.first else { throw RerateRefusal.unknown(id.text) }
        let preview = PreviewRow(
            id: id,
            scope: RerateScope(
                days: try row.value("first_day")...row.value("last_day"), customerBAN: try row.value("customer_ban"),
                ratePlan: try row.value("rate_plan_id")),
            madeAt: try row.value("made_at"), madeBy: try row.value("made_by"),
            refVersion: try row.value("ref_version"),
            records: try row.value("records"), movement: try row.value("movement"),
            approvedBy: try row.value("approved_by"), appliedBy: try row.value("applied_by"))
        guard preview.records != nil else { throw RerateRefusal.unfinished }
        return preview
    }

    /// A second person's word.
    /// - Throws: `RerateRefusal.ownApproval` for who made it.
    func approve(_ preview: PreviewRow, by actor: String, at now: Instant) async throws {
        guard actor != preview.madeBy else { throw RerateRefusal.ownApproval }
        try await pool.withTransaction { transaction in
            try transaction.execute(
                """
                UPDATE billing.rerate_previews SET approved_by = \(actor), approved_at = \(now)
                WHERE id = \(preview.id) AND approved_at IS NULL
                """)
            try Audit(table: "billing.poller_audit").record(
                in: transaction, actor: "operator:\(actor)", action: "rerate.approve", subject: preview.id.text,
                at: now.milliseconds)
        }
    }
}

extension PreviewRow {
    /// Whether it may be applied.
    /// - Throws: `RerateRefusal.needsApproval`.
    func checkApproval(above limit: Money) throws(RerateRefusal) {
        let movement = movement ?? .zero
        guard movement > limit, approvedBy == nil else { return }
        throw .needsApproval(movement: movement.text(.charge), limit: limit.text(.cents))
    }
}
