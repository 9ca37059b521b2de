extension RatingTables {
    /// Rates a message: units, charge with surcharge, cost with carrier fee, and margin (section S).
    public func rate(_ mdr: RawMDR, received: Instant? = nil) -> RatedUsage {
        let service = MessageService(mdr.type)
        var message = MessageEvidence()
        message.direction = MessageDirection(parsing: mdr.direction)
        let source = numbers.plan.normalize(mdr.source, in: .sms)
        let destination = numbers.plan.normalize(mdr.destination, in: .sms)
        let other = message.direction == .inbound ? source : destination
        message.source = source.dialled
        message.destination = destination.dialled
        message.country = other.country?.text
        message.jurisdiction = other.kind == .international ? .international : .domestic
        message.carrier = mdr.carrier ?? carrier(of: other, at: mdr.at.instant)

        let ban = mdr.customerBAN ?? owner(of: mdr, message)
        let customer = customer(ban)
        var usage = RatedUsage(
            id: mdr.id, key: mdr.messageID, service: service?.usage, refVersion: version, evidence: .message(message))
        usage.customerBAN = ban
        usage.customerID = customer?.id
        usage.vendor = mdr.vendor ?? vendor(ofConnector: mdr.connector)
        let times = RecordTimes(
            instant: mdr.at.instant, hasUnreadable: mdr.at == .unreadable, created: mdr.created, received: received)
        usage.ratingInstant = times.instant
        usage.flags = times.flags
        if customer == nil { usage.flags.insert(.unknownCustomer) }
        if message.direction == nil { usage.flags.insert(.unknownDirection) }
        if let service {
            usage.count(mdr, service, &message)
            let key = service.key(message.direction)
            usage.map(key, to: sku(key))
        } else {
            usage.flags.insert(.badType)
        }
        settle(&usage, &message, mdr, service, other: other, customer: customer)
        usage.evidence = .message(message)
        return usage
    }

    /// The status of a message and, where it is billable, its amounts (rules S4, S5).
    private func settle(
        _ usage: inout RatedUsage, _ message: inout MessageEvidence, _ mdr: RawMDR, _ service: MessageService?,
        other: NormalizedNumber, customer: Customer?
    ) {
        let outcome = message.direction == .outbound ? OutboundOutcome(mdr.status) : .taken
        if outcome == .unknown { usage.flags.insert(.badStatus) }
        if usage.flags.containsAny(of: RatedUsage.holding) {
            usage.status = .held
        } else if outcome == .failed {
            usage.setNotBillable()
            message.units = 0
        } else if let service, let direction = message.direction, let instant = usage.ratingInstant {
            if direction == .outbound, [.invalid, .missing, .anonymous].contains(other.kind) {
                usage.status = .unrated
                usage.flags.insert(.dniInvalid)
            } else {
                let target = MessageTarget(service: service, direction: direction, other: other)
                charge(&usage, &message, target, customer: customer, at: instant)
            }
        } else {
            usage.status = .unrated
        }
    }

    private func charge(
        _ usage: inout RatedUsage, _ message: inout MessageEvidence, _ target: MessageTarget, customer: Customer?,
        at instant: Instant
    ) {
        let units = message.units ?? 1
        let choice = plans(.sms, of: customer, on: instant.usageDay)
        let found = choice.first { plan -> (plan: RatePlan, rate: Rate, surcharge: Rate)? in
            guard case .sms(let rates) = plan.rates, let rate = target.rate(in: rates) else { return nil }
            let surcharges = rates.carrierSurcharges[target.name] ?? [:]
            return (plan, rate, RatingTables.byCarrier(message.carrier, surcharges))
        }
        var fits = true
        if let found {
            usage.status = .rated
            usage.ratePlanID = found.answer.plan.id
            usage.rate = found.answer.rate
            message.surcharge = found.answer.surcharge
            usage.charge = RatedUsage.amount(found.answer.rate, found.answer.surcharge, units: units)
            if found.isDefault { usage.flags.insert(.defaultPlanUsed) }
            if usage.charge == .zero { usage.flags.insert(.zeroRated) }
            fits = usage.charge != nil
        } else {
            usage.setUnrated(isWithoutPlan: choice.isEmpty)
        }
        if let vendor = vendor(usage.vendor), let (rate, fee) = target.vendorRate(in: vendor, carrier: message.carrier)
        {
            usage.vendorRate = rate
            message.vendorFee = fee
            usage.vendorCost = RatedUsage.amount(rate, fee, units: units)
            fits = fits && usage.vendorCost != nil
        } else {
            usage.flags.insert(.noVendorRate)
        }
        guard fits else { return usage.setOverflow() }
        usage.setMargin(alertBelow: customer?.marginAlert ?? .zero)
    }

    /// Whose number an inbound message was sent to, where its gateway names no customer (M9). A number that is none by section N
    /// still has an owner, by its digits.
    private func owner(of mdr: RawMDR, _ message: MessageEvidence) -> BAN? {
        guard message.direction == .inbound else { return nil }
        if let destination = message.destination { return owner(ofNumber: destination.text) }
        let digits = (mdr.destination ?? "").filter { $0.isASCII && $0.isNumber }
        return owner(ofNumber: digits.utf8.count == 10 ? "+1" + digits : "+" + digits)
    }

    /// The carrier of the other party by its number's operating company, where the gateway names none (M9).
    private func carrier(of other: NormalizedNumber, at instant: Instant?) -> String? {
        guard !reference.carriers.isEmpty, other.kind == .geographic, let national = other.national else {
            return nil
        }
        let lrn = numbers.callingLRN(national, at: instant).0
        let block = numbers.lerg.block(of: lrn) ?? numbers.lerg.block(of: national)
        return block.flatMap { numbers.names[$0.ocn] }.flatMap { reference.carriers[$0] }
    }

    /// The amount of a carrier, else the one for all others, else none (rule S6).
    static func byCarrier(_ carrier: String?, _ amounts: [String: Rate]) -> Rate {
        carrier.flatMap { amounts[$0] } ?? amounts["default"] ?? .zero
    }
}

