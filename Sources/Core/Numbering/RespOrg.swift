/// Who manages a toll-free number, and where it rings (rule E6).
public struct RespOrg: Hashable, Sendable {
    /// The responsible organisation.
    public let code: String?
    /// The carrier identification code.
    public let cic: String?
    /// The number behind the toll-free one, as the table writes it.
    public let ringTo: String?

    /// An assignment.
    public init(code: String?, cic: String?, ringTo: String?) {
        self.code = code
        self.cic = cic
        self.ringTo = ringTo
    }
}
