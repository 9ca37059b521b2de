import Core

/// The file of `customers load`: a JSON array, one object a customer. Read whole, every fault named.
struct CustomerFile {
    let customers: [Customer]

    /// - Throws: `FileFaults`.
    init(_ bytes: [UInt8]) throws {
        let document = try FileFaults.document(bytes)
        guard let elements = document.elements else {
            throw FileFaults(faults: [FileFault(path: "", problem: "is not an array of customers")])
        }
        try self.init(elements)
    }

    /// The customers of some objects.
    /// - Throws: `FileFaults`.
    init(_ elements: [JSONValue]) throws {
        var faults: [FileFault] = []
        var customers: [Customer] = []
        for (index, element) in elements.enumerated() {
            let (customer, found) = CustomerFile.customer(element, path: "/\(index)")
            faults += found
            if let customer { customers.append(customer) }
        }
        if faults.isEmpty { faults = CustomerFile.repeats(in: customers) }
        guard faults.isEmpty else { throw FileFaults(faults: faults) }
        self.customers = customers
    }

    private static func customer(_ value: JSONValue, path: String) -> (Customer?, [FileFault]) {
        var reader = FieldReader(value, path: path)
        let ban = reader.required("ban", "a BAN of 1 to \(BAN.maximumLength) characters", parseBAN)
        let id = reader.required("id", "a UUID") { CustomerID(parsing: $0) }
        let name = reader.required("name", "a name of at most 200 characters", FileText.text(upTo: 200))
        let model = reader.required(
            "model", "one of \(BillingModel.allCases.map(\.rawValue).joined(separator: ", "))", BillingModel.init)
        let length = reader.required("cycle", "one of daily, weekly, monthly", BillingCycle.Length.init(text:))
        let anchor = reader.integer("anchor_day", in: 1...28, default: 1)
        let clock =
            reader.optional("billing_timezone", "an IANA time zone") { ZoneClock(identifier: $0) }
            ?? ZoneClock(identifier: "UTC")
        let terms =
            reader.optional(
                "payment_terms", "one of \(PaymentTerms.allCases.map(\.rawValue).joined(separator: ", "))",
                PaymentTerms.init) ?? .net30
        let btn = reader.optional("btn", "a number of ten digits") { text in
            text.utf8.count == 10 && text.allSatisfy { $0.isASCII && $0.isNumber } ? text : nil
        }
        let margin = reader.optional(
            "margin_alert_pct", "a percentage with two decimals, at most 999.99", parsePercentage)
        let limit = reader.optional("credit_limit", FileText.moneyKind(.cents), FileText.money(.cents))
        let opening = reader.optional("opening_balance", FileText.moneyKind(.ledger), FileText.money(.ledger))
        let billedFrom = reader.required("billed_from", "a day such as 2026-11-01", FileText.day)
        let numbers = self.numbers(&reader)
        let recharge = autoRecharge(&reader)
        let (tax, certificates) = taxProfile(&reader)
        if let model, limit == nil, model != .postpaid {
            reader.fault("credit_limit", "is needed: only POSTPAID may be without limit")
        }
        reader.finish()
        guard reader.faults.isEmpty, let ban, let id, let name, let model, let length, let clock, let billedFrom
        else {
            return (nil, reader.faults)
        }
        let customer = Customer(
            id: id, ban: ban, name: name, model: model,
            cycle: BillingCycle(length, anchorDay: anchor, clock: clock), terms: terms, btn: btn, tax: tax,
            numbers: numbers, marginAlert: margin ?? Percentage(hundredths: 1_000), creditLimit: limit,
            openingBalance: opening ?? .zero, autoRecharge: recharge, billedFrom: billedFrom,
            certificates: certificates)
        return (customer, [])
    }

    private static func numbers(_ reader: inout FieldReader) -> [String] {
        reader.list("numbers").enumerated().compactMap { index, value in
            guard let text = value.string, isNumber(text) else {
                reader.fault("numbers/\(index)", "is neither + and 7 to 15 digits nor a short code of 5 or 6 digits")
                return nil
            }
            return text
        }
    }

