/// One connection with a thread of its own. It connects when it is first used, and again after it has been lost.
public actor PostgresConnection {
    private let thread: BlockingThread
    private let configuration: PostgresConfiguration
    private var current: PostgresSession?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// A connection that has not been made yet.
    public init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
        thread = BlockingThread(name: "postgres")
    }

    /// Runs one statement, a transaction of its own, and returns its rows.
    public func query(_ sql: SQL, timeout: Duration? = nil) throws(PostgresError) -> PostgresRows {
        try session().run(sql, timeout: timeout)
    }

    /// Runs one statement, a transaction of its own, and returns how many rows it touched.
    @discardableResult
    public func execute(_ sql: SQL, timeout: Duration? = nil) throws(PostgresError) -> Int {
        try session().run(sql, timeout: timeout).affected
    }

    /// Runs statements without parameters, separated by semicolons, from our own files, as one transaction.
    public func script(_ text: String, timeout: Duration? = nil) throws(PostgresError) {
        try session().script(text, timeout: timeout)
    }

    /// Runs the body in one transaction: committed when it returns, rolled back when it throws.
    ///
    /// The body is synchronous and runs on this connection's thread, so nothing can come between its statements.
    /// A `PostgresError` whose `outcomeUnknown` is true may have been committed.
    public func withTransaction<Result: Sendable>(
        isolation: PostgresIsolation = .readCommitted, readOnly: Bool = false,
        _ body: @Sendable (PostgresTransaction) throws -> Result
    ) throws -> Result {
        let session = try session()
        let begin = SQL(verbatim: "BEGIN ISOLATION LEVEL \(isolation.rawValue)\(readOnly ? " READ ONLY" : "")")
        session.queue(begin)
        let result: Result
        do {
            result = try body(PostgresTransaction(session))
            if session.isTransactionAborted {
                throw PostgresError.misuse("a failed statement's error was swallowed inside the transaction")
            }
        } catch {
            rollBack(session)
            throw error
        }
        do {
            try session.finish("COMMIT")
        } catch {
            // A statement that waited for COMMIT was refused.
            if session.isTransactionAborted { rollBack(session) }
            throw error
        }
        return result
    }

    /// Ends the connection; the next use makes a new one.
    public func close() {
        current?.close()
        current = nil
    }

    /// Whether the session that took a lock is still the current one; asks the server. Never reconnects.
    func holdsSession() throws(PostgresError) -> Bool {
        guard let current, current.isUsable() else { return false }
        _ = try current.run("SELECT 1", timeout: .seconds(5))
        return true
    }

    /// A connection that can't be rolled back is closed, which has the same effect.
    private func rollBack(_ session: PostgresSession) {
        session.queued = []
        guard session.isInTransaction else { return }
        do {
            try session.finish("ROLLBACK")
        } catch {
            session.close()
        }
    }

    private func session() throws(PostgresError) -> PostgresSession {
        if let current, current.isUsable() { return current }
        let session = try PostgresSession(connecting: configuration)
        current = session
        return session
    }
}
