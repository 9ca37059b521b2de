/// Something about a deck that a person should look at before, or after, it prices calls.
public struct DeckFinding: Hashable, Sendable {
    public let rule: Rule
    public let scope: RateDeck.Scope
    /// What it is about; nil where it is about the deck.
    public let prefix: Prefix?
    /// The row's line in its file; 0 where it came from no file.
    public let line: Int
    /// What was found, as a person should read it.
    public let message: String

    /// What is looked for.
    public enum Rule: String, Sendable, CaseIterable {
        /// A row with an end lasts beyond the beginning of the next one of its prefix.
        case overlap = "OVERLAP"
        /// When a row ends, an older one of its prefix that never ended prices again.
        case resurfaces = "RESURFACES"
        /// Days between two rows of a prefix that neither prices.
        case dateGap = "DATE_GAP"
        /// An area code is priced exchange by exchange and some assigned exchanges are missing.
        case missingExchanges = "MISSING_EXCHANGES"
        /// An area code that no row prices.
        case missingAreaCode = "MISSING_AREA_CODE"
        /// A country that no row prices.
        case missingCountry = "MISSING_COUNTRY"
        /// No number that is rated by this scope begins with the prefix.
        case unreachable = "UNREACHABLE"
        /// Valid digits, but the numbering guide has no such block.
        case unassigned = "UNASSIGNED"
        /// All ten longer prefixes have rows of their own.
        case shadowed = "SHADOWED"
        /// Sold for less than every vendor takes.
        case belowCost = "BELOW_COST"
        /// Sold for less than some vendor takes.
        case belowSomeCost = "BELOW_SOME_COST"

        /// How much it matters.
        public var severity: Severity {
            switch self {
            case .overlap, .resurfaces, .belowCost: .error
            case .dateGap, .missingExchanges, .unreachable, .shadowed: .warning
            case .missingAreaCode, .missingCountry, .unassigned, .belowSomeCost: .notice
            }
        }
    }

    /// How much a finding matters.
    public enum Severity: String, Sendable, CaseIterable {
        /// Money is wrong, or will be.
        case error
        /// Very likely a mistake.
        case warning
        /// Worth knowing.
        case notice
    }
}

/// Looks a deck over. Pure: what is in force, the day, the numbering guide and the vendors' decks are given.
public struct DeckLint: Sendable {
    /// The deck.
    public let sheet: RateSheet
    /// Rows that ended before this day are left alone.
    public let today: UsageDay
    /// The day on which coverage and costs are looked at.
    public let day: UsageDay
    /// Area codes, countries and blocks; nil leaves those rules out.
    public var numbers: NumberFacts?
    /// The decks of vendors, for a deck by which is sold.
    public var vendors: [RateSheet] = []

    /// A look at a deck. Coverage and costs are looked at on the day when the last row takes effect, where none is given.
    public init(_ sheet: RateSheet, today: UsageDay, day: UsageDay? = nil) {
        self.sheet = sheet
        self.today = today
        self.day = day ?? max(today, sheet.rows.map(\.effective).max() ?? today)
    }

    /// All findings, in order of rule and prefix.
    public func findings() -> [DeckFinding] {
        var findings = dateFindings() + shadowFindings()
        if let numbers { findings += reachFindings(numbers) + coverageFindings(numbers) }
        if !vendors.isEmpty { findings += costFindings() }
        let order = Dictionary(
            uniqueKeysWithValues: DeckFinding.Rule.allCases.enumerated().map { ($0.element, $0.offset) })
        return findings.enumerated().sorted {
            (order[$0.element.rule] ?? 0, $0.offset) < (order[$1.element.rule] ?? 0, $1.offset)
        }.map(\.element)
    }

    func finding(_ rule: DeckFinding.Rule, _ row: RateSheet.Row, _ message: String) -> DeckFinding {
        DeckFinding(rule: rule, scope: row.scope, prefix: row.prefix, line: Int(row.line), message: message)
    }
}
