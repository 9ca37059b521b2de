import CPostgres
import Glibc

/// One libpq connection, used on one thread. Every call waits in `poll` with a deadline; when that passes, or the task
/// is cancelled, the connection is closed, since there is no other way to be sure that nothing more comes of it.
final class PostgresSession {
    private var handle: OpaquePointer?
    var statements = PostgresStatementCache()
    let statementTimeout: Duration
    /// Statements that go to the server with the next one.
    var queued: [SQL] = []
    /// Whether the server's list of partitions can be relied on; without that the session ends with its transaction.
    private var seesAllPartitions = true
    /// Whether a wait ends when its task is cancelled; off for COMMIT and ROLLBACK.
    private var heedsCancellation = true

    /// Connects and sets what the readers of text forms rely on. Nothing is compiled just in time: plans over many days' partitions look
    /// costly, and compiling them takes seconds where running them takes milliseconds.
    init(connecting configuration: PostgresConfiguration) throws(PostgresError) {
        statementTimeout = configuration.statementTimeout
        let deadline = Deadline(after: configuration.connectTimeout)
        handle = PostgresSession.start(configuration)
        try finishConnecting(deadline)
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        PQsetnonblocking(handle, 1)
        let milliseconds = configuration.statementTimeout.wholeMilliseconds
        try script(
            """
            SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET bytea_output = 'hex'; SET jit = off;
            SET statement_timeout = \(milliseconds);
            SET idle_in_transaction_session_timeout = \(milliseconds + 10_000);
            SET client_connection_check_interval = '2s'
            """,
            deadline: deadline)
    }

    deinit {
        close()
    }

    func close() {
        if let handle { PQfinish(handle) }
        handle = nil
    }

    /// False once the connection has been lost or closed. Takes in what the server may have said since the last call,
    /// so that a connection that died while idle is found before a statement is sent on it.
    func isUsable() -> Bool {
        guard let handle else { return false }
        guard seesAllPartitions || isInTransaction else {
            close()
            return false
        }
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        // A server that stops says so before it closes: only reading on finds the end.
        while poll(&descriptor, 1, 0) != 0 {
            if PQconsumeInput(handle) == 0 || PQstatus(handle) == CONNECTION_BAD {
                close()
                return false
            }
        }
        return true
    }

    /// Whether the server has begun a transaction that is not over.
    var isInTransaction: Bool {
        handle.map { PQtransactionStatus($0) != PQTRANS_IDLE } ?? false
    }

    /// Whether a transaction is open that an error has aborted.
    var isTransactionAborted: Bool {
        handle.map { PQtransactionStatus($0) == PQTRANS_INERROR } ?? true
    }

    /// Runs one statement.
    func run(_ sql: SQL, timeout: Duration? = nil) throws(PostgresError) -> PostgresRows {
        guard queued.isEmpty else { return try runQueued(and: sql, timeout: timeout ?? statementTimeout) }
        let deadline = Deadline(after: (timeout ?? statementTimeout) + .seconds(1))
        let key = PostgresStatementCache.Key(sql)
        do {
            try send(sql, key, deadline)
            return PostgresRows(try receiveAll(deadline))
        } catch {
            if error.saysPlanIsStale { statements.forget(key) }
            throw error
        }
    }

    /// Runs one statement, and the body while the server works on it. The body must not use the session.
    func run(_ sql: SQL, during body: () throws -> Void) throws -> PostgresRows {
        try runQueued()
        let sending = Deadline(after: statementTimeout + .seconds(1))
        try send(sql, PostgresStatementCache.Key(sql), sending)
        try flush(sending)
        let outcome = Result { try body() }
        // Also where the body failed: the next statement, ROLLBACK at least, needs the answer out of the way.
        let rows = PostgresRows(try receiveAll(Deadline(after: statementTimeout + .seconds(1))))
        try outcome.get()
        return rows
    }

