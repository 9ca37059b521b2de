/// A bounded number of connections, made as they are needed. Who finds none free waits in line, up to the acquire deadline.
public actor PostgresPool {
    private let configuration: PostgresConfiguration
    private let size: Int
    private var idle: [PostgresConnection] = []
    private var madeCount = 0
    private var waiters: [Waiter] = []
    private var nextWaiter = 0
    private var isClosed = false

    private struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<PostgresConnection, any Error>
    }

    /// A pool of at most `size` connections; none is made yet.
    public init(configuration: PostgresConfiguration, size: Int) {
        precondition(size > 0, "a pool holds at least one connection")
        self.configuration = configuration
        self.size = size
    }

    /// Runs one statement, a transaction of its own, and returns its rows.
    public nonisolated func query(_ sql: SQL, timeout: Duration? = nil) async throws -> PostgresRows {
        try await withConnection { try await $0.query(sql, timeout: timeout) }
    }

    /// Runs one statement, a transaction of its own, and returns how many rows it touched.
    @discardableResult
    public nonisolated func execute(_ sql: SQL, timeout: Duration? = nil) async throws -> Int {
        try await withConnection { try await $0.execute(sql, timeout: timeout) }
    }

    /// Runs the body in one transaction: committed when it returns, rolled back when it throws.
    ///
    /// The body is synchronous and runs on the connection's own thread, so nothing can come between its statements.
    /// A `PostgresError` whose `outcomeUnknown` is true may have been committed.
    public nonisolated func withTransaction<Result: Sendable>(
        isolation: PostgresIsolation = .readCommitted, readOnly: Bool = false,
        _ body: @Sendable (PostgresTransaction) throws -> Result
    ) async throws -> Result {
        try await withConnection { try await $0.withTransaction(isolation: isolation, readOnly: readOnly, body) }
    }

    /// Folds the rows of a query, chunk by chunk, in constant memory: `{ total, rows in … }`, on the connection's thread.
    public nonisolated func stream<Value: Sendable>(
        _ sql: SQL, chunk: Int, into initial: Value, _ body: @Sendable (inout Value, PostgresRows) throws -> Void
    ) async throws -> Value {
        try await withTransaction(isolation: .repeatableRead, readOnly: true) { transaction in
            var value = initial
            try transaction.stream(sql, chunk: chunk) { try body(&value, $0) }
            return value
        }
    }

    /// Lends a connection to the body, for what must stay on one session.
    public nonisolated func withConnection<Result: Sendable>(
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await acquire()
        do {
            let result = try await body(connection)
            await release(connection)
            return result
        } catch {
            await release(connection)
            throw error
        }
    }

    /// Runs the body while this process alone holds the advisory lock; nil when somebody else holds it.
    ///
    /// The lock lives on a connection of its own, outside the pool, that is asked every second. When that connection
    /// dies, the body is cancelled and `PostgresError.lockLost` is thrown once it has ended.
    public nonisolated func withAdvisoryLock<Result: Sendable>(
        _ key: Int64, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let connection = PostgresConnection(configuration)
        do {
            guard let row = try await connection.query("SELECT pg_try_advisory_lock(\(key)) AS held").first,
                try row.value("held") as Bool
            else {
                await connection.close()
                return nil
            }
            let result = try await PostgresPool.guarding(connection, body)
            do {
                // The server would notice the session's end, but maybe after whoever asks for the lock next.
                _ = try await connection.query("SELECT pg_advisory_unlock(\(key))")
            } catch {
                // The session's end gives it back.
            }
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Closes idle connections now and lent ones when they come back; who waits gets `poolClosed`.
    public func close() async {
        isClosed = true
        for waiter in waiters { waiter.continuation.resume(throwing: PostgresError.poolClosed) }
        waiters = []
        let closing = idle
        idle = []
        for connection in closing { await connection.close() }
    }

    /// Connections made so far, for metrics.
    public var connectionCount: Int { madeCount }

    /// Callers in line, for metrics.
    public var waitingCount: Int { waiters.count }
}

extension PostgresPool {
    private func acquire() async throws -> PostgresConnection {
        if isClosed { throw PostgresError.poolClosed }
        if Task.isCancelled { throw PostgresError.cancelled }
        if let connection = idle.popLast() { return connection }
        if madeCount < size {
            madeCount += 1
            return PostgresConnection(configuration)
        }
        return try await waitInLine()
    }

    private func waitInLine() async throws -> PostgresConnection {
        let id = nextWaiter
        nextWaiter += 1
        let timeout = configuration.acquireTimeout
        let timer = Task {
            try await Task.sleep(for: timeout)
            leaveLine(id, PostgresError.poolExhausted(after: timeout))
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(throwing: PostgresError.cancelled)
                } else {
                    waiters.append(Waiter(id: id, continuation: continuation))
                }
            }
        } onCancel: {
            Task { await leaveLine(id, PostgresError.cancelled) }
        }
    }

    private func leaveLine(_ id: Int, _ error: PostgresError) {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
        waiters.remove(at: index).continuation.resume(throwing: error)
    }

    private func release(_ connection: PostgresConnection) async {
        if isClosed {
            await connection.close()
        } else if waiters.isEmpty {
            idle.append(connection)
        } else {
            waiters.removeFirst().continuation.resume(returning: connection)
        }
    }

    /// The body beside a watch on the lock's connection: the first to end ends the other.
    private static func guarding<Result: Sendable>(
        _ connection: PostgresConnection, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !Task.isCancelled {
                    do {
                        try await Task.sleep(for: .seconds(1))
                        guard try await connection.holdsSession() else { throw PostgresError.lockLost("reconnected") }
                    } catch is CancellationError {
                        return nil
                    } catch PostgresError.cancelled {
                        return nil
                    } catch {
                        throw PostgresError.lockLost("\(error)")
                    }
                }
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw PostgresError.cancelled
        }
    }
}
