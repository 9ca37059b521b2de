import Core

extension ClassKey {
    /// As a customer reads it on an invoice.
    var words: String {
        switch self {
        case .terminatingInterstate: return "Interstate calls"
        case .terminatingIntrastate: return "Intrastate calls"
        case .terminatingLocal: return "Local calls"
        case .terminatingIndeterminate: return "Calls without a known origin"
        case .terminatingTollFree: return "Calls to toll-free numbers"
        case .terminatingInternational: return "International calls"
        case .terminatingPremium: return "Premium-rate calls"
        case .terminatingService: return "Directory assistance and service codes"
        case .terminatingEmergency: return "Emergency calls"
        case .originatingDomestic: return "Incoming calls"
        case .originatingTollFree: return "Incoming toll-free calls"
        case .originatingInternational: return "Incoming international calls"
        case .smsOutbound: return "Text messages sent"
        case .smsInbound: return "Text messages received"
        case .mmsOutbound: return "Picture messages sent"
        case .mmsInbound: return "Picture messages received"
        case .recurring: return "Monthly fee"
        case .minimumCommitment: return "Up to the agreed minimum"
        default:
            let api = text.hasPrefix("API:") ? text.dropFirst(4) : nil
            return api.map { "\($0) queries" } ?? text
        }
    }

    /// What its quantity counts.
    var unit: String {
        if isMessage { return "messages" }
        return isNonTelecom ? "queries" : "min"
    }
}

/// A tax's id as a customer reads it: `il_e911` is `IL e911 fee`.
func taxWords(_ id: String) -> String {
    guard id != TaxRules.federalUSF else { return "Federal Universal Service Fund" }
    let parts = id.split(separator: "_", maxSplits: 1)
    guard parts.count == 2, parts[0].utf8.count == 2 else { return id }
    let what: String =
        switch parts[1] {
        case "telecom": "telecommunications tax"
        case "sales": "sales tax"
        case "e911": "E911 fee"
        default: String(parts[1]).replacing("_", with: " ")
        }
    return "\(parts[0].uppercased()) \(what)"
}
