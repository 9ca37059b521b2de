/// What a dataset of reference data is called in `reference_loads`.
enum ReferenceKind: String, Sendable, CaseIterable {
    case npa
    case countryPrefixes = "country_prefixes"
    case lerg
    case ported
    case respOrg = "resporg"
    case localAreas = "local_areas"
    case connectors
    case ocnCarriers = "ocn_carriers"
    case deck
    case plan
    case sku

    /// Its file in a reference directory.
    var fileName: String {
        switch self {
        case .npa: "npa.csv"
        case .countryPrefixes: "country_prefixes.csv"
        case .lerg: "lerg.csv"
        case .ported: "lrn.csv"
        case .respOrg: "resporg.csv"
        case .localAreas: "local_areas.csv"
        case .connectors: "connectors.csv"
        case .ocnCarriers: "ocn_carriers.csv"
        case .deck: "decks.csv"
        case .plan: "rate_plans.json"
        case .sku: "sku_map.json"
        }
    }
}

/// How the CSV file of a dataset looks and where its lines go.
struct ReferenceFormat: Sendable {
    let kind: ReferenceKind
    let table: String
    let columns: [ReferenceColumn]
    /// The columns that tell two lines apart, by name.
    let key: [String]
    /// What is wrong between the columns of a line that are each right: the column to blame, and why.
    var lineProblems: @Sendable ([String: String]) -> [(column: String, problem: String)] = { _ in [] }

    /// The format of a dataset; nil for decks, which have a reader of their own, and for those that are JSON.
    init?(_ kind: ReferenceKind) {
        switch kind {
        case .npa: self = .npa
        case .countryPrefixes: self = .countryPrefixes
        case .lerg: self = .lerg
        case .ported: self = .ported
        case .respOrg: self = .respOrg
        case .localAreas: self = .localAreas
        case .connectors: self = .connectors
        case .ocnCarriers: self = .ocnCarriers
        case .deck, .plan, .sku: return nil
        }
    }

    private init(
        _ kind: ReferenceKind, table: String, columns: [ReferenceColumn], key: [String],
        lineProblems: @escaping @Sendable ([String: String]) -> [(column: String, problem: String)] = { _ in [] }
    ) {
        self.kind = kind
        self.table = table
        self.columns = columns
        self.key = key
        self.lineProblems = lineProblems
    }
}

extension ReferenceFormat {
    private static let npa = ReferenceFormat(
        .npa, table: "npa_codes",
        columns: [
            .digits("npa", 3), .word("type", of: ["geo", "tollfree", "tollfree_reserved", "nongeo", "premium"]),
            .text("country"), .text("state"),
        ], key: ["npa"])

    private static let countryPrefixes = ReferenceFormat(
        .countryPrefixes, table: "country_prefixes",
        columns: [.digits("prefix", 1...15), .text("country", isRequired: true)], key: ["prefix"],
        lineProblems: { line in
            line["prefix"]?.hasPrefix("0") == true ? [("prefix", "begins with 0")] : []
        })

    private static let lerg = ReferenceFormat(
        .lerg, table: "lerg_blocks",
        columns: [
            .digits("npa", 3), .digits("nxx", 3), .word("x", of: (0...9).map(String.init) + ["A"]), .text("ocn"),
            .text("lata"), .text("state"), .text("rate_center"), .text("switch"),
        ], key: ["npa", "nxx", "x"])

    private static let ported = ReferenceFormat(
        .ported, table: "ported_numbers",
        columns: [.digits("number", 10), .digits("lrn", 10), .text("spid"), .instant("activated")],
        key: ["number", "activated"])

    private static let respOrg = ReferenceFormat(
        .respOrg, table: "resporg_assignments",
        columns: [.digits("tfn", 10), .text("resporg"), .text("cic"), .text("status"), .text("ring_to")], key: ["tfn"])

    private static let localAreas = ReferenceFormat(
        .localAreas, table: "local_areas",
        columns: [
            .text("area_id", isRequired: true), .text("state", isRequired: true),
            .text("rate_center", isRequired: true),
        ], key: ["area_id", "state", "rate_center"])

    private static let connectors = ReferenceFormat(
        .connectors, table: "connectors",
        columns: [.text("connector", isRequired: true), .text("vendor", isRequired: true)], key: ["connector"])

    private static let ocnCarriers = ReferenceFormat(
        .ocnCarriers, table: "ocn_carriers",
        columns: [.text("ocn", isRequired: true), .text("carrier", isRequired: true)], key: ["ocn"])
}