/// SMS or MMS (rule S4).
enum MessageService {
    case sms, mms

    init?(_ type: String?) {
        switch type.map(ASCII.word) {
        case "sms": self = .sms
        case "mms": self = .mms
        default: return nil
        }
    }

    var usage: UsageService { self == .sms ? .sms : .mms }

    func key(_ direction: MessageDirection?) -> ClassKey {
        switch (self, direction) {
        case (.sms, .outbound): .smsOutbound
        case (.sms, .inbound): .smsInbound
        case (.sms, nil): .smsUnknown
        case (.mms, .outbound): .mmsOutbound
        case (.mms, .inbound): .mmsInbound
        case (.mms, nil): .mmsUnknown
        }
    }
}

/// What became of an outbound message (rule S4).
enum OutboundOutcome {
    /// The network took it: billed.
    case taken
    /// Nobody took it: free.
    case failed
    /// A word that says neither: a person must look.
    case unknown

    /// A word of rule S4, or the SMPP status of the last submit (M9): `ESME_ROK` is submitted, every other one was refused.
    init(_ status: String?) {
        switch status.map(ASCII.word) {
        case "submitted", "accepted", "sent", "delivered", "undelivered", "expired", "esme_rok": self = .taken
        case "failed", "rejected", "throttled": self = .failed
        case .some(let word) where word.hasPrefix("esme_"): self = .failed
        default: self = .unknown
        }
    }
}

/// What decides the price of a message besides its customer or vendor.
struct MessageTarget {
    let service: MessageService
    let direction: MessageDirection
    let other: NormalizedNumber

    /// `sms_outbound`
    var name: String { service.usage.rawValue + "_" + direction.rawValue }

    /// Whether a plan prices it by the country of its destination.
    var isInternational: Bool {
        service == .sms && direction == .outbound && other.kind == .international
    }

    /// The rate of a plan (rule S5): outbound SMS abroad by prefix, all else by type and direction.
    func rate(in rates: MessageRates) -> Rate? {
        isInternational ? internationalRate(in: rates) : rates.rate(service.usage, direction)
    }

    /// Rate and carrier fee of a vendor (rule S6).
    func vendorRate(in vendor: VendorTerms, carrier: String?) -> (rate: Rate, fee: Rate)? {
        if isInternational, vendor.hasInternationalMessages {
            return internationalRate(in: vendor.messages).map { ($0, .zero) }
        }
        guard let rate = vendor.messages.rate(service.usage, direction) else { return nil }
        return (rate, direction == .outbound ? RatingTables.byCarrier(carrier, vendor.carrierFees) : .zero)
    }

    /// The row of the longest prefix of the destination; `1` alone would swallow North America (rule P4).
    func internationalRow(in rates: MessageRates) -> (prefix: Prefix, row: FoundRow)? {
        guard let digits = other.number?.digits else { return nil }
        let found = rates.international.longest(
            of: digits, digits: decimalLength(digits), among: RowSources.internationalLengths)
        return found?.prefix.text == "1" ? nil : found
    }

    private func internationalRate(in rates: MessageRates) -> Rate? {
        internationalRow(in: rates)?.row.rate(for: .rate)
    }
}

extension RatedUsage {
    /// Encoding and billed units, and what was wrong with the reported count (rule S3).
    fileprivate mutating func count(_ mdr: RawMDR, _ service: MessageService, _ message: inout MessageEvidence) {
        guard service == .sms else {
            message.units = 1
            return
        }
        let text = mdr.body.map { MessageText($0, coding: mdr.coding) }
        message.encoding = text?.encoding
        let reported = mdr.segments.flatMap { $0 >= 1 ? $0 : nil }
        message.units = reported ?? text?.segments ?? 1
        if reported == nil, text == nil { flags.insert(.segmentsAssumed) }
        if let reported, let text, reported != text.segments { flags.insert(.segmentMismatch) }
    }

    /// No rate (rule R8).
    mutating func setUnrated(isWithoutPlan: Bool) {
        status = .unrated
        flags.insert(.noRate)
        if isWithoutPlan { flags.insert(.noPlan) }
    }

    /// Rate and surcharge times units, rounded once to five decimals; nil where it fits no column (rules S6, G7).
    static func amount(_ rate: Rate, _ surcharge: Rate, units: Int) -> Money? {
        Terms.rounded((Int128(rate.units) + Int128(surcharge.units)) * Int128(units), dividedBy: 1)
    }
}
