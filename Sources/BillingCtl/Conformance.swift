import Core
import Reference

/// Runs cases against one set of reference data.
struct Conformance {
    let snapshot: RatingSnapshot
    private let settlement: SettlementConformance

    /// The cases' reference data: `taxes.json` and `sku_map.json` are needed by a part of the kinds only.
    init(directory: ReferenceDirectory) throws {
        snapshot = try directory.snapshot()
        settlement = try SettlementConformance(
            skuMap: try directory.json("sku_map.json") ?? .object([]),
            taxes: try directory.json("taxes.json") ?? .fields(["usf": .array([]), "rules": .array([])]),
            numbers: snapshot.tables.numbers.plan)
    }

    /// The result of one line, as one line.
    func result(ofLine line: String) -> [UInt8] {
        var writer = JSONWriter()
        do throws(JSONValue.ParsingError) {
            let document = try JSONValue(parsing: line)
            let id = document["id"] ?? .null
            let outcome = outcome(of: document)
            writer.object { writer in
                writer.key("id")
                id.write(to: &writer)
                switch outcome {
                case .success(let actual):
                    writer.key("actual")
                    actual.write(to: &writer)
                case .failure(let failure): writer.field("error", failure.description)
                }
            }
        } catch {
            writer.object { writer in
                writer.field("id", nil as String?)
                writer.field("error", "no JSON: \(error.message) at byte \(error.offset)")
            }
        }
        writer.newline()
        return writer.bytes
    }

    /// What a case comes to.
    func outcome(of document: JSONValue) -> Result<JSONValue, ConformanceError> {
        let kind = document["kind"]?.string ?? ""
        let input = document["input"] ?? .null
        do {
            if let actual = try rating(kind: kind, input: input) { return .success(actual) }
            if let actual = try settlement.run(kind: kind, input: input) { return .success(actual) }
            return .failure(ConformanceError(description: "no such kind of case"))
        } catch {
            return .failure(ConformanceError(description: "\(error)"))
        }
    }
}

extension JSONValue {
    /// An array of texts.
    static func texts(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }
}
