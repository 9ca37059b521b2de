/// What a value of a field must be.
enum NetSuiteField: Sendable {
    case text, number, integer, flag, date, reference, address, choice
    /// An amount of money: a number with at most two decimals.
    case money
}

/// A list of lines inside a record, such as the items of an invoice.
struct NetSuiteSublist: Sendable {
    let fields: [String: NetSuiteField]
    var required: [String] = []
}

/// The fields of one record type that a biller writes; the account's own fields start with `customPrefix`.
struct NetSuiteRecordType: Sendable {
    let name: String
    let customPrefix: String
    let fields: [String: NetSuiteField]
    let sublists: [String: NetSuiteSublist]
    let required: [String]

    static let all: [NetSuiteRecordType] = [.customer, .invoice, .creditMemo, .customerPayment, .vendorBill]

    static func named(_ name: String) -> NetSuiteRecordType? { all.first { $0.name == name } }

    static let customer = NetSuiteRecordType(
        name: "customer", customPrefix: "custentity",
        fields: [
            .text: [
                "externalId", "entityId", "companyName", "firstName", "lastName", "email", "altEmail", "phone",
                "altPhone", "url", "comments", "accountNumber",
            ],
            .flag: ["isPerson", "isInactive", "taxable"],
            .reference: [
                "subsidiary", "currency", "terms", "category", "entityStatus", "salesRep", "parent", "taxItem",
                "receivablesAccount", "priceLevel", "customForm",
            ],
            .money: ["creditLimit"],
            .choice: ["creditHoldOverride", "emailPreference"],
        ].byName,
        sublists: [
            "addressBook": NetSuiteSublist(
                fields: [
                    .flag: ["defaultBilling", "defaultShipping", "isResidential"], .text: ["label"],
                    .address: ["addressBookAddress"],
                ].byName)
        ],
        required: [])

    static let invoice = NetSuiteRecordType(
        name: "invoice", customPrefix: "custbody",
        fields: [
            .text: ["externalId", "tranId", "otherRefNum", "memo", "email", "message"],
            .date: ["tranDate", "dueDate", "startDate", "endDate", "taxPointDate"],
            .flag: ["toBeEmailed", "toBePrinted", "taxDetailsOverride", "isTaxable", "recurringBill"],
            .number: ["exchangeRate", "discountRate", "taxRate"],
            .choice: ["approvalStatus"],
            .address: ["billingAddress", "shippingAddress"],
            .reference: [
                "entity", "terms", "subsidiary", "currency", "account", "postingPeriod", "customForm", "class",
                "department", "location", "discountItem", "billingAccount", "billAddressList", "taxItem", "salesRep",
                "createdFrom",
            ],
        ].byName,
        sublists: [
            "item": NetSuiteSublist(
                fields: itemFields.merging(
                    [
                        .reference: ["price", "job"], .flag: ["isTaxable", "deferRevRec"],
                        .number: ["taxRate1", "costEstimate"], .choice: ["costEstimateType"],
                        .text: ["units", "taxDetailsReference"], .date: ["revRecStartDate", "revRecEndDate"],
                    ].byName
                ) { field, _ in field },
                required: ["item"]),
            "taxDetails": NetSuiteSublist(
                fields: [
                    .text: ["taxDetailsReference", "calcDetail", "lineType", "lineName"],
                    .reference: ["taxType", "taxCode"], .number: ["taxRate"], .money: ["taxBasis", "taxAmount"],
                ].byName),
        ],
        required: ["entity", "item"])

    /// As an invoice, but never due, and with invoices that it is applied to.
    static let creditMemo = NetSuiteRecordType(
        name: "creditMemo", customPrefix: invoice.customPrefix,
        fields: invoice.fields.filter { !["dueDate", "terms", "recurringBill"].contains($0.key) }
            .merging([.flag: ["autoApply"]].byName) { field, _ in field },
        sublists: invoice.sublists.merging(["apply": NetSuiteSublist(fields: applyFields, required: ["doc"])]) {
            sublist, _ in sublist
        },
        required: invoice.required)

    static let customerPayment = NetSuiteRecordType(
        name: "customerPayment", customPrefix: "custbody",
        fields: [
            .text: [
                "externalId", "checkNumber", "tranId", "memo", "inputReferenceCode", "outputReferenceCode",
                "outputAuthCode",
            ],
            .money: ["payment"],
            .number: ["exchangeRate"],
            .date: ["tranDate"],
            .flag: ["autoApply", "toBeEmailed"],
            .choice: ["handlingMode", "undepFunds"],
            .reference: [
                "customer", "account", "arAcct", "currency", "paymentOption", "paymentProcessingProfile", "subsidiary",
                "postingPeriod", "class", "department", "location", "customForm",
            ],
        ].byName,
        sublists: [
            "apply": NetSuiteSublist(
                fields: applyFields.merging(
                    [.text: ["refNum", "type", "currency"], .money: ["total", "due"], .date: ["applyDate"]].byName
                ) { field, _ in field },
                required: ["doc"]),
            "credit": NetSuiteSublist(fields: applyFields, required: ["doc"]),
            "deposit": NetSuiteSublist(fields: applyFields, required: ["doc"]),
        ],
        required: ["customer"])

    static let vendorBill = NetSuiteRecordType(
        name: "vendorBill", customPrefix: "custbody",
        fields: [
            .text: ["externalId", "tranId", "memo"],
            .date: ["tranDate", "dueDate", "startDate", "endDate"],
            .number: ["exchangeRate"],
            .money: ["userTotal"],
            .flag: ["paymentHold"],
            .choice: ["approvalStatus"],
            .reference: [
                "entity", "terms", "subsidiary", "currency", "account", "postingPeriod", "customForm", "class",
                "department", "location",
            ],
        ].byName,
        sublists: [
            "expense": NetSuiteSublist(
                fields: [
                    .reference: ["account", "category", "customer", "taxCode", "class", "department", "location"],
                    .money: ["amount"], .text: ["memo"], .flag: ["isBillable"], .integer: ["line"],
                ].byName),
            "item": NetSuiteSublist(
                fields: itemFields.merging([.reference: ["customer"], .flag: ["isBillable"]].byName) { field, _ in
                    field
                },
                required: ["item"]),
        ],
        required: ["entity"])

    private static let itemFields = [
        .reference: ["item", "taxCode", "class", "department", "location"], .number: ["quantity", "rate"],
        .money: ["amount"], .text: ["description"], .integer: ["line"],
    ].byName

    private static let applyFields = [
        .flag: ["apply"], .reference: ["doc"], .money: ["amount"], .integer: ["line"],
    ].byName
}

extension [NetSuiteField: [String]] {
    /// The same table the other way round: field name to what it holds.
    fileprivate var byName: [String: NetSuiteField] {
        var fields: [String: NetSuiteField] = [:]
        for (kind, names) in self {
            for name in names { fields[name] = kind }
        }
        return fields
    }
}
