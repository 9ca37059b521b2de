/// The numbering plans: North American area codes and the world's country codes (sections N9–N11).
public struct NumberPlan: Sendable {
    /// What an area code is for.
    public enum AreaCodeType: String, Sendable, CaseIterable {
        case geographic = "geo"
        case tollFree = "tollfree"
        case tollFreeReserved = "tollfree_reserved"
        case nonGeographic = "nongeo"
        case premium
    }

    /// One row of the area-code table.
    public struct AreaCode: Hashable, Sendable {
        public let type: AreaCodeType
        /// ISO code.
        public let country: String?
        /// State or territory; nil where unknown.
        public let state: String?
        /// US and its territories (rule N10).
        public let isDomestic: Bool

        /// A row.
        public init(type: AreaCodeType, country: String?, state: String?) {
            self.type = type
            self.country = country
            self.state = state
            isDomestic = AreaCode.isDomestic(country)
        }
    }

    private var areaCodes: [AreaCode?]
    private var countries: [UInt64: String]
    private var longestCountryPrefix: Int

    /// The plans without any code.
    public init() {
        areaCodes = Array(repeating: nil, count: 1_000)
        countries = [:]
        longestCountryPrefix = 0
    }

    /// Adds an area code (0…999).
    public mutating func add(npa: Int, _ areaCode: AreaCode) {
        areaCodes[npa] = areaCode
    }

    /// Adds a country by E.164 digits that do not begin with 0.
    public mutating func add(countryPrefix: UInt64, country: String) {
        countries[countryPrefix] = country
        longestCountryPrefix = max(longestCountryPrefix, decimalLength(countryPrefix))
    }

    /// The row of an area code; nil for one that is not assigned.
    public func areaCode(_ npa: Int) -> AreaCode? { areaCodes[npa] }

    /// Whether any area code is known.
    public var hasAreaCodes: Bool { areaCodes.contains { $0 != nil } }

    /// The prefixes by which countries are told, in no order.
    public var countryPrefixes: [UInt64] { Array(countries.keys) }

    /// The country of E.164 digits by the longest prefix.
    public func country(ofDigits digits: UInt64) -> String? {
        var prefix = digits
        var length = decimalLength(digits)
        while length > longestCountryPrefix {
            prefix /= 10
            length -= 1
        }
        while prefix > 0 {
            if let country = countries[prefix] { return country }
            prefix /= 10
        }
        return nil
    }
}

extension NumberPlan.AreaCode {
    private static let domesticCountries: Set<String> = ["US", "PR", "VI", "GU", "MP", "AS"]

    static func isDomestic(_ country: String?) -> Bool {
        country.map(domesticCountries.contains) ?? false
    }
}

/// How many decimal digits a number has; 0 has none.
func decimalLength(_ number: UInt64) -> Int {
    var rest = number
    var length = 0
    while rest > 0 {
        rest /= 10
        length += 1
    }
    return length
}
