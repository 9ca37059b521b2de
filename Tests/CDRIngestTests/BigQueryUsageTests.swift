import Core
import DaemonKit
import Foundation
import TestSupport
import Testing

@testable import CDRIngest
@testable import Drivers

@Suite("API usage from BigQuery")
struct BigQueryUsageTests {
    private static let table = BigQueryUsageTable(
        name: "warp-test.telco.usage", idColumn: "query_id", timeColumn: "used_at",
        fields: [
            .init(name: "customer_ban", column: "account"), .init(name: "quantity", column: "quantity"),
            .init(name: "cached", column: "cached"), .init(name: "cost", column: "cost"),
            .init(name: "created_at", column: "created_at"),
        ])
    private static let types = ["STRING", "TIMESTAMP", "INTEGER", "INTEGER", "BOOLEAN", "FLOAT", "TIMESTAMP"]

    @Test(
        "a row becomes the record that a sender would write: NULL is left out, a numeric account is text",
        arguments: [
            (
                ["1795359600000004", "300002", "25", "true", "0.5", "1795359601000000"],
                #""at":"2026-11-22T15:00:00.000004Z","customer_ban":"300002","quantity":25,"cached":true,"cost":0.5,"#
                    + #""created_at":"2026-11-22T15:00:01.000000Z""#
            ),
            (
                ["1795359600123456", nil, nil, "false", "NaN", nil],
                #""at":"2026-11-22T15:00:00.123456Z","cached":false,"cost":"NaN""#
            ),
        ] as [([String?], String)])
    func row(cells: [String?], json: String) throws {
        let rows = try Self.table.rows(of: try Self.page(types: Self.types, cells: ["q1"] + cells))
        #expect(
            rows.map { String(decoding: $0.json, as: UTF8.self) } == [
                #"{"record_type":"api.usage","id":"q1",\#(json)}"#
            ])
        #expect(rows.first?.mark.id == "q1")
        #expect(rows.first.map { String($0.mark.time.count) } == cells[0])
    }

    @Test("queries bound the time, quote every name and go strictly behind the mark, or up to it")
    func queries() {
        let mark = UsageMark(time: Microseconds(1_795_359_600_000_004), id: "q1")
        let end = Microseconds(1_795_363_200_000_000)
        let table = BigQueryUsageTable(
            name: "p.d.t", idColumn: "id", timeColumn: "at", fields: [.init(name: "api", column: "service")])
        let id = "COALESCE(CAST(t.`id` AS STRING), '')"
        let new = table.newRows(after: mark, before: end, limit: 100, pageRows: 10)
        #expect(
            new.text == """
                SELECT \(id) AS `id`, t.`at` AS `at`, t.`service` AS `api`
                FROM `p.d.t` AS t
                WHERE t.`at` >= @mark_time AND t.`at` < @until_time AND (t.`at` > @mark_time OR \(id) > @mark_id)
                ORDER BY t.`at`, \(id)
                LIMIT 100
                """)
        #expect(
            new.parameters.map { "\($0.name) \($0.kind.rawValue) \($0.value)" } == [
                "mark_time TIMESTAMP 2026-11-22T15:00:00.000004Z", "mark_id STRING q1",
                "until_time TIMESTAMP 2026-11-22T16:00:00.000000Z",
            ])
        let through = "t.`at` <= @mark_time AND (t.`at` < @mark_time OR \(id) <= @mark_id)"
        #expect(
            table.hours(from: mark.time.hour, through: mark, pageRows: 10).text == """
                SELECT TIMESTAMP_TRUNC(t.`at`, HOUR) AS `hour`, COUNT(*) AS `row_count`
                FROM `p.d.t` AS t
                WHERE t.`at` >= @from_time AND \(through)
                GROUP BY 1
                """)
        #expect(
            table.rows(of: mark.time.hour..<end, through: mark, pageRows: 10).text.hasSuffix(
                "WHERE t.`at` >= @from_time AND t.`at` < @until_time AND \(through)"))
    }

    @Test(
        "a column that is not what it should be is told",
        arguments: [
            (
                ["STRING", "DATETIME", "INTEGER", "INTEGER", "BOOLEAN", "FLOAT", "TIMESTAMP"],
                "used_at is of type DATETIME"
            ),
            (
                ["STRING", "TIMESTAMP", "RECORD", "INTEGER", "BOOLEAN", "FLOAT", "TIMESTAMP"],
                "account is an array or a record"
            ),
            (["STRING", "TIMESTAMP"], "2 columns came"),
        ])
    func badColumn(types: [String], told: String) throws {
        let page = try Self.page(types: types, cells: types.map { _ in "1" })
        let error = #expect(throws: BigQueryUsageError.self) { try Self.table.rows(of: page) }
        guard case .badColumn(let detail) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(detail.hasPrefix(told))
    }

    @Test(
        "hours that follow one another are read at once, within a day",
        arguments: [
            ([], []),
            (["2026-11-22T03:00"], ["2026-11-22T03:00…04:00"]),
            (
                ["2026-11-22T03:00", "2026-11-22T04:00", "2026-11-22T06:00"],
                ["2026-11-22T03:00…05:00", "2026-11-22T06:00…07:00"]
            ),
            (["2026-11-22T23:00", "2026-11-23T00:00"], ["2026-11-22T23:00…00:00", "2026-11-23T00:00…01:00"]),
        ] as [([String], [String])])
    func runs(hours: [String], runs: [String]) throws {
        let instants = try hours.map { Microseconds(of: try #require(Instant(parsing: $0 + ":00Z"))) }
        let found = BigQueryUsage.runs(of: instants).map {
            "\($0.lowerBound.text.prefix(16))…\($0.upperBound.text.dropFirst(11).prefix(5))"
        }
        #expect(found == runs)
    }

    @Test("an hour begins where it does, before 1970 too")
    func hour() {
        #expect(Microseconds(1_795_363_199_999_999).hour.text == "2026-11-22T15:00:00.000000Z")
        #expect(Microseconds(-1).text == "1969-12-31T23:59:59.999999Z")
        #expect(Microseconds(-1).hour.text == "1969-12-31T23:00:00.000000Z")
    }

    @Test(
        "what is wrong with the keys is found before the daemon starts",
        arguments: [
            ([:], nil),
            (["bigquery.usageTable": "d.t", "bigquery.project": "p", "bigquery.login": "none"], nil),
            (["bigquery.usageTable": "other.d.t", "bigquery.project": "p", "bigquery.login": "metadata"], nil),
            (["bigquery.usageTable": "d.t", "bigquery.login": "none"], "bigquery.project"),
            (["bigquery.usageTable": "t", "bigquery.project": "p", "bigquery.login": "none"], "bigquery.usageTable"),
            (
                ["bigquery.usageTable": "d.t`", "bigquery.project": "p", "bigquery.login": "none"],
                "bigquery.usageTable"
            ),
            (["bigquery.usageTable": "d.t", "bigquery.project": "p"], "bigquery.credentials"),
            (
                [
                    "bigquery.usageTable": "d.t", "bigquery.project": "p", "bigquery.login": "none",
                    "bigquery.idColumn": "a b",
                ], "bigquery.idColumn"
            ),
            (
                [
                    "bigquery.usageTable": "d.t", "bigquery.project": "p", "bigquery.login": "none",
                    "bigquery.columns": "api,api=name",
                ], "bigquery.columns"
            ),
            (
                [
                    "bigquery.usageTable": "d.t", "bigquery.project": "p", "bigquery.login": "none",
                    "bigquery.columns": "at=other",
                ], "bigquery.columns"
            ),
        ] as [([String: String], String?)])
    func configuration(values: [String: String], faulty: String?) {
        switch ConfigCheck(keys: BigQueryUsageConfig.keys).read(values: values) {
        case .checked: #expect(faulty == nil)
        case .faulty(let faults): #expect(faults.map(\.key) == [faulty].compactMap { $0 })
        }
    }

    /// A page as the client reads it from an answer.
    private static func page(types: [String], cells: [String?]) throws -> BigQueryPage {
        let answer: [String: Any] = [
            "jobComplete": true,
            "schema": ["fields": types.map { ["name": "c", "type": $0] }],
            "rows": [["f": cells.map { ["v": $0.map { $0 as Any } ?? NSNull()] }]],
        ]
        return try BigQueryPage(
            BigQueryJSON.decode(Array(JSONSerialization.data(withJSONObject: answer))), pageRows: 1)
    }
}

@Suite("Cursors of sources that are fetched", .needsPostgres)
struct UsageCursorTests {
    private static let first = Microseconds(of: Instant(milliseconds: 1_795_359_600_000))

    @Test("a cursor begins where it is told to once, moves over rows, and counts them by hour")
    func moves() async throws {
        try await IngestWorld.with { world in
            let cursors = cursors(world)
            let begun = try await cursors.cursor(beginningAt: Self.first)
            #expect(begun == UsageCursor(first: Self.first, mark: UsageMark(time: Self.first, id: "")))
            let rows = [row(seconds: 1, "b"), row(seconds: 3_599, "a"), row(seconds: 3_600, "ä'")]
            try await cursors.advance(from: begun.mark, over: rows)
            try await cursors.advance(from: rows[2].mark, over: [row(seconds: 3_600, "ö")])
            let moved = try await cursors.cursor(beginningAt: Microseconds(0))
            #expect(moved == UsageCursor(first: Self.first, mark: row(seconds: 3_600, "ö").mark))
            let hours = [Self.first: 2, Self.first.advanced(seconds: 3_600): 2]
            #expect(try await cursors.counts(from: Self.first) == hours)
            try await cursors.set([Self.first: 5], at: moved.mark)
            try await cursors.forget(before: Self.first)
            #expect(try await cursors.counts(from: Self.first) == hours.merging([Self.first: 5]) { $1 })
            try await cursors.forget(before: Self.first.advanced(seconds: 3_600))
            #expect(try await cursors.counts(from: Self.first) == [Self.first.advanced(seconds: 3_600): 2])
        }
    }

    @Test("who was overtaken by another instance changes nothing")
    func overtaken() async throws {
        try await IngestWorld.with { world in
            let cursors = cursors(world)
            let begun = try await cursors.cursor(beginningAt: Self.first)
            try await cursors.advance(from: begun.mark, over: [row(seconds: 7, "a")])
            let counts = try await cursors.counts(from: Self.first)
            await #expect(throws: BigQueryUsageError.overtaken) {
                try await cursors.advance(from: begun.mark, over: [row(seconds: 5, "b")])
            }
            await #expect(throws: BigQueryUsageError.overtaken) {
                try await cursors.set([Self.first: 9], at: begun.mark)
            }
            #expect(try await cursors.counts(from: Self.first) == counts)
            #expect(try await cursors.cursor(beginningAt: Self.first).mark == row(seconds: 7, "a").mark)
        }
    }

    @Test("a daemon without BigQuery is ready, says what is missing, and takes records")
    func away() async throws {
        let settings = [
            "bigquery.usageTable": "d.t", "bigquery.project": "p", "bigquery.login": "none",
            "bigquery.url": "http://127.0.0.1:1", "bigquery.everySeconds": "1",
        ]
        try await IngestWorld.with { world in
            try await world.serving(settings) { sender in
                try await eventually("a ready daemon that misses BigQuery") {
                    let readiness = try await sender.get("/readyz")
                    return readiness.status == 200 && readiness.text.contains("BigQuery is not reached")
                }
                let reply = try await sender.verdicts("/ingest/v1/api-usage", Sample.query("q1"))
                #expect(reply.words == ["accepted"])
            }
        }
    }

    private func cursors(_ world: IngestWorld) -> UsageCursors {
        UsageCursors(pool: world.pool, source: "bigquery p.d.t") { Instant(milliseconds: 1_795_363_200_000) }
    }

    private func row(seconds: Int, _ id: String) -> UsageRow {
        UsageRow(mark: UsageMark(time: Self.first.advanced(seconds: seconds), id: id), json: [])
    }
}
