extension Explanation {
    /// The explanation for programs, with stable keys: `record`, `summary`, `steps` of `step`, `title`, `internal`, `rules`, `text`
    /// and `facts`. Amounts are decimal strings; a fact named `…_fraction` is the exact quotient behind the decimal before it.
    public var json: JSONValue {
        JSONValue(fields: [
            "record": record, "summary": .string(summary), "steps": .array(steps.map(\.json)),
        ])
    }

    /// The steps that are not internal, as in `json`: what can be shown to the customer.
    public var stepsForCustomer: JSONValue { .array(steps.filter { !$0.topic.isInternal }.map(\.json)) }

    private var record: JSONValue {
        switch subject {
        case .refusal(let reason, let kind):
            JSONValue(fields: [
                "kind": JSONValue(kind?.name), "status": .string("refused"), "code": .string(reason.code.rawValue),
                "field": .string(reason.field), "message": .string(reason.message),
            ])
        case .usage(let usage):
            JSONValue(fields: [
                "key": .string(usage.key), "service": JSONValue(usage.service?.rawValue),
                "customer_ban": JSONValue(usage.customerBAN?.text), "status": .string(usage.status.rawValue),
                "charge": JSONValue(usage.charge?.text(.charge)),
                "vendor_cost": JSONValue(usage.vendorCost?.text(.charge)),
                "margin": JSONValue(usage.margin?.text(.charge)),
                "flags": .array(usage.flags.names.map(JSONValue.string)), "ref_version": .string(usage.refVersion),
            ])
        }
    }
}

extension Explanation.Step {
    fileprivate var json: JSONValue {
        JSONValue(fields: [
            "step": .string(topic.rawValue), "title": .string(topic.title), "internal": .bool(topic.isInternal),
            "rules": .array(rules.map(JSONValue.string)), "text": .array(sentences.map(JSONValue.string)),
            "facts": .object(facts),
        ])
    }
}
