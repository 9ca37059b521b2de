import Core
import DaemonKit
import Drivers
import Synchronization

/// The instance's own spool: where records wait, flushed to the disk, while PostgreSQL can't take them (M8).
///
/// All instances' spools lie side by side below `spool.directory`, each in a directory of the instance's name.
final class Spool: Sendable {
    /// Where all instances' spools lie.
    let root: String
    let directory: SpoolDirectory
    private let metrics: PrometheusRegistry
    /// When the disk last refused an append.
    private let failedAt = Mutex<ContinuousClock.Instant?>(nil)

    /// For so long after the disk refused, no body is read: then one sender finds out whether it takes records again.
    private static let pauseAfterFailure: Duration = .seconds(1)

    /// The spool of a configuration; nil where none is configured.
    init?(context: DaemonContext) {
        guard let root = context.config[IngestConfig.spoolDirectory] else { return nil }
        self.root = root
        directory = SpoolDirectory(
            path: "\(root)/\(context.config[DaemonConfig.instance])",
            maxBytes: context.config[IngestConfig.spoolMaxBytes])
        metrics = context.metrics
    }

    /// Whether nothing waits in it: only then may a record go past it.
    var isEmpty: Bool { directory.load.isEmpty }

    /// Whether a record could be kept. While it is full, and for a moment after the disk refused, it could not.
    var takesRecords: Bool {
        if directory.load.refusal == .full { return false }
        guard let failedAt = failedAt.withLock({ $0 }) else { return true }
        return failedAt.duration(to: .now) > Spool.pauseAfterFailure
    }

    /// Why it takes none, for people.
    var trouble: String { directory.load.refusal.map { SpoolFailure($0).description } ?? "it refused a moment ago" }

    /// Puts submissions on the disk, all of them together.
    /// - Throws: `SpoolFailure`, when none of them is kept.
    func keep(_ submissions: [Submission]) async throws(SpoolFailure) -> [Result<[RecordVerdict], any Error>] {
        let entries = submissions.map(SpoolEntry.encode)
        do throws(SpoolDirectory.Refusal) {
            try await directory.append(entries)
        } catch {
            if error != .full { failedAt.withLock { $0 = .now } }
            let failure = SpoolFailure(error)
            metrics.increment(.ingestSpoolRefusals, failure.reason)
            throw failure
        }
        failedAt.withLock { $0 = nil }
        metrics.increment(.ingestSpooled, by: submissions.reduce(0) { $0 + $1.records.count })
        metrics.set(.ingestSpoolBytes, to: directory.load.bytes)
        return submissions.map { .success($0.records.map(RecordVerdict.init(spooled:))) }
    }
}

/// Why the spool kept nothing.
struct SpoolFailure: Failure, CustomStringConvertible {
    let refusal: SpoolDirectory.Refusal

    init(_ refusal: SpoolDirectory.Refusal) { self.refusal = refusal }

    var reason: String {
        switch refusal {
        case .full: "spool-full"
        case .busy: "spool-busy"
        case .failed: "spool-failed"
        }
    }

    var isTransient: Bool { true }

    var description: String {
        switch refusal {
        case .full: "the spool is full (spool.maxBytes)"
        case .busy: "another process has the spool"
        case .failed(let failure): "\(failure)"
        }
    }
}

extension RecordVerdict {
    /// What is known of a record that waits in the spool.
    fileprivate init(spooled record: IncomingRecord) {
        switch record.reading {
        case .success(let read):
            self.init(word: .spooled, id: read.keyHash, key: read.naturalKey, reason: nil)
        case .failure(let unreadable):
            self.init(word: .rejected, id: nil, key: nil, reason: unreadable.reason)
        }
    }
}
