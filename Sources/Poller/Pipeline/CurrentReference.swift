import Core
import DaemonKit
import Drivers
import Reference

/// Nothing was loaded yet: rating now would park everything for the wrong reason, so it waits.
struct ReferenceMissing: Failure {
    var reason: String { "reference-missing" }
    var isTransient: Bool { true }
}

/// The rating tables in force, swapped whole when a new version, customers or vendors came.
actor CurrentReference {
    private let pool: PostgresPool
    private let dependency: Readiness.Dependency?
    private var current: RatingSnapshot?
    private var loading: Task<RatingSnapshot?, any Error>?

    /// The tables of this database; `dependency` shows whether there are any.
    init(pool: PostgresPool, dependency: Readiness.Dependency? = nil) {
        self.pool = pool
        self.dependency = dependency
    }

    /// The tables as they were last loaded.
    /// - Throws: `ReferenceMissing` while no version was ever loaded.
    func tables() async throws -> RatingTables {
        if current == nil { try await refresh() }
        guard let current, current.stamp.referenceVersion > 0 else { throw ReferenceMissing() }
        return current.tables
    }

    /// Loads what is new; false where nothing is. Callers that come together share one load.
    @discardableResult
    func refresh() async throws -> Bool {
        let before = current?.stamp
        if let loading {
            _ = try await loading.value
            return current?.stamp != before
        }
        // A load takes seconds, the question whether one is needed takes none.
        if let before, try await SnapshotLoader.stamp(from: pool) == before { return false }
        if let loading {
            _ = try await loading.value
            return current?.stamp != before
        }
        let task = Task { [pool, current] in try await SnapshotLoader.load(from: pool, after: current) }
        loading = task
        defer { loading = nil }
        guard let loaded = try await task.value else { return false }
        current = loaded
        dependency?.set(loaded.stamp.referenceVersion > 0 ? .up : .away("no reference version was loaded yet"))
        return true
    }
}
