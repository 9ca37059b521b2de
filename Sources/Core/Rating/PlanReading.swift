// Compiles the JSON of `rate_plans.rates` (section P). The document has been validated when it was loaded; here an unreadable
// value is the same as none, so that one bad field cannot keep a carrier from rating.

extension JSONValue {
    /// A decimal string as a rate.
    var rate: Rate? { units.map(Rate.init(units:)) }

    /// A decimal string as an amount.
    var money: Money? { units.map(Money.init(units:)) }

    private var units: Int64? {
        guard let string else { return nil }
        do {
            return try FixedPoint.parse(string, decimals: Money.scale)
        } catch {
            return nil
        }
    }

    /// The fields of an object by name, read as rates.
    var rates: [String: Rate] {
        var rates: [String: Rate] = [:]
        for field in fields ?? [] { rates[field.name] = field.value.rate }
        return rates
    }

    /// The rows of an object by prefix.
    func prefixRows(_ row: (JSONValue) -> RateRow) -> PrefixRows {
        var rows: [Prefix: RateRow] = [:]
        for field in fields ?? [] {
            if let prefix = Prefix(parsing: field.name) { rows[prefix] = row(field.value) }
        }
        return PrefixRows(rows)
    }
}

extension TermsOverride {
    /// The terms that an object states, beside whatever else is in it.
    public init(_ json: JSONValue?) {
        self.init()
        initialIncrement = json?["initial_increment"]?.integer
        subsequentIncrement = json?["subsequent_increment"]?.integer
        minimumSeconds = json?["minimum_seconds"]?.integer
        graceSeconds = json?["grace_seconds"]?.integer
        connectFee = json?["connect_fee"]?.money
        minimumCharge = json?["minimum_charge"]?.money
        if let maximum = json?["maximum_charge"] {
            maximumCharge = maximum.money.map(Bound.amount) ?? Bound.none
        }
    }
}

extension RateRow {
    /// The row that an object states.
    init(_ json: JSONValue) {
        self.init()
        interstate = json["interstate"]?.rate
        intrastate = json["intrastate"]?.rate
        local = json["local"]?.rate
        indeterminate = json["indeterminate"]?.rate
        rate = json["rate"]?.rate
        international = json["international"]?.rate
        terms = TermsOverride(json)
    }
}

extension TollFreeRates {
    init(_ json: JSONValue) {
        billing = TermsOverride(json["billing"])
        terminating = json["terminating"].map(RateRow.init)
        originating = json["originating"].map(RateRow.init)
    }
}

extension MessageRates {
    /// The rates of a message plan, or of a vendor's `sms`.
    init(_ json: JSONValue) {
        smsOutbound = json["sms_outbound"]?.rate
        smsInbound = json["sms_inbound"]?.rate
        mmsOutbound = json["mms_outbound"]?.rate
        mmsInbound = json["mms_inbound"]?.rate
        for field in json["carrier_surcharges"]?.fields ?? [] { carrierSurcharges[field.name] = field.value.rates }
        international =
            json["international"]?["prefixes"]?.prefixRows { value in
                var row = RateRow()
                row.rate = value.rate
                return row
            } ?? PrefixRows()
    }
}

extension QueryRates {
    init(_ json: JSONValue) {
        perQuery = json["per_query"]?.rates ?? [:]
    }
}

extension TimeOfDay {
    /// The bands of an object; nil where the zone is unknown.
    public init?(_ json: JSONValue) {
        guard let identifier = json["timezone"]?.string, let clock = ZoneClock(identifier: identifier) else {
            return nil
        }
        self.clock = clock
        bands = (json["bands"]?.elements ?? []).compactMap(Band.init)
    }
}

extension TimeOfDay.Band {
    fileprivate init?(_ json: JSONValue) {
        guard let from = json["from"]?.string.flatMap(TimeOfDay.minutes),
            let to = json["to"]?.string.flatMap(TimeOfDay.minutes), let units = json["multiplier"]?.rate?.units
        else { return nil }
        let days = (json["days"]?.elements ?? []).compactMap(\.integer).filter { (1...7).contains($0) }
        self.init(days: days, from: from, to: to, multiplier: Multiplier(units: units))
    }
}

extension TimeOfDay {
    /// Minutes since midnight of `HH:MM` up to `24:00`; nil for anything else (rule P6).
    static func minutes(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"),
            [bytes[0], bytes[1], bytes[3], bytes[4]].allSatisfy(ASCII.isDigit)
        else { return nil }
        let digit = { (index: Int) in Int(bytes[index] - UInt8(ascii: "0")) }
        let hours = digit(0) * 10 + digit(1)
        let minutes = digit(3) * 10 + digit(4)
        guard minutes < 60, hours < 24 || (hours == 24 && minutes == 0) else { return nil }
        return hours * 60 + minutes
    }
}
