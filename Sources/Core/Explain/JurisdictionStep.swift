// What kind of call it is and why (rules J4–J8, K1–K3).

extension CallExplainer {
    /// Direction, jurisdiction for the price and for taxes, class key.
    var jurisdictionStep: Explanation.Step {
        var step = Explanation.Step(.jurisdiction, "J4")
        let areas = commonAreas
        if let direction = call.direction {
            let way = direction == .terminating ? "to the public network" : "from the public network to the customer"
            step.say("The call went \(way) (direction \(Words.quoted(cdr.direction ?? ""))).")
            sayWhy(direction, areas, to: &step)
            sayTax(direction, to: &step)
        } else {
            let direction = cdr.direction.map { "The record's direction \(Words.quoted($0)) is none that we know" }
            step.say("\(direction ?? "The record names no direction"): it cannot be classified.")
        }
        step.cite(call.direction == .originating ? "K2" : "K1")
        step.fact("direction", call.direction?.rawValue)
        step.fact("direction_word", cdr.direction)
        step.fact("caller_state", call.aniParty.state)
        step.fact("caller_rate_center", call.aniParty.rateCenter)
        step.fact("called_state", call.dnisParty.state)
        step.fact("called_rate_center", call.dnisParty.rateCenter)
        step.fact("local_areas", .array(areas.map(JSONValue.string)))
        step.fact("jurisdiction", call.jurisdiction.rawValue)
        step.fact("tax_jurisdiction", usage.taxJurisdiction.rawValue)
        step.fact("class_key", usage.classKey?.text)
        return step
    }

    private func sayWhy(_ direction: CallDirection, _ areas: [String], to step: inout Explanation.Step) {
        let isTerminating = direction == .terminating
        step.cite(isTerminating ? "J5" : "J6")
        switch call.dnisKind {
        case .geographic where call.aniKind == .international && !isTerminating:
            step.say("The caller is abroad, so the call is international.")
        case .geographic:
            step.cite("J7")
            sayPlaces(areas, to: &step)
        case .nongeographic:
            step.say("The called number belongs to no state, so the call is indeterminate.")
        case .tollfree: step.say("The called number is toll-free, which is a kind of its own.")
        case .international: step.say("The called number is abroad, so the call is international.")
        case .premium where isTerminating: step.say("Premium numbers are a kind of their own, wherever the caller is.")
        case .service where isTerminating: step.say("Service codes are a kind of their own, wherever the caller is.")
        case .emergency where isTerminating: step.say("Emergency calls are a kind of their own.")
        case .premium, .service, .emergency:
            step.say("Nobody can be called from the public network under such a number: the call cannot be classified.")
        case .shortcode, .anonymous, .missing, .invalid:
            step.say("The called number is none that can be reached: the call cannot be classified.")
        }
    }

    /// Between two domestic numbers: states and rate centres decide (rule J7).
    private func sayPlaces(_ areas: [String], to step: inout Explanation.Step) {
        let (from, to) = (call.aniParty, call.dnisParty)
        switch call.jurisdiction {
        case .local where from.state == to.state && from.rateCenter == to.rateCenter && from.rateCenter != nil:
            step.say(
                "Both numbers belong to rate centre \(to.rateCenter ?? "") in \(to.state ?? ""), so the call is local.")
        case .local:
            step.say(
                "\(from.place) and \(to.place) share the local calling area \(Words.list(areas)), so the call is local."
            )
        case .intrastate where from.rateCenter == nil || to.rateCenter == nil:
            step.say(
                "Both numbers are in \(to.state ?? ""), and nothing says that they are local to each other: intrastate."
            )
        case .intrastate:
            step.say("\(from.place) and \(to.place) are in the same state and not local to each other: intrastate.")
        case .interstate: step.say("\(from.place) and \(to.place) are in different states: interstate.")
        default: sayIndeterminate(from, to, to: &step)
        }
    }

    private func sayIndeterminate(_ from: PartyEvidence, _ to: PartyEvidence, to step: inout Explanation.Step) {
        if call.aniKind == .international {
            step.say("The caller is abroad and the called number is domestic: indeterminate.")
        } else if call.aniKind != .geographic {
            let caller = call.aniKind == .tollfree ? "a toll-free number, which has no state" : "not known"
            step.say("The calling number is \(caller): indeterminate.")
        } else {
            let side = from.state == nil ? "calling" : "called"
            step.say("The state of the \(side) number is not known: indeterminate.")
        }
    }

    /// Taxes look at states alone (rule J8).
    private func sayTax(_ direction: CallDirection, to step: inout Explanation.Step) {
        step.cite("J8")
        switch usage.taxJurisdiction {
        case .none: step.say("It has no place for taxes.")
        case .interstate, .intrastate, .international, .indeterminate:
            let isTollFree = direction == .originating && call.dnisKind == .tollfree
            let place =
                isTollFree
                ? ", by the caller's state and that of the number it rings at,"
                : call.dnisKind == .geographic ? ", which look at states alone," : ""
            step.say("For taxes\(place) it is \(usage.taxJurisdiction.rawValue).")
        }
    }

    /// The local calling areas that list both rate centres.
    private var commonAreas: [String] {
        guard let from = place(of: call.aniParty), let to = place(of: call.dnisParty) else { return [] }
        return numbers.localAreas.common(from, to).compactMap { numbers.names[$0] }.sorted()
    }

    private func place(of party: PartyEvidence) -> LocalAreas.Place? {
        guard let state = party.state.flatMap(numbers.names.index(of:)),
            let rateCenter = party.rateCenter.flatMap(numbers.names.index(of:))
        else { return nil }
        return LocalAreas.Place(state: state, rateCenter: rateCenter)
    }
}

extension PartyEvidence {
    /// `CHICAGO, IL`, or the state alone.
    fileprivate var place: String {
        [rateCenter, state].compactMap(\.self).joined(separator: ", ")
    }
}
