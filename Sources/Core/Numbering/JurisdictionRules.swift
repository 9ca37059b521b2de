/// Where a call belongs for its price and for taxes, with what was noticed on the way (rules J5–J8, K1, K2).
struct CallClass {
    var jurisdiction: Jurisdiction
    var tax: TaxJurisdiction
    var kind: VoiceClass
    var flags = Flags.none
}

/// What the rules of section J look at: numbers, states, rate centres. Never vendor, trunk or plan (rule J9).
struct JurisdictionInput {
    var direction: CallDirection?
    var ani: NumberKind?
    var aniParty: Party
    var dnis: NormalizedNumber
    var dnisParty: Party
    /// The state of the number behind a toll-free one; 0 where unknown.
    var ringToState: NameTable.Index
    /// The state of the called area code, for NPA-555-1212; 0 where unknown.
    var dnisNPAState: NameTable.Index
}

extension JurisdictionInput {
    /// The class of the call.
    func classify(localAreas: LocalAreas) -> CallClass {
        guard let direction else {
            return CallClass(jurisdiction: .invalid, tax: .none, kind: .unknown, flags: [.unknownDirection])
        }
        switch direction {
        case .terminating: return terminating(localAreas)
        case .originating: return originating(localAreas)
        }
    }

    /// Towards the public network, by the kind of the called number (rule J5).
    private func terminating(_ localAreas: LocalAreas) -> CallClass {
        switch dnis.kind {
        case .emergency: CallClass(jurisdiction: .emergency, tax: .none, kind: .terminatingEmergency)
        case .service: CallClass(jurisdiction: .service, tax: serviceTax, kind: .terminatingService)
        case .premium: CallClass(jurisdiction: .premium, tax: .indeterminate, kind: .terminatingPremium)
        case .tollfree: CallClass(jurisdiction: .tollfree, tax: .indeterminate, kind: .terminatingTollFree)
        case .international:
            CallClass(jurisdiction: .international, tax: .international, kind: .terminatingInternational)
        case .nongeographic:
            CallClass(
                jurisdiction: .indeterminate, tax: .indeterminate, kind: .terminatingIndeterminate,
                flags: [.nonGeographic])
        case .anonymous, .missing, .invalid, .shortcode:
            CallClass(jurisdiction: .invalid, tax: .none, kind: .terminatingInvalid, flags: [.dniInvalid])
        case .geographic: terminatingDomestic(localAreas)
        }
    }

    /// To a domestic number (rule J7).
    private func terminatingDomestic(_ localAreas: LocalAreas) -> CallClass {
        if ani == .international {
            return CallClass(
                jurisdiction: .indeterminate, tax: .international, kind: .terminatingIndeterminate, flags: [.aniForeign]
            )
        }
        let (jurisdiction, flags) = domestic(localAreas)
        let kind: VoiceClass
        switch jurisdiction {
        case .interstate: kind = .terminatingInterstate
        case .intrastate: kind = .terminatingIntrastate
        case .local: kind = .terminatingLocal
        default: kind = .terminatingIndeterminate
        }
        return CallClass(jurisdiction: jurisdiction, tax: taxByStates, kind: kind, flags: flags)
    }

    /// From the public network to a customer's number (rule J6).
    private func originating(_ localAreas: LocalAreas) -> CallClass {
        switch dnis.kind {
        case .tollfree:
            return CallClass(jurisdiction: .tollfree, tax: tollFreeTax, kind: .originatingTollFree)
        case .international:
            return CallClass(jurisdiction: .international, tax: .international, kind: .originatingInternational)
        case .nongeographic:
            return CallClass(
                jurisdiction: .indeterminate, tax: .indeterminate, kind: .originatingDomestic, flags: [.nonGeographic])
        case .geographic where ani == .international:
            return CallClass(jurisdiction: .international, tax: .international, kind: .originatingInternational)
        case .geographic:
            let (jurisdiction, flags) = domestic(localAreas)
            return CallClass(jurisdiction: jurisdiction, tax: taxByStates, kind: .originatingDomestic, flags: flags)
        case .premium, .service, .emergency, .shortcode, .anonymous, .missing, .invalid:
            return CallClass(jurisdiction: .invalid, tax: .none, kind: .originatingInvalid, flags: [.dniInvalid])
        }
    }

    /// Both ends domestic (rule J7).
    private func domestic(_ localAreas: LocalAreas) -> (Jurisdiction, Flags) {
        guard ani == .geographic else { return (.indeterminate, .none) }
        guard aniParty.state != 0, dnisParty.state != 0 else { return (.indeterminate, [.stateUnknown]) }
        let isSameState = aniParty.state == dnisParty.state
        if isSameState, aniParty.rateCenter != 0, aniParty.rateCenter == dnisParty.rateCenter { return (.local, .none) }
        if localAreas.share(aniParty.place, dnisParty.place) { return (.local, .none) }
        return (isSameState ? .intrastate : .interstate, .none)
    }

    /// By the states of both ends (rule J8).
    private var taxByStates: TaxJurisdiction { tax(between: aniParty.state, and: dnisParty.state) }

    /// Of a toll-free call to a customer: by where it rings (rule J8).
    private var tollFreeTax: TaxJurisdiction {
        ani == .international ? .international : tax(between: aniParty.state, and: ringToState)
    }

    /// Of a service code: within the state, but for directory assistance of another area code (rule J8).
    private var serviceTax: TaxJurisdiction {
        guard dnis.number != nil else { return .intrastate }
        return ani == .international ? .international : tax(between: aniParty.state, and: dnisNPAState)
    }

    private func tax(between first: NameTable.Index, and second: NameTable.Index) -> TaxJurisdiction {
        guard first != 0, second != 0 else { return .indeterminate }
        return first == second ? .intrastate : .interstate
    }
}

extension Party {
    fileprivate var place: LocalAreas.Place { LocalAreas.Place(state: state, rateCenter: rateCenter) }
}
