/// An open transaction: given to one synchronous body on the connection's own thread, and closed when that returns.
public final class PostgresTransaction {
    private let session: PostgresSession
    private var depth = 0

    init(_ session: PostgresSession) {
        self.session = session
    }

    /// Runs one statement and returns its rows.
    public func query(_ sql: SQL) throws(PostgresError) -> PostgresRows {
        try session.run(sql)
    }

    /// Runs several statements in one round trip and returns the rows of each. One sees what was committed until the one before it was done, so what
    /// reads behind the locks of the first reads what stands.
    public func queries(_ statements: SQL...) throws(PostgresError) -> [PostgresRows] {
        try session.runQueued(and: statements, timeout: session.statementTimeout)
    }

    /// Runs one statement and returns how many rows it touched.
    @discardableResult
    public func execute(_ sql: SQL) throws(PostgresError) -> Int {
        try session.run(sql).affected
    }

    /// Runs a statement whose answer nobody needs, together with the next one or with COMMIT: a round trip less. Its failure is thrown
    /// there.
    public func queue(_ sql: SQL) {
        session.queue(sql)
    }

    /// Runs statements without parameters, separated by semicolons, from our own files.
    public func script(_ text: String) throws(PostgresError) {
        try session.script(text)
    }

    /// Streams rows into a table; returns how many. `table` is `schema.table`; columns in the order of the writes.
    ///
    /// When the body throws, the COPY is undone and with it the transaction.
    @discardableResult
    public func copy(
        into table: String, columns: [String], _ body: (CopyWriter) throws -> Void
    ) throws -> Int {
        try CopyWriter.copy(on: session, into: table, columns: columns, body)
    }

    /// Runs the body so that its failure undoes its own work only: the transaction goes on, the error is passed on.
    @discardableResult
    public func savepoint<Result>(_ body: () throws -> Result) throws -> Result {
        depth += 1
        defer { depth -= 1 }
        let name = "warp_\(depth)"
        try session.script("SAVEPOINT \(name)")
        do {
            let result = try body()
            try session.script("RELEASE SAVEPOINT \(name)")
            return result
        } catch {
            try session.finish("ROLLBACK TO SAVEPOINT \(name); RELEASE SAVEPOINT \(name)")
            throw error
        }
    }

    /// Hands over the rows of a query in chunks, in constant memory, by a cursor.
    public func stream(_ sql: SQL, chunk: Int, _ body: (PostgresRows) throws -> Void) throws {
        try withCursor(sql, chunk: chunk) { fetch in
            var rows: PostgresRows
            repeat {
                rows = try session.run(fetch)
                if !rows.isEmpty { try body(rows) }
            } while rows.count == chunk
        }
    }

    /// As `stream`, and the server makes the next chunk while the body reads one: the body must not use the transaction.
    public func streamAhead(_ sql: SQL, chunk: Int, _ body: (PostgresRows) throws -> Void) throws {
        try withCursor(sql, chunk: chunk) { fetch in
            var rows = try session.run(fetch)
            while rows.count == chunk {
                rows = try session.run(fetch) { try body(rows) }
            }
            if !rows.isEmpty { try body(rows) }
        }
    }

    /// Opens a cursor over a query for the body, which is given the statement that fetches a chunk.
    private func withCursor(_ sql: SQL, chunk: Int, _ body: (_ fetch: SQL) throws -> Void) throws {
        precondition(chunk > 0, "a chunk holds at least one row")
        depth += 1
        defer { depth -= 1 }
        let cursor = SQL(verbatim: "warp_cursor_\(depth)")
        // The planner must expect that all rows are fetched.
        try session.script("SET LOCAL cursor_tuple_fraction = 1")
        _ = try session.run("DECLARE \(cursor) NO SCROLL CURSOR FOR \(sql)")
        try body("FETCH \(SQL(verbatim: String(chunk))) FROM \(cursor)")
        _ = try session.run("CLOSE \(cursor)")
    }
}

/// How much a transaction sees of others.
public enum PostgresIsolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}
