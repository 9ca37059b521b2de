/// One fault of a rate plan (section P): where, as a JSON pointer, and which rule.
public struct PlanFault: Hashable, Comparable, Sendable {
    public let path: String
    public let code: Code

    /// The rules' codes.
    public enum Code: String, Sendable, CaseIterable {
        case badDays = "BAD_DAYS"
        case badDecimal = "BAD_DECIMAL"
        case badEnum = "BAD_ENUM"
        case badPrefix = "BAD_PREFIX"
        case badSchema = "BAD_SCHEMA"
        case badTime = "BAD_TIME"
        case badTimezone = "BAD_TIMEZONE"
        case empty = "EMPTY"
        case emptyBand = "EMPTY_BAND"
        case missing = "MISSING"
        case negative = "NEGATIVE"
        case notInteger = "NOT_INTEGER"
        case notString = "NOT_STRING"
        case outOfRange = "OUT_OF_RANGE"
        case prefix1Forbidden = "PREFIX_1_FORBIDDEN"
        case scale = "SCALE"
        case tierOrder = "TIER_ORDER"
        case type = "TYPE"
        case unknownField = "UNKNOWN_FIELD"
    }

    /// By path, then code.
    public static func < (left: PlanFault, right: PlanFault) -> Bool {
        (left.path, left.code.rawValue) < (right.path, right.code.rawValue)
    }
}

extension RatePlan {
    /// Every fault of a plan's `rates`, sorted by path, then code (rule P1). None means that the plan can be rated by.
    public static func faults(in rates: JSONValue, of type: PlanType) -> [PlanFault] {
        var validation = PlanValidation()
        validation.root(rates, type)
        return validation.faults.sorted()
    }
}

/// Collects the faults of one document; `PlanRowValidation` and `PlanModifierValidation` know the deeper parts.
struct PlanValidation {
    private(set) var faults: [PlanFault] = []

    mutating func report(_ code: PlanFault.Code, at path: String) {
        faults.append(PlanFault(path: path, code: code))
    }

    mutating func root(_ rates: JSONValue, _ type: PlanType) {
        guard let fields = rates.fields else { return report(.type, at: "") }
        if rates["schema"] == nil { report(.missing, at: "/schema") }
        if !PlanValidation.sells(rates, type) { report(.empty, at: "") }
        for field in fields { top(field, type) }
    }

    /// Whether a plan prices anything (rule P8): a key that is there counts, whatever its value.
    private static func sells(_ rates: JSONValue, _ type: PlanType) -> Bool {
        let names: [String]
        switch type {
        case .voice: names = ["terminating", "originating", "deck"]
        case .tollfree: names = ["terminating", "originating"]
        case .sms: names = ["sms_outbound", "sms_inbound", "mms_outbound", "mms_inbound"]
        case .api: names = ["per_query"]
        }
        return names.contains { name in rates[name].map { name != "per_query" || $0.fields?.isEmpty != true } ?? false }
    }

    private mutating func top(_ field: JSONValue.Field, _ type: PlanType) {
        let path = "/" + field.pointer
        switch (field.name, type) {
        case ("schema", _): if field.value != .string(type.rawValue + "/1") { report(.badSchema, at: path) }
        case ("fallback_to_default", _): if field.value.bool == nil { report(.type, at: path) }
        case ("monthly_fee", _): _ = decimal(field.value, at: path, scale: 2)
        case ("bundles", _): bundles(field.value, at: path)
        case ("volume", _): volume(field.value, at: path)
        case ("promotions", _): promotions(field.value, at: path)
        case ("billing", .voice), ("billing", .tollfree): object(field.value, at: path) { $0.term($1, at: $2) }
        case ("terminating", .voice): object(field.value, at: path) { $0.terminating($1, at: $2) }
        case ("originating", .voice): object(field.value, at: path) { $0.originating($1, at: $2) }
        case ("terminating", .tollfree), ("originating", .tollfree): row(.tollFree, field.value, at: path)
        case ("deck", .voice): if field.value.string == nil { report(.type, at: path) }
        case ("time_of_day", .voice): timeOfDay(field.value, at: path)
        case ("sms_outbound", .sms), ("sms_inbound", .sms), ("mms_outbound", .sms), ("mms_inbound", .sms):
            _ = decimal(field.value, at: path)
        case ("carrier_surcharges", .sms): object(field.value, at: path) { $0.surcharges($1, at: $2) }
        case ("international", .sms):
            prefixes(field.value, at: path, .international) { _ = $0.decimal($1, at: $2) }
        case ("per_query", .api): object(field.value, at: path) { _ = $0.decimal($1.value, at: $2) }
        default: report(.unknownField, at: path)
        }
    }

    private mutating func surcharges(_ field: JSONValue.Field, at path: String) {
        guard ["sms_outbound", "sms_inbound", "mms_outbound", "mms_inbound"].contains(field.name) else {
            return report(.unknownField, at: path)
        }
        object(field.value, at: path) { _ = $0.decimal($1.value, at: $2) }
    }
}

extension PlanValidation {
    /// Hands over the fields of an object with their paths; anything else is a wrong type.
    mutating func object(
        _ value: JSONValue, at path: String, _ body: (inout PlanValidation, JSONValue.Field, String) -> Void
    ) {
        guard let fields = value.fields else { return report(.type, at: path) }
        for field in fields { body(&self, field, path + "/" + field.pointer) }
    }

    /// Hands over the elements of an array with their paths; anything else is a wrong type.
    mutating func array(
        _ value: JSONValue, at path: String, _ body: (inout PlanValidation, JSONValue, String) -> Void
    ) {
        guard let elements = value.elements else { return report(.type, at: path) }
        for (index, element) in elements.enumerated() { body(&self, element, path + "/\(index)") }
    }

    /// Reports the required fields that an object lacks.
    mutating func require(_ names: [String], of value: JSONValue, at path: String) {
        guard value.fields != nil else { return }
        for name in names where value[name] == nil { report(.missing, at: path + "/" + name) }
    }

    /// A decimal string that is not negative (rule P2), in 1e-7; nil where it is reported or has too many digits to be kept.
    mutating func decimal(_ value: JSONValue, at path: String, scale: Int = 7) -> Int64? {
        guard let text = value.string else {
            report(.notString, at: path)
            return nil
        }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(ASCII.isDigit) }),
            parts[0].utf8.count <= 9
        else {
            report(.badDecimal, at: path)
            return nil
        }
        if text.hasPrefix("-"), digits.utf8.contains(where: { (UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) }) {
            report(.negative, at: path)
            return nil
        }
        guard parts.count == 1 || parts[1].utf8.count <= scale else {
            report(.scale, at: path)
            return nil
        }
        return JSONValue.string(String(digits)).rate?.units
    }

    /// A decimal within bounds (rule P3), after rule P2.
    mutating func decimal(_ value: JSONValue, at path: String, upTo bound: Int64) {
        guard let units = decimal(value, at: path) else { return }
        if units > bound * 10_000_000 { report(.outOfRange, at: path) }
    }

    /// A JSON integer within bounds (rule P3).
    mutating func integer(_ value: JSONValue, at path: String, in range: ClosedRange<Int>) {
        guard case .number(let text) = value, !text.contains(where: { ".eE".contains($0) }) else {
            return report(.notInteger, at: path)
        }
        guard let number = Int(text), range.contains(number) else { return report(.outOfRange, at: path) }
    }
}

extension JSONValue.Field {
    /// The name as a part of a JSON pointer.
    var pointer: String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return name }
        var escaped = ""
        for character in name {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
