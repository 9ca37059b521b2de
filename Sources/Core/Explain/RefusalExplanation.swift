extension Explanation {
    /// Explains why a record was refused: its shape is wrong, so that no rule can be applied to it.
    public init(refusal reason: RejectReason, kind: RecordKind?) {
        var step = Step(.refusal)
        step.say(reason.code.sentence)
        if !reason.field.isEmpty { step.say("It is about the field \(reason.field).") }
        if !reason.message.isEmpty { step.say("In detail: \(reason.message).") }
        step.say(
            "A refused record is kept with its bytes and is never charged; its sender can correct it and send it again."
        )
        step.fact("code", reason.code.rawValue)
        step.fact("field", reason.field)
        step.fact("message", reason.message)
        step.fact("kind", kind?.name)
        self.init(subject: .refusal(reason, kind: kind), steps: [step])
    }
}

extension RejectReason.Code {
    /// What is wrong with a record, in a sentence for a person.
    public var sentence: String {
        switch self {
        case .notJSON: "The bytes are no JSON text."
        case .notAnObject: "A record is a JSON object, and this is something else."
        case .missing: "A field that every such record has is not there."
        case .type: "A field has another JSON type than it should."
        case .empty: "A field that must say something is empty."
        case .tooLong: "A field or the record itself is longer than allowed."
        case .outOfRange: "A number is outside what the field allows."
        case .unknownRecordType: "The record's type is none that we know, or is not taken here."
        case .notAllowed: "The sender may not send records of this kind."
        case .implausibleDate: "A date that no clock can have meant, such as January 1970."
        }
    }
}
