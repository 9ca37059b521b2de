import Core

/// What a member of a request must be.
indirect enum PlaidField: Sendable {
    /// Not empty, at most so many characters.
    case text(longest: Int = 4_096)
    case choice([String])
    /// Exactly two decimals, above zero: `10.00`.
    case amount
    case whole(ClosedRange<Int>)
    case flag
    /// Texts, one at least.
    case texts
    /// RFC 3339.
    case instant
    case webAddress
    /// At most 50 texts, all ASCII: names of 40 characters, values of 500.
    case metadata
    case object(PlaidShape)
    case anything
}

/// Which members a request has, and what they must be. Another member is refused.
struct PlaidShape: Sendable {
    var required: [String: PlaidField] = [:]
    var optional: [String: PlaidField] = [:]
    /// Optional members that may be null.
    var nullable: Set<String> = []

    func check(_ body: JSONValue, in path: String = "") throws(PlaidFault) {
        guard let members = body.fields else { throw .invalid(path.isEmpty ? "body" : path, "must be an object") }
        for name in required.keys.sorted() where !members.contains(where: { $0.name == name }) {
            throw .missing(path + name)
        }
        for member in members {
            guard let field = required[member.name] ?? optional[member.name] else {
                throw .unknown(path + member.name)
            }
            if member.value.isNull, nullable.contains(member.name) { continue }
            try field.check(member.value, path + member.name)
        }
    }
}

extension PlaidField {
    fileprivate func check(_ value: JSONValue, _ path: String) throws(PlaidFault) {
        switch self {
        case .text(let longest):
            guard let text = value.string, !text.isEmpty else { throw .invalid(path, "must be a non-empty string") }
            guard text.unicodeScalars.count <= longest else {
                throw .invalid(path, "must have at most \(longest) characters")
            }
        case .choice(let words):
            guard let text = value.string, words.contains(text) else {
                throw .invalid(path, "must be one of \(words.joined(separator: ", "))")
            }
        case .amount:
            guard value.string.flatMap(PlaidAmount.init) != nil else {
                throw .invalid(path, "must be a string with exactly two decimals, above zero")
            }
        case .whole(let range):
            guard let number = value.integer, range.contains(number) else {
                throw .invalid(path, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
            }
        case .flag:
            guard value.bool != nil else { throw .invalid(path, "must be a boolean") }
        case .texts:
            guard let elements = value.elements, !elements.isEmpty, elements.allSatisfy({ $0.string != nil }) else {
                throw .invalid(path, "must be an array of strings")
            }
        case .instant:
            guard value.string.flatMap({ Instant(parsing: $0) }) != nil else {
                throw .invalid(path, "must be in RFC 3339 format")
            }
        case .webAddress:
            guard let text = value.string, text.hasPrefix("https://") || text.hasPrefix("http://") else {
                throw .invalid(path, "must be a URL")
            }
        case .metadata: try Self.checkMetadata(value, path)
        case .object(let shape): try shape.check(value, in: path + ".")
        case .anything: break
        }
    }

    private static func checkMetadata(_ value: JSONValue, _ path: String) throws(PlaidFault) {
        guard let members = value.fields else { throw .invalid(path, "must be an object") }
        guard members.count <= 50 else { throw .invalid(path, "must have at most 50 members") }
        for member in members {
            guard let text = member.value.string else { throw .invalid(path, "must have strings as values") }
            guard (member.name + text).unicodeScalars.allSatisfy(\.isASCII) else {
                throw .invalid(path, "must be ASCII")
            }
            guard member.name.count <= 40, text.count <= 500 else {
                throw .invalid(path, "has a name of more than 40 or a value of more than 500 characters")
            }
        }
    }
}

/// An amount as Plaid writes it, in whole cents.
struct PlaidAmount: Sendable, Equatable {
    let cents: Int64

    init(cents: Int64) {
        self.cents = cents
    }

    /// `10.00`: digits, a point, two digits; above zero.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...12).contains(parts[0].utf8.count), parts[1].utf8.count == 2,
            parts.joined().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let cents = Int64(parts.joined()), cents > 0
        else { return nil }
        self.cents = cents
    }

    var text: String { Cents.text(cents) }
}
