/// What a rated record comes to: everything that an invoice, a tax or a margin depends on. Two ratings of equal facts need no
/// correction, whatever else of their evidence differs.
public struct RatedFacts: Hashable, Sendable {
    public var status: UsageStatus
    public var customer: CustomerID?
    public var classKey: ClassKey?
    public var taxJurisdiction: TaxJurisdiction
    public var sku: String?
    public var ratePlan: String?
    /// Per minute, message or query.
    public var rate: Rate?
    /// Billed seconds of a call, units of anything else.
    public var quantity: Int?
    public var charge: Money?
    public var vendor: VendorName?
    public var cost: Money?

    /// The facts of a standing row.
    public init(
        status: UsageStatus, customer: CustomerID?, classKey: ClassKey?, taxJurisdiction: TaxJurisdiction, sku: String?,
        ratePlan: String?, rate: Rate?, quantity: Int?, charge: Money?, vendor: VendorName?, cost: Money?
    ) {
        self.status = status
        self.customer = customer
        self.classKey = classKey
        self.taxJurisdiction = taxJurisdiction
        self.sku = sku
        self.ratePlan = ratePlan
        self.rate = rate
        self.quantity = quantity
        self.charge = charge
        self.vendor = vendor
        self.cost = cost
    }

    /// The facts of a rating.
    public init(_ usage: RatedUsage) {
        let quantity: Int? =
            switch usage.evidence {
            case .call(let call): call.billedSeconds
            case .message(let message): message.units
            case .query(let query): query.units
            }
        self.init(
            status: usage.status, customer: usage.customerID, classKey: usage.classKey,
            taxJurisdiction: usage.taxJurisdiction, sku: usage.sku, ratePlan: usage.ratePlanID, rate: usage.rate,
            quantity: quantity, charge: usage.charge, vendor: usage.vendor, cost: usage.vendorCost)
    }

    /// What differs in another rating of the record, by the names of the columns.
    public func changes(to other: RatedFacts) -> [String] {
        zip(fields, other.fields).compactMap { mine, theirs in mine.text == theirs.text ? nil : mine.name }
    }

    /// One text for equal facts, another for different ones.
    public var text: String {
        fields.map { "\($0.name)=\($0.text ?? "-")" }.joined(separator: "\n")
    }

    private var fields: [(name: String, text: String?)] {
        [
            ("status", status.rawValue), ("customer_id", customer?.text), ("class_key", classKey?.text),
            ("tax_jurisdiction", taxJurisdiction.rawValue), ("sku", sku), ("rate_plan_id", ratePlan),
            ("rate", rate?.text),
            ("quantity", quantity.map { String($0) }), ("charge", charge?.text(.charge)), ("vendor", vendor?.text),
            ("vendor_cost", cost?.text(.charge)),
        ]
    }
}
