/// Who called: the header that won, and what the others were worth (rules J1–J3).
public struct CallerIdentity: Hashable, Sendable {
    /// Nil where no header and no BTN names a caller.
    public var number: NormalizedNumber?
    public var source: ANISource
    public var flags: Flags

    /// The values of the headers that may name a caller, in the order in which they are asked.
    public struct Headers: Hashable, Sendable {
        public var pci: String?
        public var pai: String?
        public var rpid: String?
        public var raw: String?
        public var from: String?

        /// Headers as a record carries them.
        public init(pci: String?, pai: String?, rpid: String?, raw: String?, from: String?) {
            self.pci = pci
            self.pai = pai
            self.rpid = rpid
            self.raw = raw
            self.from = from
        }
    }
}

extension NumberPlan {
    /// The caller of a call. The billing telephone number steps in only towards the public network (rule J3).
    public func caller(_ headers: CallerIdentity.Headers, direction: CallDirection?, btn: NormalizedNumber?)
        -> CallerIdentity
    {
        var search = CallerSearch(plan: self)
        if search.ask(headers.pci, .pci) || search.ask(headers.pai, .pai) || search.ask(headers.rpid, .rpid)
            || search.ask(headers.raw, .raw) || search.ask(headers.from, .from)
        {
            return search.result
        }
        return search.fallback(direction: direction, btn: btn)
    }
}

/// The search through the headers, value by value.
private struct CallerSearch {
    let plan: NumberPlan
    var result = CallerIdentity(number: nil, source: .none, flags: .none)
    private var tollFree: (number: NormalizedNumber, source: ANISource)?

    init(plan: NumberPlan) {
        self.plan = plan
    }

    /// Asks the values of one header; true as soon as one wins.
    mutating func ask(_ header: String?, _ source: ANISource) -> Bool {
        guard let header, !header.isEmpty else { return false }
        guard header.utf8.contains(UInt8(ascii: ",")) else { return consider(plan.normalize(header), source) }
        for value in HeaderValues.split(header) where consider(plan.normalize(value), source) { return true }
        return false
    }

    private mutating func consider(_ number: NormalizedNumber, _ source: ANISource) -> Bool {
        switch number.kind {
        case .geographic, .international:
            result.number = number
            result.source = source
            return true
        case .anonymous: result.flags.insert(.aniRestricted)
        case .invalid: result.flags.insert(.aniInvalid)
        case .tollfree: if tollFree == nil { tollFree = (number, source) }
        case .nongeographic, .premium, .service, .emergency, .shortcode, .missing: break
        }
        return false
    }

    /// What stands in where no header won (rule J3).
    func fallback(direction: CallDirection?, btn: NormalizedNumber?) -> CallerIdentity {
        var result = result
        if direction == .terminating, let btn, btn.kind == .geographic {
            result.number = btn
            result.source = .btn
            result.flags.insert(.aniFallbackBTN)
        } else if let tollFree {
            result.number = tollFree.number
            result.source = tollFree.source
            result.flags.insert(.aniTollFree)
        } else {
            result.flags.insert(.aniMissing)
        }
        return result
    }
}

/// The comma-separated values of one header (rule J1): commas inside `"…"` and `<…>` belong to a value.
enum HeaderValues {
    static func split(_ header: String) -> [String] {
        var values: [String] = []
        var start = header.utf8.startIndex
        var isQuoted = false
        var isEscaped = false
        var isBracketed = false
        var index = start
        while index < header.utf8.endIndex {
            switch header.utf8[index] {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\") where isQuoted: isEscaped = true
            case UInt8(ascii: "\"") where !isBracketed: isQuoted.toggle()
            case UInt8(ascii: "<") where !isQuoted: isBracketed = true
            case UInt8(ascii: ">") where !isQuoted: isBracketed = false
            case UInt8(ascii: ",") where !isQuoted && !isBracketed:
                values.append(String(header[start..<index]))
                start = header.utf8.index(after: index)
            default: break
            }
            index = header.utf8.index(after: index)
        }
        values.append(String(header[start...]))
        return values
    }
}
