import DaemonKit
import ServiceLifecycle

/// Says in `/readyz` whether records can be kept, and what waits in the spool: PostgreSQL may be away as long as the spool takes them.
struct DoorState: Service {
    let spool: Spool?
    let readiness: Readiness
    private let intake: Readiness.Dependency
    private let backlog: Readiness.Dependency?

    init(spool: Spool?, readiness: Readiness) {
        self.spool = spool
        self.readiness = readiness
        intake = readiness.register("intake")
        backlog = spool.map { _ in readiness.register("spool", isRequired: false, state: .up) }
    }

    func run() async throws {
        while !isStopping {
            intake.set(state)
            if let spool {
                backlog?.set(spool.isEmpty ? .up : .away("records wait for PostgreSQL"))
            }
            await pauseUnlessStopping(.milliseconds(250))
        }
    }

    private var state: Readiness.State {
        if readiness.isUp("postgres") && (spool?.isEmpty ?? true) { return .up }
        guard let spool else { return .away("PostgreSQL is away and spool.directory is not set") }
        return spool.takesRecords ? .up : .away("the spool takes no records: \(spool.trouble)")
    }
}
