import Foundation
import TestSupport
import Testing

@testable import Drivers

@Suite("PostgreSQL statements and transactions", .needsPostgres)
struct PostgresTests {
    let connection: PostgresConnection

    init() throws {
        connection = PostgresConnection(try Services.postgres())
    }

    @Test("every bound type comes back as it went")
    func roundTrip() async throws {
        let id = UUID()
        let now = Date(timeIntervalSince1970: 1_795_366_994.486)
        let row = try #require(
            try await connection.query(
                """
                SELECT \(true) AS flag, \(-7) AS n, \(Int32.min) AS n4, \(Int64.max) AS n8, \("Zoë, \"x\"")::text AS t,
                    \(id) AS id, \([0, 1, 255] as [UInt8]) AS raw, \(now) AS at, \(nil as Int?) AS nothing,
                    \(["a", "NULL", "b,c"])::text[] AS words, \([3, 1, 2]) AS numbers
                """
            ).first)
        #expect(try row.value("flag") == true)
        #expect(try row.value("n") == -7)
        #expect(try row.value("n4") == Int32.min)
        #expect(try row.value("n8") == Int64.max)
        #expect(try row.value("t") == "Zoë, \"x\"")
        #expect(try row.value("id") == id)
        #expect(try row.value("raw") as [UInt8] == [0, 1, 255])
        #expect(try row.value("at") == now)
        #expect(try row.value("nothing") as Int? == nil)
        #expect(try row.value("words") == ["a", "NULL", "b,c"])
        #expect(try row.value("numbers") == [3, 1, 2])
    }

    @Test("a row that found no partition is tried again by another session: this one may not see a new partition")
    func withoutPartition() async throws {
        let before: Int = try #require(
            try await connection.query("SELECT pg_backend_pid() AS pid").first?.value("pid"))
        let error = await #expect(throws: PostgresError.self) {
            try await connection.withTransaction { transaction in
                try transaction.execute("CREATE TEMPORARY TABLE days (day date) PARTITION BY RANGE (day)")
                try transaction.copy(into: "days", columns: ["day"]) { copy in try copy.row { $0.date(days: 1) } }
            }
        }
        #expect(error?.sqlState == "23514" && error?.isTransient == true)
        let after: Int = try #require(try await connection.query("SELECT pg_backend_pid() AS pid").first?.value("pid"))
        #expect(after != before)
    }

    @Test("a cell is read without a String into units, days and milliseconds")
    func cells() async throws {
        let row = try #require(
            try await connection.query(
                """
                SELECT 12.34500::numeric(12,5) AS amount, DATE '2026-11-22' AS day,
                    TIMESTAMPTZ '2026-11-22 12:03:14.486999-05' AS at, '{}'::text[] AS none
                """
            ).first)
        #expect(try row.value("amount", as: Units.self).units == 1_234_500)
        #expect(try row.value("day", as: Days.self).days == 20_779)
        #expect(try row.value("at", as: Milliseconds.self).milliseconds == 1_795_366_994_486)
        #expect(try row.value("none") as [String] == [])
    }

    @Test("NULL into a plain type, a missing column and a wrong type say which column")
    func decodingFaults() async throws {
        let row = try #require(try await connection.query("SELECT NULL::int8 AS n, 'x' AS t").first)
        #expect(throws: PostgresError.decoding(column: "n", reason: "NULL where a value is needed")) {
            try row.value("n", as: Int.self)
        }
        #expect(throws: PostgresError.decoding(column: "m", reason: "no such column among n, t")) {
            try row.value("m", as: Int.self)
        }
        #expect(throws: PostgresError.decoding(column: "t", reason: "not an integer")) {
            try row.value("t", as: Int.self)
        }
    }

    @Test("the server's refusal keeps its SQLSTATE, constraint and message, and the connection lives on")
    func refusal() async throws {
        try await connection.script(
            "CREATE TEMP TABLE one (n int CONSTRAINT one_key PRIMARY KEY); INSERT INTO one VALUES (1)")
        let error = await #expect(throws: PostgresError.self) {
            try await connection.execute("INSERT INTO one (n) VALUES (\(1))")
        }
        #expect(error?.sqlState == "23505")
        #expect(error?.constraint == "one_key")
        #expect(error?.isTransient == false)
        #expect(try await connection.execute("INSERT INTO one (n) VALUES (\(2))") == 1)
    }

    @Test("a NUL character is refused before it can cut a text short")
    func nul() async throws {
        await #expect(throws: PostgresError.misuse("PostgreSQL can't keep a NUL character")) {
            try await connection.query("SELECT \("a\0b")::text AS t")
        }
    }

    @Test("a statement is prepared the second time it comes, whatever its values")
    func preparedOnce() async throws {
        for n in 1...4 { try await connection.execute("SELECT \(n) + 1") }
        try await connection.execute("SELECT 2 + 2")
        let rows = try await connection.query("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")
        #expect(try rows.map { try $0.value("statement") as String } == ["SELECT $1 + 1"])
    }

    @Test("a prepared statement whose table has changed fails once, transiently, and then works")
    func changedTable() async throws {
        try await connection.script("CREATE TEMP TABLE shape (a int); INSERT INTO shape VALUES (1)")
        for _ in 1...2 { _ = try await connection.query("SELECT * FROM shape") }
        try await connection.script("ALTER TABLE shape ADD b int")
        let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT * FROM shape") }
        #expect(error?.isTransient == true)
        #expect(try await connection.query("SELECT * FROM shape").count == 1)
    }

    @Test("a body that throws leaves nothing behind, one that returns is committed")
    func rollback() async throws {
        struct Refusal: Error {}
        try await connection.script("CREATE TEMP TABLE kept (n int)")
        await #expect(throws: Refusal.self) {
            try await connection.withTransaction { transaction in
                try transaction.execute("INSERT INTO kept (n) VALUES (\(1))")
                throw Refusal()
            }
        }
        let inserted = try await connection.withTransaction { try $0.execute("INSERT INTO kept (n) VALUES (\(2))") }
        #expect(inserted == 1)
        let rows = try await connection.query("SELECT n FROM kept")
        #expect(try rows.map { try $0.value("n") as Int } == [2])
    }

    @Test("a swallowed error does not become a silent rollback")
    func swallowedError() async throws {
        await #expect(throws: PostgresError.misuse("a failed statement's error was swallowed inside the transaction")) {
            try await connection.withTransaction { transaction in
                do {
                    try transaction.execute("SELECT 1 / 0")
                } catch let error as PostgresError {
                    #expect(error.sqlState == "22012")
                }
            }
        }
        #expect(try await connection.query("SELECT 1").count == 1)
    }

    @Test("queued statements are run before the next one and before COMMIT, in order, prepared or not")
    func queued() async throws {
        try await connection.script("CREATE TEMP TABLE kept (n serial, what text)")
        for round in 1...3 {
            let seen = try await connection.withTransaction { transaction in
                transaction.queue("INSERT INTO kept (what) VALUES (\("first \(round)"))")
                transaction.queue("INSERT INTO kept (what) VALUES (\("second \(round)"))")
                let seen = try transaction.query("SELECT what FROM kept ORDER BY n").count
                transaction.queue("INSERT INTO kept (what) VALUES (\("last \(round)"))")
                return seen
            }
            #expect(seen == 3 * round - 1)
        }
        let kept = try await connection.query("SELECT what FROM kept ORDER BY n").map { try $0.value("what") as String }
        #expect(kept == (1...3).flatMap { ["first \($0)", "second \($0)", "last \($0)"] })
    }

    @Test("a queued statement's refusal is thrown by the next one or by COMMIT, and leaves nothing behind")
    func queuedRefusal() async throws {
        try await connection.script("CREATE TEMP TABLE kept (n int PRIMARY KEY)")
        for hasNext in [true, false] {
            let error = await #expect(throws: PostgresError.self) {
                try await connection.withTransaction { transaction in
                    try transaction.execute("INSERT INTO kept (n) VALUES (\(1))")
                    transaction.queue("INSERT INTO kept (n) VALUES (\(1))")
                    transaction.queue("INSERT INTO kept (n) VALUES (\(2))")
                    if hasNext { _ = try transaction.query("SELECT 1") }
                }
            }
            #expect(error?.sqlState == "23505")
            #expect(try await connection.query("SELECT n FROM kept").isEmpty)
        }
        await #expect(throws: PostgresError.misuse("PostgreSQL can't keep a NUL character")) {
            try await connection.withTransaction { $0.queue("SELECT \("a\0b")::text") }
        }
        #expect(try await connection.query("SELECT 1").count == 1)
    }

    @Test("a queued statement is run before a COPY and before a savepoint")
    func queuedBeforeOthers() async throws {
        try await connection.script("CREATE SCHEMA IF NOT EXISTS queued; CREATE TABLE queued.kept (n bigint)")
        try await connection.withTransaction { transaction in
            transaction.queue("INSERT INTO queued.kept (n) VALUES (\(1))")
            try transaction.copy(into: "queued.kept", columns: ["n"]) { copy in try copy.row { $0.int8(2) } }
            transaction.queue("INSERT INTO queued.kept (n) VALUES (\(3))")
            let count = try transaction.savepoint { try transaction.query("SELECT n FROM queued.kept").count }
            #expect(count == 3)
        }
        try await connection.script("DROP SCHEMA queued CASCADE")
    }

    @Test("arrays of numbers go in binary, and come back")
    func binaryArrays() async throws {
        let row = try #require(
            try await connection.query(
                """
                SELECT \([1, -2, Int.max])::bigint[] AS a, \([Int32.min, 7])::int[] AS b, \([Int16.max, -1])::smallint[] AS c,
                    \([Int64]())::bigint[] AS d, \([1, nil] as [Int?])::bigint[] AS e
                """
            ).first)
        #expect(try row.value("a") == [1, -2, Int.max])
        #expect(try row.value("b") == [Int32.min, 7])
        #expect(try row.value("c") == [Int16.max, -1])
        #expect(try row.value("d") == [Int64]())
        #expect(try row.value("e") == [1, nil] as [Int?])
    }

    @Test("a savepoint's failure undoes its own work only")
    func savepoint() async throws {
        try await connection.script("CREATE TEMP TABLE kept (n int PRIMARY KEY)")
        let kept = try await connection.withTransaction { transaction in
            var kept: [Int] = []
            for n in [1, 1, 2] {
                do {
                    try transaction.savepoint { try transaction.execute("INSERT INTO kept (n) VALUES (\(n))") }
                    kept.append(n)
                } catch let error as PostgresError {
                    #expect(error.sqlState == "23505")
                }
            }
            return kept
        }
        #expect(kept == [1, 2])
        #expect(try await connection.query("SELECT n FROM kept").count == 2)
    }

    @Test("a million rows are folded chunk by chunk")
    func streaming() async throws {
        let pool = PostgresPool(configuration: try Services.postgres(), size: 1)
        let total = try await pool.stream(
            "SELECT n FROM generate_series(1, \(1_000_000)) AS n", chunk: 10_000, into: Total()
        ) { total, rows in
            total.chunks += 1
            for row in rows { total.sum += try row.value(at: 0, as: Int.self) }
        }
        #expect(total == Total(chunks: 100, sum: 500_000_500_000))
        await pool.close()
    }

    @Test(
        "rows that are fetched ahead come whole and in order, in full chunks and a rest",
        arguments: [(rows: 0, chunks: 0), (rows: 7, chunks: 1), (rows: 20, chunks: 2), (rows: 21, chunks: 3)])
    func fetchingAhead(rows: Int, chunks: Int) async throws {
        let (seen, chunksSeen) = try await connection.withTransaction { transaction in
            var seen: [Int] = []
            var chunksSeen = 0
            try transaction.streamAhead("SELECT n FROM generate_series(1, \(rows)) AS n", chunk: 10) { rows in
                chunksSeen += 1
                for row in rows { seen.append(try row.value(at: 0)) }
            }
            return (seen, chunksSeen)
        }
        #expect(seen == (0..<rows).map { $0 + 1 })
        #expect(chunksSeen == chunks)
    }

    @Test("a reader that fails while the next rows are on their way leaves the transaction fit for use")
    func failureAhead() async throws {
        struct Enough: Error {}
        let (seen, after) = try await connection.withTransaction { transaction in
            var seen: [Int] = []
            #expect(throws: Enough.self) {
                try transaction.streamAhead("SELECT n FROM generate_series(1, 100) AS n", chunk: 10) { rows in
                    guard seen.count < 20 else { throw Enough() }
                    for row in rows { seen.append(try row.value(at: 0)) }
                }
            }
            return (seen, try transaction.query("SELECT 42 AS n").first?.value("n", as: Int.self))
        }
        #expect(seen == Array(1...20))
        #expect(after == 42)
    }

    @Test("a failure of the server's behind the first rows is thrown, and undoes the transaction only")
    func refusedAhead() async throws {
        let error = await #expect(throws: PostgresError.self) {
            try await connection.withTransaction { transaction in
                try transaction.streamAhead(
                    "SELECT 10 / (25 - n) AS q FROM generate_series(1, 100) AS n", chunk: 10
                ) { _ in }
            }
        }
        #expect(error?.sqlState == "22012")
        #expect(try await connection.query("SELECT 42 AS n").first?.value("n", as: Int.self) == 42)
    }

    @Test("a cell is there or NULL, and nowhere else")
    func nullCells() async throws {
        let row = try #require(try await connection.query("SELECT 12.5 AS a, NULL::numeric AS b").first)
        let null = try row.cell(at: 1)
        #expect(try row.cell(at: 0)?.units(scale: 2) == 1_250)
        #expect(null == nil)
        #expect(throws: PostgresError.self) { try row.cell(at: 2) }
    }

    @Test("a read-only transaction refuses to write")
    func readOnly() async throws {
        let error = await #expect(throws: PostgresError.self) {
            try await connection.withTransaction(isolation: .serializable, readOnly: true) {
                try $0.execute("CREATE TABLE never (n int)")
            }
        }
        #expect(error?.sqlState == "25006")
    }
}

private struct Total: Equatable, Sendable {
    var chunks = 0
    var sum = 0
}

private struct Units: PostgresDecodable {
    let units: Int64
    init(postgres cell: PostgresCell) throws(PostgresError) { units = try cell.units(scale: 5) }
}

private struct Days: PostgresDecodable {
    let days: Int32
    init(postgres cell: PostgresCell) throws(PostgresError) { days = try cell.days() }
}

private struct Milliseconds: PostgresDecodable {
    let milliseconds: Int64
    init(postgres cell: PostgresCell) throws(PostgresError) { milliseconds = try cell.milliseconds() }
}
