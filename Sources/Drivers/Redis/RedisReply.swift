import CHiredis

/// What Redis answers.
public enum RedisReply: Sendable, Equatable {
    case null
    case integer(Int64)
    /// `OK`, `PONG`.
    case status(String)
    case bytes([UInt8])
    case array([RedisReply])
    /// A refusal, as an element of an array or of a pipeline; a refused single command is thrown.
    case failure(RedisError)

    /// The text of a status or of bytes that are UTF-8.
    public var text: String? {
        switch self {
        case .status(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        case .null, .integer, .array, .failure: nil
        }
    }

    /// The bytes of a bulk string.
    public var bytes: [UInt8]? {
        if case .bytes(let bytes) = self { return bytes }
        return nil
    }

    public var integer: Int64? {
        if case .integer(let value) = self { return value }
        return nil
    }

    public var array: [RedisReply]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    /// A copy of hiredis' reply, nested ones included.
    init(_ reply: redisReply) {
        switch reply.type {
        case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
        case REDIS_REPLY_STATUS: self = .status(String(decoding: RedisReply.copy(reply), as: UTF8.self))
        case REDIS_REPLY_STRING: self = .bytes(RedisReply.copy(reply))
        case REDIS_REPLY_ERROR:
            self = .failure(.command(String(decoding: RedisReply.copy(reply), as: UTF8.self)))
        case REDIS_REPLY_ARRAY:
            let elements = UnsafeBufferPointer(start: reply.element, count: reply.elements)
            self = .array(elements.map { $0.map { RedisReply($0.pointee) } ?? .null })
        default: self = .null
        }
    }

    private static func copy(_ reply: redisReply) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: reply.str, count: reply.len))
    }
}

/// One argument of a command: bytes, or text as UTF-8.
public struct RedisArgument: Sendable, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
    let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public init(_ text: String) { bytes = Array(text.utf8) }
    public init(_ number: Int) { bytes = Array(String(number).utf8) }
    public init(_ number: Int64) { bytes = Array(String(number).utf8) }
    public init(stringLiteral text: String) { self.init(text) }
    public init(integerLiteral number: Int) { self.init(number) }
}
