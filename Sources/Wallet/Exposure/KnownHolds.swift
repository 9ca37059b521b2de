import Core
import Synchronization

/// Open holds that this instance has written, so that their calls can go on while PostgreSQL is away.
final class KnownHolds: Sendable {
    /// About 100 MB; calls beyond it cannot be extended while PostgreSQL is away.
    static let mostHolds = 200_000

    private let holds = Mutex<[UsageID: HoldRow]>([:])

    /// Takes holds as they were committed.
    func note(_ rows: [HoldRow]) {
        holds.withLock { holds in
            for row in rows {
                if row.state == .open, holds.count < KnownHolds.mostHolds || holds[row.id] != nil {
                    holds[row.id] = row
                } else {
                    holds[row.id] = nil
                }
            }
        }
    }

    /// A call's open hold.
    func hold(of id: UsageID) -> HoldRow? { holds.withLock { $0[id] } }

    /// Forgets those whose time is over.
    func forgetExpired(at now: Instant) {
        holds.withLock { holds in holds = holds.filter { !$0.value.hold.isExpired(at: now) } }
    }
}
