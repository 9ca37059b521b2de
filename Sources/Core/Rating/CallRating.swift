extension RatingTables {
    /// Rates a call: numbers, jurisdiction, charge, cost and margin, with the evidence for all of it (sections E–R).
    ///
    /// `dip` is what a portability service answered for the called number, where the table did not know it (rule E2). `received`
    /// is when the record came in: one older than the kept keys is held (rule G8).
    public func rate(_ cdr: borrowing RawCDR, dip: LRNAnswer? = nil, received: Instant? = nil) -> RatedUsage {
        var usage = RatedUsage(
            id: cdr.id, key: cdr.sipUUID, service: .voice, refVersion: version, evidence: .query(QueryEvidence()))
        rate(cdr, dip: dip, received: received, into: &usage)
        return usage
    }

    /// Never inlined: a record that is filled and returned by one function is copied whole at the end.
    @inline(never)
    private func rate(_ cdr: borrowing RawCDR, dip: LRNAnswer?, received: Instant?, into usage: inout RatedUsage) {
        let customer = customer(cdr.customerBAN)
        // The evidence is put in when it is whole: taken out of the record and changed, it would be copied each time.
        var call = CallEvidence()
        usage.customerBAN = cdr.customerBAN
        usage.customerID = customer?.id
        usage.vendor = cdr.selectedVendor
        usage.readTimes(of: cdr, into: &call, received: received)
        if customer == nil { usage.flags.insert(.unknownCustomer) }
        usage.enrich(cdr, btn: customer?.btn, dip: dip, into: &call, tables: self)
        settle(&usage, &call, customer: customer)
        usage.evidence = .call(consume call)
    }

    /// The status of a call and, where it is billable, its amounts (rule G6).
    private func settle(_ usage: inout RatedUsage, _ call: inout CallEvidence, customer: Customer?) {
        if usage.flags.containsAny(of: RatedUsage.holding) {
            usage.status = .held
        } else if !call.answered {
            usage.setNotBillable()
            call.billedSeconds = 0
        } else if let target = CallTarget(call, usage.taxJurisdiction, usage.classKey),
            let instant = usage.ratingInstant,
            let duration = call.durationMilliseconds
        {
            charge(&usage, &call, target, customer: customer, at: instant, duration: duration)
        } else {
            usage.status = .unrated
        }
    }

    private func charge(
        _ usage: inout RatedUsage, _ call: inout CallEvidence, _ target: CallTarget, customer: Customer?,
        at instant: Instant, duration: Int64
    ) {
        let chargeFits = chargeCustomer(&usage, &call, price(of: target, for: customer, at: instant), duration)
        let vendor = vendorPrice(of: target, by: usage.vendor, on: instant.usageDay, durationMilliseconds: duration)
        call.vendorRatePrefix = vendor.prefix
        call.vendorBilledSeconds = vendor.billedSeconds
        usage.vendorRate = vendor.rate
        usage.vendorCost = vendor.cost
        if vendor.isWithoutRate { usage.flags.insert(.noVendorRate) }
        guard chargeFits, !vendor.isOverflow else { return usage.setOverflow() }
        usage.setMargin(alertBelow: customer?.marginAlert ?? .zero)
    }

    /// The customer's side (rules R7, R8, R11, R12). False where the charge fits no column.
    private func chargeCustomer(
        _ usage: inout RatedUsage, _ call: inout CallEvidence, _ price: CustomerPrice, _ duration: Int64
    ) -> Bool {
        switch price {
        case .free:
            usage.status = .rated
            usage.rate = .zero
            usage.charge = .zero
            call.billedSeconds = 0
        case .unrated(let isWithoutPlan):
            usage.status = .unrated
            usage.flags.insert(.noRate)
            if isWithoutPlan { usage.flags.insert(.noPlan) }
        case .quoted(let quote):
            let billed = quote.terms.billedTime(durationMilliseconds: duration)
            usage.status = .rated
            usage.ratePlanID = quote.planID
            usage.rate = quote.rate
            call.ratePrefix = quote.prefix
            call.billedSeconds = billed.seconds
            if quote.isDefaultPlan { usage.flags.insert(.defaultPlanUsed) }
            usage.charge = quote.charge(billed)
            switch billed {
            case .zeroDuration: break
            case .grace: usage.flags.insert(.grace)
            case .seconds: if usage.charge == .zero { usage.flags.insert(.zeroRated) }
            }
            return usage.charge != nil
        }
        return true
    }
}

