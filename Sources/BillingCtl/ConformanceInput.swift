import Core

/// Why a case cannot be run.
struct ConformanceError: Error, CustomStringConvertible {
    let description: String
}

/// A value of a case's input and where it stands, read field by field. Amounts are decimal strings, never JSON numbers.
struct ConformanceInput {
    let value: JSONValue
    let path: String

    init(_ value: JSONValue, path: String = "") {
        self.value = value
        self.path = path
    }

    /// A field; absent and null are the same.
    subscript(name: String) -> ConformanceInput? {
        guard let field = value[name], !field.isNull else { return nil }
        return ConformanceInput(field, path: "\(path)/\(name)")
    }

    /// A field that must be there.
    func required(_ name: String) throws -> ConformanceInput {
        guard let field = self[name] else { throw ConformanceError(description: "\(path)/\(name) is missing") }
        return field
    }

    func text() throws -> String {
        guard let text = value.string else { throw wrong("a string") }
        return text
    }

    func integer() throws -> Int {
        guard let integer = value.integer else { throw wrong("an integer") }
        guard integer.magnitude <= ConformanceInput.largestInteger else { throw wrong("within a million millions") }
        return integer
    }

    /// A whole number of a range.
    func integer(in range: ClosedRange<Int>) throws -> Int {
        let integer = try integer()
        guard range.contains(integer) else { throw wrong("in \(range.lowerBound)…\(range.upperBound)") }
        return integer
    }

    // Beyond these, sums would no longer fit their integers, and the run would end there.
    private static let largestInteger: UInt = 1_000_000_000_000
    private static let years = 1...9_998
    private static let largestDecimal: UInt64 = 10_000_000_000

    func bool() throws -> Bool {
        guard let bool = value.bool else { throw wrong("true or false") }
        return bool
    }

    func list() throws -> [ConformanceInput] {
        guard let elements = value.elements else { throw wrong("an array") }
        return elements.enumerated().map { ConformanceInput($1, path: "\(path)/\($0)") }
    }

    func instant() throws -> Instant {
        guard let instant = Instant(parsing: try text()) else { throw wrong("an instant") }
        guard ConformanceInput.years.contains(instant.usageDay.civil.year) else { throw wrong("in the calendar") }
        return instant
    }

    func day() throws -> UsageDay {
        guard let day = UsageDay(parsing: try text()) else { throw wrong("a day") }
        guard ConformanceInput.years.contains(day.civil.year) else { throw wrong("in the calendar") }
        return day
    }

    /// A decimal string as an integer of its last digit.
    func decimal(_ decimals: Int) throws -> Int64 {
        do {
            let units = try FixedPoint.parse(try text(), decimals: decimals)
            guard units.magnitude / FixedPoint.powerOfTen(decimals).magnitude < ConformanceInput.largestDecimal else {
                throw wrong("below ten billion")
            }
            return units
        } catch is FixedPoint.ParsingError {
            throw wrong("a decimal with at most \(decimals) digits behind the point")
        }
    }

    func money(_ scale: MoneyScale = .full) throws -> Money {
        Money(units: try decimal(scale.rawValue) * scale.units)
    }

    func rate() throws -> Rate { Rate(units: try decimal(7)) }

    func percent() throws -> Percent { Percent(units: try decimal(7)) }

    func factor() throws -> Factor { Factor(units: try decimal(7)) }

    /// A word of an enumeration.
    func word<Word: RawRepresentable<String>>(_: Word.Type = Word.self) throws -> Word {
        guard let word = Word(rawValue: try text()) else { throw wrong("a word it may be") }
        return word
    }

    fileprivate func wrong(_ expected: String) -> ConformanceError {
        ConformanceError(description: "\(path) is not \(expected)")
    }
}

extension ConformanceInput {
    /// The terms of rule R9, those left out at their defaults.
    static func terms(_ input: ConformanceInput?) throws -> Terms {
        var terms = Terms()
        guard let input else { return terms }
        if let initial = try input["initial_increment"]?.increment() { terms.increments.initial = initial }
        if let subsequent = try input["subsequent_increment"]?.increment() { terms.increments.subsequent = subsequent }
        if let minimum = try input["minimum_seconds"]?.integer() { terms.minimumSeconds = minimum }
        if let grace = try input["grace_seconds"]?.integer() { terms.graceSeconds = grace }
        if let fee = try input["connect_fee"]?.money() { terms.connectFee = fee }
        if let minimum = try input["minimum_charge"]?.money() { terms.minimumCharge = minimum }
        terms.maximumCharge = try input["maximum_charge"]?.money()
        return terms
    }

    /// Seconds of an increment, at least 1.
    private func increment() throws -> Int {
        let seconds = try integer()
        guard seconds >= 1 else { throw wrong("at least 1") }
        return seconds
    }
}

extension JSONValue {
    /// An object of a literal.
    static func fields(_ fields: KeyValuePairs<String, JSONValue>) -> JSONValue {
        .object(fields.map { Field(name: $0.key, value: $0.value) })
    }

    /// A string, or null.
    static func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }

    /// An amount with so many decimals, or null.
    static func money(_ amount: Money?, _ scale: MoneyScale) -> JSONValue { optional(amount?.text(scale)) }

    /// A whole number, or null.
    static func count(_ number: Int?) -> JSONValue { number.map { .number(String($0)) } ?? .null }

    /// Hundredths as a decimal with two digits, or null.
    static func hundredths(_ number: Int64?) -> JSONValue {
        optional(number.map { FixedPoint.text($0, scale: 2, decimals: 2) })
    }
}
