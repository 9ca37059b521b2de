// The priced parts of a plan: rows, prefixes, terms, time bands (rules P3–P6).

/// What a row must hold.
enum PlanRowShape {
    case domestic, flat, tollFree

    var columns: Set<String> {
        switch self {
        case .domestic: ["interstate", "intrastate", "local", "indeterminate"]
        case .flat: ["rate"]
        case .tollFree: ["interstate", "intrastate", "indeterminate", "international"]
        }
    }
}

/// Which prefixes a table takes (rule P4).
enum PlanPrefixShape {
    case domestic, international, premium

    func accepts(_ prefix: String) -> Bool {
        guard prefix.utf8.allSatisfy(ASCII.isDigit), let first = prefix.utf8.first else { return false }
        switch self {
        case .domestic: return [3, 6, 7].contains(prefix.utf8.count) && first >= UInt8(ascii: "2")
        case .international: return prefix.utf8.count <= 15
        case .premium: return (3...10).contains(prefix.utf8.count)
        }
    }
}

extension PlanValidation {
    mutating func terminating(_ field: JSONValue.Field, at path: String) {
        switch field.name {
        case "domestic":
            object(field.value, at: path) { validation, field, path in
                switch field.name {
                case "default": validation.row(.domestic, field.value, at: path)
                case "prefixes": validation.rows(.domestic, field.value, at: path, .domestic)
                default: validation.report(.unknownField, at: path)
                }
            }
        case "international": prefixes(field.value, at: path, .international) { $0.row(.flat, $1, at: $2) }
        case "premium": prefixes(field.value, at: path, .premium) { $0.row(.flat, $1, at: $2) }
        case "service_codes": object(field.value, at: path) { $0.serviceCode($1, at: $2) }
        default: report(.unknownField, at: path)
        }
    }

    mutating func originating(_ field: JSONValue.Field, at path: String) {
        switch field.name {
        case "domestic": row(.domestic, field.value, at: path)
        case "international": row(.flat, field.value, at: path)
        default: report(.unknownField, at: path)
        }
    }

    /// An object whose only field is `prefixes`.
    mutating func prefixes(
        _ value: JSONValue, at path: String, _ shape: PlanPrefixShape,
        _ body: (inout PlanValidation, JSONValue, String) -> Void
    ) {
        object(value, at: path) { validation, field, path in
            guard field.name == "prefixes" else { return validation.report(.unknownField, at: path) }
            validation.each(field.value, at: path, shape, body)
        }
    }

    private mutating func rows(
        _ row: PlanRowShape, _ value: JSONValue, at path: String, _ shape: PlanPrefixShape
    ) {
        each(value, at: path, shape) { $0.row(row, $1, at: $2) }
    }

    /// The values of a prefix table whose prefix is one.
    private mutating func each(
        _ value: JSONValue, at path: String, _ shape: PlanPrefixShape,
        _ body: (inout PlanValidation, JSONValue, String) -> Void
    ) {
        object(value, at: path) { validation, field, path in
            if shape == .international, field.name == "1" {
                validation.report(.prefix1Forbidden, at: path)
            } else if shape.accepts(field.name) {
                body(&validation, field.value, path)
            } else {
                validation.report(.badPrefix, at: path)
            }
        }
    }

    private mutating func serviceCode(_ field: JSONValue.Field, at path: String) {
        let code = Array(field.name.utf8)
        let isN11 =
            code.count == 3 && (UInt8(ascii: "2")...UInt8(ascii: "8")).contains(code[0])
            && code[1...] == Array("11".utf8)[...]
        guard isN11 || field.name == "988" else { return report(.badPrefix, at: path) }
        _ = decimal(field.value, at: path)
    }

    /// A row: its columns, its terms, and a rate to begin with (rule P5).
    mutating func row(_ shape: PlanRowShape, _ value: JSONValue, at path: String) {
        object(value, at: path) { validation, field, path in
            if shape.columns.contains(field.name) {
                _ = validation.decimal(field.value, at: path)
            } else {
                validation.term(field, at: path)
            }
        }
        guard value.fields != nil else { return }
        switch shape {
        case .flat: require(["rate"], of: value, at: path)
        case .domestic, .tollFree:
            if value["indeterminate"] == nil { require(["interstate"], of: value, at: path) }
        }
    }

    /// A field of rule R9's terms.
    mutating func term(_ field: JSONValue.Field, at path: String) {
        switch field.name {
        case "initial_increment", "subsequent_increment": integer(field.value, at: path, in: 1...3_600)
        case "minimum_seconds", "grace_seconds": integer(field.value, at: path, in: 0...3_600)
        case "maximum_charge" where field.value.isNull: break
        case "connect_fee", "minimum_charge", "maximum_charge": _ = decimal(field.value, at: path)
        default: report(.unknownField, at: path)
        }
    }

    /// Time bands (rule P6).
    mutating func timeOfDay(_ value: JSONValue, at path: String) {
        object(value, at: path) { validation, field, path in
            switch field.name {
            case "timezone":
                if field.value.string.flatMap(ZoneClock.init(identifier:)) == nil {
                    validation.report(.badTimezone, at: path)
                }
            case "bands": validation.array(field.value, at: path) { $0.band($1, at: $2) }
            default: validation.report(.unknownField, at: path)
            }
        }
        require(["timezone", "bands"], of: value, at: path)
    }

    private mutating func band(_ value: JSONValue, at path: String) {
        object(value, at: path) { validation, field, path in
            switch field.name {
            case "days": validation.days(field.value, at: path)
            case "from": validation.time(field.value, at: path, isEnd: false)
            case "to": validation.time(field.value, at: path, isEnd: true)
            case "multiplier": validation.decimal(field.value, at: path, upTo: 10)
            default: validation.report(.unknownField, at: path)
            }
        }
        require(["days", "from", "to", "multiplier"], of: value, at: path)
        let from = value["from"]?.string.flatMap(TimeOfDay.minutes)
        if let from, from < 1_440, from == value["to"]?.string.flatMap(TimeOfDay.minutes) {
            report(.emptyBand, at: path)
        }
    }

    private mutating func days(_ value: JSONValue, at path: String) {
        guard let elements = value.elements else { return report(.type, at: path) }
        let days = elements.compactMap(\.integer).filter { (1...7).contains($0) }
        if days.isEmpty || days.count < elements.count || Set(days).count < days.count { report(.badDays, at: path) }
    }

    private mutating func time(_ value: JSONValue, at path: String, isEnd: Bool) {
        let minutes = value.string.flatMap(TimeOfDay.minutes)
        guard let minutes, isEnd || minutes < 1_440 else { return report(.badTime, at: path) }
    }
}
