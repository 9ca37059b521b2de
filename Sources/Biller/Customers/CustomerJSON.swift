import Core

extension Customer {
    /// The customer as the file has it: what `customers set` changes and `customers list --json` prints.
    var json: JSONValue {
        .object([
            field("ban", ban.text), field("id", id.text), field("name", name), field("model", model.rawValue),
            field("cycle", cycle.length.text), field("payment_terms", terms.rawValue),
            field("credit_limit", creditLimit?.text(.cents)), field("billing_timezone", cycle.clock.identifier),
            JSONValue.Field(name: "anchor_day", value: .number("\(cycle.anchorDay)")), field("btn", btn),
            field("service_state", tax.serviceState),
            JSONValue.Field(name: "lines", value: .number("\(tax.lines)")),
            JSONValue.Field(name: "wholesale", value: .bool(tax.isWholesale)),
            JSONValue.Field(name: "exemptions", value: .array(certificates.map(Customer.json))),
            field("indeterminate_piu", tax.indeterminatePIU.text), field("recurring_piu", tax.recurringPIU.text),
            JSONValue.Field(name: "usf_international", value: .bool(tax.usfCoversInternational)),
            field("margin_alert_pct", marginAlert.text),
            JSONValue.Field(name: "numbers", value: .array(numbers.map(JSONValue.string))),
            field("opening_balance", openingBalance.text(.ledger)),
            JSONValue.Field(
                name: "auto_recharge",
                value: .object([
                    JSONValue.Field(name: "enabled", value: .bool(autoRecharge?.isEnabled ?? false)),
                    field("threshold", autoRecharge?.threshold.text(.cents)),
                    field("amount", autoRecharge?.amount.text(.cents)),
                ])),
            field("billed_from", billedFrom.text),
        ])
    }

    /// The customer with other values for some fields, each written as `key=value`: JSON, or else a text.
    /// - Throws: `FileFaults`.
    func setting(_ assignments: [String]) throws -> Customer {
        var fields = json.fields ?? []
        var faults: [FileFault] = []
        for assignment in assignments {
            guard let equals = assignment.firstIndex(of: "=") else {
                faults.append(FileFault(path: "/\(assignment)", problem: "is not key=value"))
                continue
            }
            let name = String(assignment[..<equals])
            let value = Customer.value(of: String(assignment[assignment.index(after: equals)...]), for: name)
            fields.removeAll { $0.name == name }
            fields.append(JSONValue.Field(name: name, value: value))
        }
        guard faults.isEmpty else { throw FileFaults(faults: faults) }
        return try CustomerFile([.object(fields)]).customers[0]
    }

    /// Numbers, arrays and objects as JSON where the field is one; everything else is a text.
    private static func value(of text: String, for name: String) -> JSONValue {
        switch name {
        case "anchor_day", "lines", "wholesale", "usf_international", "exemptions", "numbers", "auto_recharge": break
        default: return text == "null" ? .null : .string(text)
        }
        do throws(JSONValue.ParsingError) { return try JSONValue(parsing: text) } catch { return .string(text) }
    }

    private static func json(_ certificate: Certificate) -> JSONValue {
        .object([
            field("tax", certificate.exemption.tax), field("valid_from", certificate.exemption.validFrom.text),
            field("valid_to", certificate.exemption.validTo?.text), field("certificate", certificate.number),
        ])
    }
}

private func field(_ name: String, _ text: String?) -> JSONValue.Field {
    JSONValue.Field(name: name, value: text.map(JSONValue.string) ?? .null)
}
