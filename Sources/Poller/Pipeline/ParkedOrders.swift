import Core
import DaemonKit
import Drivers
import Reference

/// What a person has done with parked usage: corrected, tried again, or put aside for good. Each step is audited in its own
/// transaction.
struct ParkedOrders: Sendable {
    let retry: ParkedRetry

    private var pool: PostgresPool { retry.store.pool }
    private var now: Instant { retry.pipeline.now }
    private static let audit = Audit(table: "billing.poller_audit")

    /// Open records of an id or a natural key. Nothing where none is open.
    func open(_ name: String) async throws -> [ParkedRecord] {
        try await ParkedReads(pool: pool).records(named: name).filter { $0.resolvedAt == nil }
    }

    /// Rates open records again, whatever they are held for, and says what became of them.
    /// - Throws: `ParkedRefusal` for a record that is not open, or that has the key of another.
    func release(_ name: String, by actor: String) async throws -> [ParkedRecord] {
        let records = try await open(name)
        guard !records.isEmpty else { throw ParkedRefusal.notOpen(name) }
        if records.contains(where: { $0.flags.contains(Flag.duplicateConflict.name) }) {
            throw ParkedRefusal.conflict(name)
        }
        try await retry.pipeline.reference.refresh()
        let at = now.milliseconds
        for kind in RawKind.allCases {
            let places = records.filter { $0.kind == kind.fact.rawValue }.map { (day: $0.rawDay, number: $0.number) }
            let rows = try await retry.pipeline.reader.rows(of: kind, at: places)
            try await retry.release(rows) { row, transaction in
                try Self.audit.record(
                    in: transaction, actor: "operator:\(actor)", action: "parked.release", subject: row.id.text,
                    detail: "{\"kind\":\"\(row.kind.fact.rawValue)\"}", at: at)
            }
        }
        return try await ParkedReads(pool: pool).records(named: name)
    }

    /// Corrects fields of an open record; it stays parked until it is released. What was corrected.
    /// - Throws: `ParkedRefusal` for a record that nobody may correct, `CorrectionRefusal` for a field or a value.
    func fix(
        _ name: String, set settings: [FieldSetting], because reason: String, by actor: String
    ) async throws -> [RecordCorrection] {
        let records = try await open(name)
        guard let record = records.first, let kind = RawKind.allCases.first(where: { $0.fact.rawValue == record.kind })
        else { throw ParkedRefusal.notOpen(name) }
        guard records.count == 1 else { throw ParkedRefusal.several(name) }
        guard record.status != ParkedUsage.Status.waiting.rawValue else { throw ParkedRefusal.waiting(name) }
        guard !record.flags.contains(Flag.duplicateConflict.name) else { throw ParkedRefusal.conflict(name) }
        let rows = try await retry.pipeline.reader.rows(of: kind, at: [(day: record.rawDay, number: record.number)])
        guard let row = rows.first else { throw ParkedRefusal.notOpen(name) }
        let corrections = try RecordReader.corrections(
            settings.map { ($0.field, $0.text) }, of: kind.record,
            document: String(decoding: row.document, as: UTF8.self))
        let now = self.now
        try await pool.withTransaction { transaction in
            let open = try ParkedUsageStore.lockOpen(kind, [row.id], in: transaction)
            guard open[row.id]?.corrections == row.corrections else { throw ParkedRefusal.changed(name) }
            try UsageCorrections.insert(
                corrections, of: row, because: reason, by: actor, at: now, in: transaction)
            try Self.audit.record(
                in: transaction, actor: "operator:\(actor)", action: "parked.fix", subject: row.id.text,
                detail: Self.detail(of: corrections, kind, because: reason), at: now.milliseconds)
        }
        return corrections
    }

    private static func detail(
        of corrections: [RecordCorrection], _ kind: RawKind, because reason: String
    ) -> String {
        var detail = JSONWriter()
        detail.object { detail in
            detail.field("kind", kind.fact.rawValue)
            detail.field("reason", reason)
            detail.key("fields")
            detail.object { detail in
                for correction in corrections {
                    detail.key(correction.field)
                    detail.object { detail in
                        detail.key("old")
                        correction.old.write(to: &detail)
                        detail.key("new")
                        correction.new.write(to: &detail)
                    }
                }
            }
        }
        return detail.text
    }

    /// Closes open records without rating them: they are never charged, and count as held. How many.
    /// - Throws: `ParkedRefusal.notOpen`.
    func dismiss(_ name: String, because reason: String, by actor: String) async throws -> Int {
        let records = try await open(name)
        guard !records.isEmpty else { throw ParkedRefusal.notOpen(name) }
        let now = self.now
        return try await pool.withTransaction { transaction in
            var closed = 0
            for record in records {
                let rows = try transaction.execute(
                    """
                    UPDATE billing.unrated_usage SET resolved_at = \(now), resolution = \("dismissed: " + reason), retry_at = NULL
                    WHERE kind = \(record.kind) AND id = \(record.id) AND resolved_at IS NULL AND status <> 'waiting'
                    """)
                guard rows > 0 else { continue }
                closed += rows
                var detail = JSONWriter()
                detail.object { detail in
                    detail.field("kind", record.kind)
                    detail.field("reason", reason)
                }
                try Self.audit.record(
                    in: transaction, actor: "operator:\(actor)", action: "parked.dismiss", subject: record.id.text,
                    detail: detail.text, at: now.milliseconds)
            }
            return closed
        }
    }
}

/// Why a person's order was not carried out.
enum ParkedRefusal: Error, Equatable, CustomStringConvertible {
    case notOpen(String)
    case conflict(String)
    case waiting(String)
    case several(String)
    case changed(String)

    var description: String {
        switch self {
        case .notOpen(let name): "nothing is parked under \(name)"
        case .conflict(let name):
            "\(name) has the key of an earlier record: it can be dismissed, or its sender can send it under a key of its own"
        case .waiting(let name): "\(name) waits for its call or for an answer: there is nothing to correct"
        case .several(let name): "several records are parked under \(name): name one of them by its id"
        case .changed(let name): "\(name) was settled or corrected by somebody else in the meantime: look at it again"
        }
    }
}
