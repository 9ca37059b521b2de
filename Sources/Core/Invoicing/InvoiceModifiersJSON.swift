extension InvoiceModifiers {
    /// A field of a plan that validation should have refused (section P).
    public struct Malformed: Error, Hashable, Sendable {
        /// JSON pointer.
        public let path: String

        public init(path: String) {
            self.path = path
        }
    }

    /// The modifiers of a plan's `rates` (section P); all its other fields are ignored.
    public init(planRates rates: JSONValue) throws(Malformed) {
        let fields = ModifierFields(value: rates, path: "")
        let monthlyFee = fields.value("monthly_fee")
        self.init(
            monthlyFee: try monthlyFee.isAbsent ? nil : monthlyFee.money(),
            bundles: try fields.value("bundles").list { field throws(Malformed) in
                Bundle(
                    id: try field.value("id").text(), keys: Set(try field.value("keys").keys()),
                    seconds: try field.value("seconds").integer())
            },
            volume: try fields.value("volume").isAbsent ? nil : VolumeDiscount(fields.value("volume")),
            promotions: try fields.value("promotions").list { field throws(Malformed) in try Promotion(field) })
    }

    /// The modifiers of all of a customer's plans: fees add up, lists follow one another, the first volume discount counts.
    public init(combining plans: [InvoiceModifiers]) {
        let fees = plans.compactMap(\.monthlyFee)
        self.init(
            monthlyFee: fees.isEmpty ? nil : fees.total(), bundles: plans.flatMap(\.bundles),
            volume: plans.lazy.compactMap(\.volume).first, promotions: plans.flatMap(\.promotions),
            minimum: plans.lazy.compactMap(\.minimum).first)
    }
}

extension VolumeDiscount {
    fileprivate init(_ field: ModifierFields) throws(InvoiceModifiers.Malformed) {
        let keys = field.value("keys")
        self.init(
            metric: try field.value("metric").word(), mode: try field.value("mode").word(),
            keys: try keys.isAbsent ? nil : Set(keys.keys()),
            tiers: try field.value("tiers").list { tier throws(InvoiceModifiers.Malformed) in
                Tier(
                    from: try tier.value("from").money().units,
                    discount: Percent(units: try tier.value("discount_pct").money().units))
            })
    }
}

extension Promotion {
    fileprivate init(_ field: ModifierFields) throws(InvoiceModifiers.Malformed) {
        let value = try field.value("value").money()
        let kind: Kind =
            switch try field.value("type").text() {
            case "percent": .percent(Percent(units: value.units))
            case "credit": .credit(value)
            default: throw InvoiceModifiers.Malformed(path: field.path + "/type")
            }
        self.init(id: try field.value("id").text(), kind)
    }
}

/// A value of a plan and where it stands.
private struct ModifierFields {
    let value: JSONValue?
    let path: String

    var isAbsent: Bool { value == nil || value == .null }

    private var malformed: InvoiceModifiers.Malformed { InvoiceModifiers.Malformed(path: path) }

    func value(_ name: String) -> ModifierFields {
        ModifierFields(value: value?[name], path: "\(path)/\(name)")
    }

    func text() throws(InvoiceModifiers.Malformed) -> String {
        guard let text = value?.string else { throw malformed }
        return text
    }

    func integer() throws(InvoiceModifiers.Malformed) -> Int {
        guard let integer = value?.integer else { throw malformed }
        return integer
    }

    /// A decimal string with at most seven digits behind the point.
    func money() throws(InvoiceModifiers.Malformed) -> Money {
        let text = try text()
        do { return try Money(parsing: text) } catch { throw malformed }
    }

    func word<Word: RawRepresentable<String>>() throws(InvoiceModifiers.Malformed) -> Word {
        guard let word = Word(rawValue: try text()) else { throw malformed }
        return word
    }

    func keys() throws(InvoiceModifiers.Malformed) -> [ClassKey] {
        try list { key throws(InvoiceModifiers.Malformed) in ClassKey(try key.text()) }
    }

    /// The elements of an array, none where it is absent.
    func list<Element>(
        _ element: (ModifierFields) throws(InvoiceModifiers.Malformed) -> Element
    ) throws(InvoiceModifiers.Malformed) -> [Element] {
        guard !isAbsent else { return [] }
        guard let elements = value?.elements else { throw malformed }
        var list: [Element] = []
        for (index, value) in elements.enumerated() {
            list.append(try element(ModifierFields(value: value, path: "\(path)/\(index)")))
        }
        return list
    }
}
