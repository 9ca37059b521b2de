import Core
import Foundation
import Testing

@testable import BillingCtl

@Suite("Vectors of ledger, invoicing and reconciliation")
struct SettlementVectorTests {
    /// Files, and the kinds in them that settlement answers.
    static let files: [(file: String, kinds: Set<String>)] = [
        ("wallet", ["wallet", "max_seconds"]),
        ("fraud", ["fraud"]),
        ("vendors", ["mos", "vendor_performance", "vendor_period"]),
        ("reconcile", ["reconcile"]),
        ("invoice", ["invoice", "cycle", "aging", "usage_summary", "fee"]),
    ]

    @Test("every public case gives the result that the rules demand", arguments: files)
    func vectors(file: String, kinds: Set<String>) throws {
        let conformance = try SettlementConformance(
            skuMap: try VectorFiles.json("ref/sku_map.json"), taxes: try VectorFiles.json("ref/taxes.json"),
            numbers: try VectorFiles.numberPlan())
        let cases = try VectorFiles.cases(file)
        #expect(Set(cases.compactMap { $0["kind"]?.string }) == kinds)
        for vector in cases {
            let kind = try #require(vector["kind"]?.string)
            let input = try #require(vector["input"])
            let expected = try #require(vector["expect"])
            let actual = try #require(try conformance.run(kind: kind, input: input))
            let differences = VectorFiles.differences(expected, actual)
            #expect(
                differences.isEmpty, "\(vector["id"]?.string ?? "") \(vector["note"]?.string ?? ""): \(differences)")
        }
    }
}

/// The public cases and their reference data.
enum VectorFiles {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/vectors")

    static func text(_ path: String) throws -> String {
        try String(contentsOf: directory.appending(path: path), encoding: .utf8)
    }

    static func json(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: try text(path))
    }

    static func cases(_ name: String) throws -> [JSONValue] {
        try text("\(name).jsonl").split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    static func numberPlan() throws -> NumberPlan {
        var plan = NumberPlan()
        for row in try rows("ref/npa.csv") {
            let type = try #require(NumberPlan.AreaCodeType(rawValue: row[1]))
            plan.add(
                npa: try #require(Int(row[0])),
                .init(type: type, country: Country(row[2]), state: row[3].isEmpty ? nil : row[3]))
        }
        for row in try rows("ref/country_prefixes.csv") {
            plan.add(countryPrefix: try #require(UInt64(row[0])), country: try #require(Country(row[1])))
        }
        return plan
    }

    /// The rows of a CSV file without quotes, its header left out.
    private static func rows(_ path: String) throws -> [[String]] {
        try text(path).split(whereSeparator: \.isNewline).dropFirst().map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// Where a result lacks what is expected; it may have more fields.
    static func differences(_ expected: JSONValue, _ actual: JSONValue, at path: String = "") -> [String] {
        switch (expected, actual) {
        case (.object(let fields), .object):
            fields.flatMap { field -> [String] in
                guard let value = actual[field.name] else { return ["\(path).\(field.name) is absent"] }
                return differences(field.value, value, at: "\(path).\(field.name)")
            }
        case (.array(let expected), .array(let actual)) where expected.count == actual.count:
            zip(expected, actual).enumerated().flatMap { differences($1.0, $1.1, at: "\(path)[\($0)]") }
        default:
            expected == actual ? [] : ["\(path): expected \(expected), got \(actual)"]
        }
    }
}