extension RatedUsage {
    /// Answer, duration and rating instant, and what is wrong with them (rules D1–D6).
    fileprivate mutating func readTimes(of cdr: borrowing RawCDR, into call: inout CallEvidence, received: Instant?) {
        let times = RecordTimes(
            instant: cdr.ratingInstant,
            hasUnreadable: cdr.start == .unreadable || cdr.answer == .unreadable || cdr.end == .unreadable,
            created: cdr.created, received: received)
        ratingInstant = times.instant
        flags.formUnion(times.flags)
        let length = CallLength(cdr)
        call.answered = length.isAnswered
        call.durationMilliseconds = length.milliseconds
        flags.formUnion(length.flags)
    }

    /// Numbers, their routing and places, and the class that follows (sections E, J, K).
    fileprivate mutating func enrich(
        _ cdr: borrowing RawCDR, btn: NormalizedNumber?, dip: LRNAnswer?, into call: inout CallEvidence,
        tables: RatingTables
    ) {
        let called = CalledNumber(cdr, plan: tables.reference.numbers.plan)
        let direction = CallDirection(parsing: cdr.direction)
        let caller = tables.reference.numbers.plan.caller(cdr, direction: direction, btn: btn)
        flags.formUnion(called.flags)
        flags.formUnion(caller.flags)
        call.direction = direction
        var input = JurisdictionInput(
            direction: direction, ani: caller.number?.kind, aniParty: Party(), dnis: called.number, dnisParty: Party(),
            ringToState: 0, dnisNPAState: 0)
        if let number = caller.number, number.kind == .geographic, let national = number.national {
            let (lrn, source) = tables.reference.numbers.callingLRN(national, at: ratingInstant)
            input.aniParty = tables.reference.numbers.party(national, lrn: lrn, source: source, flags: &flags)
        }
        if let national = called.number.national {
            switch called.number.kind {
            case .geographic:
                let (lrn, source) = tables.reference.numbers.calledLRN(
                    national, uri: called.porting, at: ratingInstant, dip: dip, flags: &flags)
                input.dnisParty = tables.reference.numbers.party(national, lrn: lrn, source: source, flags: &flags)
            case .tollfree: input.ringToState = findRespOrg(national, into: &call, numbers: tables.reference.numbers)
            case .service: input.dnisNPAState = tables.reference.numbers.state(ofNPA: national.npa)
            default: break
            }
        }
        let result = input.classify(localAreas: tables.reference.numbers.localAreas)
        call.jurisdiction = result.jurisdiction
        taxJurisdiction = result.tax
        flags.formUnion(result.flags)
        let (key, sku) = tables.label(of: result.kind)
        map(key, to: sku)
        call.show(caller, called.number, input, names: tables.reference.numbers.names)
    }

    /// Who manages a toll-free number (rule E6); the state of the number behind it.
    private mutating func findRespOrg(_ number: NationalNumber, into call: inout CallEvidence, numbers: NumberFacts)
        -> NameTable.Index
    {
        guard let respOrg = numbers.respOrgs[number] else {
            flags.insert(.respOrgMiss)
            return 0
        }
        call.respOrg = respOrg.code
        call.cic = respOrg.cic
        call.ringTo = respOrg.ringTo
        return numbers.state(ofRingTo: respOrg.ringTo)
    }
}

extension CallEvidence {
    /// The numbers and their places as evidence (rule E7).
    fileprivate mutating func show(
        _ caller: CallerIdentity, _ called: NormalizedNumber, _ input: JurisdictionInput, names: NameTable
    ) {
        ani = caller.number?.number
        aniKind = caller.number?.kind
        aniSource = caller.source
        input.aniParty.show(in: &aniParty, names)
        dnis = called.dialled
        dnisKind = called.kind
        dnisCountry = called.country?.text
        input.dnisParty.show(in: &dnisParty, names)
    }
}

/// The called number of a record, and what its request line says of porting (rule E1).
struct CalledNumber {
    let number: NormalizedNumber
    /// Whether the number is the request line's, the column being of no use.
    let isFromURI: Bool
    /// The request line, where it is about the same number.
    let porting: NormalizedNumber?
    var flags = Flags.none

    init(_ cdr: borrowing RawCDR, plan: borrowing NumberPlan) {
        let column = plan.normalize(cdr.dni)
        let uri = plan.normalize(cdr.sipRURI)
        isFromURI = !column.isUsable && (uri.isUsable || column.kind == .missing)
        number = isFromURI ? uri : column
        let isSame = uri.number != nil && uri.number == number.number
        porting = isSame ? uri : nil
        if !isSame, uri.rn != nil || uri.npdi { flags.insert(.ruriDNIMismatch) }
        if uri.flags.contains(.rnInvalid) { flags.insert(.rnInvalid) }
    }
}

extension NormalizedNumber {
    fileprivate var isUsable: Bool { kind != .missing && kind != .invalid }
}
