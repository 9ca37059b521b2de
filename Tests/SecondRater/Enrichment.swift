/// One side of a call with what sections E and J found about it.
struct Side: Sendable {
    var number = Number(kind: "missing")
    var lrn: String?
    var lrnSource = "none"
    var state: String?
    var lata: String?
    var ocn: String?
    var rateCenter: String?
}

extension SecondRater {
    /// E1: the called number, and the flags that this raises.
    mutating func calledNumber(_ record: JSON) -> (number: Number, flags: Set<String>) {
        rule("E1")
        let column = normalize(record["dni"].string)
        let uri = normalize(record["sip_ruri"].string)
        func isUsable(_ number: Number) -> Bool { number.kind != "missing" && number.kind != "invalid" }
        var number = column
        if !isUsable(column), isUsable(uri) || column.kind == "missing" { number = uri }
        var flags = uri.flags.intersection(["RN_INVALID"])
        number.rn = nil
        number.npdi = false
        if uri.rn != nil || uri.npdi {
            if uri.e164 != nil, uri.e164 == number.e164 {
                number.rn = uri.rn
                number.npdi = uri.npdi
            } else {
                flags.insert("RURI_DNI_MISMATCH")
            }
        }
        return (number, flags)
    }

    /// E2 to E5 for one side; `isCalled` tells the side whose rn and npdi count.
    mutating func enrich(_ number: Number, at instant: Int?, isCalled: Bool, flags: inout Set<String>) -> Side {
        var side = Side(number: number)
        guard number.kind == "geographic", let national = number.national else { return side }
        rule(isCalled ? "E2" : "E3")
        let valid = (reference.ports[national] ?? []).filter { port in instant.map { port.activated <= $0 } ?? true }
        if isCalled, let rn = number.rn {
            side.lrn = rn
            side.lrnSource = "uri_rn"
        } else if isCalled, number.npdi {
            side.lrn = national
            side.lrnSource = "uri_npdi"
        } else if let port = valid.max(by: { $0.activated < $1.activated }) {
            side.lrn = port.lrn
            side.lrnSource = "table"
        } else {
            side.lrn = national
            side.lrnSource = "self"
        }
        rule("E4", "E5")
        let own = block(national)
        side.rateCenter = own?.rateCenter
        var found = side.lrn.flatMap(block)
        if found == nil, side.lrn != national {
            flags.insert("LRN_NOT_IN_LERG")
            found = own
        }
        if let found {
            side.state = found.state
            side.lata = found.lata
            side.ocn = found.ocn
        } else {
            flags.insert("LERG_MISS")
            side.state = reference.areaCodes[String(national.prefix(3))]?.state
        }
        return side
    }

    /// E4
    func block(_ digits: String) -> ReferenceData.Block? {
        reference.blocks[String(digits.prefix(7))] ?? reference.blocks[digits.prefix(6) + "A"]
    }

    /// E6
    mutating func respOrg(_ number: Number, flags: inout Set<String>) -> ReferenceData.RespOrg? {
        guard number.kind == "tollfree", let national = number.national else { return nil }
        rule("E6")
        guard let row = reference.respOrgs[national] else {
            flags.insert("RESPORG_MISS")
            return nil
        }
        return row
    }
}
