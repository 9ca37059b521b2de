// The steps that calls, messages and queries share.

extension RatedUsage {
    /// Whose record it is.
    func accountStep(named field: String) -> Explanation.Step {
        var step = Explanation.Step(.account)
        if let customerBAN {
            let known = customerID == nil ? ", which is none that we know" : ""
            step.say("The record names account \(customerBAN.text)\(known).")
        } else {
            step.say("The record names no account.")
        }
        if customerID == nil { step.cite("D3") }
        step.fact("field", field)
        step.fact("customer_ban", customerBAN?.text)
        step.fact("customer_id", customerID?.text)
        return step
    }

    /// Why no price was looked up, or why the amount doesn't stand (rules G6, G7, G9).
    func outcomeStep() -> Explanation.Step {
        var step = Explanation.Step(.outcome, "G6")
        switch status {
        case .held:
            let causes = flags.sorted.filter { RatedUsage.holding.contains($0) }
            step.say("The \(noun) is held: nothing is charged until a person has looked at it.")
            for cause in causes {
                step.say(cause.sentence)
                step.cite(cause.holdingRule)
            }
            step.fact("held_by", .array(causes.map { .string($0.name) }))
        case .notBillable:
            step.sayNotBillable(self)
            step.fact("charge", charge?.text(.charge))
            step.fact("vendor_cost", vendorCost?.text(.charge))
        case .unrated:
            step.say("The \(noun) cannot be classified, so no price is looked up. It waits without a charge.")
            step.cite("R8")
        case .rated: break
        }
        step.fact("status", status.rawValue)
        return step
    }

    /// Under which SKU it is billed (rule K4); nil for a message of unknown type.
    private var skuStep: Explanation.Step? {
        guard let classKey else { return nil }
        var step = Explanation.Step(.sku, "K4")
        step.say(
            sku.map { "Usage of class \(classKey.text) is billed as \($0)." }
                ?? "No SKU is mapped to class \(classKey.text): its invoice line is not exported until one is.")
        step.fact("class_key", classKey.text)
        step.fact("sku", sku)
        return step
    }

    /// The flags with which the record is stored (rule G5); nil where there are none.
    private var flagsStep: Explanation.Step? {
        guard !flags.isEmpty else { return nil }
        var step = Explanation.Step(.flags, "G5")
        for flag in flags.sorted { step.say("\(flag.name): \(flag.sentence)") }
        step.fact("flags", .array(flags.names.map { .string($0) }))
        return step
    }

    /// What is for ourselves: SKU, the vendor's side, margin, flags.
    func internalSteps(_ vendorSteps: [Explanation.Step], alertBelow threshold: Percentage?) -> [Explanation.Step] {
        [skuStep].compactMap(\.self) + vendorSteps + [marginStep(alertBelow: threshold), flagsStep].compactMap(\.self)
    }

    /// Charge less cost of a rated record (rule R15); nil where one of them is not known.
    private func marginStep(alertBelow threshold: Percentage?) -> Explanation.Step? {
        guard status == .rated, let charge, let vendorCost, let margin else { return nil }
        var step = Explanation.Step(.margin, "R15")
        step.say(
            "\(Words.dollars(charge)) charged less \(Words.dollars(vendorCost)) paid leaves \(Words.dollars(margin)).")
        step.fact("charge", charge.text(.charge))
        step.fact("cost", vendorCost.text(.charge))
        step.fact("margin", margin.text(.charge))
        step.fact("margin_alert_pct", threshold?.text)
        step.fact("margin_percentage", marginPercentage?.text)
        guard charge != .zero, let marginPercentage else { return step }
        let exact = ExactQuotient(Int128(margin.units) * 100, over: Int128(charge.units))
        step.fact("percentage_unrounded", exact)
        let isExact = exact.isShown(by: marginPercentage.text)
        step.say(
            isExact
                ? "That is \(marginPercentage.text) % of the charge."
                : "That is \(exact.text) % of the charge, rounded to two decimals \(marginPercentage.text) %.")
        if let threshold {
            step.say(
                flags.contains(.marginAlert)
                    ? "Alert: the account's threshold is \(threshold.text) %."
                    : "No alert: the account's threshold is \(threshold.text) %.")
        }
        return step
    }
}

extension Explanation.Step {
    fileprivate mutating func sayNotBillable(_ usage: RatedUsage) {
        switch usage.evidence {
        case .call:
            cite("D5")
            say("A call that nobody answered costs nothing: no fee, no minimum, and no rate is looked up.")
        case .message:
            cite("S4")
            say("The network did not take the message, so it costs nothing.")
        case .query:
            cite("A1")
            say("The query was not made, so it costs nothing.")
        }
    }
}

extension Flag {
    /// The rule by which the flag holds a record.
    fileprivate var holdingRule: String {
        switch self {
        case .amountOverflow: "G7"
        case .tooOld, .duplicateConflict: "G8"
        case .noTimestamp: "D2"
        case .badStatus, .badType: "S4"
        case .badQuantity: "A1"
        default: "D3"
        }
    }
}
