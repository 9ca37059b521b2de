/// The row of a plan or deck that gives a rate, and the rows that were passed over on the way (rules R4, R6).
struct RowSearch {
    /// Where a row stands.
    struct Place {
        /// Digits, or `default`, `tollfree`, `originating` …
        let prefix: String
        /// The plan, deck or vendor that has it.
        let owner: Owner
        /// JSON pointer into the plan's rates; nil for rows of decks.
        var path: String?
        /// The days of a deck's row.
        var effective: UsageDay?
        var end: UsageDay?

        enum Owner {
            case plan(String), deck(String), vendor(String)
        }
    }

    /// Rows of a matching prefix that are not in force on the day, the longest first.
    var passed: [Place] = []
    var found: Place?

    /// Looks a number up as rating does: the longest prefix first; of equal ones the plan's own row (rule R4).
    init(
        _ number: UInt64, digits: Int, lengths: [Int], on day: UsageDay,
        plan: (id: String, rows: PrefixRows, path: String)?,
        deck: (name: String, table: DeckTable)?
    ) {
        for length in lengths where length <= digits {
            let prefix = Prefix(of: number, digits: digits, length: length)
            if let plan, plan.rows.row(of: prefix) != nil {
                found = Place(prefix: prefix.text, owner: .plan(plan.id), path: "\(plan.path)/\(prefix.text)")
                return
            }
            guard let deck else { continue }
            let rows = deck.table.history(of: prefix).map { row in
                Place(prefix: prefix.text, owner: .deck(deck.name), effective: row.effective, end: row.end)
            }
            found = rows.last { $0.isInForce(on: day) }
            guard found == nil else { return }
            passed += rows
        }
    }

    /// A row that is found otherwise than by a prefix.
    init(_ found: Place) { self.found = found }

    /// What was found where, for a person.
    func say(_ subject: String, to step: inout Explanation.Step) {
        for row in passed {
            step.say("A price for \(row.prefix) in \(row.owner.phrase) is passed over: \(row.days).")
        }
        guard let found else { return }
        step.say("\(subject) \(found.phrase).")
    }

    /// What was found where, for programs.
    func addFacts(to step: inout Explanation.Step) {
        step.fact("row", found?.facts ?? .null)
        step.fact("passed_over", .array(passed.map(\.facts)))
    }
}

extension RowSearch.Place {
    fileprivate func isInForce(on day: UsageDay) -> Bool {
        (effective.map { $0 <= day } ?? true) && (end.map { day < $0 } ?? true)
    }

    fileprivate var days: String {
        guard let effective else { return "" }
        return Words.force(effective, end)
    }

    /// `312200, in deck retail-a (in force since 2024-01-01)`; `the row “default” of the plan`
    fileprivate var phrase: String {
        guard prefix.utf8.allSatisfy(ASCII.isDigit) else { return "the row “\(prefix)” of \(owner.phrase)" }
        return "\(prefix), in \(owner.phrase)" + (effective == nil ? "" : " (\(days))")
    }

    fileprivate var facts: JSONValue {
        JSONValue(fields: [
            "source": .string(owner.kind), "name": .string(owner.name), "prefix": .string(prefix),
            "path": JSONValue(path), "effective_date": JSONValue(effective?.text), "end_date": JSONValue(end?.text),
        ])
    }
}

extension RowSearch.Place.Owner {
    fileprivate var name: String {
        switch self {
        case .plan(let name), .deck(let name), .vendor(let name): name
        }
    }

    fileprivate var kind: String {
        switch self {
        case .plan: "plan"
        case .deck: "deck"
        case .vendor: "vendor"
        }
    }

    fileprivate var phrase: String {
        switch self {
        case .plan: "the plan"
        case .deck(let name): "deck \(name)"
        case .vendor(let name): "the price list of vendor \(name)"
        }
    }
}

extension RateRow {
    /// The name of the column that gives the rate where another one is asked for (rule R5).
    func columnUsed(for column: Column) -> String? {
        switch column {
        case .interstate: return interstate == nil ? nil : "interstate"
        case .intrastate: return intrastate == nil ? columnUsed(for: .interstate) : "intrastate"
        case .local: return local == nil ? columnUsed(for: .intrastate) : "local"
        case .indeterminate:
            if indeterminate != nil { return "indeterminate" }
            guard let interstate, let intrastate else { return interstate == nil ? columnIfAny : "interstate" }
            return interstate < intrastate ? "intrastate" : "interstate"
        case .international: return international == nil ? columnUsed(for: .indeterminate) : "international"
        case .rate: return rate == nil ? nil : "rate"
        }
    }

    private var columnIfAny: String? { intrastate == nil ? nil : "intrastate" }
}

extension RateRow.Column {
    /// The name of the column in decks and plans.
    public var name: String {
        switch self {
        case .interstate: "interstate"
        case .intrastate: "intrastate"
        case .local: "local"
        case .indeterminate: "indeterminate"
        case .international: "international"
        case .rate: "rate"
        }
    }
}
