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
        var days: [RecordKind: Set<UsageDay>] = [:]
        for record in records { days[record.kind, default: []].insert(record.day) }
        return days
    }

    /// The claims on keys by kind, in one fixed order; within a kind by day, so that a day's numbers are one run.
    var claimantsByKind: [(kind: RecordKind, positions: [Int])] {
        byKind(claims.claimants)
    }

    /// Positions by kind, in the order of `RecordKind`; within a kind by day and arrival.
    func byKind(_ positions: [Int]) -> [(kind: RecordKind, positions: [Int])] {
        var byKind: [RecordKind: [Int]] = [:]
        for position in positions { byKind[records[position].kind, default: []].append(position) }
        return RecordKind.allCases.compactMap { kind in
            byKind[kind].map { ($0.count > 1 ? $0.sorted { (records[$0].day, $0) < (records[$1].day, $1) } : $0) }
                .map { (kind, $0) }
        }
    }

    /// What record_keys and the numbers make of it.
    func settled(standings: [KeyClaims.Standing], numbers: [Int64]) -> SettledBatch {
        var rows: [RawRow] = []
        rows.reserveCapacity(records.count)
        var settled = SettledBatch()
        var position = 0
        for submission in submissions {
            var verdicts: [RecordVerdict] = []
            verdicts.reserveCapacity(submission.records.count)
            for incoming in submission.records {
                switch incoming.reading {
                case .failure(let unreadable):
                    verdicts.append(RecordVerdict(word: .rejected, id: nil, key: nil, reason: unreadable.reason))
                case .success(let read):
                    let standing = standings[position]
                    let id = standing == .conflict ? Identifier128.random() : read.keyHash
                    verdicts.append(RecordVerdict(word: standing.word, id: id, key: read.naturalKey, reason: nil))
                    if standing != .repeated {
                        rows.append(
                            RawRow(
                                id: id, sequence: numbers[position], day: records[position].day,
                                source: submission.source, receivedAt: submission.receivedAt,
                                isConflict: standing == .conflict, read: read, document: incoming.bytes))
                    }
                    position += 1
                }
            }
            settled.count(verdicts, of: submission)
            settled.verdicts.append(verdicts)
        }
        settled.rows = rows
        return settled
    }
}

extension KeyClaims.Standing {
    /// What the sender hears.
    fileprivate var word: RecordVerdict.Word {
        switch self {
        case .first: .accepted
        case .repeated: .repeat
        case .conflict: .conflict
        }
    }
}

/// What becomes of a batch, before it is written.
struct SettledBatch: Sendable {
    /// First records and conflicts, in order of arrival.
    var rows: [RawRow] = []
    /// The verdicts of every submission's records, in order.
    var verdicts: [[RecordVerdict]] = []
    /// What the verdicts come to, by hour, source and kind.
    private(set) var counts: [IngestCount] = []

    /// The rows of each kind, by number.
    var rowsByKind: [(kind: RecordKind, rows: [RawRow])] {
        var byKind: [RecordKind: [RawRow]] = [:]
        for row in rows { byKind[row.read.kind, default: []].append(row) }
        return RecordKind.allCases.compactMap { kind in
            byKind[kind].map { (kind, $0.sorted { $0.sequence < $1.sequence }) }
        }
    }

    fileprivate mutating func count(_ verdicts: [RecordVerdict], of submission: Submission) {
        let hour = Instant(milliseconds: submission.receivedAt.milliseconds / 3_600_000 * 3_600_000)
        for (incoming, verdict) in zip(submission.records, verdicts) {
            let kind = incoming.kindName
            // Neighbours mostly count alike; a batch has few sources, hours and kinds.
            let place = counts.lastIndex { $0.kind == kind && $0.hour == hour && $0.source == submission.source }
            if place == nil { counts.append(IngestCount(hour: hour, source: submission.source, kind: kind)) }
            counts[place ?? counts.count - 1].add(verdict.word, isEvidence: incoming.isEvidence)
        }
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

    /// How many records got each word.
    var words: [(word: RecordVerdict.Word, records: Int64)] {
        [(.accepted, accepted), (.conflict, conflicts), (.repeat, repeats), (.rejected, rejected)]
    }

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