    /// Sends one statement; one that has come before is prepared first.
    private func send(
        _ sql: SQL, _ key: PostgresStatementCache.Key, _ deadline: Deadline
    ) throws(PostgresError) {
        let parameters = try PostgresParameterLayout(sql.parameters)
        switch statements.plan(for: key) {
        case .once:
            try sendUnprepared(sql, key, parameters)
        case .prepare(let name):
            try sendPrepare(sql, key, as: name)
            _ = try receiveAll(deadline)
            statements.prepared(key, as: name)
            try sendPrepared(name, parameters)
        case .prepared(let name):
            try sendPrepared(name, parameters)
        }
    }

    /// Runs COMMIT, ROLLBACK and their like: to the end, even if the task has been cancelled.
    func finish(_ statement: String) throws(PostgresError) {
        heedsCancellation = false
        defer { heedsCancellation = true }
        if queued.isEmpty {
            try script(statement)
        } else {
            _ = try runQueued(and: SQL(verbatim: statement), timeout: statementTimeout)
        }
    }

    /// Runs any number of statements without parameters, separated by semicolons, as one.
    func script(_ text: String, timeout: Duration? = nil) throws(PostgresError) {
        try script(text, deadline: Deadline(after: (timeout ?? statementTimeout) + .seconds(1)))
    }

    private func script(_ text: String, deadline: Deadline) throws(PostgresError) {
        try runQueued()
        try sent(PQsendQuery(live(), text))
        _ = try receiveAll(deadline)
    }

    // MARK: COPY

    /// Starts a COPY FROM STDIN.
    func startCopy(_ statement: String) throws(PostgresError) {
        try runQueued()
        let deadline = Deadline(after: statementTimeout + .seconds(1))
        try sent(PQsendQuery(live(), statement))
        try flush(deadline)
        guard let result = try nextResult(deadline) else { throw lost() }
        if PQresultStatus(result) == PGRES_COPY_IN {
            PQclear(result)
            return
        }
        let fault = fault(of: result)
        PQclear(result)
        _ = try drain(deadline)
        throw .server(fault)
    }

    func putCopyData(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        let handle = try live()
        let code = PQputCopyData(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        try sent(code)
        try flush(Deadline(after: statementTimeout + .seconds(1)))
    }

    /// Ends a COPY; with a reason, the server undoes it. Returns the rows copied.
    func endCopy(abandoning reason: String? = nil) throws(PostgresError) -> Int {
        try sent(PQputCopyEnd(live(), reason))
        let result = try receiveAll(Deadline(after: statementTimeout + .seconds(1)))
        return result.affectedRows
    }

    // MARK: Sending and receiving

    func live() throws(PostgresError) -> OpaquePointer {
        guard let handle else { throw .connectionLost("the connection is closed") }
        return handle
    }

    func sent(_ code: Int32) throws(PostgresError) {
        if code != 1 { throw lost() }
    }

    func sendPrepare(_ sql: SQL, _ key: PostgresStatementCache.Key, as name: String) throws(PostgresError) {
        try sent(PQsendPrepare(live(), name, sql.text, Int32(key.types.count), key.types))
    }

    func sendPrepared(_ name: String, _ parameters: PostgresParameterLayout) throws(PostgresError) {
        let handle = try live()
        try sent(
            parameters.withPointers { count, values, lengths, formats in
                PQsendQueryPrepared(handle, name, count, values, lengths, formats, 0)
            })
    }

    func sendUnprepared(
        _ sql: SQL, _ key: PostgresStatementCache.Key, _ parameters: PostgresParameterLayout
    ) throws(PostgresError) {
        let handle = try live()
        try sent(
            parameters.withPointers { count, values, lengths, formats in
                PQsendQueryParams(handle, sql.text, count, key.types, values, lengths, formats, 0)
            })
    }

    func flush(_ deadline: Deadline) throws(PostgresError) {
        while true {
            switch PQflush(try live()) {
            case 0: return
            case 1:
                let events = try wait(for: POLLIN | POLLOUT, deadline)
                if events & Int32(POLLIN) != 0, PQconsumeInput(try live()) == 0 { throw lost() }
            default: throw lost()
            }
        }
    }

    func nextResult(_ deadline: Deadline) throws(PostgresError) -> OpaquePointer? {
        let handle = try live()
        while PQisBusy(handle) == 1 {
            _ = try wait(for: POLLIN, deadline)
            if PQconsumeInput(handle) == 0 { throw lost() }
        }
        return PQgetResult(handle)
    }

    /// All results of what was sent: the last one, or the first error.
    private func receiveAll(_ deadline: Deadline) throws(PostgresError) -> PostgresResult {
        try flush(deadline)
        guard let last = try drain(deadline) else { throw lost() }
        return last
    }

    func drain(_ deadline: Deadline) throws(PostgresError) -> PostgresResult? {
        var last: PostgresResult?
        var firstFault: PostgresFault?
        while let result = try nextResult(deadline) {
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                last = PostgresResult(result)
            case PGRES_PIPELINE_ABORTED:
                PQclear(result)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                PQclear(result)
                close()
                throw .misuse("COPY is run by CopyWriter only")
            default:
                firstFault = firstFault ?? fault(of: result)
                PQclear(result)
            }
        }
        let isBroken = PQstatus(try live()) == CONNECTION_BAD
        if let firstFault {
            if isBroken { close() }
            throw firstFault.sqlState.isEmpty ? .connectionLost(firstFault.message) : .server(firstFault)
        }
        if isBroken { throw lost() }
        return last
    }

