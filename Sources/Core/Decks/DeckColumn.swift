/// What a column of a rate deck can say, by our name for it, and the names that vendors give it.
public enum DeckColumn: String, Sendable, CaseIterable {
    case deck, scope
    case prefix
    case npa, nxx
    case block = "x"
    case countryCode = "country_code"
    case areaCode = "area_code"
    case interstate, intrastate, local, indeterminate, rate
    case increments
    case initialIncrement = "initial_increment"
    case subsequentIncrement = "subsequent_increment"
    case minimumSeconds = "minimum_seconds"
    case graceSeconds = "grace_seconds"
    case connectFee = "connect_fee"
    case minimumCharge = "minimum_charge"
    case maximumCharge = "maximum_charge"
    case effectiveDate = "effective_date"
    case endDate = "end_date"
    case currency

    /// A title without case, blanks and marks: `NPA+NXX` is `npanxx`, `Inter-State Rate ($)` is `interstaterate`.
    static func plain(_ title: String) -> String {
        String(
            decoding: title.utf8.lazy.map(ASCII.lowercased).filter {
                ASCII.isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
            }, as: UTF8.self)
    }

    /// The column that a title stands for without being told.
    static func known(_ title: String) -> DeckColumn? { byTitle[plain(title)] }

    /// Titles that say nothing a rate depends on.
    static func isHarmless(_ title: String) -> Bool { harmless.contains(plain(title)) }

    private static let byTitle: [String: DeckColumn] = {
        var byTitle: [String: DeckColumn] = [:]
        for column in allCases {
            for title in [plain(column.rawValue)] + column.synonyms { byTitle[title] = column }
        }
        return byTitle
    }()

    private static let harmless: Set<String> = [
        "name", "destination", "destinationname", "dest", "description", "country", "countryname", "region", "city",
        "lata",
        "ocn", "ocnname", "company", "carrier", "state", "ratecenter", "ratecentre", "tier", "status", "change",
        "changetype", "changecode", "comment", "comments", "note", "notes", "type", "category", "switch", "clli",
        "line",
    ]

    private var synonyms: [String] {
        switch self {
        case .deck: ["ratedeck", "deckname"]
        case .scope: []
        case .prefix:
            [
                "npanxx", "npanxxx", "npanxxcode", "prefixes", "code", "codes", "dialcode", "dialcodes", "dialingcode",
                "dialledcode", "dialedcode", "destinationcode", "destcode", "dialprefix",
            ]
        case .npa: []
        case .nxx: ["exchange", "cocode"]
        case .block: ["block", "blockid", "thousandsblock", "thousandsdigit"]
        case .countryCode: ["cc"]
        case .areaCode: ["areacodes", "citycode", "citycodes", "areacitycode"]
        case .interstate:
            [
                "inter", "interrate", "interstaterate", "interstateprice", "interprice", "interstaterateusd",
                "ratesinter",
            ]
        case .intrastate:
            [
                "intra", "intrarate", "intrastaterate", "intrastateprice", "intraprice", "intrastaterateusd",
                "ratesintra",
            ]
        case .local: ["localrate", "localprice", "localrateusd"]
        case .indeterminate:
            [
                "indet", "indeterminaterate", "indetrate", "indeterm", "indeterminateprice", "indjur", "indjurrate",
                "ij",
                "ijrate", "undetermined", "undeterminedrate",
            ]
        case .rate:
            [
                "price", "rateusd", "priceusd", "usd", "ratemin", "ratepermin", "rateperminute", "ratepermnt",
                "pricemin",
                "pricepermin", "priceperminute", "usdmin", "usdpermin", "usdperminute", "cost", "costpermin",
                "costperminute",
            ]
        case .increments:
            ["increment", "billingincrement", "billingincrements", "billincrement", "billincrements", "rounding"]
        case .initialIncrement:
            [
                "initial", "firstincrement", "initialinterval", "firstinterval", "interval1", "initincrement",
                "initialperiod",
            ]
        case .subsequentIncrement:
            [
                "subsequent", "nextincrement", "additionalincrement", "secondincrement", "nextinterval", "intervaln",
                "intervaln2", "interval2", "subsequentinterval", "subincrement", "subsequentperiod",
            ]
        case .minimumSeconds: ["minseconds", "minimumduration", "minduration", "minimumtime", "mintime"]
        case .graceSeconds: ["grace", "graceperiod", "freeseconds"]
        case .connectFee: ["connect", "connectionfee", "connectcharge", "connectioncharge", "setup", "setupfee"]
        case .minimumCharge: ["mincharge"]
        case .maximumCharge: ["maxcharge"]
        case .effectiveDate:
            [
                "effective", "effdate", "effectivefrom", "dateeffective", "effectivedateutc", "validfrom", "startdate",
                "activationdate", "fromdate",
            ]
        case .endDate:
            [
                "expirydate", "expirationdate", "expiration", "expires", "expiry", "validto", "validuntil", "until",
                "todate",
            ]
        case .currency: ["ratecurrency", "curr"]
        }
    }
}

