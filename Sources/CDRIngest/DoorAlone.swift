import Core
package import DaemonKit
import Drivers
package import Hummingbird

/// The HTTP door with nothing behind it: every record is read and answered `accepted`, none is kept. What the benchmark measures the
/// daemon against; no daemon runs it.
package struct DoorAlone: Sendable {
    private let token: String

    /// A door for whoever shows this token.
    package init(token: String) { self.token = token }

    /// Adds the routes of the doors.
    package func add(to router: Router<DaemonRequestContext>, metrics: PrometheusRegistry) {
        let source = Source(
            name: "bench", credential: .token, tokenHash: Digest.sha256(token), salt: nil, kinds: [],
            recordsPerSecond: nil, createdAt: "", revokedAt: nil)
        IngestRoutes(
            sources: SourceAuth(known: [source]), rates: SourceRates(),
            intake: RecordIntake { submission in submission.records.map(RecordVerdict.init(unkept:)) },
            reception: BodyReception(maxBodyBytes: 8 << 20, bodies: BodyBudget(bytes: 64 << 20)),
            clock: .system, metrics: metrics, clientHeader: nil, maxRecords: 10_000
        ).add(to: router)
    }
}

extension RecordVerdict {
    /// The answer that a new record would get.
    fileprivate init(unkept record: IncomingRecord) {
        switch record.reading {
        case .success(let read):
            self.init(word: .accepted, id: read.keyHash, key: read.naturalKey, reason: nil)
        case .failure(let unreadable):
            self.init(word: .rejected, id: nil, key: nil, reason: unreadable.reason)
        }
    }
}
