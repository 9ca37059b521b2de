import DaemonKit
import Drivers
import HTTPTypes
import Hummingbird

/// The name of a header of a request.
typealias HeaderName = HTTPTypes.HTTPField.Name

/// What a sender shows of itself.
enum Credentials: Equatable {
    /// `Authorization: Bearer …`, or the secret in the path of a callback.
    case bearer(token: String)
    /// `Authorization: Basic …`: the source's name and its token.
    case basic(name: String, token: String)
    /// A signature over instant, path and body; see `SourceSignature`.
    case signed(SourceSignature)
    /// The name of a client certificate, from nginx.
    case certificate(name: String)

    /// The credentials of an `Authorization` header; nil for a scheme we don't know or a broken one.
    init?(authorization header: String) {
        guard let blank = header.firstIndex(of: " ") else { return nil }
        let value = header[blank...].drop { $0 == " " }
        switch header[..<blank].lowercased() {
        case "bearer":
            guard !value.isEmpty else { return nil }
            self = .bearer(token: String(value))
        case "basic":
            guard let bytes = Base64.decode(value), let text = String(validating: bytes, as: UTF8.self),
                let colon = text.firstIndex(of: ":")
            else { return nil }
            self = .basic(name: String(text[..<colon]), token: String(text[text.index(after: colon)...]))
        default:
            return nil
        }
    }

    /// What a request shows: an `Authorization` header, or a signature, or the certificate that nginx names in a header, which is
    /// believed only from the same host.
    init?(of request: Request, from peer: Peer, clientHeader: HeaderName?) {
        if let header = request.headers[.authorization] {
            self.init(authorization: header)
        } else if let signature = SourceSignature(of: request) {
            self = .signed(signature)
        } else if let clientHeader, peer.isLocal, let name = request.headers[clientHeader], !name.isEmpty {
            self = .certificate(name: name)
        } else {
            return nil
        }
    }
}

/// A sender that has shown who it is, as far as its headers can.
struct Sender: Sendable {
    let source: Source
    /// What its body has yet to prove.
    let signature: SourceSignature?
}

/// HMAC-SHA256 over version, instant, path and body, as senders that can sign put it into three headers:
/// `X-Warp-Source: NAME`, `X-Warp-Timestamp: 1795366783` (seconds since 1970), `X-Warp-Signature: v1=HEX`.
///
/// What is signed is `v1`, the timestamp and the path, each with a newline behind it, and then the body as it is sent. A signature holds
/// for five minutes around its instant; within these a replay is a repeat of the same records, which changes nothing.
struct SourceSignature: Equatable {
    let name: String
    let timestamp: String
    let path: String
    private let digest: [UInt8]

    /// How far the sender's clock may be from ours, in seconds.
    static let window: Int64 = 300
    private static let version = "v1"

    init?(of request: Request) {
        guard let name = request.headers[.warpSource], let timestamp = request.headers[.warpTimestamp],
            let value = request.headers[.warpSignature], value.hasPrefix(SourceSignature.version + "="),
            let digest = Digest.bytes(hex: value.dropFirst(SourceSignature.version.count + 1))
        else { return nil }
        self.init(name: name, timestamp: timestamp, path: request.uri.path, digest: digest)
    }

    init(name: String, timestamp: String, path: String, digest: [UInt8]) {
        self.name = name
        self.timestamp = timestamp
        self.path = path
        self.digest = digest
    }

    /// Whether its instant is within the window around now, in milliseconds since 1970 by the real clock (M30).
    func isTimely(at now: Int64) -> Bool {
        guard let seconds = Int64(timestamp) else { return false }
        let (distance, overflows) = seconds.subtractingReportingOverflow(now / 1_000)
        return !overflows && distance.magnitude <= SourceSignature.window.magnitude
    }

    /// Whether the body was signed with this key.
    func holds(for body: [UInt8], key: [UInt8]) -> Bool {
        Digest.areEqual(digest, SourceSignature.digest(of: body, path: path, timestamp: timestamp, key: key))
    }

    /// The digest that a sender puts, in hexadecimal, behind `v1=`.
    static func digest(of body: [UInt8], path: String, timestamp: String, key: [UInt8]) -> [UInt8] {
        Digest.hmacSHA256(key: key, Array("\(version)\n\(timestamp)\n\(path)\n".utf8) + body)
    }
}

extension HeaderName {
    fileprivate static let warpSource = header("X-Warp-Source")
    fileprivate static let warpTimestamp = header("X-Warp-Timestamp")
    fileprivate static let warpSignature = header("X-Warp-Signature")

    private static func header(_ name: String) -> HeaderName {
        guard let name = HeaderName(name) else { preconditionFailure("\(name) is a header's name") }
        return name
    }
}

extension APIError {
    /// 401: no credentials, or nobody's. Kamailio's client with a kept connection answers the first of these challenges.
    static let unknownSource = APIError(
        .unauthorized, reason: "unauthorized", challenges: [#"Basic realm="warp-billing""#, "Bearer"])
}
