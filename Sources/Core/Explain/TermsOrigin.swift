/// Terms and where each came from: the row, the plan or vendor, or nowhere (rule R9).
struct TermsOrigin {
    let terms: Terms
    let row: TermsOverride?
    /// What the plan or vendor states; nil where all that the row leaves out is theirs.
    let base: TermsOverride?
    /// `plan` or `vendor`.
    let baseName: String

    /// The billed seconds of a call (rules D6–D8).
    func billedTimeStep(_ topic: Explanation.Step.Topic, length: Int64) -> Explanation.Step {
        var step = Explanation.Step(topic)
        let billed = terms.billedTime(durationMilliseconds: length)
        switch billed {
        case .zeroDuration:
            step.cite("D6")
            step.say("The call was answered for 0 ms: no time is billed.")
        case .grace:
            step.cite("D7")
            step.say(
                "The call lasted no longer than the grace of \(Words.count(terms.graceSeconds, "second")): no time is billed."
            )
        case .seconds(let seconds):
            step.cite("D8")
            step.cite("R9")
            sayIncrements(length, seconds, to: &step)
        }
        step.fact("duration_ms", Int(length))
        step.fact("initial_increment", terms.increments.initial)
        step.fact("subsequent_increment", terms.increments.subsequent)
        step.fact("minimum_seconds", terms.minimumSeconds)
        step.fact("grace_seconds", terms.graceSeconds)
        step.fact(
            "terms_from",
            JSONValue(fields: [
                "initial_increment": origin(\.initialIncrement), "subsequent_increment": origin(\.subsequentIncrement),
                "minimum_seconds": origin(\.minimumSeconds), "grace_seconds": origin(\.graceSeconds),
                "connect_fee": origin(\.connectFee), "minimum_charge": origin(\.minimumCharge),
                "maximum_charge": origin(\.maximumCharge),
            ]))
        step.fact("billed_seconds", billed.seconds)
        return step
    }

    private func sayIncrements(_ length: Int64, _ seconds: Int, to step: inout Explanation.Step) {
        let (initial, subsequent) = (terms.increments.initial, terms.increments.subsequent)
        let counted = terms.increments.seconds(forMilliseconds: length)
        let further = subsequent == 1 ? "started seconds" : "started steps of \(subsequent) seconds"
        let way =
            initial == subsequent
            ? "Time is billed in \(further)"
            : "The first \(Words.count(initial, "second")) are billed whole, then \(further)"
        let terms = "\(initial)/\(subsequent)\(incrementOrigin)"
        step.say("\(way) (\(terms)): \(Words.length(length)) count as \(Words.count(counted, "second")).")
        if seconds > counted { step.say("At least \(Words.count(seconds, "second")) are billed, so it is \(seconds).") }
    }

    private var incrementOrigin: String {
        switch origin(\.initialIncrement).string {
        case "row": ", by that price's own terms"
        case "plan": ", by the plan"
        case "vendor": ", by the vendor's terms"
        default: ""
        }
    }

    private func origin<Value>(_ term: KeyPath<TermsOverride, Value?>) -> JSONValue {
        if row?[keyPath: term] != nil { return .string("row") }
        guard let base else { return .string(baseName) }
        return .string(base[keyPath: term] == nil ? "standard" : baseName)
    }
}
