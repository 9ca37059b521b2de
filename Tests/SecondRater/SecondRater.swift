/// A case that cannot be evaluated.
public struct CaseFault: Error {
    let reason: String
}

/// Rates, charges and settles by the numbered rules, in the plainest way; slow, exact, and no relative of the engine.
///
/// `rules` holds the ids of the rules that the last case came by.
public struct SecondRater: Sendable {
    let reference: ReferenceData
    public internal(set) var rules: Set<String> = []

    public init(_ reference: ReferenceData) {
        self.reference = reference
    }

    mutating func rule(_ ids: String...) {
        rules.formUnion(ids)
    }

    /// The result of one case, in the form of the public vectors' `expect`.
    public mutating func evaluate(kind: String, input: JSON) throws -> JSON {
        rules = []
        switch kind {
        case "normalize":
            return normalize(input["raw"].string, isMessage: input["context"].string == "sms").json
        case "ani": return callerCase(input)
        case "duration": return durationCase(input)
        case "charge": return chargeCase(input)
        case "margin": return marginCase(input)
        case "band": return try bandCase(input)
        case "voice": return try voice(input)
        case "segments": return segmentsCase(input)
        case "message": return message(input)
        case "api": return api(input)
        case "batch": return try batch(input)
        case "validate_plan": return validatePlan(input)
        case "max_seconds": return maxSecondsCase(input)
        case "wallet": return try wallet(input)
        default: return try settlement(kind, input)
        }
    }
}
