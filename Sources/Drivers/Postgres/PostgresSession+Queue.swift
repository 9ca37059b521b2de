import CPostgres

// Statements that nobody needs the answer of wait here and share the round trip of the next one: the protocol's pipeline. A failure
// of any of them is thrown by that one, and the server skips those behind it.

extension PostgresSession {
    /// Keeps a statement until the next one is run.
    func queue(_ sql: SQL) {
        queued.append(sql)
    }

    /// Sends what is queued, where a statement follows that can't be in a pipeline.
    func runQueued() throws(PostgresError) {
        guard let last = queued.popLast() else { return }
        _ = queued.isEmpty ? try run(last) : try runQueued(and: last, timeout: statementTimeout)
    }

    /// Runs what is queued and, behind it, one more statement; returns that one's rows.
    func runQueued(and sql: SQL, timeout: Duration) throws(PostgresError) -> PostgresRows {
        guard let rows = try runQueued(and: [sql], timeout: timeout).last else { throw lost() }
        return rows
    }

    /// Runs what is queued and, behind it, statements that do not depend on one another's rows, in one round trip; returns the rows of these.
    func runQueued(and statements: [SQL], timeout: Duration) throws(PostgresError) -> [PostgresRows] {
        let all = queued + statements
        queued = []
        // Before anything is sent: what can't be laid out must not leave half a pipeline.
        let parameters = try all.map { statement throws(PostgresError) in
            try PostgresParameterLayout(statement.parameters)
        }
        let deadline = Deadline(after: timeout * all.count + .seconds(1))
        let handle = try live()
        try sent(PQenterPipelineMode(handle))
        let steps = try send(all, parameters)
        try sent(PQpipelineSync(handle))
        try flush(deadline)
        let outcome = try receive(steps, deadline)
        guard let end = try nextResult(deadline), PQresultStatus(end) == PGRES_PIPELINE_SYNC else { throw lost() }
        PQclear(end)
        try sent(PQexitPipelineMode(handle))
        return try outcome.get().suffix(statements.count).map(PostgresRows.init)
    }

    private enum Step {
        case prepare(PostgresStatementCache.Key, name: String)
        case run(PostgresStatementCache.Key)

        var isRun: Bool {
            if case .run = self { true } else { false }
        }
    }

    private func send(_ all: [SQL], _ parameters: [PostgresParameterLayout]) throws(PostgresError) -> [Step] {
        var steps: [Step] = []
        for (sql, parameters) in zip(all, parameters) {
            let key = PostgresStatementCache.Key(sql)
            switch statements.plan(for: key) {
            case .once:
                try sendUnprepared(sql, key, parameters)
            case .prepare(let name):
                try sendPrepare(sql, key, as: name)
                steps.append(.prepare(key, name: name))
                try sendPrepared(name, parameters)
            case .prepared(let name):
                try sendPrepared(name, parameters)
            }
            steps.append(.run(key))
        }
        return steps
    }

    /// The results of what was run, or the first refusal; throws where the connection is gone.
    private func receive(
        _ steps: [Step], _ deadline: Deadline
    ) throws(PostgresError) -> Result<[PostgresResult], PostgresError> {
        var refusal: PostgresError?
        var results: [PostgresResult] = []
        for step in steps {
            do {
                let result = try drain(deadline)
                switch step {
                case .prepare(let key, let name): if result != nil { statements.prepared(key, as: name) }
                case .run: if let result { results.append(result) }
                }
            } catch .server(let fault) {
                refusal = refusal ?? .server(fault)
                if case .run(let key) = step, PostgresError.server(fault).saysPlanIsStale { statements.forget(key) }
            }
        }
        if let refusal { return .failure(refusal) }
        guard results.count == steps.count(where: \.isRun) else { throw lost() }
        return .success(results)
    }
}

extension PostgresError {
    /// Whether the server has thrown away, or can't use any more, what was prepared.
    var saysPlanIsStale: Bool {
        if case .server(let fault) = self { ["0A000", "26000"].contains(fault.sqlState) } else { false }
    }
}
