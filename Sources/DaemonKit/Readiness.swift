import Synchronization

/// What the daemon depends on, and whether it is there: shown by `/readyz`, `STATUS` and `warp_dependency_up`.
public final class Readiness: Sendable {
    /// Whether something the daemon depends on is there.
    public enum State: Sendable, Hashable {
        /// It answers.
        case up
        /// It does not, for a reason a person can read.
        case away(String)
    }

    /// One thing the daemon depends on.
    public struct Dependency: Sendable {
        /// Its name: `postgres`, `redis`, `rating-snapshot`.
        public let name: String
        fileprivate let readiness: Readiness

        /// Says how it is now.
        public func set(_ state: State) { readiness.set(name, state) }
    }

    struct Entry: Sendable, Equatable {
        let isRequired: Bool
        var state: State
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let metrics: PrometheusRegistry

    /// Nothing registered yet, so ready.
    public init(metrics: PrometheusRegistry) {
        self.metrics = metrics
    }

    /// Adds something that must be there before the daemon counts as ready, or, when it is not required, is only shown.
    public func register(_ name: String, isRequired: Bool = true, state: State = .away("not yet reached")) -> Dependency
    {
        entries.withLock { $0[name] = Entry(isRequired: isRequired, state: state) }
        metrics.set(.dependencyUp, to: state == .up ? 1 : 0, name)
        return Dependency(name: name, readiness: self)
    }

    /// Whether everything required is there.
    public var isReady: Bool {
        snapshot.values.allSatisfy { !$0.isRequired || $0.state == .up }
    }

    /// Whether this one is there; false for one that was never registered.
    public func isUp(_ name: String) -> Bool { snapshot[name]?.state == .up }

    /// One line for people: `ready`, or what is awaited and why.
    public var summary: String {
        let away = snapshot.sorted { $0.key < $1.key }.compactMap { name, entry in
            switch entry.state {
            case .up: nil as String?
            case .away(let reason): "\(entry.isRequired ? "waiting for" : "without") \(name) (\(reason))"
            }
        }
        return away.isEmpty ? "ready" : away.joined(separator: "; ")
    }

    var snapshot: [String: Entry] { entries.withLock { $0 } }

    private func set(_ name: String, _ state: State) {
        entries.withLock { $0[name]?.state = state }
        metrics.set(.dependencyUp, to: state == .up ? 1 : 0, name)
    }
}
