import Foundation

/// One record of the stood-in account.
struct NetSuiteRecord: Sendable {
    let id: Int
    var fields: JSONObject
    let created: Date
    var modified: Date

    var externalID: String? { fields["externalId"]?.string }

    func lines(_ sublist: String) -> [JSONValue] {
        fields[sublist]?["items"]?.elements ?? []
    }
}

/// All records of the account, in memory. Writing follows NetSuite where it bites: an external id is unique within
/// its type, and an update appends lines that carry no `line` key unless the sublist is replaced.
actor NetSuiteRecords {
    private var records: [String: [Int: NetSuiteRecord]] = [:]
    private var idByExternalID: [String: [String: Int]] = [:]
    private var lastID = 48_000
    /// External ids of the items that exist; nil while any item is taken.
    private var items: Set<String>?

    func setItems(_ items: Set<String>?) {
        self.items = items
    }

    /// All records of a type by internal id.
    func all(_ type: NetSuiteRecordType) -> [NetSuiteRecord] {
        (records[type.name] ?? [:]).values.sorted { $0.id < $1.id }
    }

    /// The record that `48213` or `eid:INV-1` names.
    func find(_ type: NetSuiteRecordType, _ key: String) throws(NetSuiteFault) -> NetSuiteRecord {
        let id = key.hasPrefix("eid:") ? idByExternalID[type.name]?[String(key.dropFirst(4))] : Int(key)
        guard let id, let record = records[type.name]?[id] else { throw .absent(type.name, key) }
        return record
    }

    /// `POST`: a new record; a second one with the same external id is refused.
    func create(_ type: NetSuiteRecordType, _ fields: JSONObject) throws(NetSuiteFault) -> Int {
        if let text = fields["externalId"]?.string {
            let externalID = try NetSuiteValidation.externalID(text)
            guard idByExternalID[type.name]?[externalID] == nil else {
                throw .user("This record already exists: \(type.name) with external id \(externalID).")
            }
        }
        let record = NetSuiteRecord(id: lastID + 1, fields: numbered(fields, type), created: .now, modified: .now)
        try accept(record, type)
        lastID += 1
        return record.id
    }

    /// `PATCH`, and a `PUT` that meets an existing record.
    func update(
        _ type: NetSuiteRecordType, _ key: String, _ changes: JSONObject, replacing: Set<String>
    ) throws(NetSuiteFault) -> Int {
        var record = try find(type, key)
        for (name, value) in changes.members {
            if type.sublists[name] != nil, !replacing.contains(name) {
                let merged = Self.appending(value["items"]?.elements ?? [], to: record.lines(name))
                record.fields[name] = .object(["items": .array(merged)])
            } else {
                record.fields[name] = value
            }
        }
        record.fields = numbered(record.fields, type)
        record.modified = .now
        try accept(record, type)
        return record.id
    }

    /// `PUT eid:`: creates, or updates what is there.
    func upsert(
        _ type: NetSuiteRecordType, externalID: String, _ fields: JSONObject, replacing: Set<String>
    ) throws(NetSuiteFault) -> Int {
        var fields = fields
        fields["externalId"] = .string(try NetSuiteValidation.externalID(externalID))
        guard idByExternalID[type.name]?[externalID] != nil else { return try create(type, fields) }
        return try update(type, "eid:\(externalID)", fields, replacing: replacing)
    }

    /// What is still owed on an invoice, in cents.
    func unpaid(_ invoice: NetSuiteRecord, leavingOut payment: Int? = nil) -> Int64 {
        NetSuiteTotals.total(of: invoice) - paid(on: invoice.id, leavingOut: payment)
    }

    /// What a customer owes over all invoices less its credit memos, in cents.
    func balance(ofCustomer customer: NetSuiteRecord) -> Int64 {
        func of(_ type: NetSuiteRecordType) -> [NetSuiteRecord] {
            all(type).filter { refers($0.fields["entity"], to: customer) }
        }
        return of(.invoice).reduce(0) { $0 + unpaid($1) }
            - of(.creditMemo).reduce(0) { $0 + NetSuiteTotals.total(of: $1) }
    }

    private func paid(on invoiceID: Int, leavingOut payment: Int?) -> Int64 {
        all(.customerPayment).filter { $0.id != payment }.flatMap { $0.lines("apply") }
            .filter { $0["doc"]?["id"]?.string == String(invoiceID) && $0["apply"] != .bool(false) }
            .reduce(0) { $0 + NetSuiteTotals.amount(of: $1) }
    }

    /// Checks the whole record and keeps it.
    private func accept(_ record: NetSuiteRecord, _ type: NetSuiteRecordType) throws(NetSuiteFault) {
        for name in type.required where record.fields[name] == nil {
            throw .user("Please enter value(s) for: \(name)", path: name)
        }
        for (name, sublist) in type.sublists {
            for (index, line) in record.lines(name).enumerated() {
                for field in sublist.required where line[field] == nil {
                    throw .user("Please enter value(s) for: \(field)", path: "\(name).items[\(index)].\(field)")
                }
            }
        }
        switch type.name {
        case NetSuiteRecordType.invoice.name, NetSuiteRecordType.creditMemo.name: try acceptSale(record)
        case NetSuiteRecordType.customerPayment.name: try acceptPayment(record)
        default: break
        }
        records[type.name, default: [:]][record.id] = record
        if let externalID = record.externalID { idByExternalID[type.name, default: [:]][externalID] = record.id }
    }

    /// An invoice or a credit memo.
    private func acceptSale(_ sale: NetSuiteRecord) throws(NetSuiteFault) {
        try existingCustomer(sale.fields["entity"], field: "entity")
        let lines = sale.lines("item")
        guard !lines.isEmpty else { throw .user("You must enter at least one line item.", path: "item") }
        guard NetSuiteTotals.total(of: sale) >= 0 else { throw .user("The total can not be negative.", path: "item") }
        guard let items else { return }
        for (index, line) in lines.enumerated() {
            guard let item = line["item"]?["externalId"]?.string, !items.contains(item) else { continue }
            throw .content("Invalid reference: item \(item).", path: "item.items[\(index)].item")
        }
    }

    private func acceptPayment(_ payment: NetSuiteRecord) throws(NetSuiteFault) {
        try existingCustomer(payment.fields["customer"], field: "customer")
        guard payment.fields["account"] != nil || payment.fields["undepFunds"] != nil else {
            throw .user("Please enter value(s) for: Account", path: "account")
        }
        guard case .number(let digits)? = payment.fields["payment"], let amount = Cents.parse(digits), amount > 0 else {
            throw .user("Please enter value(s) for: Payment Amount", path: "payment")
        }
        var applied: Int64 = 0
        for (index, line) in payment.lines("apply").enumerated() where line["apply"] != .bool(false) {
            let path = "apply.items[\(index)]"
            guard let id = line["doc"]?["id"]?.string else {
                throw .content("Invalid reference: doc is named by its internal id.", path: "\(path).doc")
            }
            let lineAmount = NetSuiteTotals.amount(of: line)
            guard lineAmount <= unpaid(try find(.invoice, id), leavingOut: payment.id) else {
                throw .user("You cannot apply more than the amount due.", path: "\(path).amount")
            }
            applied += lineAmount
        }
        guard applied <= amount else { throw .user("You cannot apply more than the payment.", path: "payment") }
    }

    private func existingCustomer(_ reference: JSONValue?, field: String) throws(NetSuiteFault) {
        guard all(.customer).contains(where: { refers(reference, to: $0) }) else {
            throw .content("Invalid reference: no customer \(reference?.encoded ?? "").", path: field)
        }
    }

    private func refers(_ reference: JSONValue?, to record: NetSuiteRecord) -> Bool {
        if let id = reference?["id"]?.string { return id == String(record.id) }
        return reference?["externalId"]?.string != nil && reference?["externalId"]?.string == record.externalID
    }

    /// Lines with a `line` key change that line; all others are added below.
    private static func appending(_ changes: [JSONValue], to lines: [JSONValue]) -> [JSONValue] {
        var lines = lines
        for change in changes {
            if let number = change["line"], let index = lines.firstIndex(where: { $0["line"] == number }),
                var line = lines[index].object, let fields = change.object
            {
                for (name, value) in fields.members { line[name] = value }
                lines[index] = .object(line)
            } else {
                lines.append(change)
            }
        }
        return lines
    }

    /// Gives every line its `line` key.
    private func numbered(_ fields: JSONObject, _ type: NetSuiteRecordType) -> JSONObject {
        var fields = fields
        for name in type.sublists.keys {
            guard let elements = fields[name]?["items"]?.elements else { continue }
            let lines = elements.enumerated().map { index, element -> JSONValue in
                guard var line = element.object else { return element }
                line["line"] = .number(String(index + 1))
                return .object(line)
            }
            fields[name] = .object(["items": .array(lines)])
        }
        return fields
    }
}
