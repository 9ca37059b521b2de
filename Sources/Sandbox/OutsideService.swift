import Hummingbird
import NIOCore

/// What a stand-in's handlers see of a request: the channel too, so that an answer can be lost on purpose.
struct SandboxContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// One stood-in service of the outside world, at the same paths below the sandbox's address as at its own host.
protocol OutsideService: Sendable {
    /// Its name in fault orders, in the request log and in the control paths.
    var name: String { get }

    /// How many requests it runs at a time; nil for any number.
    var concurrentRequests: Int? { get }

    /// The service's own error answer for a status that the sandbox was told to give, or for a request beyond its slots.
    func errorAnswer(status: HTTPResponse.Status) -> Response

    /// The paths that clients use.
    func addRoutes(to router: RouterGroup<SandboxContext>)

    /// Paths below `/_control/<name>` that a test or the demo looks at.
    func addControls(to router: RouterGroup<SandboxContext>)
}

extension Response {
    /// A JSON answer.
    init(status: HTTPResponse.Status = .ok, json: JSONValue, headers: HTTPFields = [:]) {
        var headers = headers
        headers[.contentType] = "application/json"
        self.init(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: json.encoded + "\n")))
    }
}

extension Request {
    /// Largest body any stand-in takes; NetSuite's own limit is 104 MB, no request of ours comes near.
    static let bodyLimit = 8 << 20

    /// The whole body.
    mutating func bodyBytes() async throws -> [UInt8] {
        let buffer = try await collectBody(upTo: Self.bodyLimit)
        return Array(buffer.readableBytesView)
    }
}
