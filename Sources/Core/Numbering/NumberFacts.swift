/// The reference data about numbers, as one value: what the rules of sections E and J look things up in.
public struct NumberFacts: Sendable {
    public var plan = NumberPlan()
    public var names = NameTable()
    public var lerg = LERG()
    public var localAreas = LocalAreas()
    public var ported = PortedNumbers()
    public var respOrgs: [NationalNumber: RespOrg] = [:]

    /// No reference data.
    public init() {}
}

/// One side of a call with the names as numbers, for comparison (rule J7).
struct Party {
    var lrn: NationalNumber?
    var lrnSource = LRNSource.none
    var state: NameTable.Index = 0
    var lata: NameTable.Index = 0
    var ocn: NameTable.Index = 0
    var rateCenter: NameTable.Index = 0

    /// Shows the side as evidence, its names in full.
    func show(in evidence: inout PartyEvidence, _ names: NameTable) {
        evidence.lrn = lrn
        evidence.lrnSource = lrnSource
        evidence.state = names[state]
        evidence.lata = names[lata]
        evidence.ocn = names[ocn]
        evidence.rateCenter = names[rateCenter]
    }
}

extension NumberFacts {
    /// The number that routes a called geographic number, and where it came from (rule E2).
    func calledLRN(
        _ number: NationalNumber, uri: NormalizedNumber?, at instant: Instant?, dip: LRNAnswer?, flags: inout Flags
    ) -> (NationalNumber, LRNSource) {
        if let rn = uri?.rn { return (rn, .uriRN) }
        if let uri, uri.npdi { return (number, .uriNPDI) }
        if let lrn = ported.lrn(of: number, at: instant) { return (lrn, .table) }
        switch dip {
        case .ported(let lrn): return (lrn, .dip)
        case .notPorted: return (number, .dip)
        case .timedOut:
            flags.insert(.lrnTimeout)
            return (number, .own)
        case nil: return (number, .own)
        }
    }

    /// The number that routes a calling number: table or itself (rule E3).
    func callingLRN(_ number: NationalNumber, at instant: Instant?) -> (NationalNumber, LRNSource) {
        if let lrn = ported.lrn(of: number, at: instant) { return (lrn, .table) }
        return (number, .own)
    }

    /// What the guide says of a number and its routing number (rule E5).
    func party(_ number: NationalNumber, lrn: NationalNumber, source: LRNSource, flags: inout Flags) -> Party {
        var party = Party()
        party.lrn = lrn
        party.lrnSource = source
        let own = lerg.block(of: number)
        party.rateCenter = own?.rateCenter ?? 0
        let routing = lrn == number ? own : lerg.block(of: lrn)
        if routing == nil, lrn != number { flags.insert(.lrnNotInLERG) }
        guard let block = routing ?? own else {
            flags.insert(.lergMiss)
            party.state = state(ofNPA: number.npa)
            return party
        }
        party.state = block.state
        party.lata = block.lata
        party.ocn = block.ocn
        return party
    }

    /// The state of an area code; 0 where unknown.
    func state(ofNPA npa: Int) -> NameTable.Index {
        plan.areaCode(npa)?.state.flatMap { names.index(of: $0) } ?? 0
    }

    /// The state of the number behind a toll-free one: by its own block, else its area code (rule J8).
    func state(ofRingTo ringTo: String?) -> NameTable.Index {
        guard let ringTo, let number = NationalNumber(parsing: ringTo) else { return 0 }
        return lerg.block(of: number)?.state ?? state(ofNPA: number.npa)
    }
}
