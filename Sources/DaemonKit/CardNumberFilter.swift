import HTTPTypes
public import Hummingbird

/// Refuses requests in which a card's number stands (M21), before anything of them is stored, logged or kept: in the path, the query, the
/// `Idempotency-Key` or the body. The answer, 422 `CARD_NUMBER_REFUSED`, does not repeat it and does not say where it stood.
///
/// For routes where customers write texts and pay; never for records and numbering. Stands before `IdempotentRequests`.
public struct CardNumberFilter: RouterMiddleware {
    public typealias Context = DaemonRequestContext

    private let bodyBytes: Int

    /// A filter of requests.
    /// - Parameter bodyBytes: what a body may have at most; a larger one is a 413.
    public init(upTo bodyBytes: Int = 1 << 16) {
        self.bodyBytes = bodyBytes
    }

    public func handle(
        _ request: Request, context: DaemonRequestContext,
        next: (Request, DaemonRequestContext) async throws -> Response
    ) async throws -> Response {
        var request = request
        let body = try await request.collectBody(upTo: bodyBytes)
        let key = IdempotencyKey.sent(with: request) ?? ""
        guard !CardNumbers.appear(in: Self.decoded(request.uri.string.utf8)), !CardNumbers.appear(in: key.utf8),
            !CardNumbers.appear(in: body.readableBytesView)
        else {
            throw APIError(
                .unprocessableContent, reason: "CARD_NUMBER_REFUSED",
                detail: "numbers of cards are not taken: send the token that the processor gave the browser")
        }
        return try await next(request, context)
    }

    /// The bytes that a path and its query stand for.
    private static func decoded(_ text: some Sequence<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                decoded.append(value)
                rest = rest.dropFirst(2)
            } else {
                decoded.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return decoded
    }
}
