import CCurl
import Glibc

/// One request in, one response out, by libcurl on a thread of its own. Requests of one client go one after the other;
/// connections are kept and used again. Redirects are answers like any other.
public actor HTTPClient {
    private let thread: BlockingThread
    private let options: Options
    private var session: HTTPSession?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// How to reach the peer.
    public struct Options: Sendable {
        /// Connect to this socket, whatever the URL's host.
        public var unixSocketPath: String?
        /// `http://host:port`; nil means none, whatever the environment says.
        public var proxy: String?
        /// A file of PEM certificates to trust instead of the system's.
        public var certificateFile: String?

        public init(unixSocketPath: String? = nil, proxy: String? = nil, certificateFile: String? = nil) {
            self.unixSocketPath = unixSocketPath
            self.proxy = proxy
            self.certificateFile = certificateFile
        }
    }

    public init(options: Options = Options()) {
        self.options = options
        thread = BlockingThread(name: "http")
    }

    /// Sends the request and returns the answer, whatever its status.
    public func send(_ request: HTTPClientRequest) throws(HTTPClientError) -> HTTPClientResponse {
        if Task.isCancelled { throw .cancelled }
        if session == nil { session = HTTPSession() }
        guard let session else { throw .invalidRequest("out of memory") }
        return try session.send(request, options)
    }

    /// Closes kept connections.
    public func close() {
        session = nil
    }
}

/// A request. Both deadlines are required: nothing waits for ever.
public struct HTTPClientRequest: Sendable {
    public enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"

        /// Whether doing it twice is the same as once. libcurl sends again by itself when a kept connection turns out
        /// to be dead, so only these go over kept connections.
        var isRepeatable: Bool {
            switch self {
            case .get, .head, .put, .delete: true
            case .post, .patch: false
            }
        }
    }

    public var method: Method
    /// `http` or `https`.
    public var url: String
    public var headers: [HTTPField]
    public var body: [UInt8]
    public var connectTimeout: Duration
    /// From the start to the last byte of the answer.
    public var totalTimeout: Duration
    /// The longest answer body that is read.
    public var maxResponseBytes: Int
    /// Whether a kept connection may be used: by default for methods that may be repeated. Set it for a POST that
    /// the peer recognises by a key of ours, or that changes nothing.
    public var usesKeptConnection: Bool

    public init(
        _ method: Method, _ url: String, headers: [HTTPField] = [], body: [UInt8] = [],
        connectTimeout: Duration, totalTimeout: Duration, maxResponseBytes: Int = 16 * 1_024 * 1_024,
        usesKeptConnection: Bool? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.totalTimeout = totalTimeout
        self.maxResponseBytes = maxResponseBytes
        self.usesKeptConnection = usesKeptConnection ?? method.isRepeatable
    }
}

/// A header line.
public struct HTTPField: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// An answer.
public struct HTTPClientResponse: Sendable {
    public let status: Int
    /// In the order received.
    public let headers: [HTTPField]
    public let body: [UInt8]

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
