/// J1 to J3: the calling number, where it came from, and the flags that this raises.
struct Caller: Sendable {
    var number: Number?
    var source = "none"
    var flags: Set<String> = []
}

extension SecondRater {
    mutating func caller(_ record: JSON, direction: String?, btn: String?) -> Caller {
        rule("J1", "J2")
        var caller = Caller()
        var tollFree: (number: Number, source: String)?
        let columns = [
            ("sip_pci", "pci"), ("sip_pai", "pai"), ("sip_rpid", "rpid"), ("raw_ani", "raw"), ("sip_from", "from"),
        ]
        for (column, source) in columns {
            for value in addresses(record[column].string ?? "") {
                let number = normalize(value)
                switch number.kind {
                case "geographic", "international":
                    caller.number = number
                    caller.source = source
                    return caller
                case "anonymous": caller.flags.insert("ANI_RESTRICTED")
                case "invalid": caller.flags.insert("ANI_INVALID")
                case "tollfree": tollFree = tollFree ?? (number, source)
                default: break
                }
            }
        }
        rule("J3")
        if direction == "TERMINATING", let btn {
            let number = normalize(btn)
            if number.kind == "geographic" {
                caller.number = number
                caller.source = "btn"
                caller.flags.insert("ANI_FALLBACK_BTN")
                return caller
            }
        }
        if let tollFree {
            caller.number = tollFree.number
            caller.source = tollFree.source
            caller.flags.insert("ANI_TOLLFREE")
        } else {
            caller.flags.insert("ANI_MISSING")
        }
        return caller
    }

    /// J1: the values of a header, split at commas outside `"…"` and `<…>`.
    private func addresses(_ header: String) -> [String] {
        var values = [""]
        var isQuoted = false
        var isBracketed = false
        for character in header {
            if character == ",", !isQuoted, !isBracketed {
                values.append("")
                continue
            }
            if character == "\"", !isBracketed { isQuoted.toggle() }
            if character == "<", !isQuoted { isBracketed = true }
            if character == ">", !isQuoted { isBracketed = false }
            values[values.count - 1].append(character)
        }
        return values
    }

    /// J4
    mutating func direction(_ text: String?) -> String? {
        rule("J4")
        switch trimmed(text ?? "").lowercased() {
        case "outbound", "terminating", "egress": return "TERMINATING"
        case "inbound", "originating", "ingress": return "ORIGINATING"
        default: return nil
        }
    }

    mutating func callerCase(_ input: JSON) -> JSON {
        let caller = caller(input, direction: direction(input["direction"].string), btn: input["btn"].string)
        return .object([
            "ani": .text(caller.number?.shown), "ani_kind": .text(caller.number?.kind),
            "ani_source": .string(caller.source), "flags": .flags(caller.flags),
        ])
    }
}