    private static func isNumber(_ text: String) -> Bool {
        let digits = text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return false }
        return text.hasPrefix("+") ? (7...15).contains(digits.count) : (5...6).contains(digits.count)
    }

    private static func autoRecharge(_ reader: inout FieldReader) -> Customer.AutoRechargeTerms? {
        guard let value = reader.value("auto_recharge") else { return nil }
        var fields = FieldReader(value, path: reader.path(of: "auto_recharge"))
        let isEnabled = fields.flag("enabled", default: false)
        let threshold = fields.optional("threshold", FileText.moneyKind(.cents), FileText.money(.cents))
        let amount = fields.optional("amount", FileText.moneyKind(.cents), FileText.money(.cents))
        let isGiven = isEnabled || threshold != nil || amount != nil
        if isGiven, threshold == nil { fields.fault("threshold", "is missing") }
        if isGiven, amount.map({ $0 == .zero }) ?? true { fields.fault("amount", "must be above 0.00") }
        fields.finish()
        reader.add(fields.faults)
        guard let threshold, let amount else { return nil }
        return Customer.AutoRechargeTerms(isEnabled: isEnabled, threshold: threshold, amount: amount)
    }

    private static func taxProfile(_ reader: inout FieldReader) -> (TaxProfile, [Customer.Certificate]) {
        let state = reader.optional("service_state", "a state of two letters") { text in
            text.utf8.count == 2 && text.allSatisfy { $0.isASCII && $0.isUppercase } ? text : nil
        }
        let share = "a factor from 0 to 1"
        func factor(_ text: String) -> Factor? { FileText.factor(text).flatMap { $0 <= .one ? $0 : nil } }
        let certificates = reader.list("exemptions").enumerated().compactMap { index, value in
            certificate(value, &reader, path: reader.path(of: "exemptions/\(index)"))
        }
        let profile = TaxProfile(
            serviceState: state, lines: reader.integer("lines", in: 0...1_000_000, default: 0),
            exemptions: certificates.map(\.exemption), isWholesale: reader.flag("wholesale", default: false),
            indeterminatePIU: reader.optional("indeterminate_piu", share, factor) ?? .one,
            recurringPIU: reader.optional("recurring_piu", share, factor) ?? .zero,
            usfCoversInternational: reader.flag("usf_international", default: true))
        return (profile, certificates)
    }

    private static func certificate(
        _ value: JSONValue, _ reader: inout FieldReader, path: String
    ) -> Customer.Certificate? {
        var fields = FieldReader(value, path: path)
        let tax = fields.required("tax", "a tax id", FileText.text(upTo: 100))
        let from = fields.required("valid_from", "a day", FileText.day)
        let to = fields.optional("valid_to", "a day", FileText.day)
        let number = fields.optional("certificate", "a certificate's number", FileText.text(upTo: 100))
        if let from, let to, to < from { fields.fault("valid_to", "lies before valid_from") }
        fields.finish()
        reader.add(fields.faults)
        guard let tax, let from else { return nil }
        return Customer.Certificate(exemption: TaxExemption(tax: tax, validFrom: from, validTo: to), number: number)
    }

    /// Ids, BANs and numbers are each one customer's.
    private static func repeats(in customers: [Customer]) -> [FileFault] {
        var seen: Set<String> = []
        var faults: [FileFault] = []
        for (index, customer) in customers.enumerated() {
            let keys =
                [("ban", customer.ban.text), ("id", customer.id.text)]
                + customer.numbers.enumerated().map { ("numbers/\($0.offset)", $0.element) }
            for (field, text) in keys where !seen.insert("\(field.prefix { $0 != "/" }) \(text)").inserted {
                faults.append(FileFault(path: "/\(index)/\(field)", problem: "'\(text)' stands in the file twice"))
            }
        }
        return faults
    }

    private static func parseBAN(_ text: String) -> BAN? {
        do throws(RejectReason) { return try BAN(parsing: text) } catch { return nil }
    }

    private static func parsePercentage(_ text: String) -> Percentage? {
        do throws(FixedPoint.ParsingError) {
            let percentage = try Percentage(parsing: text)
            return abs(percentage.hundredths) < 100_000 ? percentage : nil
        } catch {
            return nil
        }
    }
}