/// How one vendor writes its deck: which column means what, and what a file leaves unsaid.
public struct DeckFormat: Sendable, Hashable {
    /// Titles by our column, where they are not among the known ones.
    public var titles: [DeckColumn: String] = [:]
    /// Titles of columns to pass over.
    public var ignored: Set<String> = []
    /// Whether columns that nothing is known of are passed over; else they are faults, as they might be rates.
    public var ignoresUnknown = false
    /// The deck of files without a deck column.
    public var deck: String?
    /// The scope of files without a scope column; nil tells it from the columns.
    public var scope: RateDeck.Scope?
    /// The effective day of rows without one.
    public var effective: UsageDay?
    /// How dates with slashes are read.
    public var dateOrder = DeckText.DateOrder.monthFirst
    /// Lines before the header.
    public var skipLines = 0

    /// The format of our own files: every column by its name.
    public init() {}
}

/// Where the columns of a file stand.
public struct DeckHeader: Sendable {
    /// By our column.
    public private(set) var places: [DeckColumn: Int] = [:]
    /// The titles, without blanks at their ends.
    public let titles: [String]
    /// How many columns there are.
    public var count: Int { titles.count }
    /// Titles of columns that are passed over.
    public private(set) var passedOver: [String] = []
    /// The scope of rows in files without such a column.
    public private(set) var scope: RateDeck.Scope?
    /// What is wrong with the header; rows can be read only where nothing is.
    public private(set) var problems: [String] = []

    /// Finds the columns of a header's titles.
    public init(_ titles: [String], _ format: DeckFormat) {
        self.titles = titles.map(ASCII.trimmed)
        claim(self.titles, format)
        check(format)
    }

    private mutating func claim(_ titles: [String], _ format: DeckFormat) {
        var claimed: [Int: DeckColumn] = [:]
        for (column, title) in format.titles.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let place =
                titles.firstIndex(of: title) ?? titles.firstIndex { DeckColumn.plain($0) == DeckColumn.plain(title) }
            guard let place else {
                problems.append("there is no column \(title) (for \(column.rawValue))")
                continue
            }
            if let other = claimed[place] {
                problems.append("the column \(title) is mapped to \(other.rawValue) and \(column.rawValue)")
            }
            claimed[place] = column
            places[column] = place
        }
        let ignored = Set(format.ignored.map(DeckColumn.plain))
        for (place, title) in titles.enumerated() where claimed[place] == nil {
            guard !ignored.contains(DeckColumn.plain(title)), !title.isEmpty, let column = DeckColumn.known(title)
            else {
                passOver(title, isExpected: ignored.contains(DeckColumn.plain(title)) || format.ignoresUnknown)
                continue
            }
            if format.titles[column] != nil {
                passedOver.append(title)
            } else if let other = places[column] {
                let earlier = titles[other]
                problems.append(
                    earlier == title
                        ? "the column \(title) stands twice"
                        : "the columns \(earlier) and \(title) both mean \(column.rawValue): say which")
            } else {
                places[column] = place
            }
        }
    }

    private mutating func passOver(_ title: String, isExpected: Bool) {
        guard !title.isEmpty else { return }
        if isExpected || DeckColumn.isHarmless(title) {
            passedOver.append(title)
        } else {
            problems.append("the column \(title) is not known")
        }
    }

    private mutating func check(_ format: DeckFormat) {
        func has(_ column: DeckColumn) -> Bool { places[column] != nil }
        let isDomestic = has(.npa) || [.interstate, .intrastate, .indeterminate].contains(where: has)
        if !has(.scope) {
            scope = format.scope ?? (isDomestic == has(.rate) ? nil : isDomestic ? .domestic : .international)
            if scope == nil, isDomestic { problems.append("domestic or international? The columns say both") }
        }
        if has(.deck), format.deck != nil {
            problems.append("the column deck names the decks; no other name is needed")
        }
        if !has(.deck), format.deck == nil { problems.append("the column deck is missing, and no deck is named") }
        if !has(.prefix), !has(.npa), !has(.countryCode), !has(.areaCode) {
            problems.append("the column prefix is missing (or npa and nxx, or country_code and area_code)")
        }
        if !isDomestic, !has(.rate) { problems.append("no column has rates") }
        if !has(.effectiveDate), format.effective == nil {
            problems.append("the column effective_date is missing, and no effective day is given")
        }
        if has(.increments), has(.initialIncrement) || has(.subsequentIncrement) {
            problems.append("increments stand in one column or in two, not both")
        }
    }
}
