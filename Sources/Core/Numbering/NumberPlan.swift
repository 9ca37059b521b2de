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
        public let country: Country?
        /// State or territory; nil where unknown.
        public let state: String?
        /// US and its territories (rule N10).
        public let isDomestic: Bool

        /// A row.
        public init(type: AreaCodeType, country: Country?, state: String?) {
            self.type = type
            self.country = country
            self.state = state
            isDomestic = country?.isDomestic ?? false
        }
    }

    /// What normalising a number needs of its area code.
    struct CodeTraits {
        var type: AreaCodeType
        var country: Country?
        var isDomestic: Bool
    }

    private var areaCodes: [AreaCode?]
    private var traits: [CodeTraits?]
    private var countries: [UInt64: Country]
    private var longestCountryPrefix: Int

    /// The plans without any code.
    public init() {
        areaCodes = Array(repeating: nil, count: 1_000)
        traits = Array(repeating: nil, count: 1_000)
        countries = [:]
        longestCountryPrefix = 0
    }

    /// Adds an area code (0…999).
    public mutating func add(npa: Int, _ areaCode: AreaCode) {
        areaCodes[npa] = areaCode
        traits[npa] = CodeTraits(
            type: areaCode.type, country: areaCode.country, isDomestic: areaCode.isDomestic)
    }

    /// Adds a country by E.164 digits that do not begin with 0.
    public mutating func add(countryPrefix: UInt64, country: Country) {
        countries[countryPrefix] = country
        longestCountryPrefix = max(longestCountryPrefix, decimalLength(countryPrefix))
    }

    /// The row of an area code; nil for one that is not assigned.
    public func areaCode(_ npa: Int) -> AreaCode? { areaCodes[npa] }

    /// Whether any area code is known.
    public var hasAreaCodes: Bool { areaCodes.contains { $0 != nil } }

    /// The prefixes by which countries are told, in no order.
    public var countryPrefixes: [UInt64] { Array(countries.keys) }

    /// What normalising a number needs of its area code; nil for one that is not assigned.
    @inline(__always)
    func traits(ofAreaCode npa: Int) -> CodeTraits? { traits[npa] }

    /// The country of E.164 digits by the longest prefix.
    public func country(ofDigits digits: UInt64) -> Country? {
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

/// How many decimal digits a number has; 0 has none.
func decimalLength(_ number: UInt64) -> Int {
    guard number > 0 else { return 0 }
    // log10 is about 1233 / 4096 of log2: right, or one too few.
    let bits = UInt64.bitWidth - number.leadingZeroBitCount
    let length = min((bits * 1_233) >> 12, 18)
    return number >= UInt64(FixedPoint.powerOfTen(length)) ? length + 1 : length
}
