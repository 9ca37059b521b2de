import Core
import DaemonKit
import Reference

/// A rated record and the raw row it came from, with what of the record is stored beside the evidence. Handed on by reference: it
/// holds some forty texts.
final class StoredUsage: Sendable {
    let row: RawRow
    let usage: RatedUsage
    let extras: Extras
    /// The record that this row corrects, after a re-rating; its own id is another then.
    let corrects: UsageID?
    /// The partition.
    let day: UsageDay

    init(row: RawRow, usage: RatedUsage, extras: Extras, corrects: UsageID? = nil) {
        guard let day = usage.usageDay else { preconditionFailure("usage without a rating instant is held") }
        self.row = row
        self.usage = usage
        self.extras = extras
        self.corrects = corrects
        self.day = day
    }

    /// Columns that are the record's own words.
    enum Extras: Sendable, Hashable {
        case call(sipCallID: String?, start: Instant?, answer: Instant?, end: Instant?, trunk: String?)
        case message(status: String?)
        case query(status: String?)
    }
}

/// A try of a call at a vendor, rated as far as its call lets it (M10).
struct StoredAttempt: Sendable {
    let row: RawRow
    let attempt: VendorAttempt
    /// The raw row's id of its call; nil where it never came.
    var callID: UsageID?
    var ani: String?
    var dni: String?
    var classKey: ClassKey?
    var ratePrefix: String?
    var billedSeconds: Int?
    var rate: Rate?
    var cost: Money?
    var flags: Flags
    var refVersion: String

    /// The partition: the UTC day of the attempt's start, or of its receipt where that is no day we keep.
    var day: UsageDay {
        guard let start = attempt.start.instant, UsageAge(of: start, receivedAt: row.receivedAt) == .current else {
            return row.day
        }
        return start.usageDay
    }
}

/// A record that waits (M6): for a person, for reference data, for its call, for a portability service.
struct ParkedUsage: Sendable {
    enum Status: String, Sendable {
        case held, unrated, waiting
    }

    let row: RawRow
    var status: Status
    /// Rule codes, or one kebab-case reason where the record broke the machinery.
    var flags: [String]
    var customerBAN: String?
    /// The record whose key a conflict repeats.
    var conflictsWith: UsageID?
    /// The call for which an attempt waits.
    var waitsFor: UsageID?
    /// What attempts of a parked call take from it.
    var call: RatedCall?
    /// A JSON object with all that is known.
    var evidence: [UInt8]
    var refVersion: String
    var retryAt: Instant?
}

/// What one batch of raw rows of one kind came to.
struct BatchOutcomes: Sendable {
    let kind: RawKind
    var usage: [StoredUsage] = []
    var attempts: [StoredAttempt] = []
    var parked: [ParkedUsage] = []

    init(kind: RawKind) {
        self.kind = kind
    }

    var isEmpty: Bool { usage.isEmpty && attempts.isEmpty && parked.isEmpty }
    var count: Int { usage.count + attempts.count + parked.count }
    var rows: [RawRow] { usage.map { $0.row } + attempts.map { $0.row } + parked.map { $0.row } }

    /// The raw rows, one by one.
    func forEachRow(_ body: (RawRow) -> Void) {
        for usage in usage { body(usage.row) }
        for attempt in attempts { body(attempt.row) }
        for record in parked { body(record.row) }
    }

    /// The outcomes of all rows but some.
    func leavingOut(_ ids: Set<UsageID>) -> BatchOutcomes {
        var part = BatchOutcomes(kind: kind)
        part.usage = usage.filter { !ids.contains($0.row.id) }
        part.attempts = attempts.filter { !ids.contains($0.row.id) }
        part.parked = parked.filter { !ids.contains($0.row.id) }
        return part
    }

    /// The outcomes of some rows only.
    func of(_ ids: Set<UsageID>) -> BatchOutcomes {
        var part = BatchOutcomes(kind: kind)
        part.usage = usage.filter { ids.contains($0.row.id) }
        part.attempts = attempts.filter { ids.contains($0.row.id) }
        part.parked = parked.filter { ids.contains($0.row.id) }
        return part
    }
}

/// Whether a rating instant lies where records are kept (rule G8, M1): keys for 13 months back, partitions for 7 days ahead.
enum UsageAge: Sendable {
    case tooOld, current, future

    static let daysAhead = 7

    /// The age of usage at an instant, seen from when it was received.
    init(of instant: Instant, receivedAt: Instant) {
        if instant.usageDay < receivedAt.usageDay.oldestKept {
            self = .tooOld
        } else if instant.usageDay > receivedAt.usageDay.advanced(days: Self.daysAhead) {
            self = .future
        } else {
            self = .current
        }
    }
}

extension ParkedUsage {
    /// A record that was rated as far as it could be: held or unrated.
    init(_ usage: RatedUsage, in row: RawRow) {
        self.init(
            row: row, status: usage.status == .unrated ? .unrated : .held, flags: usage.flags.names,
            customerBAN: usage.customerBAN?.text, evidence: usage.json, refVersion: usage.refVersion)
        if usage.call != nil { call = RatedCall(usage) }
    }

    /// A record with the key of an earlier one and other content: neither enriched nor rated (rule G8).
    init(conflict row: RawRow, refVersion: String) {
        self.init(
            row: row, status: .held, flags: [Flag.duplicateConflict.name],
            conflictsWith: UsageID(RecordReader.id(row.kind.record, naturalKey: row.key)),
            evidence: Self.evidence(["key": row.key]), refVersion: refVersion)
    }

    /// A record that broke the machinery (M5), under the reason of the failure.
    init(broken row: RawRow, reason: String, detail: String, refVersion: String) {
        self.init(
            row: row, status: .held, flags: [reason],
            evidence: Self.evidence(["key": row.key, "reason": reason, "detail": detail]), refVersion: refVersion)
    }

    /// A record that may have broken the process: it is parked before it is tried (M5, M35).
    init(suspect row: RawRow, until retryAt: Instant, refVersion: String) {
        self.init(
            row: row, status: .waiting, flags: [Self.suspectFlag], evidence: Self.evidence(["key": row.key]),
            refVersion: refVersion, retryAt: retryAt)
    }

    static let suspectFlag = ProcessBreaker().reason

    /// An attempt that waits for its call (M10).
    init(waiting attempt: VendorAttempt, in row: RawRow, for call: UsageID, until retryAt: Instant, refVersion: String)
    {
        self.init(
            row: row, status: .waiting, flags: [], customerBAN: attempt.customerBAN?.text, waitsFor: call,
            evidence: Self.evidence(["key": row.key]), refVersion: refVersion, retryAt: retryAt)
    }

    /// A call that waits until the portability service answers (M35).
    init(waitingForDip row: RawRow, until retryAt: Instant, refVersion: String) {
        self.init(
            row: row, status: .waiting, flags: ["lrn-timeout"], evidence: Self.evidence(["key": row.key]),
            refVersion: refVersion, retryAt: retryAt)
    }

    /// An object of texts, without the NUL that `jsonb` cannot hold.
    private static func evidence(_ fields: KeyValuePairs<String, String>) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            for (name, value) in fields { writer.field(name, value.replacing("\0", with: "")) }
        }
        return writer.bytes
    }
}
