import Core
import Foundation

/// A rate plan as its file states it: a row of `billing.rate_plans`.
struct PlanRow: Sendable {
    let id: String
    let name: String
    let type: PlanType
    let customer: CustomerID?
    /// The JSON of section P.
    let rates: JSONValue
    let effective: UsageDay
    let expiry: UsageDay?

    /// The rates as text.
    var ratesText: String {
        var writer = JSONWriter()
        rates.write(to: &writer)
        return writer.text
    }
}

/// Reads rate plans: a JSON array of them, or one.
enum PlanFile {
    static func read(_ document: JSONValue, path: String) throws(FileFaults) -> [PlanRow] {
        var reader = PlanReader(path: path)
        var plans: [PlanRow] = []
        if let elements = document.elements {
            for (index, element) in elements.enumerated() {
                if let plan = reader.plan(element, at: "/\(index)") { plans.append(plan) }
            }
        } else if let plan = reader.plan(document, at: "") {
            plans.append(plan)
        }
        guard reader.faults.isEmpty else { throw FileFaults(faults: reader.faults, omitted: 0) }
        return plans
    }
}

extension PlanFile {
    /// The one plan of a file, and the JSON it stands in.
    static func only(at path: String) throws(FileFaults) -> (plan: PlanRow, document: JSONValue) {
        func fault(_ problem: String) -> FileFaults {
            FileFaults(faults: [FileFault(file: path, place: "/", problem: problem)], omitted: 0)
        }
        guard let data = FileManager.default.contents(atPath: path) else { throw fault("can't be read") }
        let document: JSONValue
        do throws(JSONValue.ParsingError) {
            document = try JSONValue(parsing: Array(data))
        } catch {
            throw fault("is no JSON: \(error.message) at byte \(error.offset)")
        }
        let plans = try read(document, path: path)
        guard plans.count == 1, let only = plans.first else { throw fault("holds \(plans.count) plans; one is wanted") }
        return (only, document)
    }
}

/// Reads SKUs by class key (rule K4): one JSON object of texts.
enum SKUFile {
    static func read(
        _ document: JSONValue, path: String
    ) throws(FileFaults) -> [(classKey: String, sku: String)] {
        func fault(_ place: String, _ problem: String) -> FileFault {
            FileFault(file: path, place: place, problem: problem)
        }
        guard let fields = document.fields else {
            throw FileFaults(faults: [fault("/", "is not an object of SKUs by class key")], omitted: 0)
        }
        var skus: [(classKey: String, sku: String)] = []
        var faults: [FileFault] = []
        for field in fields {
            if let sku = field.value.string, !sku.isEmpty, !field.name.isEmpty {
                skus.append((field.name, sku))
            } else {
                faults.append(fault("/\(field.name)", "is no SKU"))
            }
        }
        guard faults.isEmpty else { throw FileFaults(faults: faults, omitted: 0) }
        return skus
    }
}

/// Reads plans one by one and collects what is wrong with them.
private struct PlanReader {
    let path: String
    var faults: [FileFault] = []
    private var places: [String: String] = [:]

    init(path: String) {
        self.path = path
    }

    mutating func plan(_ json: JSONValue, at pointer: String) -> PlanRow? {
        let faultsBefore = faults.count
        guard json.fields != nil else {
            note(pointer, "is not an object")
            return nil
        }
        let id = text("id", of: json, at: pointer)
        let name = json["name"]?.string ?? id ?? ""
        if name.unicodeScalars.count > 100 { note("\(pointer)/name", "has more than 100 characters") }
        if let id {
            if let earlier = places[id] { note("\(pointer)/id", "'\(id)' stands at \(earlier) already") }
            places[id] = "\(pointer)/id"
        }
        let type = text("type", of: json, at: pointer).flatMap { word -> PlanType? in
            if PlanType(rawValue: word) == nil {
                note("\(pointer)/type", "'\(word)' is none of voice, tollfree, sms, api")
            }
            return PlanType(rawValue: word)
        }
        let customer = optional("customer_id", of: json, at: pointer, "no customer id") { CustomerID(parsing: $0) }
        let effective = text("effective_date", of: json, at: pointer).flatMap {
            day($0, at: "\(pointer)/effective_date")
        }
        let expiry = optional("expiry_date", of: json, at: pointer, "no day such as 2026-11-22") {
            UsageDay(parsing: $0)
        }
        if let effective, let expiry, expiry <= effective {
            note("\(pointer)/expiry_date", "is not after effective_date")
        }
        guard let rates = json["rates"] else {
            note("\(pointer)/rates", "is missing")
            return nil
        }
        if let type {
            for fault in RatePlan.faults(in: rates, of: type) {
                note("\(pointer)/rates\(fault.path)", fault.code.rawValue)
            }
        }
        guard faults.count == faultsBefore, let id, let type, let effective else { return nil }
        return PlanRow(
            id: id, name: name, type: type, customer: customer, rates: rates, effective: effective, expiry: expiry)
    }

    private mutating func text(_ name: String, of json: JSONValue, at pointer: String) -> String? {
        guard let text = json[name]?.string, !text.isEmpty else {
            note("\(pointer)/\(name)", "is missing")
            return nil
        }
        return text
    }

    private mutating func day(_ text: String, at pointer: String) -> UsageDay? {
        let day = UsageDay(parsing: text)
        if day == nil { note(pointer, "'\(text)' is no day such as 2026-11-22") }
        return day
    }

    /// A value that may be absent or null.
    private mutating func optional<Value>(
        _ name: String, of json: JSONValue, at pointer: String, _ problem: String, _ parse: (String) -> Value?
    ) -> Value? {
        guard let field = json[name], !field.isNull else { return nil }
        guard let text = field.string, let value = parse(text) else {
            note("\(pointer)/\(name)", "is \(problem)")
            return nil
        }
        return value
    }

    private mutating func note(_ pointer: String, _ problem: String) {
        faults.append(FileFault(file: path, place: pointer, problem: problem))
    }
}
