import ArgumentParser
import Core
import Drivers
import Reference

/// `billingctl rate --ref DIR < records.jsonl > rated.jsonl`: rates raw records without a daemon or a database.
struct RateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rate",
        abstract: "Rates raw records on standard input and prints them rated.",
        discussion: """
            One JSON object a line, as a switch or gateway sends it; record_type says what it is: voice.cdr, sms.mdr, mms.mdr, \
            api.usage. For each line one line is printed, in order: the rated record with its evidence, or

              {"line": 7, "error": "MISSING", "field": "/sip_uuid", …}
                for a line that is no record,
              {"line": 8, "skipped": "vendor-cdr", "reason": "…"}
                for a record that has no amount of its own.

            Blank lines are passed over. Each record is rated for itself: repeats are not looked for. Any number of records \
            takes the same memory. Counts by status go to standard error.

            Ends with 0 when every line was a record, with 1 when some were not, with 2 when the reference data cannot be used.

            Examples:
              billingctl rate --ref reference < calls.jsonl > rated.jsonl
              billingctl rate --ref reference < calls.jsonl | jq -r .charge
            """)

    @OptionGroup var reference: ReferenceOptions
    @OptionGroup var records: RecordOptions

    func run() throws {
        let snapshot = try reference.load { try $0.snapshot() }
        var rater = OfflineRater(snapshot: snapshot, options: records)
        var reader = LineReader()
        var output = ChunkWriter()
        while let line = try reader.next() {
            try output.append(rater.result(of: line))
            if !reader.hasLine() { try output.flush() }
        }
        try output.flush()
        Terminal.note(rater.counts.summary)
        if rater.counts.refused > 0 { throw ExitCode(1) }
    }
}

/// Rates line by line and counts.
struct OfflineRater {
    let snapshot: RatingSnapshot
    let options: RecordOptions
    private(set) var counts = Counts()

    /// What became of the lines.
    struct Counts {
        var lines = 0
        var byStatus: [UsageStatus: Int] = [:]
        var refused = 0
        var skipped = 0
        var summary: String {
            let statuses = UsageStatus.allCases.map { "\($0.rawValue) \(byStatus[$0] ?? 0)" }
            return (statuses + ["skipped \(skipped)", "refused \(refused)"]).joined(separator: ", ")
        }
    }

    private var writer = JSONWriter(capacity: 4_096)

    init(snapshot: RatingSnapshot, options: RecordOptions) {
        self.snapshot = snapshot
        self.options = options
    }

    /// The line to print for a line of input; nothing for a blank one.
    mutating func result(of line: LineReader.Line) -> [UInt8] {
        counts.lines += 1
        if case .bytes(let bytes) = line, bytes.isBlank { return [] }
        writer.removeAll()
        do throws(UnreadableRecord) {
            write(try options.record(in: line))
        } catch {
            write(error)
        }
        writer.newline()
        return writer.bytes
    }

    private mutating func write(_ record: UsageRecord) {
        guard let usage = usage(of: record) else {
            counts.skipped += 1
            let line = counts.lines
            return writer.object { writer in
                writer.field("line", line)
                writer.field("skipped", RecordKind(of: record).name)
                writer.field("reason", record.reasonForNoAmount)
            }
        }
        counts.byStatus[usage.status, default: 0] += 1
        usage.write(to: &writer)
    }

    private func usage(of record: UsageRecord) -> RatedUsage? {
        guard record.reasonForNoAmount == nil else { return nil }
        switch record {
        case .call(let call): return snapshot.rate(call, received: options.received)
        case .message(let message): return snapshot.rate(message, received: options.received)
        case .query(let query): return snapshot.rate(query, received: options.received)
        case .attempt, .receipt: return nil
        }
    }

    private mutating func write(_ refusal: UnreadableRecord) {
        counts.refused += 1
        let line = counts.lines
        writer.object { writer in
            writer.field("line", line)
            writer.field("error", refusal.reason.code.rawValue)
            writer.field("field", refusal.reason.field)
            writer.field("message", refusal.reason.message)
            writer.field("kind", refusal.kind?.name)
        }
    }
}

extension [UInt8] {
    /// Whether there is nothing but blanks.
    var isBlank: Bool { allSatisfy { $0 == 0x20 || (9...13).contains($0) } }
}
