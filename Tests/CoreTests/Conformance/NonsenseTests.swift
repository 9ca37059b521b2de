import Core
import Reference
import TestSupport
import Testing

@testable import BillingCtl

/// A run goes on whatever a case holds: parts of the public cases are taken out or replaced by what nobody expects there.
@Suite("Cases that make no sense")
struct NonsenseTests {
    private static let oddities: [JSONValue] = [
        .null, .bool(true), .number("0"), .number("-1"), .number("1000000000000"), .number("9223372036854775807"),
        .number("-9223372036854775808"), .number("1e300"), .number("1.5"), .string(""), .string("x"),
        .string("-0.00001"),
        .string("999999999.9999999"), .string("9999999999"), .string("99999999999999999999"),
        .string("9999-12-31T23:59:59Z"), .string("0000-01-01T00:00:00Z"), .string("9999-12-31"), .string("0001-01-01"),
        .string(String(repeating: "9", count: 400)), .array([]), .array([.number("1")]), .object([]),
    ]

    @Test(
        "every case has a result or an error, and every record an explanation",
        arguments: [
            "normalize", "ani", "duration", "charge", "voice", "messages", "api", "batch", "plans", "wallet", "fraud",
            "vendors", "reconcile", "invoice",
        ])
    func nonsense(file: String) throws {
        let conformance = try RatingVectorTests.conformance()
        var generator = SeededGenerator(property: 20_261_122)
        for vector in try VectorFiles.cases(file) {
            for _ in 0..<8 {
                let odd = Self.mutated(vector, &generator)
                let result = try #require(conformance.result(ofLine: odd.canonicalBytes))
                let line = try JSONValue(parsing: result)
                #expect((line["actual"] == nil) != (line["error"] == nil))
                guard let input = odd["input"], input.fields != nil else { continue }
                let explanations = [
                    conformance.snapshot.tables.explain(ConformanceRecords.call(input)),
                    conformance.snapshot.tables.explain(ConformanceRecords.message(input)),
                    conformance.snapshot.tables.explain(ConformanceRecords.query(input)),
                ]
                for explanation in explanations { #expect(!explanation.text().isEmpty && explanation.steps.count > 2) }
            }
        }
    }

    /// The case with one to three of its parts replaced or gone.
    private static func mutated(_ value: JSONValue, _ generator: inout SeededGenerator) -> JSONValue {
        var result = value
        for _ in 0...Int.random(in: 0...2, using: &generator) {
            result = .object(
                (result.fields ?? []).map { field in
                    guard field.name == "input" else { return field }
                    return .init(name: field.name, value: replaced(field.value, &generator) ?? .null)
                })
        }
        return result
    }

    /// The value with a part of it replaced; nil where it is to go itself.
    private static func replaced(_ value: JSONValue, _ generator: inout SeededGenerator) -> JSONValue? {
        switch value {
        case .object(let fields) where !fields.isEmpty && Int.random(in: 0..<8, using: &generator) > 0:
            let chosen = Int.random(in: fields.indices, using: &generator)
            return .object(
                fields.enumerated().compactMap { index, field in
                    guard index == chosen else { return field }
                    return replaced(field.value, &generator).map { .init(name: field.name, value: $0) }
                })
        case .array(let elements) where !elements.isEmpty && Int.random(in: 0..<8, using: &generator) > 0:
            let chosen = Int.random(in: elements.indices, using: &generator)
            return .array(
                elements.enumerated().compactMap { index, element in
                    index == chosen ? replaced(element, &generator) : element
                })
        default:
            return Int.random(in: 0..<5, using: &generator) == 0 ? nil : oddities.randomElement(using: &generator)
        }
    }
}
