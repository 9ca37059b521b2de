import Core
import Hummingbird
import Synchronization

/// Stands in for a portability service: `GET /lrn/v1/dip?number=…` with a bearer token. No number is ported until
/// `POST /_control/lrn/ports` says so.
struct LRNDipService: OutsideService {
    let name = "lrn"
    let concurrentRequests: Int? = nil
    /// Whom it answers.
    var token = "sandbox-lrn-token"

    static let path = "/lrn/v1/dip"
    private let ports = Ports()

    init(token: String = "sandbox-lrn-token") {
        self.token = token
    }

    func errorAnswer(status: HTTPResponse.Status) -> Response {
        Response(status: status, json: .object(["error": .string(status.reasonPhrase)]))
    }

    func addRoutes(to router: RouterGroup<SandboxContext>) {
        router.get("\(Self.path)") { [token, ports] request, _ in
            guard request.headers[.authorization] == "Bearer \(token)" else {
                return Response(status: .unauthorized, json: .object(["error": .string("unknown token")]))
            }
            guard let text = request.uri.queryParameters["number"], let number = NationalNumber(parsing: text) else {
                return Response(status: .badRequest, json: .object(["error": .string("number: ten digits")]))
            }
            let lrn = ports.lrn(of: number)
            return Response(
                json: .object([
                    "number": .string(number.text), "lrn": .string((lrn ?? number).text), "ported": .bool(lrn != nil),
                ]))
        }
    }

    /// `POST ports {"number": …, "lrn": …}` ports a number.
    func addControls(to router: RouterGroup<SandboxContext>) {
        router.post("ports") { [ports] request, _ in
            var request = request
            let body = try await request.bodyBytes()
            let document: JSONValue
            do throws(JSONValue.ParsingError) {
                document = try JSONValue(parsing: body)
            } catch {
                throw HTTPError(.unprocessableContent, message: "not JSON")
            }
            guard let number = document["number"]?.string.flatMap({ NationalNumber(parsing: $0) }),
                let lrn = document["lrn"]?.string.flatMap({ NationalNumber(parsing: $0) })
            else { throw HTTPError(.unprocessableContent, message: "number and lrn: ten digits each") }
            ports.port(number, to: lrn)
            return Response(status: .noContent)
        }
    }

    /// Which numbers are ported.
    private final class Ports: Sendable {
        private let all = Mutex<[NationalNumber: NationalNumber]>([:])

        func lrn(of number: NationalNumber) -> NationalNumber? { all.withLock { $0[number] } }

        func port(_ number: NationalNumber, to lrn: NationalNumber) { all.withLock { $0[number] = lrn } }
    }
}
