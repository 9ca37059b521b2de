// Which plan prices a record (rules R1–R3), for calls, messages and queries alike.

/// A search through the plans that a record may be rated by.
struct PlanSearch {
    let type: PlanType
    let choice: PlanChoice
    let day: UsageDay
    /// What the record is called.
    let noun: String
    /// Whether a plan has a rate for the record.
    let hasRate: (RatePlan) -> Bool

    /// The plan that gives the rate, and whether it is the default one.
    var found: (plan: RatePlan, isDefault: Bool)? {
        choice.first { hasRate($0) ? $0 : nil }.map { ($0.answer, $0.isDefault) }
    }

    /// Which plans were asked and which one answered.
    var step: Explanation.Step {
        var step = Explanation.Step(.plan, "R1", "R2", "R3")
        let kind = type == .tollfree ? "toll-free" : type == .api ? "API" : type == .sms ? "message" : "voice"
        if let own = choice.own {
            step.say("The account has its own \(kind) plan: \(own.phrase).")
            if !hasRate(own) { sayFallback(from: own, to: &step) }
        } else {
            step.say("The account has no \(kind) plan of its own in force on \(day.text).")
            sayDefault(to: &step)
        }
        if found == nil {
            step.cite("R8")
            step.say("So there is no price: the \(noun) is unrated and waits without a charge until there is one.")
        }
        step.fact("type", type.rawValue)
        step.fact("rate_plan_id", found?.plan.id)
        step.fact("is_default", found?.isDefault ?? false)
        step.fact("own", choice.own.map(facts) ?? .null)
        step.fact("default", choice.fallback.map(facts) ?? .null)
        return step
    }

    private func sayFallback(from own: RatePlan, to step: inout Explanation.Step) {
        step.say("It has no rate for this \(noun).")
        guard own.fallsBackToDefault else { return step.say("It does not let the default plan step in.") }
        sayDefault(to: &step)
    }

    private func sayDefault(to step: inout Explanation.Step) {
        guard let fallback = choice.fallback else { return step.say("No default plan is in force either.") }
        step.say(
            hasRate(fallback)
                ? "The default plan steps in: \(fallback.phrase)."
                : "The default plan \(Words.quoted(fallback.name)) has no rate for it\(choice.own == nil ? "" : " either")."
        )
    }

    private func facts(of plan: RatePlan) -> JSONValue {
        JSONValue(fields: [
            "id": .string(plan.id), "name": .string(plan.name), "effective_date": .string(plan.effective.text),
            "expiry_date": JSONValue(plan.expiry?.text), "fallback_to_default": .bool(plan.fallsBackToDefault),
            "has_rate": .bool(hasRate(plan)),
        ])
    }
}

extension RatePlan {
    /// `“Retail” (id r-1), in force since 2024-01-01`
    fileprivate var phrase: String {
        let title = name == id ? Words.quoted(id) : "\(Words.quoted(name)) (id \(id))"
        return "\(title), \(Words.force(effective, expiry))"
    }
}
