public import Core
public import DaemonKit
public import Drivers
public import Reference

/// Nothing was loaded yet: rating now would refuse everything for the wrong reason, so it waits.
public struct ReferenceMissing: Failure {
    public var reason: String { "reference-missing" }
    public var isTransient: Bool { true }
}

/// The rating tables in force, swapped whole when a new version, customers or vendors came.
public actor CurrentReference {
    private let pool: PostgresPool
    private let dependency: Readiness.Dependency?
    private let portedFiles: PortedNumberFiles?
    private var current: RatingSnapshot?
    private var loading: Task<Void, any Error>?
    /// The last one that was asked for by its version: questions come in series.
    private var earlier: RatingSnapshot?

    /// The tables of this database; `dependency` shows whether there are any, `portedFiles` hold the ported numbers.
    public init(pool: PostgresPool, dependency: Readiness.Dependency? = nil, portedFiles: PortedNumberFiles? = nil) {
        self.pool = pool
        self.dependency = dependency
        self.portedFiles = portedFiles
    }

    /// The tables as they were last loaded.
    /// - Throws: `ReferenceMissing` while no version was ever loaded.
    public func tables() async throws -> RatingTables {
        if current == nil { try await refresh() }
        guard let current, current.stamp.referenceVersion > 0 else { throw ReferenceMissing() }
        return current.tables
    }

    /// The tables of a version such as `41.7.3`, which a stored record bears. Another one than the present takes seconds to load.
    /// - Throws: `ReferenceFault` where there is no such version.
    public func tables(version: String) async throws -> RatingTables {
        guard let stamp = SnapshotStamp(version) else {
            throw ReferenceFault(place: "ref_version", problem: "\(version) is no version")
        }
        for known in [current, earlier] {
            if let known, known.stamp == stamp { return known.tables }
        }
        let loaded = try await SnapshotLoader.load(
            at: stamp, from: pool, sharing: current ?? earlier, portedFiles: portedFiles)
        earlier = loaded
        return loaded.tables
    }

    /// Loads what is new; false where nothing is. Callers that come together share one load.
    @discardableResult
    public func refresh() async throws -> Bool {
        let before = current?.stamp
        if let loading {
            try await loading.value
        } else if before == nil {
            try await load()
        } else if try await SnapshotLoader.stamp(from: pool) != before {
            // A load takes seconds, the question whether one is needed takes none.
            try await load()
        }
        return current?.stamp != before
    }

    /// One load at a time; it has swapped the tables when it ends.
    private func load() async throws {
        let task = loading ?? Task { try await swap() }
        loading = task
        defer { loading = nil }
        try await task.value
    }

    private func swap() async throws {
        let loaded = try await SnapshotLoader.load(from: pool, after: current, portedFiles: portedFiles)
        guard let loaded else { return }
        current = loaded
        dependency?.set(loaded.stamp.referenceVersion > 0 ? .up : .away("no reference version was loaded yet"))
    }
}
