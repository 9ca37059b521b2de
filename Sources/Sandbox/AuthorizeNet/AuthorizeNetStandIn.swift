import Core
import Drivers
import Hummingbird

/// Authorize.Net's JSON API as far as billing uses it: charges of stored cards, profiles, look-ups. As strict as the real one about
/// the order of members, and each answer begins with a byte order mark.
///
/// A card is made by any nonce that ends in four digits. They decide: `0002` and `0008` are declined, `0004` is held for review,
/// `0027` is refused when it is stored; any other is approved.
struct AuthorizeNetStandIn: OutsideService {
    let name = "authorize-net"
    let concurrentRequests: Int? = nil
    let merchant: AuthorizeNetMerchant
    let book = AuthorizeNetBook()
    let webhooks = AuthorizeNetWebhooks()

    static let path = "/xml/v1/request.api"

    /// What stands in front of the real service answers in HTML.
    func errorAnswer(status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "text/html"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "<html><h1>\(status.reasonPhrase)</h1></html>\n")))
    }

    func addRoutes(to router: RouterGroup<SandboxContext>) {
        router.post("\(Self.path)") { request, _ in
            var request = request
            let body = try await request.bodyBytes()
            let answer = await answer(to: body, contentType: request.headers[.contentType] ?? "")
            let bytes = ByteBuffer(bytes: [0xEF, 0xBB, 0xBF] + Array(answer.encoded.utf8))
            return Response(
                status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
                body: ResponseBody(contentLength: bytes.readableBytes) { [webhooks] writer in
                    try await writer.write(bytes)
                    try await writer.finish(nil)
                    await webhooks.deliver()
                })
        }
    }

    private func answer(to body: [UInt8], contentType: String) async -> JSONValue {
        var reference: String?
        do throws(AuthorizeNetFault) {
            guard contentType.lowercased().hasPrefix("application/json") else { throw .contentType }
            let (name, content) = try Self.request(in: body)
            reference = content["refId"]?.scalarText
            let login = content["merchantAuthentication"]
            guard login?["name"]?.scalarText == merchant.login,
                login?["transactionKey"]?.scalarText == merchant.transactionKey
            else { throw .credentials }
            let result = try await book.perform(name, content)
            if let event = result.event { await webhooks.add(event.type, event.transaction) }
            return result.members.answering(reference, isOk: result.isOk, code: result.code, text: result.text)
        } catch {
            return error.members.answering(reference, isOk: false, code: error.code, text: error.text)
        }
    }

    /// The one member of the document, checked against the schema before anything else is looked at.
    private static func request(in body: [UInt8]) throws(AuthorizeNetFault) -> (name: String, content: JSONValue) {
        let document: JSONValue
        do throws(JSONValue.ParsingError) {
            document = try JSONValue(parsing: body)
        } catch {
            throw .schema("An error occurred while parsing the request at byte \(error.offset): \(error.message).")
        }
        guard case .object(let fields) = document, fields.count == 1, let root = fields.first else {
            throw .schema("There is no root element, or more than one.")
        }
        guard let members = AuthorizeNetSchema.requests[root.name] else {
            throw AuthorizeNetFault(code: "E00004", text: "The name of the requested API method is invalid.")
        }
        try AuthorizeNetShape.group(members).check(root.value, root.name)
        return (root.name, root.value)
    }
}
