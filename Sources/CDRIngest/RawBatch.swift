import Core
import Reference

/// The submissions of one commit as one list, and what the transaction's answers make of them.
struct RawBatch: Sendable {
    /// A record on its way into a raw table.
    struct Entry: Sendable {
        /// Which submission, and which of its records.
        let submission: Int
        let index: Int
        let read: RecordReading
        let day: UsageDay

        var kind: RecordKind { read.kind }
    }

    /// A record on its way into `ingest_rejects`.
    struct Reject: Sendable {
        let submission: Submission
        let reason: RejectReason
        let bytes: ArraySlice<UInt8>
    }

    let submissions: [Submission]
    /// What was read, in order of arrival: a position in here is a position everywhere below.
    let records: [Entry]
    let rejects: [Reject]
    let claims: KeyClaims

    init(_ submissions: [Submission]) {
        self.submissions = submissions
        var records: [Entry] = []
        var rejects: [Reject] = []
        for (position, submission) in submissions.enumerated() {
            for (index, incoming) in submission.records.enumerated() {
                switch incoming.reading {
                case .success(let read):
                    let day = read.record.usageDay(receivedAt: submission.receivedAt)
                    records.append(Entry(submission: position, index: index, read: read, day: day))
                case .failure(let unreadable):
                    rejects.append(Reject(submission: submission, reason: unreadable.reason, bytes: incoming.bytes))
                }
            }
        }
        self.records = records
        self.rejects = rejects
        claims = KeyClaims(records.map { ($0.read.key, $0.read.contentHash) })
    }

    /// The days that it touches, by kind.
    var days: [RecordKind: Set<UsageDay>] {
        Dictionary(grouping: records, by: \.kind).mapValues { Set($0.map(\.day)) }
    }

    /// All positions by kind, in one fixed order; within a kind by day, so that a day's numbers are one run.
    var positionsByKind: [(kind: RecordKind, positions: [Int])] {
        let byKind = Dictionary(grouping: records.indices) { records[$0].kind }
        return RecordKind.allCases.compactMap { kind in
            byKind[kind].map { positions in
                (kind, positions.sorted { (records[$0].day, $0) < (records[$1].day, $1) })
            }
        }
    }

    /// The rows of first records and conflicts, by position.
    func rows(standings: [KeyClaims.Standing], numbers: [Int64]) -> [Int: RawRow] {
        var rows: [Int: RawRow] = [:]
        for (position, standing) in standings.enumerated() where standing != .repeated {
            let entry = records[position]
            let submission = submissions[entry.submission]
            rows[position] = RawRow(
                id: standing == .first ? entry.read.keyHash : Identifier128.random(), sequence: numbers[position],
                day: entry.day, source: submission.source, receivedAt: submission.receivedAt,
                isConflict: standing == .conflict, read: entry.read,
                document: submission.records[entry.index].bytes)
        }
        return rows
    }

    /// The verdicts of every submission's records, in order.
    func verdicts(standings: [KeyClaims.Standing], rows: [Int: RawRow]) -> [[RecordVerdict]] {
        var byPlace: [Place: RecordVerdict] = [:]
        for (position, entry) in records.enumerated() {
            let word: RecordVerdict.Word =
                switch standings[position] {
                case .first: .accepted
                case .repeated: .repeat
                case .conflict: .conflict
                }
            byPlace[Place(submission: entry.submission, index: entry.index)] = RecordVerdict(
                word: word, id: rows[position]?.id ?? entry.read.keyHash, key: entry.read.naturalKey, reason: nil)
        }
        return submissions.enumerated().map { submission, content in
            content.records.enumerated().map { index, incoming in
                if case .failure(let unreadable) = incoming.reading {
                    return RecordVerdict(word: .rejected, id: nil, key: nil, reason: unreadable.reason)
                }
                guard let verdict = byPlace[Place(submission: submission, index: index)] else {
                    preconditionFailure("every record that was read has a verdict")
                }
                return verdict
            }
        }
    }

    private struct Place: Hashable {
        let submission: Int
        let index: Int
    }
}

/// A row of `ingest_counts`: what one commit took from one source of one kind, by hour of receipt.
struct IngestCount: Sendable, Equatable {
    let hour: Instant
    let source: String
    let kind: String
    var received: Int64 = 0
    var accepted: Int64 = 0
    /// The part of `accepted` that is no usage: messages that another answer will follow (M9).
    var evidence: Int64 = 0
    var conflicts: Int64 = 0
    var repeats: Int64 = 0
    var rejected: Int64 = 0

    fileprivate mutating func add(_ word: RecordVerdict.Word, isEvidence: Bool) {
        received += 1
        switch word {
        case .accepted:
            accepted += 1
            if isEvidence { evidence += 1 }
        case .repeat: repeats += 1
        case .conflict: conflicts += 1
        case .rejected: rejected += 1
        case .spooled: preconditionFailure("a commit leaves nothing for later")
        }
    }
}

extension RawBatch {
    /// What the verdicts come to, by hour, source and kind.
    func counts(verdicts: [[RecordVerdict]]) -> [IngestCount] {
        var counts: [CountKey: IngestCount] = [:]
        for (submission, verdicts) in zip(submissions, verdicts) {
            let hour = Instant(milliseconds: submission.receivedAt.milliseconds / 3_600_000 * 3_600_000)
            for (incoming, verdict) in zip(submission.records, verdicts) {
                let key = CountKey(hour: hour, source: submission.source, kind: incoming.kindName)
                counts[key, default: IngestCount(hour: hour, source: submission.source, kind: incoming.kindName)]
                    .add(verdict.word, isEvidence: incoming.isEvidence)
            }
        }
        return counts.values.sorted { ($0.hour, $0.source, $0.kind) < ($1.hour, $1.source, $1.kind) }
    }

    private struct CountKey: Hashable {
        let hour: Instant
        let source: String
        let kind: String
    }
}
