/// The sum behind a charge or cost, exact until its one rounding (rules R11, R14).
struct ChargeArithmetic {
    let terms: Terms
    let rate: Rate
    let seconds: Int
    /// Customers have a minimum and a maximum, vendors have none.
    let hasBounds: Bool

    init(_ terms: Terms, rate: Rate, seconds: Int, hasBounds: Bool = true) {
        self.terms = terms
        self.rate = rate
        self.seconds = seconds
        self.hasBounds = hasBounds
    }

    // In 1e-7 USD times 60, so that nothing is divided before the rounding.
    private var usage: Int128 { Int128(rate.units) * Int128(seconds) }
    private var fee: Int128 { Int128(terms.connectFee.units) * 60 }
    private var sum: Int128 { fee + usage }
    private var minimum: Int128 { hasBounds ? Int128(terms.minimumCharge.units) * 60 : 0 }
    private var atLeast: Int128 { hasBounds ? max(sum, minimum) : sum }
    private var maximum: Int128? { hasBounds ? terms.maximumCharge.map { Int128($0.units) * 60 } : nil }

    /// The sum within its bounds, before the rounding.
    var beforeRounding: ExactQuotient { .dollars(maximum.map { min(atLeast, $0) } ?? atLeast, dividedBy: 60) }

    /// The amount; nil where it fits no column (rule G7).
    var amount: Money? {
        seconds == 0 ? .zero : Terms.rounded(maximum.map { min(atLeast, $0) } ?? atLeast, dividedBy: 60)
    }

    /// The sum in words and figures.
    func step(_ topic: Explanation.Step.Topic, rules: [String]) -> Explanation.Step {
        var step = Explanation.Step(topic)
        for rule in rules { step.cite(rule) }
        let name = topic == .cost ? "cost" : "charge"
        step.fact("rate_per_minute", rate.text)
        step.fact("billed_seconds", seconds)
        if seconds == 0 {
            let others = hasBounds ? "no connect fee and no minimum charge" : "no connect fee"
            step.say("No time is billed, so the \(name) is \(Words.dollars(Money.zero)): \(others) either.")
        } else {
            saySum(name, to: &step)
            step.fact("usage", .dollars(usage, dividedBy: 60))
            step.fact("connect_fee", terms.connectFee.text(.full))
            step.fact("sum", .dollars(sum, dividedBy: 60))
            if hasBounds {
                step.fact("minimum_charge", terms.minimumCharge.text(.full))
                step.fact("maximum_charge", terms.maximumCharge?.text(.full))
            }
            step.fact("before_rounding", beforeRounding)
            step.fact("rounding", "half away from zero to 5 decimals")
        }
        step.fact(name, amount?.text(.charge))
        return step
    }

    private func saySum(_ name: String, to step: inout Explanation.Step) {
        let used = ExactQuotient.dollars(usage, dividedBy: 60)
        step.say(
            "\(Words.count(seconds, "second")) at \(Words.dollars(rate)) a minute: \(Words.dollars(rate)) × \(seconds) / 60 "
                + "= \(Words.dollars(used)).")
        if terms.connectFee != .zero {
            let total = ExactQuotient.dollars(sum, dividedBy: 60)
            step.say(
                "With the connect fee of \(Words.shortDollars(terms.connectFee)) that makes \(Words.dollars(total)).")
        }
        if hasBounds, sum < minimum {
            step.say(
                "That is below the minimum charge, which counts instead: \(Words.shortDollars(terms.minimumCharge)).")
        }
        if let maximum, let bound = terms.maximumCharge, maximum < atLeast {
            step.say("That is above the maximum charge, which counts instead: \(Words.shortDollars(bound)).")
        }
        step.sayRounded("The \(name) is", beforeRounding, to: amount.map { Words.dollars($0) }, decimals: "five")
    }
}

extension Explanation.Step {
    /// An amount before and after its rounding; `rounded` is nil where it fits no column (rule G7).
    mutating func sayRounded(_ subject: String, _ exact: ExactQuotient, to rounded: String?, decimals: String) {
        guard let rounded else {
            return say("\(subject) \(Words.dollars(exact)), which is ten million dollars or more and fits no column.")
        }
        let isExact = exact.isShown(by: String(rounded.drop { $0 == "-" || $0 == "$" }))
        say(
            isExact
                ? "\(subject) \(rounded)."
                : "\(subject) \(Words.dollars(exact)), rounded once to \(decimals) decimals: \(rounded).")
    }
}
