import DaemonKit
import Drivers
import Hummingbird
import Synchronization

/// Reads bodies within bounds: each has its most bytes and its time, all together have theirs, and one that says it is too large is not
/// read at all.
struct BodyReception: Sendable {
    let maxBodyBytes: Int
    let bodies: BodyBudget

    /// Reads a request's body and hands it over, as it was sent and unpacked; its share of the memory is given back after that.
    /// - Throws: 413, 415 and 503 for a body that is not read, 422 for one that is not what its encoding says.
    func receive(
        _ request: Request, _ work: (_ raw: [UInt8], _ body: [UInt8]) async throws -> Response
    ) async throws -> Response {
        let encoding = try ContentEncoding(of: request)
        let expected = try expectedBytes(request, encoding)
        try bodies.reserve(expected)
        defer { bodies.release(expected) }
        let raw = Array(try await request.body.collect(upTo: maxBodyBytes).readableBytesView)
        return try await work(raw, encoding.unpack(raw, upTo: maxBodyBytes))
    }

    /// What the body may weigh in memory: as announced, or as much as it may; packed, that and what comes out of it.
    private func expectedBytes(_ request: Request, _ encoding: ContentEncoding) throws(APIError) -> Int {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        guard announced ?? 0 <= maxBodyBytes else { throw .tooLarge }
        let raw = request.method == .get ? 0 : announced ?? maxBodyBytes
        return encoding == .identity ? raw : raw + maxBodyBytes
    }
}

/// How a body is packed (RFC 9110, 8.4).
private enum ContentEncoding {
    case identity
    case gzip

    init(of request: Request) throws(APIError) {
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "", "identity": self = .identity
        case "gzip", "x-gzip": self = .gzip
        case .some(let other):
            throw APIError(
                .unsupportedMediaType, reason: "unknown-encoding", detail: "gzip or none, not \(other.prefix(40))")
        }
    }

    func unpack(_ raw: [UInt8], upTo limit: Int) throws(APIError) -> [UInt8] {
        switch self {
        case .identity: return raw
        case .gzip:
            do throws(Gzip.Failure) {
                return try Gzip.decompress(raw, limit: limit)
            } catch .tooLarge {
                throw .tooLarge
            } catch {
                throw .invalid(pointer: "", reason: "NOT_GZIP", detail: "the body is no gzip data, or cut off")
            }
        }
    }
}

/// How many bytes of bodies may be read at once: what keeps the daemon's memory bounded, whoever sends.
final class BodyBudget: Sendable {
    private let left: Mutex<Int>

    init(bytes: Int) {
        left = Mutex(bytes)
    }

    /// Takes a part.
    /// - Throws: 503 where not so much is left.
    func reserve(_ bytes: Int) throws(APIError) {
        let isReserved = left.withLock { left in
            guard bytes <= left else { return false }
            left -= bytes
            return true
        }
        guard isReserved else { throw .unavailable(reason: "too-many-bodies") }
    }

    /// Gives a part back.
    func release(_ bytes: Int) {
        left.withLock { $0 += bytes }
    }
}
