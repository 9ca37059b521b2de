extension RatingTables {
    /// Explains how a call comes to its status and amounts; the arguments are those of its rating.
    public func explain(_ cdr: RawCDR, dip: LRNAnswer? = nil, received: Instant? = nil) -> Explanation {
        let usage = rate(cdr, dip: dip, received: received)
        guard let call = usage.call else { return Explanation(subject: .usage(usage), steps: []) }
        let explainer = CallExplainer(tables: self, cdr: cdr, received: received, usage: usage, call: call)
        return Explanation(subject: .usage(usage), steps: explainer.steps)
    }
}

/// The steps of one call, from its record and what rating made of it.
struct CallExplainer {
    let tables: RatingTables
    let cdr: RawCDR
    let received: Instant?
    let usage: RatedUsage
    let call: CallEvidence

    var numbers: NumberFacts { tables.numbers }
    var customer: RatingTables.Customer? { tables.customer(cdr.customerBAN) }

    /// All steps in order.
    var steps: [Explanation.Step] {
        var steps = [usage.accountStep(named: "customer_ban"), timeStep, callerStep]
        steps += [placeStep(.callerPlace), calledStep, placeStep(.calledPlace), tollFreeStep].compactMap(\.self)
        steps.append(jurisdictionStep)
        guard let target = pricedTarget, let instant = usage.ratingInstant, let length = call.durationMilliseconds
        else { return steps + [usage.outcomeStep()] + usage.internalSteps([], alertBelow: nil) }
        steps += customerSteps(target, at: instant, length: length)
        if usage.flags.contains(.amountOverflow) { steps.append(usage.outcomeStep()) }
        let vendorSteps = vendorSteps(target, on: instant.usageDay, length: length)
        return steps + usage.internalSteps(vendorSteps, alertBelow: customer?.marginAlert)
    }

    /// What the call is priced by; nil where no price was looked up: held, not answered, not to be classified (rules G6, R8).
    private var pricedTarget: CallTarget? {
        let isHeld = usage.status == .held && !usage.flags.contains(.amountOverflow)
        return isHeld || usage.status == .notBillable ? nil : CallTarget(usage)
    }

    /// Answer, end, and the moment that decides what is in force (rules D1–D4).
    private var timeStep: Explanation.Step {
        var step = Explanation.Step(.time, "D1", "D2")
        if let answer = cdr.answer.instant {
            let ended = cdr.end.instant.map { " and ended \(Words.time($0))" } ?? "; the record has no end"
            step.say("The call was answered \(Words.time(answer))\(ended).")
            if let length = call.durationMilliseconds { step.say("It lasted \(Words.length(length)).") }
        } else {
            step.say("The call was not answered.")
        }
        step.sayRatingInstant(
            usage, of: cdr.answer.instant != nil ? "answer" : cdr.start.instant != nil ? "start" : "end")
        step.sayOddTimes(usage)
        step.fact("start", cdr.start.instant?.text)
        step.fact("answer", cdr.answer.instant?.text)
        step.fact("end", cdr.end.instant?.text)
        step.fact("created", cdr.created.instant?.text)
        step.fact("received", received?.text)
        step.fact("answered", call.answered)
        step.fact("duration_ms", call.durationMilliseconds.map { Int($0) })
        step.fact("rating_instant", usage.ratingInstant?.text)
        step.fact("usage_date", usage.usageDay?.text)
        return step
    }
}

extension Explanation.Step {
    /// Which moment decides (rule D2).
    mutating func sayRatingInstant(_ usage: RatedUsage, of name: String) {
        guard let day = usage.usageDay else { return say("No time stamp can be read, so no price can be chosen.") }
        say("The \(name) decides which prices hold; the whole \(usage.noun) belongs to \(day.text) (UTC).")
    }

    /// What is odd about the stamps without holding the record (rules D4, D6).
    mutating func sayOddTimes(_ usage: RatedUsage) {
        for (flag, rule) in [(Flag.clockSkew, "D4"), (.zeroDuration, "D6")] where usage.flags.contains(flag) {
            say(flag.sentence)
            cite(rule)
        }
    }
}