    /// Waits until the socket is ready; returns poll's events.
    private func wait(for events: Int32, _ deadline: Deadline) throws(PostgresError) -> Int32 {
        let descriptor = PQsocket(try live())
        while true {
            let left = deadline.remainingMilliseconds
            guard left > 0 else {
                close()
                throw .timedOut
            }
            var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            // Short slices, so that a cancelled task is noticed.
            let ready = poll(&request, 1, min(left, 100))
            if ready > 0 { return Int32(request.revents) }
            if ready < 0, errno != EINTR { throw lost() }
            if heedsCancellation, Task.isCancelled {
                close()
                throw .cancelled
            }
        }
    }

    func lost() -> PostgresError {
        let message = handle.map { PostgresSession.oneLine(PQerrorMessage($0)) } ?? "the connection is closed"
        close()
        return .connectionLost(message.isEmpty ? "the server closed it" : message)
    }

    // MARK: Connecting

    private static func start(_ configuration: PostgresConfiguration) -> OpaquePointer? {
        var settings = [
            ("dbname", configuration.connectionInfo), ("application_name", configuration.applicationName),
            ("client_encoding", "UTF8"),
        ]
        if let password = configuration.password { settings.append(("password", password.revealed)) }
        let names = settings.map { strdup($0.0) }
        let values = settings.map { strdup($0.1) }
        defer { (names + values).forEach { free($0) } }
        let constantNames = names.map { UnsafePointer($0) } + [nil]
        let constantValues = values.map { UnsafePointer($0) } + [nil]
        return PQconnectStartParams(constantNames, constantValues, 1)
    }

    private func finishConnecting(_ deadline: Deadline) throws(PostgresError) {
        guard let handle else { throw .notConnected("out of memory") }
        var next = PQstatus(handle) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while next != PGRES_POLLING_OK {
            switch next {
            case PGRES_POLLING_READING, PGRES_POLLING_WRITING:
                do {
                    _ = try wait(for: next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)
                } catch .cancelled {
                    throw .cancelled
                } catch {
                    throw .notConnected("no answer within the connect deadline")
                }
                next = PQconnectPoll(handle)
            default:
                let message = PostgresSession.oneLine(PQerrorMessage(handle))
                close()
                throw .notConnected(message)
            }
        }
    }

    // MARK: Messages

    private func fault(of result: OpaquePointer) -> PostgresFault {
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
        }
        let fault = PostgresFault(
            sqlState: field("C") ?? "",
            message: field("M") ?? PostgresSession.oneLine(PQresultErrorMessage(result)),
            detail: field("D"), hint: field("H"), schema: field("s"), table: field("t"), column: field("c"),
            constraint: field("n"), routine: field("R"), context: field("W"))
        if fault.isWithoutPartition { seesAllPartitions = false }
        return fault
    }

    private static func oneLine(_ message: UnsafePointer<CChar>?) -> String {
        guard let message else { return "" }
        // One line for the log: libpq breaks and indents its advice.
        return String(cString: message).split { $0.isNewline || $0 == "\t" }.joined(separator: " ")
    }
}
