import Foundation
import TestSupport
import Testing

@testable import Drivers

@Suite("Binary COPY", .needsPostgres)
struct CopyWriterTests {
    let connection: PostgresConnection

    init() throws {
        connection = PostgresConnection(try Services.postgres())
    }

    @Test("every type arrives as the server itself would print it")
    func everyType() async throws {
        let id = try #require(UUID(uuidString: "482bfa55-3d7b-43ca-88b6-dd320b66fd7c"))
        try await connection.script(
            """
            CREATE TEMP TABLE every (b bool, i2 int2, i4 int4, i8 int8, t text, v varchar(9), raw bytea, u uuid,
                at timestamptz, d date, n numeric, j jsonb, ta text[], na int8[])
            """)
        let columns = ["b", "i2", "i4", "i8", "t", "v", "raw", "u", "at", "d", "n", "j", "ta", "na"]
        let count = try await connection.withTransaction { transaction in
            try transaction.copy(into: "every", columns: columns) { writer in
                try writer.row { row in
                    row.bool(true)
                    row.int2(-2)
                    row.int4(.max)
                    row.int8(.min)
                    row.text("Zoë \"1\"")
                    row.text(utf8: Array("nine char".utf8)[...])
                    row.bytea([0, 255])
                    row.uuid(id)
                    row.timestamptz(milliseconds: 1_795_366_994_486)
                    row.date(days: 20_779)
                    row.numeric(units: -1_234_567 as Int64, scale: 5)
                    row.jsonb(#"{"b": 1, "a": null}"#)
                    row.textArray(["x", "", "NULL"])
                    row.int8Array([])
                }
                try writer.row { row in
                    row.bool(nil)
                    row.int2(nil)
                    row.int4(nil)
                    row.int8(nil)
                    row.text(nil)
                    row.null()
                    row.bytea(nil as [UInt8]?)
                    row.uuid(nil)
                    row.timestamptz(milliseconds: nil)
                    row.date(days: nil)
                    row.numeric(units: nil as Int64?, scale: 5)
                    row.jsonb(nil)
                    row.textArray(nil)
                    row.int8Array(nil)
                }
            }
        }
        #expect(count == 2)
        let printed = try await connection.query("SELECT e::text AS row FROM every AS e")
        #expect(
            try printed.map { try $0.value("row") as String } == [
                #"(t,-2,2147483647,-9223372036854775808,"Zoë ""1""","nine char","\\x00ff","#
                    + #"482bfa55-3d7b-43ca-88b6-dd320b66fd7c,"2026-11-22 17:03:14.486+00",2026-11-22,-12.34567,"#
                    + #""{""a"": null, ""b"": 1}","{x,"""",""NULL""}",{})"#,
                "(,,,,,,,,,,,,,)",
            ])
    }

    @Test(
        "a numeric is the number that the server reads from its text",
        arguments: [
            (0 as Int128, 5, "0.00000"), (1, 5, "0.00001"), (-1, 7, "-0.0000001"), (850_000, 8, "0.00850000"),
            (100_000_000, 4, "10000.0000"), (999_999_999_999, 5, "9999999.99999"), (10_000, 0, "10000"),
            (Int128(Int64.max), 7, "922337203685.4775807"), (Int128(Int64.min), 4, "-922337203685477.5808"),
            (Int128(Int64.max) * 1_000_000, 12, "9223372036854.775807000000"),
        ])
    func numerics(units: Int128, scale: Int, text: String) async throws {
        try await connection.script("CREATE TEMP TABLE amounts (n numeric, small numeric, expected text)")
        try await connection.withTransaction { transaction in
            _ = try transaction.copy(into: "amounts", columns: ["n", "small", "expected"]) { writer in
                try writer.row { row in
                    row.numeric(units: units, scale: scale)
                    row.numeric(units: Int64(exactly: units), scale: scale)
                    row.text(text)
                }
            }
        }
        let row = try #require(
            try await connection.query(
                """
                SELECT n::text AS n, numeric_send(n) = numeric_send(expected::numeric)
                    AND numeric_send(coalesce(small, n)) = numeric_send(n) AS same
                FROM amounts
                """
            ).first)
        #expect(try row.value("n") == text)
        #expect(try row.value("same") == true)
    }

    @Test("a hundred thousand rows go through a bounded buffer")
    func manyRows() async throws {
        try await connection.script("CREATE TEMP TABLE many (n int8, t text)")
        let count = try await connection.withTransaction { transaction in
            try transaction.copy(into: "many", columns: ["n", "t"]) { writer in
                for n in 1...100_000 {
                    try writer.row { row in
                        row.int8(Int64(n))
                        row.text("row \(n)")
                    }
                }
            }
        }
        #expect(count == 100_000)
        let row = try #require(try await connection.query("SELECT sum(n)::int8 AS total FROM many").first)
        #expect(try row.value("total") == 5_000_050_000)
    }

    @Test("a row of the wrong width undoes the copy and names both widths")
    func wrongWidth() async throws {
        try await connection.script("CREATE TEMP TABLE pair (a int8, b int8)")
        await #expect(throws: PostgresError.misuse("a row of 1 columns where COPY has 2")) {
            try await connection.withTransaction { transaction in
                try transaction.copy(into: "pair", columns: ["a", "b"]) { writer in
                    try writer.row { $0.int8(1) }
                }
            }
        }
        #expect(try await connection.query("SELECT a FROM pair").isEmpty)
    }

    @Test("a body that throws undoes the copy, and the connection lives on")
    func abandoned() async throws {
        struct Refusal: Error {}
        try await connection.script("CREATE TEMP TABLE single (a int8)")
        await #expect(throws: Refusal.self) {
            try await connection.withTransaction { transaction in
                try transaction.copy(into: "single", columns: ["a"]) { writer in
                    try writer.row { $0.int8(1) }
                    throw Refusal()
                }
            }
        }
        #expect(try await connection.query("SELECT a FROM single").isEmpty)
    }

    @Test(
        "the server's refusal of a row is its own error, with the row's number",
        arguments: [100, 200_000])
    func refusedRow(rowCount: Int) async throws {
        try await connection.script("CREATE TEMP TABLE positive (a int8 CONSTRAINT positive_a CHECK (a > 0))")
        let error = await #expect(throws: PostgresError.self) {
            try await connection.withTransaction { transaction in
                try transaction.copy(into: "positive", columns: ["a"]) { writer in
                    for n in 1...rowCount { try writer.row { $0.int8(n == 7 ? -7 : Int64(n)) } }
                }
            }
        }
        #expect(error?.constraint == "positive_a")
        guard case .server(let fault) = error else { return }
        #expect(fault.context?.hasPrefix("COPY positive, line 7") == true)
        #expect(try await connection.query("SELECT 1").count == 1)
    }

    @Test("a table that is not there is refused before the first row")
    func missingTable() async throws {
        let error = await #expect(throws: PostgresError.self) {
            try await connection.withTransaction { transaction in
                try transaction.copy(into: "public.nowhere", columns: ["a"]) { _ in }
            }
        }
        #expect(error?.sqlState == "42P01")
    }
}
