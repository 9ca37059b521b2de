// Who called and who was called: what the record carries, and what section N and the rules J1–J3, E1 make of it.

extension CallExplainer {
    /// The calling number: every value that was asked, up to the one that won (rules J1–J3).
    var callerStep: Explanation.Step {
        var step = Explanation.Step(.caller, "J1", "J2")
        let candidates = callerCandidates
        for candidate in candidates where !candidate.isTaken {
            step.say(
                "\(candidate.header.name.capitalizedFirst) \(Words.quoted(candidate.raw)): \(candidate.reasonToPass).")
        }
        if let taken = candidates.first(where: \.isTaken), let shown = taken.number.shown {
            step.say("\(shown) is \(taken.number.phrase), from \(taken.header.name) \(Words.quoted(taken.raw)).")
            for rule in taken.number.rules { step.cite(rule) }
        } else {
            sayFallback(candidates, to: &step)
        }
        step.fact("number", call.ani?.text)
        step.fact("kind", call.aniKind?.rawValue)
        step.fact("source", call.aniSource.rawValue)
        step.fact("candidates", .array(candidates.map(\.facts)))
        return step
    }

    /// What stands in where no header names a caller (rule J3).
    private func sayFallback(_ candidates: [CallerCandidate], to step: inout Explanation.Step) {
        step.cite("J3")
        switch call.aniSource {
        case .btn:
            let shown = call.ani.map { Words.number($0) } ?? ""
            step.say("No header names a caller, so the billing number of the account stands in: \(shown).")
        case .none:
            step.say(
                candidates.isEmpty
                    ? "The record carries no calling number." : "No header names a caller, and nothing stands in.")
        case .pci, .pai, .rpid, .raw, .from:
            let shown = call.ani.map { Words.number($0) } ?? ""
            step.say("No better number was found, so the toll-free number \(shown) is shown. It belongs to no state.")
        }
    }

    /// The values of the headers in the order in which rating asks them; the last is the winner, where there is one.
    private var callerCandidates: [CallerCandidate] {
        let headers: [(ANISource, String?)] = [
            (.pci, cdr.sipPCI), (.pai, cdr.sipPAI), (.rpid, cdr.sipRPID), (.raw, cdr.rawANI), (.from, cdr.sipFrom),
        ]
        var candidates: [CallerCandidate] = []
        for (source, header) in headers {
            guard let header, !header.isEmpty else { continue }
            for value in HeaderValues.split(header) {
                let number = numbers.plan.normalize(value)
                let isTaken = [.geographic, .international].contains(number.kind)
                candidates.append(
                    CallerCandidate(
                        header: CallerHeader(source), raw: ASCII.trimmed(value), number: number, isTaken: isTaken))
                if isTaken { return candidates }
            }
        }
        return candidates
    }

    /// The called number, from its column or from the request line (rule E1).
    var calledStep: Explanation.Step {
        var step = Explanation.Step(.called, "E1")
        let called = CalledNumber(cdr, plan: numbers.plan)
        let column = cdr.dni.map { "dni \(Words.quoted($0))" } ?? "dni (empty)"
        let uri = cdr.sipRURI.map { "sip_ruri \(Words.quoted($0))" } ?? "sip_ruri (empty)"
        let subject = called.number.shown.map { "\($0) is" } ?? "The called number is"
        if called.isFromURI {
            step.say("The column \(column) names no usable number, so the request line counts.")
            step.say("\(subject) \(called.number.phrase), from \(uri).")
        } else {
            step.say("\(subject) \(called.number.phrase), from \(column).")
        }
        for rule in called.number.rules { step.cite(rule) }
        for flag in called.flags.sorted { step.say(flag.sentence) }
        for flag in called.number.flags.sorted where flag != .rnInvalid { step.say(flag.sentence) }
        step.fact("number", call.dnis?.text)
        step.fact("kind", call.dnisKind.rawValue)
        step.fact("country", call.dnisCountry)
        step.fact("source", called.isFromURI ? "sip_ruri" : "dni")
        step.fact("dni", numbers.plan.normalize(cdr.dni).facts(of: cdr.dni))
        step.fact("sip_ruri", numbers.plan.normalize(cdr.sipRURI).facts(of: cdr.sipRURI))
        return step
    }
}

/// A header that may name the caller.
private struct CallerHeader {
    let source: ANISource
    /// As a support agent knows it.
    let name: String
    /// The record's field.
    let field: String

    init(_ source: ANISource) {
        self.source = source
        switch source {
        case .pci: (name, field) = ("P-Charge-Info", "sip_pci")
        case .pai: (name, field) = ("P-Asserted-Identity", "sip_pai")
        case .rpid: (name, field) = ("Remote-Party-ID", "sip_rpid")
        case .raw: (name, field) = ("the switch's calling number", "raw_ani")
        case .from: (name, field) = ("the From header", "sip_from")
        case .btn, .none: (name, field) = ("the billing number", "btn")
        }
    }
}

/// One value of a header, and what became of it.
private struct CallerCandidate {
    let header: CallerHeader
    let raw: String
    let number: NormalizedNumber
    let isTaken: Bool

    var reasonToPass: String {
        let phrase = number.phrase
        return number.kind == .tollfree
            ? "\(phrase), passed over as long as there is a better one" : "\(phrase), passed over"
    }

    var facts: JSONValue {
        guard case .object(let fields) = number.facts(of: raw) else { return .null }
        return .object(
            [.init(name: "header", value: .string(header.field)), .init(name: "taken", value: .bool(isTaken))] + fields)
    }
}
