// The parts of a plan that belong to the invoice: bundles, volume, promotions (rule P7).
extension PlanValidation {
    mutating func bundles(_ value: JSONValue, at path: String) {
        array(value, at: path) { validation, bundle, path in
            validation.object(bundle, at: path) { validation, field, path in
                switch field.name {
                case "id": validation.text(field.value, at: path)
                case "keys": validation.array(field.value, at: path) { $0.text($1, at: $2) }
                case "seconds": validation.integer(field.value, at: path, in: 1...1_000_000_000)
                default: validation.report(.unknownField, at: path)
                }
            }
            validation.require(["id", "keys", "seconds"], of: bundle, at: path)
        }
    }

    mutating func volume(_ value: JSONValue, at path: String) {
        object(value, at: path) { validation, field, path in
            switch field.name {
            case "metric": validation.word(field.value, ["minutes", "messages", "queries", "spend"], at: path)
            case "mode": validation.word(field.value, ["graduated", "all_units"], at: path)
            case "keys": validation.array(field.value, at: path) { $0.text($1, at: $2) }
            case "tiers": validation.tiers(field.value, at: path)
            default: validation.report(.unknownField, at: path)
            }
        }
        require(["metric", "mode", "tiers"], of: value, at: path)
    }

    /// Tiers begin at 0 and ascend, each against the last readable one before it.
    private mutating func tiers(_ value: JSONValue, at path: String) {
        if value.elements?.isEmpty == true { return report(.empty, at: path) }
        var last: Int64?
        var isFirst = true
        array(value, at: path) { validation, tier, path in
            validation.object(tier, at: path) { validation, field, path in
                switch field.name {
                case "from":
                    guard let from = validation.decimal(field.value, at: path) else { return }
                    let isOrdered = isFirst ? from == 0 : last.map { from > $0 } ?? true
                    if !isOrdered { validation.report(.tierOrder, at: path) }
                    last = from
                case "discount_pct": validation.decimal(field.value, at: path, upTo: 100)
                default: validation.report(.unknownField, at: path)
                }
            }
            validation.require(["from", "discount_pct"], of: tier, at: path)
            isFirst = false
        }
    }

    mutating func promotions(_ value: JSONValue, at path: String) {
        array(value, at: path) { validation, promotion, path in
            validation.object(promotion, at: path) { validation, field, path in
                switch field.name {
                case "id": validation.text(field.value, at: path)
                case "type": validation.word(field.value, ["percent", "credit"], at: path)
                case "value": validation.promotionValue(field.value, promotion["type"]?.string, at: path)
                default: validation.report(.unknownField, at: path)
                }
            }
            validation.require(["id", "type", "value"], of: promotion, at: path)
        }
    }

    private mutating func promotionValue(_ value: JSONValue, _ type: String?, at path: String) {
        switch type {
        case "percent": decimal(value, at: path, upTo: 100)
        case "credit": _ = decimal(value, at: path, scale: 2)
        default: _ = decimal(value, at: path)
        }
    }

    private mutating func text(_ value: JSONValue, at path: String) {
        if value.string == nil { report(.type, at: path) }
    }

    private mutating func word(_ value: JSONValue, _ words: Set<String>, at path: String) {
        if !(value.string.map(words.contains) ?? false) { report(.badEnum, at: path) }
    }
}
