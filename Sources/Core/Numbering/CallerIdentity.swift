/// Who called: the header that won, and what the others were worth (rules J1–J3).
public struct CallerIdentity: Hashable, Sendable {
    /// Nil where no header and no BTN names a caller.
    public var number: NormalizedNumber?
    public var source: ANISource
    public var flags: Flags

    /// Nobody yet.
    fileprivate init() {
        source = .none
        flags = .none
    }
}

extension NumberPlan {
    /// The caller of a call. The billing telephone number steps in only towards the public network (rule J3).
    public func caller(_ cdr: borrowing RawCDR, direction: CallDirection?, btn: NormalizedNumber?) -> CallerIdentity {
        var search = CallerSearch()
        if search.ask(cdr.sipPCI, .pci, self) || search.ask(cdr.sipPAI, .pai, self)
            || search.ask(cdr.sipRPID, .rpid, self) || search.ask(cdr.rawANI, .raw, self)
            || search.ask(cdr.sipFrom, .from, self)
        {
            return search.result
        }
        return search.fallback(direction: direction, btn: btn)
    }
}

/// The search through the headers, value by value.
private struct CallerSearch {
    var result = CallerIdentity()
    private var tollFree: (number: NormalizedNumber, source: ANISource)?

    /// Asks the values of one header; true as soon as one wins.
    mutating func ask(_ header: String?, _ source: ANISource, _ plan: NumberPlan) -> Bool {
        guard let header, !header.isEmpty else { return false }
        let bytes = header.utf8.span
        guard NumberText.first(UInt8(ascii: ","), bytes, 0..<bytes.count) != nil else {
            return consider(plan.normalize(header), source)
        }
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
