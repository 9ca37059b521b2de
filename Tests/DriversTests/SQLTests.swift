import Foundation
import Testing

@testable import Drivers

@Suite("SQL text and parameters")
struct SQLTests {
    @Test("an interpolated value becomes a numbered parameter and never text")
    func parameters() {
        let name = "x'; DROP TABLE y; --"
        let sql: SQL = "SELECT 1 FROM t WHERE name = \(name) AND id = \(7) AND gone = \(nil as Bool?)"
        #expect(sql.text == "SELECT 1 FROM t WHERE name = $1 AND id = $2 AND gone = $3")
        #expect(sql.parameters.map(\.text) == [name, "7", nil])
        #expect(sql.parameters.map(\.type) == [.inferred, .int8, .bool])
    }

    @Test("a part brings its own parameters, numbered on")
    func parts() {
        let filter: SQL = "day >= \(3) AND day < \(9)"
        let sql: SQL = "SELECT a FROM t WHERE b = \(true) AND \(filter) LIMIT \(10)"
        #expect(sql.text == "SELECT a FROM t WHERE b = $1 AND day >= $2 AND day < $3 LIMIT $4")
        #expect(sql.parameters.map(\.text) == ["t", "3", "9", "10"])
    }

    @Test("an identifier is quoted part by part")
    func identifiers() {
        let sql: SQL = "TRUNCATE \(identifier: "billing.raw_cdr_20261122")"
        #expect(sql.text == "TRUNCATE \"billing\".\"raw_cdr_20261122\"")
    }

    @Test("what is not a plain name is no identifier", arguments: ["", "a.", "a b", "a\"b", "a;b", "täg", "a-b"])
    func badIdentifiers(name: String) {
        #expect(PostgresText.quoted(identifier: name) == nil)
    }

    @Test("values have the text form that the server reads")
    func textForms() {
        #expect([UInt8]([0, 255, 16]).postgresText == "\\x00ff10")
        #expect(["a", "NULL", "", "x,\"y\\"].postgresText == "{a,\"NULL\",\"\",\"x,\\\"y\\\\\"}")
        #expect([1, -2, 3].postgresText == "{1,-2,3}")
        #expect([Bool?.none, true].postgresText == "{NULL,t}")
        #expect(Date(timeIntervalSince1970: 1_795_366_994.486).postgresText == "2026-11-22 17:03:14.486+00")
    }

    @Test(
        "a numeric is cut into base-10000 digits from the point outwards",
        arguments: [
            (units: 0 as Int128, scale: 5, digits: [] as [Int16], weight: 0 as Int16),
            (1, 5, [1000], -2),
            (12_345, 5, [1234, 5000], -1),
            (1_234_567_890_123, 5, [1234, 5678, 9012, 3000], 1),
            (10_000, 0, [1], 1),
            (99_999_999, 4, [9999, 9999], 0),
            (-850_000, 8, [85], -1),
        ])
    func numeric(units: Int128, scale: Int, digits: [Int16], weight: Int16) {
        let numeric = PostgresNumeric(units: units, scale: scale)
        #expect(numeric.digits == digits)
        #expect(numeric.weight == weight)
        #expect(numeric.isNegative == (units < 0))
    }

    @Test(
        "a numeric's text is read exactly into units, or not at all",
        arguments: [
            (text: "12.50", scale: 2, units: 1_250 as Int64?),
            ("-0.0085000", 7, -85_000), ("3", 5, 300_000), ("1.10000", 1, 11), ("1.15", 1, nil), ("NaN", 2, nil),
            ("922337203685477.5807", 4, .max), ("922337203685477.5808", 4, nil), ("-922337203685477.5808", 4, .min),
            ("", 2, nil), ("-", 0, nil), ("1e3", 0, nil), ("1.2.3", 5, nil),
        ])
    func units(text: String, scale: Int, units: Int64?) {
        let read = Array(text.utf8).withUnsafeBufferPointer { DecimalDigits.units($0, scale: scale) }
        #expect(read == units)
    }

    @Test("a secret does not print")
    func secret() {
        let secret = Secret("hunter2")
        #expect("\(secret)" == "(secret)")
        #expect(String(reflecting: secret) == "(secret)")
        #expect(secret.revealed == "hunter2")
    }
}

extension PostgresParameter {
    /// What is sent as text.
    fileprivate var text: String? {
        if case .text(let text) = form { text } else { nil }
    }
}
