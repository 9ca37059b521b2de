/// Where PostgreSQL is and how long we wait for it.
public struct PostgresConfiguration: Sendable {
    /// A libpq connection string or URI, without the password.
    public var connectionInfo: String
    /// Overrides a password of the connection string; nil leaves it to libpq.
    public var password: Secret?
    /// Shows in `pg_stat_activity`.
    public var applicationName: String
    /// How long a connection may take to be made.
    public var connectTimeout: Duration
    /// How long one statement may take. The server cancels it then; a server that does not answer is left a second later.
    public var statementTimeout: Duration
    /// How long a caller waits for a free connection of the pool.
    public var acquireTimeout: Duration

    public init(
        connectionInfo: String, password: Secret? = nil, applicationName: String = "warp-billing",
        connectTimeout: Duration = .seconds(5), statementTimeout: Duration = .seconds(30),
        acquireTimeout: Duration = .seconds(10)
    ) {
        self.connectionInfo = connectionInfo
        self.password = password
        self.applicationName = applicationName
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.acquireTimeout = acquireTimeout
    }
}

/// Text that never prints: a password, token or key.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    public init(_ text: String) {
        self.text = text
    }

    /// The text itself; for the one place that sends or signs with it.
    public var revealed: String { text }

    public var description: String { "(secret)" }
    public var debugDescription: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
