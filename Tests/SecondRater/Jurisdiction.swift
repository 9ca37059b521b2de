/// J5 to J8 and K: what a call is.
struct Classification: Sendable {
    var jurisdiction: String
    var tax: String
    var key = ""
    var sku: String?
    var flags: Set<String> = []
}

extension SecondRater {
    /// What is known about a call when it is classified.
    struct Call: Sendable {
        let direction: String?
        let caller: Side
        let called: Side
        let ringTo: String?
    }

    mutating func classify(_ call: Call) -> Classification {
        rule("J9")
        var result = jurisdiction(call)
        rule("J8")
        result.tax = tax(call, result)
        result.key = classKey(call.direction, result.jurisdiction)
        result.sku = sku(result.key, &result.flags)
        return result
    }

    /// J4 to J6
    private mutating func jurisdiction(_ call: Call) -> Classification {
        func plain(_ jurisdiction: String, _ flags: Set<String> = []) -> Classification {
            Classification(jurisdiction: jurisdiction, tax: "none", flags: flags)
        }
        let kind = call.called.number.kind
        switch call.direction {
        case "TERMINATING":
            rule("J5")
            switch kind {
            case "emergency", "service", "premium", "tollfree", "international": return plain(kind)
            case "nongeographic": return plain("indeterminate", ["NON_GEOGRAPHIC"])
            case "geographic": return domestic(call)
            default: return plain("invalid", ["DNI_INVALID"])
            }
        case "ORIGINATING":
            rule("J6")
            switch kind {
            case "tollfree", "international": return plain(kind)
            case "nongeographic": return plain("indeterminate", ["NON_GEOGRAPHIC"])
            case "geographic":
                return call.caller.number.kind == "international" ? plain("international") : domestic(call)
            default: return plain("invalid", ["DNI_INVALID"])
            }
        default: return plain("invalid", ["UNKNOWN_DIRECTION"])
        }
    }

    /// J7
    private mutating func domestic(_ call: Call) -> Classification {
        rule("J7")
        var result = Classification(jurisdiction: "indeterminate", tax: "none")
        let (caller, called) = (call.caller, call.called)
        if caller.number.kind == "international" {
            result.flags = ["ANI_FOREIGN"]
            return result
        }
        guard caller.number.kind == "geographic" else { return result }
        guard let from = caller.state, let to = called.state else {
            result.flags = ["STATE_UNKNOWN"]
            return result
        }
        func areas(_ side: Side) -> Set<String> {
            guard let state = side.state, let rateCenter = side.rateCenter else { return [] }
            return reference.localAreas[state + "|" + rateCenter] ?? []
        }
        let isSameCenter = from == to && caller.rateCenter != nil && caller.rateCenter == called.rateCenter
        if isSameCenter || !areas(caller).isDisjoint(with: areas(called)) {
            result.jurisdiction = "local"
        } else {
            result.jurisdiction = from == to ? "intrastate" : "interstate"
        }
        return result
    }

    /// J8
    private func tax(_ call: Call, _ result: Classification) -> String {
        func byStates(_ from: String?, _ to: String?) -> String {
            guard let from, let to else { return "indeterminate" }
            return from == to ? "intrastate" : "interstate"
        }
        let isForeign = call.caller.number.kind == "international"
        let called = call.called.number
        switch result.jurisdiction {
        case "emergency", "invalid": return "none"
        case "international": return "international"
        case "premium": return "indeterminate"
        case "service":
            guard let national = called.national else { return "intrastate" }
            if isForeign { return "international" }
            return byStates(call.caller.state, reference.areaCodes[String(national.prefix(3))]?.state)
        case "tollfree":
            guard call.direction == "ORIGINATING" else { return "indeterminate" }
            if isForeign { return "international" }
            guard let ringTo = call.ringTo else { return "indeterminate" }
            let own = block(ringTo)
            let state = own == nil ? reference.areaCodes[String(ringTo.prefix(3))]?.state : own?.state
            return byStates(call.caller.state, state)
        default:
            if called.kind == "nongeographic" { return "indeterminate" }
            return isForeign ? "international" : byStates(call.caller.state, call.called.state)
        }
    }

    /// K1 to K3
    private mutating func classKey(_ direction: String?, _ jurisdiction: String) -> String {
        let domestic = ["interstate", "intrastate", "local", "indeterminate"]
        switch direction {
        case "TERMINATING":
            rule("K1")
            return "TERMINATING:" + (domestic.contains(jurisdiction) ? "DOMESTIC:" : "") + jurisdiction.uppercased()
        case "ORIGINATING":
            rule("K2")
            return "ORIGINATING:" + (domestic.contains(jurisdiction) ? "DOMESTIC" : jurisdiction.uppercased())
        default:
            rule("K3")
            return "UNKNOWN"
        }
    }

    /// K4
    mutating func sku(_ key: String, _ flags: inout Set<String>) -> String? {
        rule("K4")
        let sku = reference.skus[key].string
        if sku == nil { flags.insert("SKU_UNMAPPED") }
        return sku
    }
}
