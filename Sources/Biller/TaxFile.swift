import Core

/// The file of `taxes load`: USF factors by the day from which they hold, and the taxes of states (rules T1, T2).
struct TaxFile {
    let rates: [TaxRate]

    /// - Throws: `FileFaults`.
    init(_ bytes: [UInt8]) throws {
        let document = try FileFaults.document(bytes)
        var reader = FieldReader(document, path: "")
        var rates: [TaxRate] = []
        for (index, value) in reader.list("usf").enumerated() {
            if let rate = TaxFile.factor(value, path: "/usf/\(index)", &reader) { rates.append(rate) }
        }
        for (index, value) in reader.list("rules").enumerated() {
            if let rate = TaxFile.rule(value, path: "/rules/\(index)", &reader) { rates.append(rate) }
        }
        reader.finish()
        var seen: Set<String> = []
        for rate in rates where !seen.insert("\(rate.tax) \(rate.state) \(rate.effective.text)").inserted {
            reader.fault("rules", "\(rate.tax) of \(rate.state) begins twice on \(rate.effective.text)")
        }
        guard reader.faults.isEmpty else { throw FileFaults(faults: reader.faults) }
        self.rates = rates
    }

    /// From when a rule holds that names no day.
    private static let always = UsageDay(daysSince1970: 0)

    private static func factor(_ value: JSONValue, path: String, _ reader: inout FieldReader) -> TaxRate? {
        var fields = FieldReader(value, path: path)
        let effective = fields.required("effective", "a day", FileText.day)
        let factor = fields.required("factor", "a factor with at most seven decimals", FileText.factor)
        fields.finish()
        reader.add(fields.faults)
        guard let effective, let factor else { return nil }
        return TaxRate(
            tax: TaxRules.federalUSF, state: TaxRate.everyState, kind: .usf(factor), effective: effective, ends: nil)
    }

    private static func rule(_ value: JSONValue, path: String, _ reader: inout FieldReader) -> TaxRate? {
        var fields = FieldReader(value, path: path)
        let id = fields.required("id", "a tax id of letters, digits and _") { text in
            let isID =
                !text.isEmpty && text.utf8.count <= 60
                && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            return isID && text != TaxRules.federalUSF && text != TaxRules.all ? text : nil
        }
        let state = fields.required("state", "a state of two letters") { text in
            text.utf8.count == 2 && text.allSatisfy { $0.isASCII && $0.isUppercase } ? text : nil
        }
        let effective = fields.optional("effective", "a day", FileText.day) ?? always
        let ends = fields.optional("ends", "a day", FileText.day)
        var kind: TaxRate.Kind?
        switch fields.required("kind", "percent or per_line", { ["percent", "per_line"].contains($0) ? $0 : nil }) {
        case "percent":
            let rate = fields.required("rate", "a factor with at most seven decimals", FileText.factor)
            let bases = bases(&fields)
            kind = rate.map { .percent($0, of: bases) }
        case "per_line":
            kind = fields.required("amount", FileText.moneyKind(.full), FileText.money(.full)).map { .perLine($0) }
        default: break
        }
        if let ends, ends <= effective { fields.fault("ends", "does not lie behind effective") }
        fields.finish()
        reader.add(fields.faults)
        guard let id, let state, let kind else { return nil }
        return TaxRate(tax: id, state: state, kind: kind, effective: effective, ends: ends)
    }

    private static func bases(_ fields: inout FieldReader) -> [TaxRow.Base] {
        let elements = fields.list("base")
        if elements.isEmpty { fields.fault("base", "names no base") }
        return elements.enumerated().compactMap { index, element in
            guard let base = element.string.flatMap(TaxRow.Base.init) else {
                let known = TaxRow.Base.allCases.map(\.rawValue).joined(separator: ", ")
                fields.fault("base/\(index)", "is none of \(known)")
                return nil
            }
            return base
        }
    }
}

/// One row of `tax_rates`: in force from `effective` until the day before `ends`.
struct TaxRate: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case usf(Factor)
        case percent(Factor, of: [TaxRow.Base])
        case perLine(Money)
    }

    /// The state of a row that holds in all of them.
    static let everyState = "*"

    let tax: String
    let state: String
    let kind: Kind
    let effective: UsageDay
    let ends: UsageDay?

    /// Whether it is in force on an invoice date.
    func isInForce(on day: UsageDay) -> Bool { effective <= day && ends.map { day < $0 } ?? true }
}
