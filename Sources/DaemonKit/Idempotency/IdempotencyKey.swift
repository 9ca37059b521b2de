import HTTPTypes
public import Hummingbird

/// The name that a caller gives a request which changes something: whoever sends the same name again means the same request.
public struct IdempotencyKey: Sendable, Hashable {
    /// As the audit trail names the caller. Two callers' keys have nothing to do with each other.
    public let caller: String
    /// The caller's own text.
    public let text: String

    /// Bytes that a key has at most.
    static let maximumLength = 255
    static let header = HTTPField.Name("Idempotency-Key")

    /// A caller's key.
    public init(caller: String, text: String) {
        self.caller = caller
        self.text = text
    }

    /// The key in a request's header.
    /// - Throws: 400 where there is none, or none that is 1 to 255 printable ASCII characters.
    public init(of request: Request, caller: Caller) throws(APIError) {
        guard let text = Self.sent(with: request), (1...Self.maximumLength).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw APIError(
                .badRequest, reason: "IDEMPOTENCY_KEY_REQUIRED",
                detail: "send a header Idempotency-Key of 1 to 255 ASCII characters, the same with each repeat",
                pointer: "/Idempotency-Key")
        }
        self.init(caller: caller.actor, text: text)
    }

    /// The header as it came.
    static func sent(with request: Request) -> String? {
        header.flatMap { request.headers[$0] }
    }

    /// What names a thing that the request makes: the same for a repeat, another one for another kind of thing. Its hash is the thing's id.
    public func name(of kind: String) -> [UInt8] {
        Array("\(kind)\u{0}\(caller)\u{0}\(text)".utf8)
    }
}
