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

    /// The result of one line, as one line; nil for a blank one.
    func result(ofLine line: [UInt8]) -> [UInt8]? {
        guard !line.isBlank else { return nil }
        do throws(JSONValue.ParsingError) {
            let document = try JSONValue(parsing: line)
            let id = document["id"] ?? .null
            switch outcome(of: document) {
            case .success(let actual):
                var writer = JSONWriter()
                writer.object { writer in
                    writer.key("id")
                    id.write(to: &writer)
                    writer.key("actual")
                    actual.write(to: &writer)
                }
                writer.newline()
                return writer.bytes
            case .failure(let failure): return failed(failure.description, id: id)
            }
        } catch {
            return failed("no JSON: \(error.message) at byte \(error.offset)")
        }
    }

    /// The line of a case that cannot be run.
    func failed(_ problem: String, id: JSONValue = .null) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("id")
            id.write(to: &writer)
            writer.field("error", problem)
        }
        writer.newline()
        return writer.bytes
    }

    /// What a case comes to.
    func outcome(of document: JSONValue) -> Result<JSONValue, ConformanceError> {
        do {
            let place = ConformanceInput(document)
            guard document.fields != nil else { throw ConformanceError(description: "a case is a JSON object") }
            let kind = try place.required("kind").text()
            let input = try place.required("input").value
            guard input.fields != nil else { throw ConformanceError(description: "/input is not an object") }
            if let actual = try rating(kind: kind, input: input) { return .success(actual) }
            if let actual = try settlement.run(kind: kind, input: input) { return .success(actual) }
            return .failure(ConformanceError(description: "no such kind of case: \(kind)"))
        } catch {
            return .failure(ConformanceError(description: "\(error)"))
        }
    }
}

extension JSONValue {
    /// An array of texts.
    static func texts(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }
}
