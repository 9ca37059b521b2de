/// Where a call belongs for its price (rules J5–J7), or a message (rule S5).
public enum Jurisdiction: String, Sendable, CaseIterable {
    case interstate, intrastate, local, indeterminate
    case international, tollfree, premium, service, emergency, invalid
    /// Messages only: all that is not international.
    case domestic
}

/// Where a record belongs for taxes: by states alone (rule J8).
public enum TaxJurisdiction: String, Sendable, CaseIterable, Comparable {
    case interstate, intrastate, international, indeterminate, none

    /// By text: the order of invoice groups (rule I4).
    public static func < (left: TaxJurisdiction, right: TaxJurisdiction) -> Bool { left.rawValue < right.rawValue }
}

/// Which way a call went (rule J4).
public enum CallDirection: String, Sendable, CaseIterable {
    /// To the public network.
    case terminating = "TERMINATING"
    /// From the public network to a customer's number.
    case originating = "ORIGINATING"

    /// A direction from the record's word, any case, trimmed; nil for any other word.
    public init?(parsing text: String?) {
        guard let text else { return nil }
        let bytes = text.utf8.span
        let word = NumberText.trimmed(bytes, 0..<bytes.count)
        if NumberText.equals("outbound", bytes, word) || NumberText.equals("terminating", bytes, word)
            || NumberText.equals("egress", bytes, word)
        {
            self = .terminating
        } else if NumberText.equals("inbound", bytes, word) || NumberText.equals("originating", bytes, word)
            || NumberText.equals("ingress", bytes, word)
        {
            self = .originating
        } else {
            return nil
        }
    }
}

/// Which way a message went (rule S4).
public enum MessageDirection: String, Sendable, CaseIterable {
    case outbound, inbound

    /// A direction from the record's word, any case, trimmed; nil for any other word.
    public init?(parsing text: String?) {
        guard let text else { return nil }
        switch ASCII.word(text) {
        case "mt", "outbound": self = .outbound
        case "mo", "inbound": self = .inbound
        default: return nil
        }
    }
}
