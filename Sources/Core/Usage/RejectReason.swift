/// Why a record cannot be taken at all: its shape is wrong. Dirty content is no reason; rules G6 and D3 hold it instead.
public struct RejectReason: Error, Hashable, Sendable {
    /// What is wrong, as stored and answered.
    public enum Code: String, Sendable, CaseIterable {
        /// The bytes are no JSON, or not UTF-8.
        case notJSON = "NOT_JSON"
        /// A record is a JSON object.
        case notAnObject = "NOT_AN_OBJECT"
        /// A required field is absent or null.
        case missing = "MISSING"
        /// A field has another JSON type than it should.
        case type = "TYPE"
        /// A required text is empty.
        case empty = "EMPTY"
        /// A text is longer than the field allows.
        case tooLong = "TOO_LONG"
        /// A number is outside what the field allows.
        case outOfRange = "OUT_OF_RANGE"
        /// `record_type` names no kind of record, or another one than the door takes.
        case unknownRecordType = "UNKNOWN_RECORD_TYPE"
        /// The sender may not send records of this kind.
        case notAllowed = "NOT_ALLOWED"
        /// A readable stamp that no switch of ours can have written (a wrapped 32-bit counter).
        case implausibleDate = "IMPLAUSIBLE_DATE"
    }

    /// The stable code.
    public let code: Code
    /// JSON pointer to the field, `""` for the record itself.
    public let field: String
    /// A sentence for the sender.
    public let message: String

    /// A reason at a field.
    public init(_ code: Code, field: String, message: String = "") {
        self.code = code
        self.field = field
        self.message = message
    }
}
