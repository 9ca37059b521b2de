import Foundation

/// What NetSuite works out from a record's lines, all in cents.
enum NetSuiteTotals {
    static func total(of record: NetSuiteRecord) -> Int64 {
        (record.lines("item") + record.lines("expense")).reduce(0) { $0 + amount(of: $1) }
    }

    /// What a payment or a credit memo takes off invoices.
    static func applied(by record: NetSuiteRecord) -> Int64 {
        record.lines("apply").filter { $0["apply"] != .bool(false) }.reduce(0) { $0 + amount(of: $1) }
    }

    /// A line's `amount`, or where it has none, `quantity × rate`.
    static func amount(of line: JSONValue) -> Int64 {
        if case .number(let digits)? = line["amount"], let cents = Cents.parse(digits) { return cents }
        guard case .number(let rate)? = line["rate"] else { return 0 }
        guard case .number(let quantity)? = line["quantity"] else { return Cents.product("1", rate) ?? 0 }
        return Cents.product(quantity, rate) ?? 0
    }
}

extension NetSuiteRecords {
    /// The record as `GET` shows it; sublists are links unless they are asked for.
    func document(_ record: NetSuiteRecord, _ type: NetSuiteRecordType, expanded: Bool, base: String) -> JSONValue {
        let selfLink = "\(base)/services/rest/record/v1/\(type.name)/\(record.id)"
        var document: JSONObject = [
            "links": .array([.object(["rel": .string("self"), "href": .string(selfLink)])]),
            "id": .string(String(record.id)),
        ]
        for (name, value) in record.fields.members where type.sublists[name] == nil { document[name] = value }
        for name in type.sublists.keys.sorted() {
            let lines = record.lines(name)
            guard !lines.isEmpty else { continue }
            document[name] = .object(
                expanded
                    ? ["items": .array(lines), "totalResults": .number(String(lines.count))]
                    : ["links": .array([.object(["rel": .string("self"), "href": .string("\(selfLink)/\(name)")])])])
        }
        for (name, value) in computed(record, type).members { document[name] = value }
        document["createdDate"] = .string(record.created.formatted(.iso8601))
        document["lastModifiedDate"] = .string(record.modified.formatted(.iso8601))
        return .object(document)
    }

    private func computed(_ record: NetSuiteRecord, _ type: NetSuiteRecordType) -> JSONObject {
        func money(_ cents: Int64) -> JSONValue { .number(Cents.text(cents)) }
        let total = NetSuiteTotals.total(of: record)
        switch type.name {
        case NetSuiteRecordType.invoice.name:
            let unpaid = unpaid(record)
            return [
                "subtotal": money(total), "total": money(total), "amountRemaining": money(unpaid),
                "amountPaid": money(total - unpaid), "transactionNumber": .string("INVC\(record.id)"),
                "status": unpaid == 0
                    ? .object(["id": .string("B"), "refName": .string("Paid In Full")])
                    : .object(["id": .string("A"), "refName": .string("Open")]),
            ]
        case NetSuiteRecordType.creditMemo.name:
            let applied = NetSuiteTotals.applied(by: record)
            return [
                "subtotal": money(total), "total": money(total), "applied": money(applied),
                "unapplied": money(total - applied), "amountRemaining": money(total - applied),
            ]
        case NetSuiteRecordType.customerPayment.name:
            let applied = NetSuiteTotals.applied(by: record)
            guard case .number(let digits)? = record.fields["payment"], let paid = Cents.parse(digits) else {
                return [:]
            }
            return ["total": money(paid), "applied": money(applied), "unapplied": money(paid - applied)]
        case NetSuiteRecordType.customer.name:
            return ["balance": money(balance(ofCustomer: record))]
        default:
            return ["total": money(total), "balance": money(total)]
        }
    }
}
