extension RatingTables {
    /// Explains how a message comes to its status and amounts; the arguments are those of its rating.
    public func explain(_ mdr: RawMDR, received: Instant? = nil) -> Explanation {
        let usage = rate(mdr, received: received)
        guard let message = usage.message else { return Explanation(subject: .usage(usage), steps: []) }
        let explainer = MessageExplainer(tables: self, mdr: mdr, received: received, usage: usage, message: message)
        return Explanation(subject: .usage(usage), steps: explainer.steps)
    }
}

/// The steps of one message, from its record and what rating made of it.
struct MessageExplainer {
    let tables: RatingTables
    let mdr: RawMDR
    let received: Instant?
    let usage: RatedUsage
    let message: MessageEvidence

    var customer: RatingTables.Customer? { tables.customer(usage.customerBAN) }

    /// All steps in order.
    var steps: [Explanation.Step] {
        var steps = [accountStep, usage.recordTimeStep(mdr.at, created: mdr.created, received: received), partiesStep]
        steps += [carrierStep, unitsStep].compactMap(\.self)
        guard let target, let instant = usage.ratingInstant, let units = message.units else {
            return steps + [outcomeStep] + usage.internalSteps([], alertBelow: nil)
        }
        steps += customerSteps(target, on: instant.usageDay, units: units)
        if usage.flags.contains(.amountOverflow) { steps.append(usage.outcomeStep()) }
        return steps
            + usage.internalSteps(vendorSteps(target, units: units), alertBelow: customer?.marginAlert)
    }

    /// The party on the other side, which decides where the message went (rule S5).
    private var other: NormalizedNumber {
        tables.numbers.plan.normalize(message.direction == .inbound ? mdr.source : mdr.destination, in: .sms)
    }

    /// What the message is priced by; nil where no price was looked up (rules G6, S4, S5).
    private var target: MessageTarget? {
        let isHeld = usage.status == .held && !usage.flags.contains(.amountOverflow)
        guard !isHeld, usage.status != .notBillable, !usage.flags.contains(.dniInvalid),
            let service = MessageService(mdr.type), let direction = message.direction
        else { return nil }
        return MessageTarget(service: service, direction: direction, other: other)
    }

    private var accountStep: Explanation.Step {
        var step = usage.accountStep(named: mdr.customerBAN == nil ? "destination" : "customer_ban")
        if mdr.customerBAN == nil, usage.customerBAN != nil {
            step.say("The record itself names none: the number that the message was sent to belongs to this account.")
        }
        return step
    }

    /// Who sent it to whom, and in which direction (rules S4, S5).
    private var partiesStep: Explanation.Step {
        var step = Explanation.Step(.message, "S4", "S5", "K3")
        let plan = tables.numbers.plan
        let (source, destination) = (plan.normalize(mdr.source, in: .sms), plan.normalize(mdr.destination, in: .sms))
        for (name, number, raw) in [("Sender", source, mdr.source), ("Receiver", destination, mdr.destination)] {
            let shown = number.shown.map { "\($0), " } ?? ""
            step.say("\(name): \(shown)\(number.phrase), from \(raw.map { Words.quoted($0) } ?? "an empty field").")
        }
        if let direction = message.direction {
            let way = direction == .outbound ? "sent by the customer" : "sent to the customer"
            step.say("The message was \(way) (direction \(Words.quoted(mdr.direction ?? ""))).")
        } else {
            step.say("The direction \(Words.quoted(mdr.direction ?? "")) is none that we know.")
        }
        let far = message.jurisdiction == .international
        step.say("The other party is \(far ? "abroad" : "domestic"). Messages carry no telecom taxes.")
        step.fact("source", source.facts(of: mdr.source))
        step.fact("destination", destination.facts(of: mdr.destination))
        step.fact("direction", message.direction?.rawValue)
        step.fact("country", message.country)
        step.fact("jurisdiction", message.jurisdiction.rawValue)
        step.fact("tax_jurisdiction", usage.taxJurisdiction.rawValue)
        step.fact("class_key", usage.classKey?.text)
        return step
    }

    /// The carrier by which surcharges go; nil where none is known (rule S6).
    private var carrierStep: Explanation.Step? {
        guard let carrier = message.carrier else { return nil }
        var step = Explanation.Step(.carrier, "S6")
        let source = mdr.carrier == nil ? "found by the operating company of its number" : "named by the record"
        step.say("The other party's carrier is \(carrier), \(source).")
        step.fact("carrier", carrier)
        step.fact("source", mdr.carrier == nil ? "ocn" : "record")
        return step
    }

    /// How many segments are billed (rules S1–S3); nil for a message of unknown type.
    private var unitsStep: Explanation.Step? {
        guard let service = MessageService(mdr.type) else { return nil }
        guard service == .sms else {
            var step = Explanation.Step(.units, "S3")
            step.say("A picture message is one unit, whatever is in it.")
            step.fact("units", message.units)
            return step
        }
        var step = Explanation.Step(.units, "S1", "S2", "S3")
        let text = mdr.body.map { MessageText($0, coding: mdr.coding) }
        let reported = mdr.segments.flatMap { $0 >= 1 ? $0 : nil }
        if let text {
            let unit = text.encoding == .gsm7 ? "septet" : "UTF-16 unit"
            step.say("The text has \(Words.count(text.length, unit)) in \(text.encoding.rawValue).")
            step.say("That makes \(Words.count(text.segments, "segment")).")
        }
        if let reported {
            step.say("The gateway reported \(Words.count(reported, "segment")), which is what counts.")
        } else if text == nil {
            step.say(Flag.segmentsAssumed.sentence)
        }
        step.fact("encoding", text?.encoding.rawValue)
        step.fact("length", text?.length)
        step.fact("computed", text?.segments)
        step.fact("reported", reported)
        step.fact("units", message.units)
        return step
    }

    /// Why no price was looked up.
    private var outcomeStep: Explanation.Step {
        guard usage.status == .unrated else {
            var step = usage.outcomeStep()
            step.fact("record_status", mdr.status)
            return step
        }
        var step = Explanation.Step(.outcome, "G6", "R8")
        let cause = message.direction == nil ? "Its direction is not known" : "Its receiver is none that can be reached"
        step.say("\(cause), so no price is looked up. The message waits without a charge.")
        step.fact("status", usage.status.rawValue)
        return step
    }
}
